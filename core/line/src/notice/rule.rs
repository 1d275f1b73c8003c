//! What a memorandum asks of a kind of notice, and of the area that a line is about (spec/line.md §4.1).
//!
//! A sender's station refuses a notice that breaks a rule, and names the field. A reader's shows it with what is
//! [`Short`] of the rule: it is in force as it stands, because a late or incomplete warning is better than none.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use detente_airspace::cover::check::{Covered, Stray, check};
use detente_airspace::cover::{LEAST_MM, MOST_MM, TOLERANCE_PPM};
use detente_airspace::position::Position;
use detente_airspace::separation::{MAX_TIME_MS, MAX_VERTICAL_MM};
use detente_record::Fault;
use minicbor::{Decode, Encode};

use super::{Field, Notice};
use crate::memorandum::{ascending, is_name, refuse};

/// A kind of notice.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct NoticeKind {
    /// Its name.
    #[n(1)]
    pub name: String,
    /// How long before it begins it is to be sent, ms.
    #[n(2)]
    pub lead_ms: u64,
    /// The same for one flagged as an emergency; `None`: there is no such.
    #[n(3)]
    pub emergency_lead_ms: Option<u64>,
    /// What it is about; `None`: an activity.
    #[n(4)]
    pub nature: Option<Nature>,
    /// Fields that it must have, by number, ascending; `None`: none.
    #[n(5)]
    pub required: Option<Vec<u16>>,
    /// The least room that its volumes ask for.
    #[n(6)]
    pub minima: Option<Minima>,
    /// How far covers may go beyond, in parts in a million; `None`: [`TOLERANCE_PPM`].
    #[n(7)]
    pub tolerance_ppm: Option<u32>,
    /// Longest time from its beginning to its review, ms; `None`: it need not be reviewed.
    #[n(8)]
    pub review_ms: Option<u64>,
    /// How wide the way of a movement is to either side where its author does not say, mm; `None`: [`HALF_WIDTH_MM`].
    #[n(9)]
    pub half_width_mm: Option<u32>,
}

/// How wide the way of a movement is to either side where neither its author nor its kind says, mm.
pub const HALF_WIDTH_MM: u32 = 50_000;

/// What a notice is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum Nature {
    /// Something done within volumes, for a time.
    #[n(1)]
    Activity,
    /// A way along waypoints.
    #[n(2)]
    Movement,
    /// A place that stays.
    #[n(3)]
    Site,
}

impl Nature {
    /// Its name in memoranda and files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Activity => "activity",
            Self::Movement => "movement",
            Self::Site => "site",
        }
    }

    /// The nature of a name.
    pub fn named(name: &str) -> Option<Self> {
        [Self::Activity, Self::Movement, Self::Site].into_iter().find(|nature| nature.name() == name)
    }

    /// Whether two notices of different parties can be in each other's way: a site is a danger to nobody, and a
    /// movement to sites neither.
    pub fn minds(self, other: Self) -> bool {
        self == Self::Activity || other == Self::Activity || (self, other) == (Self::Movement, Self::Movement)
    }
}

/// The least room that volumes ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Encode, Decode)]
#[cbor(map)]
pub struct Minima {
    /// To the sides, mm.
    #[n(1)]
    pub distance_mm: Option<u32>,
    /// Above and below, mm.
    #[n(2)]
    pub vertical_mm: Option<u32>,
    /// Before and after, ms.
    #[n(3)]
    pub time_ms: Option<u64>,
}

impl core::fmt::Display for Minima {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let Self { distance_mm, vertical_mm, time_ms } = *self;
        let (distance, height) = (distance_mm.unwrap_or(0), vertical_mm.unwrap_or(0));
        write!(f, "{distance} mm to the sides, {height} mm of height, {} ms", time_ms.unwrap_or(0))
    }
}

