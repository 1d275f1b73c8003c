//! Formats: which program's file it is, by its contents first and its name second (spec/exchange.md §5).

use std::fmt;

use crate::fault::{Reason, clipped};
use crate::json::{self, member};

/// A format of files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Format {
    /// RFC 7946.
    GeoJson,
    /// OGC KML 2.3, not compressed.
    Kml,
    /// KML in a zip archive.
    Kmz,
    /// A table with commas, semicolons or tabs.
    Csv,
    /// A workbook of Office Open XML.
    Xlsx,
    /// Volumes of ASTM F3548-21, or an operational intent that has some.
    F3548,
}

impl Format {
    /// All of them.
    pub const ALL: [Self; 6] = [Self::GeoJson, Self::Kml, Self::Kmz, Self::Csv, Self::Xlsx, Self::F3548];

    /// How files of it are called at their end.
    pub fn extension(self) -> &'static str {
        match self {
            Self::GeoJson => "geojson",
            Self::Kml => "kml",
            Self::Kmz => "kmz",
            Self::Csv => "csv",
            Self::Xlsx => "xlsx",
            Self::F3548 => "json",
        }
    }

    /// The format that a name promises; none for names that several have (`.json`, `.txt`).
    pub fn named(name: &str) -> Option<Self> {
        let extension = name.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase())?;
        match extension.as_str() {
            "tsv" => Some(Self::Csv),
            "json" => None,
            known => Self::ALL.into_iter().find(|format| format.extension() == known),
        }
    }

    /// The format of these bytes, whose file has that name.
    ///
    /// # Errors
    /// [`Reason::Format`] if it is none of ours.
    pub fn of(bytes: &[u8], name: &str) -> Result<Self, Reason> {
        let head = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
        let start = head.iter().position(|byte| !byte.is_ascii_whitespace()).unwrap_or(head.len());
        let head = head.get(start..).unwrap_or_default();
        let holds = |needle: &[u8]| head.windows(needle.len()).any(|window| window == needle);
        let other = |found: &str| Err(Reason::Format { found: found.to_owned() });
        match head {
            [b'P', b'K', 3 | 5, 4 | 6, ..] => match Self::named(name) {
                Some(Self::Kmz) => Ok(Self::Kmz),
                Some(Self::Xlsx) => Ok(Self::Xlsx),
                // Names of entries stand in the archive as they are.
                _ if holds(b"xl/workbook.xml") => Ok(Self::Xlsx),
                _ if holds(b".kml") => Ok(Self::Kmz),
                _ => other("a zip archive of something else"),
            },
            [0xD0, 0xCF, 0x11, 0xE0, ..] => {
                other("an old workbook (.xls) or one with a password: save it as .xlsx without")
            }
            [b'<', ..] => Ok(Self::Kml),
            [b'{' | b'[', ..] => {
                let words: [&[u8]; 3] = [b"\"volumes\"", b"\"outline_", b"\"operational_intent"];
                // Outermost in GeoJSON stands a type, in F3548 none. What cannot be read is taken by its words.
                let typed = || match json::parse(head, "JSON") {
                    Ok(root) => member(&root, "type").is_some(),
                    Err(_) => holds(b"\"Feature"),
                };
                let volumes = words.iter().any(|word| holds(word)) && !typed();
                Ok(if volumes { Self::F3548 } else { Self::GeoJson })
            }
            [] => other("an empty file"),
            _ => match Self::named(name) {
                None | Some(Self::Csv) => Ok(Self::Csv),
                Some(_) => {
                    let text: String = head.iter().take(20).map(|byte| char::from(*byte)).collect();
                    other(&clipped(&text.escape_debug().to_string()))
                }
            },
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::GeoJson => "GeoJSON",
            Self::Kml => "KML",
            Self::Kmz => "KMZ",
            Self::Csv => "CSV",
            Self::Xlsx => "XLSX",
            Self::F3548 => "F3548 JSON",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contents_come_before_names() {
        assert_eq!(Format::of(b" {\"type\":\"FeatureCollection\"}", "a.csv"), Ok(Format::GeoJson));
        assert_eq!(Format::of(b"{\"volumes\":[]}", "a.json"), Ok(Format::F3548));
        assert_eq!(Format::of(b"{\"type\":\"Feature\",\"volumes\":[]}", "a.json"), Ok(Format::GeoJson));
        assert_eq!(Format::of(b"{\"operational_intents\":[]}", "a.json"), Ok(Format::F3548));
        assert_eq!(Format::of(b"{\"id\":\"Features\",\"volumes\":[]}", "a.json"), Ok(Format::F3548));
        assert_eq!(Format::of(b"{\"type\":\"FeatureColl", "a.json"), Ok(Format::GeoJson));
        assert_eq!(
            Format::of(b"{\"features\":[{\"type\":\"Feature\",\"volumes\":", "a"),
            Ok(Format::GeoJson)
        );
        assert_eq!(Format::of(b"\xEF\xBB\xBF<?xml ?>", "a"), Ok(Format::Kml));
        assert_eq!(Format::of(b"PK\x03\x04..xl/workbook.xml", "a"), Ok(Format::Xlsx));
        assert_eq!(Format::of(b"PK\x03\x04..doc.kml", "a.zip"), Ok(Format::Kmz));
        assert_eq!(Format::of(b"lat,lon", "a.txt"), Ok(Format::Csv));
        for (bytes, name) in
            [(&b""[..], "a.csv"), (b"PK\x03\x04", "a.zip"), (b"\xD0\xCF\x11\xE0", "a.xlsx"), (b"x", "a.kml")]
        {
            assert!(Format::of(bytes, name).is_err(), "{name}");
        }
    }
}
