//! The boundary that the parties of a station's lines agreed on, out of a file: `[console] boundary` of `station.toml`.
//!
//! GeoJSON (RFC 7946) with lines alone: nothing that has an inside, so that no side of it is anybody's. The file's SHA-256 is shown on the map, by which two
//! officers know over a telephone that both look at the same one.

use std::path::Path;

use detente_record::{hex, sha256};
use serde::Deserialize;
use serde_json::Value;

use crate::error::SetupError;
use crate::home;

/// Most points of all its lines, and bytes of its name.
const MAX_POINTS: usize = 50_000;
const MAX_NAME: usize = 120;

const HINT: &str = "[console] boundary takes GeoJSON of LineString or MultiLineString alone, WGS 84; correct the file, or leave it out";

/// An agreed boundary.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Boundary {
    /// As its file names it, else its file's own name.
    pub(crate) name: String,
    /// Of the file's bytes, in hex.
    pub(crate) sha256: String,
    /// Lines of `[latitude, longitude]`, degrees.
    pub(crate) lines: Vec<Vec<[f64; 2]>>,
}

#[derive(Deserialize)]
#[serde(tag = "type")]
enum Part {
    FeatureCollection {
        features: Vec<Part>,
        name: Option<String>,
    },
    Feature {
        geometry: Box<Part>,
        properties: Option<serde_json::Map<String, Value>>,
    },
    GeometryCollection {
        geometries: Vec<Part>,
    },
    LineString {
        coordinates: Vec<Vec<f64>>,
    },
    MultiLineString {
        coordinates: Vec<Vec<Vec<f64>>>,
    },
    #[serde(other)]
    Other,
}

impl Boundary {
    /// Reads one.
    ///
    /// # Errors
    /// `Io`, `TooLarge`; `File` for what is no GeoJSON, has anything but lines, or more points than are shown.
    pub(crate) fn read(path: &Path) -> Result<Self, SetupError> {
        let text = home::read(path)?;
        let wrong = |text: String| SetupError::File { path: path.to_owned(), text, hint: HINT.into() };
        let part: Part = serde_json::from_str(&text).map_err(|cause| wrong(cause.to_string()))?;
        let (mut lines, mut name) = (Vec::new(), None);
        gather(part, &mut lines, &mut name).map_err(wrong)?;
        let points: usize = lines.iter().map(Vec::len).sum();
        if points == 0 {
            return Err(wrong("expected a line or more, found none".into()));
        }
        if points > MAX_POINTS {
            return Err(wrong(format!("expected at most {MAX_POINTS} points in all, found {points}")));
        }
        let file = || path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let name = name.filter(|name| !name.trim().is_empty()).unwrap_or_else(file);
        let is_long = name.len() > MAX_NAME || name.chars().any(char::is_control);
        if is_long {
            return Err(wrong(format!(
                "expected a name of at most {MAX_NAME} bytes on one line, found another"
            )));
        }
        Ok(Self { name, sha256: hex(&sha256(text.as_bytes())), lines })
    }
}

/// Takes the lines of a part, and the first name.
fn gather(part: Part, lines: &mut Vec<Vec<[f64; 2]>>, name: &mut Option<String>) -> Result<(), String> {
    match part {
        Part::FeatureCollection { features, name: said } => {
            *name = name.take().or(said);
            features.into_iter().try_for_each(|feature| gather(feature, lines, name))
        }
        Part::Feature { geometry, properties } => {
            let said = properties.as_ref().and_then(|properties| properties.get("name")?.as_str());
            *name = name.take().or_else(|| said.map(str::to_owned));
            gather(*geometry, lines, name)
        }
        Part::GeometryCollection { geometries } => {
            geometries.into_iter().try_for_each(|geometry| gather(geometry, lines, name))
        }
        Part::LineString { coordinates } => {
            lines.push(line(&coordinates)?);
            Ok(())
        }
        Part::MultiLineString { coordinates } => {
            for one in &coordinates {
                lines.push(line(one)?);
            }
            Ok(())
        }
        Part::Other => {
            Err("expected lines alone (LineString, MultiLineString), found another kind of geometry".into())
        }
    }
}

fn line(coordinates: &[Vec<f64>]) -> Result<Vec<[f64; 2]>, String> {
    if coordinates.len() < 2 {
        return Err(format!("expected two points or more in a line, found {}", coordinates.len()));
    }
    let point = |at: &Vec<f64>| match *at.as_slice() {
        [lon, lat, ..] if lon.abs() <= 180.0 && lat.abs() <= 90.0 => Ok([lat, lon]),
        _ => Err(format!("expected [longitude, latitude] within ±180 and ±90 degrees, found {at:?}")),
    };
    coordinates.iter().map(point).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Boundary, String> {
        let path =
            std::env::temp_dir().join(format!("detente-boundary-{}-{}", std::process::id(), text.len()));
        std::fs::write(&path, text).map_err(|cause| cause.to_string())?;
        let read = Boundary::read(&path).map_err(|error| format!("{error} {}", error.hint()));
        let _ = std::fs::remove_file(&path);
        read
    }

    #[test]
    fn lines_are_taken_and_nothing_that_has_an_inside() {
        let text = r#"{"type":"FeatureCollection","name":"Agreed line","features":[{"type":"Feature","properties":{"name":"B"},"geometry":
            {"type":"LineString","coordinates":[[39,35],[40.5,36,100]]}},{"type":"Feature","properties":null,"geometry":{"type":"MultiLineString","coordinates":[[[1,2],[3,4]]]}}]}"#;
        let boundary = read(text).unwrap();
        assert_eq!(boundary.name, "Agreed line");
        assert_eq!(boundary.lines, [vec![[35.0, 39.0], [36.0, 40.5]], vec![[2.0, 1.0], [4.0, 3.0]]]);
        assert_eq!(boundary.sha256.len(), 64);
        for (text, why) in [
            (r#"{"type":"Polygon","coordinates":[[[0,0],[1,0],[1,1],[0,0]]]}"#, "lines alone"),
            (r#"{"type":"LineString","coordinates":[[39,35]]}"#, "two points"),
            (r#"{"type":"LineString","coordinates":[[39,95],[1,1]]}"#, "within"),
            (r#"{"type":"FeatureCollection","features":[]}"#, "found none"),
            ("{", "line 1"),
        ] {
            let refused = read(text).unwrap_err();
            assert!(refused.contains(why) && refused.contains("GeoJSON"), "{refused}");
        }
    }
}