/// The box that a line is about, in 1e-7 degrees: `west` in ±180°, `east` at or east of it by at most a turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct Extent {
    /// The least latitude.
    #[n(0)]
    pub south: i32,
    /// The longitude of the western side.
    #[n(1)]
    pub west: i64,
    /// The greatest latitude.
    #[n(2)]
    pub north: i32,
    /// The longitude of the eastern side, counted on from `west`.
    #[n(3)]
    pub east: i64,
}

/// A rule of its kind that a notice does not keep.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Short {
    /// Which field, or property, of the notice.
    pub what: &'static str,
    /// What the memorandum asks for.
    pub expected: String,
    /// What the notice says.
    pub found: String,
}

impl NoticeKind {
    /// A kind of activity that nothing more is asked of than time.
    pub fn new(name: impl Into<String>, lead_ms: u64, emergency_lead_ms: Option<u64>) -> Self {
        Self {
            name: name.into(),
            lead_ms,
            emergency_lead_ms,
            nature: None,
            required: None,
            minima: None,
            tolerance_ppm: None,
            review_ms: None,
            half_width_mm: None,
        }
    }

    /// What it is about.
    pub fn nature(&self) -> Nature {
        self.nature.unwrap_or(Nature::Activity)
    }

    /// The least room that its volumes ask for.
    pub fn minima(&self) -> Minima {
        self.minima.unwrap_or_default()
    }

    /// How far its covers may go beyond, in parts in a million.
    pub fn tolerance_ppm(&self) -> u32 {
        self.tolerance_ppm.unwrap_or(TOLERANCE_PPM)
    }

    /// How wide the way of a movement is to either side where its author does not say, mm.
    pub fn half_width_mm(&self) -> u32 {
        self.half_width_mm.unwrap_or(HALF_WIDTH_MM)
    }

