//! Volumes from a seed: SplitMix64, u = (x >> 11)·2⁻⁵³, in an order that is fixed for ever.
//!
//! Ten degrees square, a week, up to 12 km; polygons of 4 to 12 corners, 2 to 40 km wide, 100 to 3,000 m thick, for
//! half an hour to six hours. Beyond that, volumes 50 to 500 km wide and sites of 1 to 2 km that are always there.

use std::f64::consts::TAU;

/// How many questions there are.
const QUESTIONS: usize = 2_000;
const DATA_SEED: u64 = 42;
const QUESTION_SEED: u64 = 4_242;
const WIDE_SEED: u64 = 43;
const SITE_SEED: u64 = 44;
/// How many sites there are.
const SITES: usize = 50_000;
const KM_PER_DEGREE: f64 = 111.32;

/// A volume in the plain: corners in 1e-7 degrees, latitude first; altitudes in m, times in s.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub(crate) corners: Vec<(i32, i32)>,
    pub(crate) lower: i32,
    pub(crate) upper: i32,
    pub(crate) from: u32,
    /// `None`: always.
    pub(crate) until: Option<u32>,
}

/// All that is asked of all that is there.
pub(crate) struct Traffic {
    pub(crate) volumes: Vec<Plan>,
    pub(crate) questions: Vec<Plan>,
    pub(crate) wide: Vec<Plan>,
    pub(crate) sites: Vec<Plan>,
}

struct Dice(u64);

impl Dice {
    fn unit(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 * 2f64.powi(-53)
    }

    /// A volume whose diameter is from `least` to `least + more` km.
    fn plan(&mut self, least: f64, more: f64) -> Plan {
        let lat = 30.0 + 10.0 * self.unit();
        let lon = 35.0 + 10.0 * self.unit();
        let radius = (least + more * self.unit()) / 2.0 / KM_PER_DEGREE;
        let count = 4 + (9.0 * self.unit()).floor() as usize;
        let phase = TAU * self.unit();
        let shrunk = lat.to_radians().cos();
        let round = |degrees: f64| (degrees * 1e7).round() as i32;
        let corners = (0..count)
            .map(|corner| {
                let angle = phase + TAU * (corner as f64 + 0.8 * self.unit()) / count as f64;
                (round(lat + radius * angle.sin()), round(lon + radius * angle.cos() / shrunk))
            })
            .collect();
        // Lengths are rounded first, so that what begins on a whole metre or second also ends on one.
        let thickness = (100.0 + 2_900.0 * self.unit()).round();
        let lower = (self.unit() * (12_000.0 - thickness)).round();
        let duration = (1_800.0 + 19_800.0 * self.unit()).round();
        let from = (self.unit() * (604_800.0 - duration)).round();
        Plan {
            corners,
            lower: lower as i32,
            upper: (lower + thickness) as i32,
            from: from as u32,
            until: Some((from + duration) as u32),
        }
    }

    fn plans(seed: u64, count: usize, least: f64, more: f64) -> Vec<Plan> {
        let mut dice = Self(seed);
        (0..count).map(|_| dice.plan(least, more)).collect()
    }
}

impl Traffic {
    pub(crate) fn new(volumes: usize) -> Self {
        let always = |site: Plan| Plan { lower: 0, upper: 300, from: 0, until: None, ..site };
        Self {
            volumes: Dice::plans(DATA_SEED, volumes, 2.0, 38.0),
            questions: Dice::plans(QUESTION_SEED, QUESTIONS, 2.0, 38.0),
            wide: Dice::plans(WIDE_SEED, volumes / 100, 50.0, 450.0),
            sites: Dice::plans(SITE_SEED, SITES, 1.0, 1.0).into_iter().map(always).collect(),
        }
    }

    /// How many corners the volumes have together.
    pub(crate) fn corners(&self) -> usize {
        self.volumes.iter().map(|plan| plan.corners.len()).sum()
    }
}
