//! JSON within limits: how deep it goes and how much there is of it is known before anything is built of it.

use serde_json::Value;

use crate::fault::{Reason, clipped};
use crate::reading::{MOST_DEPTH, MOST_VALUES, utf8};

/// Parses a file.
///
/// # Errors
/// [`Reason::Encoding`], [`Reason::Deep`], [`Reason::Many`], [`Reason::Syntax`].
pub(crate) fn parse(bytes: &[u8], format: &'static str) -> Result<Value, Reason> {
    let text = utf8(bytes)?;
    measure(text)?;
    serde_json::from_str(text).map_err(|cause| Reason::syntax(format, cause))
}

/// Counts brackets and commas outside of texts.
fn measure(text: &str) -> Result<(), Reason> {
    let (mut depth, mut values) = (0_usize, 0_usize);
    let (mut in_text, mut escaped) = (false, false);
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_text => escaped = true,
            b'"' => in_text = !in_text,
            _ if in_text => {}
            b'[' | b'{' => (depth, values) = (depth + 1, values + 1),
            b']' | b'}' => depth = depth.saturating_sub(1),
            b',' => values += 1,
            _ => {}
        }
        if depth > MOST_DEPTH {
            return Err(Reason::Deep { most: MOST_DEPTH });
        }
        if values > MOST_VALUES {
            return Err(Reason::Many { what: "values", most: MOST_VALUES, found: values });
        }
    }
    Ok(())
}

/// What was found, short enough to be told.
pub(crate) fn found(value: &Value) -> String {
    match value {
        Value::Null => "nothing".into(),
        Value::Array(_) => "a list".into(),
        Value::Object(_) => "an object".into(),
        plain => clipped(&plain.to_string()),
    }
}

/// A member that holds something.
pub(crate) fn member<'v>(value: &'v Value, name: &str) -> Option<&'v Value> {
    value.get(name).filter(|member| !member.is_null())
}
