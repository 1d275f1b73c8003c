//! The API as a page: every call of its description (OpenAPI), for whoever writes a program against it.

use std::collections::BTreeMap;

use askama::Template;
use serde_json::Value;

use crate::answer::{is, list, text};
use crate::page::Frame;

/// What a call takes: in its path, in its query or in its body.
#[derive(Debug, Clone)]
struct Taken {
    name: String,
    form: String,
    needed: bool,
}

#[derive(Debug, Clone)]
struct Call {
    method: String,
    path: String,
    summary: String,
    asked: Vec<Taken>,
    /// What its body is: JSON of these fields, or bytes of a media type.
    body: Vec<Taken>,
    media_type: String,
}

/// The page.
#[derive(Debug, Clone, Template)]
#[template(path = "described.html")]
pub struct Described {
    frame: Frame,
    version: String,
    about: String,
    /// By what they are about, in the order of the alphabet.
    groups: BTreeMap<String, Vec<Call>>,
}

/// What a schema is, in the words of JSON Schema: `string`, `integer or null`, `array of string`, or the name of another one.
fn form(schema: &Value) -> String {
    if let Some(name) = text(schema, "$ref").rsplit('/').next().filter(|name| !name.is_empty()) {
        return name.to_owned();
    }
    let all = ["oneOf", "anyOf", "allOf"].into_iter().flat_map(|field| list(schema, field));
    let all: Vec<String> = all.map(form).collect();
    if !all.is_empty() {
        return all.join(" or ");
    }
    match schema.get("type") {
        Some(Value::Array(types)) => types.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" or "),
        Some(Value::String(of)) if of == "array" => {
            format!("array of {}", schema.get("items").map_or_else(|| "anything".into(), form))
        }
        Some(Value::String(of)) => of.clone(),
        _ => "anything".into(),
    }
}

/// The schema that a reference names, or the one that is there.
fn resolved<'a>(document: &'a Value, schema: &'a Value) -> &'a Value {
    let name = text(schema, "$ref").trim_start_matches('#');
    if name.is_empty() { schema } else { document.pointer(name).unwrap_or(schema) }
}

impl Call {
    fn of(document: &Value, method: &str, path: &str, said: &Value) -> Self {
        let asked = list(said, "parameters").iter().map(|one| Taken {
            name: text(one, "name").to_owned(),
            form: one.get("schema").map(form).unwrap_or_default(),
            needed: is(one, "required"),
        });
        let content = said.pointer("/requestBody/content").and_then(Value::as_object);
        let (media_type, schema) = content
            .and_then(|content| content.iter().next())
            .map(|(media_type, of)| (media_type.clone(), of.get("schema").unwrap_or(&Value::Null)))
            .unwrap_or_default();
        let schema = resolved(document, schema);
        let needed: Vec<&str> = list(schema, "required").iter().filter_map(Value::as_str).collect();
        let fields = schema.get("properties").and_then(Value::as_object).into_iter().flatten();
        let body = fields.map(|(name, of)| Taken {
            name: name.clone(),
            form: form(of),
            needed: needed.contains(&name.as_str()),
        });
        Self {
            method: method.to_uppercase(),
            path: path.to_owned(),
            summary: text(said, "summary").to_owned(),
            asked: asked.collect(),
            body: body.collect(),
            media_type,
        }
    }
}

impl Described {
    /// By the description itself.
    pub fn of(frame: Frame, document: &Value) -> Self {
        let mut groups: BTreeMap<String, Vec<Call>> = BTreeMap::new();
        let paths = document.get("paths").and_then(Value::as_object).into_iter().flatten();
        for (path, methods) in paths {
            for (method, said) in methods.as_object().into_iter().flatten() {
                let about = list(said, "tags").first().and_then(Value::as_str).unwrap_or("station");
                groups.entry(about.to_owned()).or_default().push(Call::of(document, method, path, said));
            }
        }
        let info = document.get("info").unwrap_or(&Value::Null);
        let (version, about) = (text(info, "version").to_owned(), text(info, "description").to_owned());
        Self { frame, version, about, groups }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::words::Words;

    #[test]
    fn a_call_says_what_it_takes() {
        let document = json!({
            "info": {"version": "1", "description": "The API."},
            "paths": {"/v1/lines/{line}/entries": {"post": {
                "tags": ["line"], "summary": "Writes <an> entry",
                "parameters": [{"name": "line", "in": "path", "required": true, "schema": {"type": "string"}}],
                "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Draft"}}}},
            }}},
            "components": {"schemas": {"Draft": {
                "required": ["kind"],
                "properties": {
                    "kind": {"type": "string"},
                    "regards": {"type": "array", "items": {"type": "string"}},
                    "also": {"oneOf": [{"type": "null"}, {"$ref": "#/components/schemas/Also"}]},
                    "text": {"type": ["string", "null"]},
                },
            }}},
        });
        let page = Described::of(Frame::stranger(Words::english(), "/api"), &document);
        let [call] = page.groups["line"].as_slice() else { panic!("{:?}", page.groups) };
        let body: Vec<_> =
            call.body.iter().map(|one| (one.name.as_str(), one.form.as_str(), one.needed)).collect();
        assert_eq!(
            body,
            [
                ("also", "null or Also", false),
                ("kind", "string", true),
                ("regards", "array of string", false),
                ("text", "string or null", false),
            ]
        );
        let html = page.render().unwrap();
        assert!(html.contains("POST") && html.contains("/v1/lines/{line}/entries"), "{html}");
        assert!(!html.contains("<an>"), "{html}");
    }
}