    /// The fields that it must have.
    pub fn required(&self) -> impl Iterator<Item = Field> + '_ {
        self.required.iter().flatten().filter_map(|number| Field::from_number(*number))
    }

    pub(crate) fn check(&self) -> Result<(), Fault> {
        if !is_name(&self.name, 32) {
            return Err(refuse("notice kind", "[a-z][a-z0-9-]{0,31}", "another name"));
        }
        let named = |what: &str| format!("{what} of notice kind {}", self.name);
        if let Some(numbers) = &self.required {
            if numbers.is_empty() || !ascending(numbers.iter()) {
                return Err(refuse("notice kind", named("required fields, ascending, each once,"), "others"));
            }
            if let Some(number) = numbers.iter().find(|number| Field::from_number(**number).is_none()) {
                return Err(Fault::incompatible("notice kind", named("known fields"), number.to_string()));
            }
        }
        if let Some(minima) = self.minima {
            let distance = minima.distance_mm.is_none_or(|distance| (LEAST_MM..=MOST_MM).contains(&distance));
            let vertical =
                minima.vertical_mm.is_none_or(|vertical| (1..=MAX_VERTICAL_MM).contains(&vertical));
            let time = minima.time_ms.is_none_or(|time_ms| (1..=MAX_TIME_MS).contains(&time_ms));
            if !distance || !vertical || !time || minima == Minima::default() {
                let expected = named("separation of 1 m to 500 km, to 100 km of height, to 31 days,");
                return Err(refuse("notice kind", expected, minima.to_string()));
            }
        }
        if let Some(ppm) = self.tolerance_ppm
            && !(100..=100_000).contains(&ppm)
        {
            return Err(refuse("notice kind", named("tolerance of 100 to 100,000 ppm"), ppm.to_string()));
        }
        if self.review_ms == Some(0) {
            return Err(refuse("notice kind", named("time to review over 0"), "0"));
        }
        if let Some(mm) = self.half_width_mm {
            if self.nature() != Nature::Movement {
                let found = self.nature().name();
                return Err(refuse("notice kind", named("a movement for the half width"), found));
            }
            if !(LEAST_MM..=MOST_MM).contains(&mm) {
                let found = format!("{mm} mm");
                return Err(refuse("notice kind", named("half width of 1 m to 500 km"), found));
            }
        }
        Ok(())
    }

    /// What a notice of this kind, written at a time, is short of, its covers left out; `extent` is the line's.
    pub fn short(&self, notice: &Notice, written_ms: u64, extent: Option<&Extent>) -> Vec<Short> {
        let mut short = Vec::new();
        self.short_of_time(notice, written_ms, &mut short);
        for field in self.required().filter(|field| !notice.fields.contains_key(field)) {
            short.push(Short {
                what: field.name(),
                expected: field.form().to_string(),
                found: "nothing".into(),
            });
        }
        match self.nature() {
            Nature::Movement if notice.waypoints.is_empty() => short.push(Short {
                what: "waypoints",
                expected: "two or more, with their windows".into(),
                found: "none".into(),
            }),
            Nature::Activity | Nature::Movement if notice.until_ms().is_none() => {
                let expected = format!("an end of this {}", self.nature().name());
                short.push(Short { what: "until", expected, found: "none".into() });
            }
            _ => {}
        }
        self.short_of_room(notice, &mut short);
        if let Some(extent) = extent {
            let places = notice.volumes.iter().enumerate();
            let outside = places.filter(|(_, volume)| !extent.meets(&volume.area.bounds()));
            for (place, volume) in outside.take(1) {
                let bounds = volume.area.bounds();
                let corner = Position { lat: bounds.south, lon: around(bounds.west) };
                let swapped =
                    if extent.holds_swapped(corner) { "; latitude and longitude seem swapped" } else { "" };
                let found = format!(
                    "volume {} from {:.4}, {:.4}{swapped}",
                    place + 1,
                    f64::from(corner.lat) / 1e7,
                    f64::from(corner.lon) / 1e7
                );
                short.push(Short { what: "area", expected: extent.to_string(), found });
            }
        }
        short
    }

    fn short_of_time(&self, notice: &Notice, written_ms: u64, short: &mut Vec<Short>) {
        let asked_ms = match (notice.emergency, self.emergency_lead_ms) {
            (true, Some(lead_ms)) => lead_ms,
            (true, None) => {
                let expected = "no emergency: the memorandum has none for this kind".into();
                short.push(Short { what: "emergency", expected, found: "an emergency".into() });
                return;
            }
            (false, _) => self.lead_ms,
        };
        let lead_ms = notice.from_ms().saturating_sub(written_ms);
        // A place that is already there is told late rather than not at all.
        if lead_ms < asked_ms && self.nature() != Nature::Site {
            let expected = format!("{} before it begins, or more", Lasting(asked_ms));
            short.push(Short { what: "lead time", expected, found: Lasting(lead_ms).to_string() });
        }
        if let Some(most_ms) = self.review_ms {
            let expected = format!("a review within {} of its beginning", Lasting(most_ms));
            match notice.number_of(Field::Review) {
                None => short.push(Short { what: "review", expected, found: "none".into() }),
                Some(review_ms) if review_ms.saturating_sub(notice.from_ms()) > most_ms => {
                    let found = Lasting(review_ms.saturating_sub(notice.from_ms())).to_string();
                    short.push(Short { what: "review", expected, found });
                }
                Some(_) => {}
            }
        }
    }

    /// The first cover of a notice that holds too little, or too much. Covers that were made here have been looked at;
    /// to look at others' takes about as long as to make them.
    pub fn stray(&self, notice: &Notice) -> Option<Short> {
        let (number, doubt) = notice.volumes.iter().zip(1..).find_map(|(volume, number)| {
            check(volume, self.tolerance_ppm()).first().map(|doubt| (number, *doubt))
        })?;
        let what = match doubt.covered {
            Covered::Shape => "area",
            Covered::Ring => "separation",
        };
        let bound = match doubt.stray {
            Stray::Short => "at least",
            Stray::Excess => "at most",
        };
        let expected = format!("a cover that reaches {bound} {} mm", doubt.expected_mm);
        Some(Short { what, expected, found: format!("volume {number}: {} mm", doubt.found_mm) })
    }

    fn short_of_room(&self, notice: &Notice, short: &mut Vec<Short>) {
        let minima = self.minima();
        let room = |volume: &detente_airspace::volume::Volume| match volume.separation.as_deref() {
            None => (0, 0, 0),
            Some(room) => (room.distance_mm(), room.vertical_mm(), room.time_ms()),
        };
        let rooms: Vec<(u32, u32, u64)> = notice.volumes.iter().map(room).collect();
        let least = |of: fn(&(u32, u32, u64)) -> u64| rooms.iter().map(of).min().unwrap_or(0);
        let asked = [
            (least(|room| room.0.into()), minima.distance_mm.map(u64::from), "mm to the sides"),
            (least(|room| room.1.into()), minima.vertical_mm.map(u64::from), "mm above and below"),
            (least(|room| room.2), minima.time_ms, "ms before and after"),
        ];
        for (found, asked, unit) in asked {
            if let Some(asked) = asked.filter(|asked| found < *asked) {
                let expected = format!("{asked} {unit}, or more");
                short.push(Short { what: "separation", expected, found: found.to_string() });
            }
        }
    }
}

