//! What pages are made of beside their HTML: style, scripts, shapes. All of it is in the program.

use std::borrow::Cow;

use rust_embed::RustEmbed;

#[derive(RustEmbed)]
#[folder = "assets/"]
struct Assets;

/// A file of the console, with its media type.
#[derive(Debug, Clone)]
pub struct Asset {
    /// Its bytes.
    pub bytes: Cow<'static, [u8]>,
    /// What they are.
    pub media_type: &'static str,
    /// Their SHA-256, for the browser's memory.
    pub sha256: [u8; 32],
}

/// A file by its bare name.
pub fn asset(name: &str) -> Option<Asset> {
    let media_type = match name.rsplit_once('.')?.1 {
        "css" => "text/css; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "svg" => "image/svg+xml",
        _ => return None,
    };
    let file = Assets::get(name)?;
    Some(Asset { bytes: file.data, media_type, sha256: file.metadata.sha256_hash() })
}
