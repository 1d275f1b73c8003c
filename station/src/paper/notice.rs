//! `[[notice]]` and the extent of a line: what a memorandum asks of notices.

use detente_line::airspace::cover::TOLERANCE_PPM;
use detente_line::notice::Field;
use detente_line::{Extent, Minima, Nature, NoticeKind};
use serde::{Deserialize, Serialize};

use crate::form::Wrong;
use crate::{duration, length};

/// `[[notice]]`
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct NoticePart {
    /// Its name.
    pub name: String,
    /// What it is about: `activity`, `movement` or `site`; `None`: an activity.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nature: Option<String>,
    /// Lead time, ms.
    #[serde(with = "duration")]
    pub lead: u64,
    /// Emergency lead time, ms.
    #[serde(default, with = "duration::maybe", skip_serializing_if = "Option::is_none")]
    pub emergency_lead: Option<u64>,
    /// Names of the fields that it must have.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub requires: Vec<String>,
    /// The least room that its volumes ask for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub separation: Option<SeparationPart>,
    /// How far a cover may go beyond, as a part of its distance; `None`: 0.001.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tolerance: Option<f64>,
    /// Longest time from its beginning to its review, ms.
    #[serde(default, with = "duration::maybe", skip_serializing_if = "Option::is_none")]
    pub review: Option<u64>,
    /// How wide the way of a movement is to either side where its author does not say, mm; `None`: 50 m.
    #[serde(default, with = "length", skip_serializing_if = "Option::is_none")]
    pub half_width: Option<u64>,
}

/// `separation` of a `[[notice]]`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SeparationPart {
    /// To the sides, mm.
    #[serde(default, with = "length", skip_serializing_if = "Option::is_none")]
    pub distance: Option<u64>,
    /// Above and below, mm.
    #[serde(default, with = "length", skip_serializing_if = "Option::is_none")]
    pub height: Option<u64>,
    /// Before and after, ms.
    #[serde(default, with = "duration::maybe", skip_serializing_if = "Option::is_none")]
    pub time: Option<u64>,
}

impl NoticePart {
    /// A kind of activity that nothing more is asked of than time.
    pub fn new(name: &str, lead: u64, emergency_lead: Option<u64>) -> Self {
        Self {
            name: name.into(),
            nature: None,
            lead,
            emergency_lead,
            requires: Vec::new(),
            separation: None,
            tolerance: None,
            review: None,
            half_width: None,
        }
    }

    /// The kinds that a draft proposes: activities, movements as Yemen's rule has them, and sites that are kept up.
    pub(super) fn usual() -> Vec<Self> {
        const MINUTE: u64 = 60_000;
        const DAY: u64 = 24 * 60 * MINUTE;
        let named = |fields: &[Field]| fields.iter().map(|field| field.name().to_owned()).collect();
        let room = SeparationPart { distance: Some(500_000), height: None, time: None };
        vec![
            Self::new("activity", 120 * MINUTE, Some(5 * MINUTE)),
            Self {
                nature: Some("movement".into()),
                requires: named(&[Field::Organisation, Field::Contact]),
                separation: Some(room.clone()),
                ..Self::new("movement", 2 * DAY, Some(DAY))
            },
            Self {
                nature: Some("site".into()),
                requires: named(&[Field::Name, Field::Function, Field::Contact]),
                separation: Some(room),
                review: Some(180 * DAY),
                ..Self::new("site", 0, None)
            },
        ]
    }

    /// The kind that it describes; `at` is its place in the file.
    pub(super) fn kind(&self, at: &str) -> Result<NoticeKind, Wrong> {
        let below = |field: &str| format!("{at}.{field}");
        let nature = match self.nature.as_deref() {
            None | Some("activity") => None,
            Some(name) => Some(Nature::named(name).ok_or_else(|| {
                let natures = ["activity", "movement", "site"];
                Wrong::word(below("nature"), "activity, movement or site", name, natures)
            })?),
        };
        let required = self.requires.iter().enumerate().map(|(place, name)| {
            Field::named(name).map(Field::number).ok_or_else(|| {
                let names = Field::ALL.map(Field::name);
                Wrong::word(format!("{at}.requires.{place}"), "the name of a field of notices", name, names)
            })
        });
        let mut required: Vec<u16> = required.collect::<Result<_, Wrong>>()?;
        required.sort_unstable();
        let minima = self.separation.as_ref().map(|part| part.minima(&below("separation"))).transpose()?;
        let tolerance_ppm = match self.tolerance {
            None => None,
            Some(part) if (0.0001..=0.1).contains(&part) => Some((part * 1e6).round() as u32),
            Some(part) => {
                return Err(Wrong::new(below("tolerance"), "0.0001 to 0.1, as a part", &part.to_string()));
            }
        };
        Ok(NoticeKind {
            name: self.name.clone(),
            lead_ms: self.lead,
            emergency_lead_ms: self.emergency_lead,
            nature,
            required: (!required.is_empty()).then_some(required),
            minima,
            tolerance_ppm: tolerance_ppm.filter(|ppm| *ppm != TOLERANCE_PPM),
            review_ms: self.review,
            half_width_mm: short_length(&below("half-width"), self.half_width)?,
        })
    }
}

impl SeparationPart {
    fn minima(&self, at: &str) -> Result<Minima, Wrong> {
        Ok(Minima {
            distance_mm: short_length(&format!("{at}.distance"), self.distance)?,
            vertical_mm: short_length(&format!("{at}.height"), self.height)?,
            time_ms: self.time,
        })
    }
}

/// A length that a memorandum has room for, mm.
fn short_length(at: &str, mm: Option<u64>) -> Result<Option<u32>, Wrong> {
    let short = |mm| u32::try_from(mm).map_err(|_| Wrong::new(at, "at most 4,294 km", &length::text(mm)));
    mm.map(short).transpose()
}

/// The extent of south, west, north and east in degrees.
pub(super) fn extent([south, west, north, east]: [f64; 4]) -> Result<Extent, Wrong> {
    let units = |degrees: f64, most: f64| {
        if degrees.is_finite() && degrees.abs() <= most {
            Ok((degrees * 1e7).round() as i64)
        } else {
            let expected = "[south, west, north, east] within ±90 and ±180 degrees";
            Err(Wrong::new("line.extent", expected, &degrees.to_string()))
        }
    };
    let (west, east) = (units(west, 180.0)?, units(east, 180.0)?);
    let east = if east < west { east + 3_600_000_000 } else { east };
    // Within ±90°, so they fit.
    Ok(Extent { south: units(south, 90.0)? as i32, west, north: units(north, 90.0)? as i32, east })
}