/// 360° of longitude, in 1e-7 degrees.
const TURN: i64 = 3_600_000_000;

fn around(lon: i64) -> i32 {
    // Within ±180°, so it fits.
    ((lon + TURN / 2).rem_euclid(TURN) - TURN / 2) as i32
}

impl Extent {
    pub(crate) fn check(&self) -> Result<(), Fault> {
        let latitudes = self.south.unsigned_abs() <= 900_000_000 && self.north.unsigned_abs() <= 900_000_000;
        let turn = self.west..=self.west.saturating_add(TURN);
        let longitudes = self.west.unsigned_abs() <= 1_800_000_000 && turn.contains(&self.east);
        if latitudes && longitudes && self.south <= self.north {
            return Ok(());
        }
        let expected = "south, west, north, east in 1e-7 degrees, south to north, west to east";
        let Self { south, west, north, east } = self;
        Err(refuse("extent", expected, format!("{south}, {west}, {north}, {east}")))
    }

    /// Whether a place is in it.
    pub fn holds(&self, place: Position) -> bool {
        (self.south..=self.north).contains(&place.lat)
            && (i64::from(place.lon) - self.west).rem_euclid(TURN) <= self.east - self.west
    }

    /// Whether a place would be in it, and is not, if its latitude and its longitude changed places.
    pub fn holds_swapped(&self, place: Position) -> bool {
        !self.holds(place) && self.holds(Position { lat: place.lon, lon: place.lat })
    }

    fn meets(&self, bounds: &detente_airspace::bounds::Bounds) -> bool {
        let after = (bounds.west - self.west).rem_euclid(TURN);
        let before = (self.west - bounds.west).rem_euclid(TURN);
        self.south <= bounds.north
            && bounds.south <= self.north
            && (after <= self.east - self.west || before <= bounds.east - bounds.west)
    }
}

impl core::fmt::Display for Extent {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let degrees = |units: i64| units as f64 / 1e7;
        let (south, north) = (degrees(self.south.into()), degrees(self.north.into()));
        write!(
            f,
            "latitudes {south} to {north}, longitudes {} to {}",
            degrees(self.west),
            degrees(around(self.east).into())
        )
    }
}

/// A length of time, in the largest unit that says it whole.
struct Lasting(u64);

impl core::fmt::Display for Lasting {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let units = [(86_400_000, "d"), (3_600_000, "h"), (60_000, "m"), (1_000, "s")];
        match units.into_iter().find(|(ms, _)| self.0 >= *ms && self.0.is_multiple_of(*ms)) {
            Some((ms, unit)) => write!(f, "{}{unit}", self.0 / ms),
            None if self.0 >= 1_000 => write!(f, "{}s", self.0 / 1_000),
            None => write!(f, "{} ms", self.0),
        }
    }
}
