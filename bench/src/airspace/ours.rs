//! Our register under the generator's traffic.

use std::cell::RefCell;
use std::time::Instant;

use detente_airspace::altitude::{Band, Datum, Limit};
use detente_airspace::area::Area;
use detente_airspace::position::Position;
use detente_airspace::register::{Found, Register};
use detente_airspace::span::Span;
use detente_airspace::volume::Volume;

use super::traffic::{Plan, Traffic};
use crate::Outcome;

/// One question is asked for so many inserts.
const INSERTS_A_CHECK: usize = 100;
/// Answers do not depend on it.
const SEED: u64 = 0x1d0c_5ea5;

/// The register, and what it found last.
pub(crate) struct Ours {
    register: Register<u64>,
    found: RefCell<Vec<Found<u64>>>,
}

/// A plan as a volume, held to every rule.
pub(crate) fn volume(plan: &Plan) -> Outcome<Volume> {
    let corners: Vec<Position> = plan.corners.iter().map(|&(lat, lon)| Position { lat, lon }).collect();
    let limit = |m: i32| Some(Limit { mm: m * 1_000, datum: Datum::Wgs84 });
    let ms = |s: u32| u64::from(s) * 1_000;
    let span = match plan.until {
        Some(until) => Span::new(ms(plan.from), ms(until))?,
        None => Span::since(ms(plan.from))?,
    };
    Ok(Volume::new(Area::new(&corners, &[])?, Band::new(limit(plan.lower), limit(plan.upper), None)?, span))
}

impl Ours {
    /// Judges every volume anew, as a station does that reads its store, and puts it in.
    pub(crate) fn build(traffic: &Traffic) -> Outcome<Self> {
        let mut register = Register::new(usize::MAX, SEED);
        for (key, plan) in (0..).zip(&traffic.volumes) {
            register.put(key, [volume(plan)?])?;
        }
        Ok(Self { register, found: RefCell::default() })
    }

    pub(crate) fn questions(traffic: &Traffic) -> Outcome<Vec<Volume>> {
        traffic.questions.iter().map(volume).collect()
    }

    pub(crate) fn hits(&self, asked: &Volume) -> u64 {
        let mut found = self.found.borrow_mut();
        found.clear();
        self.register.check(asked, &mut found);
        found.len() as u64
    }

    /// Amends a tenth of all volumes, asking in between; returns how many a second, the questions' time included.
    pub(crate) fn insert_while_asking(&mut self, traffic: &Traffic) -> Outcome<f64> {
        let some = traffic.volumes.len() / 10;
        let volumes: Vec<Volume> = traffic.volumes.iter().take(some).map(volume).collect::<Outcome<_>>()?;
        let questions = Self::questions(traffic)?;
        let mut asked = questions.iter().cycle();
        let began = Instant::now();
        for (key, volume) in (0..).zip(volumes) {
            self.register.put(key, [volume])?;
            if (key as usize).is_multiple_of(INSERTS_A_CHECK)
                && let Some(asked) = asked.next()
            {
                std::hint::black_box(self.hits(asked));
            }
        }
        Ok(some as f64 / began.elapsed().as_secs_f64())
    }

    /// Adds the wide volumes and the sites.
    pub(crate) fn add_crowd(&mut self, traffic: &Traffic) -> Outcome<()> {
        let first = traffic.volumes.len() as u64;
        for (key, plan) in (first..).zip(traffic.wide.iter().chain(&traffic.sites)) {
            self.register.put(key, [volume(plan)?])?;
        }
        Ok(())
    }
}
