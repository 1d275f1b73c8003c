//! What message becomes of a template and what somebody types into it, and what the memorandum has to say to it, before anything is sent
//! (spec/api.md, "Compose").

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use detente_console::{TEMPLATES, Template, TemplateForm, Words};
use detente_exchange::{position, time};
use detente_line::kind::MAX_TEXT;
use detente_line::kind::number::MESSAGE;
use detente_line::{Memorandum, is_language};
use detente_record::{Class, EntryRef};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::entry::first_language;
use super::openapi::Answered;
use super::request::{Body, Path, Query};
use super::typed::{Wrong, moment};
use super::{Answer, Api, LinePath, name_text};
use crate::keeper::Keeper;
use crate::words;

/// In which language.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Wanted {
    language: Option<String>,
}

fn form_text(form: TemplateForm) -> &'static str {
    match form {
        TemplateForm::Text => "text",
        TemplateForm::Place => "place",
        TemplateForm::Moment => "moment",
        TemplateForm::Number => "number",
        TemplateForm::OneOf(_) => "one-of",
    }
}

/// `GET /v1/templates`
#[utoipa::path(
    get,
    operation_id = "compose_templates",
    path = "/v1/templates",
    tag = "line",
    summary = "The templates of messages",
    params(Wanted),
    responses(Answered)
)]
pub(crate) async fn templates(Query(wanted): Query<Wanted>) -> Answer {
    let words = wanted.language.as_deref().and_then(Words::of).unwrap_or_else(Words::english);
    let field = |field: &detente_console::TemplateField| {
        let choices = match field.form {
            TemplateForm::OneOf(choices) => choices,
            _ => &[],
        };
        let choices: Map<String, Value> =
            choices.iter().map(|(name, said)| ((*name).to_owned(), json!(words.t(said)))).collect();
        json!({
            "name": field.name, "label": field.label(&words), "form": form_text(field.form), "choices": choices,
            "needed": field.needed,
        })
    };
    let template = |template: &Template| {
        json!({
            "name": template.name, "title": template.title(&words), "precedence": template.precedence.to_string(),
            "safety_of_life": template.saves_life,
            "fields": template.fields.iter().map(field).collect::<Vec<_>>(),
        })
    };
    Ok(Json(json!({"templates": TEMPLATES.iter().map(template).collect::<Vec<_>>()})))
}

/// A message, each of its parts as somebody types it.
#[derive(Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields, default)]
#[schema(as = Composed)]
pub(crate) struct Typed {
    template: String,
    fields: BTreeMap<String, String>,
    text: String,
    precedence: String,
    language: String,
    also: String,
    also_text: String,
    safety_of_life: bool,
}

/// What is understood of the fields of a template.
#[derive(Default)]
struct Understood {
    said: BTreeMap<&'static str, String>,
    reply_by_ms: Option<u64>,
}

impl Typed {
    fn understood(&self, template: &'static Template, wrong: &mut Wrong) -> Understood {
        let mut found = Understood::default();
        for name in
            self.fields.keys().filter(|name| !template.fields.iter().any(|field| field.name == **name))
        {
            wrong.add("field", "a field of the template; `GET /v1/templates` lists them", name);
        }
        for field in template.fields {
            let text = self.fields.get(field.name).map(|text| text.trim()).unwrap_or_default();
            if text.is_empty() {
                if field.needed {
                    wrong.add(field.name, "what the template says nothing without", "nothing");
                }
                continue;
            }
            let value = match field.form {
                TemplateForm::Text => Some(text.to_owned()),
                TemplateForm::Place => {
                    let read = wrong.of(field.name, "latitude and longitude", position::read(text));
                    read.map(|read| match position::mgrs_text(read.position) {
                        Some(mgrs) => format!("{} · {mgrs}", position::decimal(read.position)),
                        None => position::decimal(read.position),
                    })
                }
                TemplateForm::Moment => {
                    let ms = moment(field.name, text, field.name == "until", wrong);
                    if field.name == "reply-by" {
                        found.reply_by_ms = ms;
                    }
                    ms.map(time::group)
                }
                TemplateForm::Number => {
                    let read = text.parse::<u64>().map_err(|_| text);
                    wrong.of(field.name, "a whole number", read).map(|number| number.to_string())
                }
                TemplateForm::OneOf(choices) => {
                    let names: Vec<&str> = choices.iter().map(|(name, _)| *name).collect();
                    let known = names.contains(&text).then(|| text.to_owned()).ok_or(text);
                    wrong.of(field.name, &format!("one of {}", names.join(", ")), known)
                }
            };
            found.said.extend(value.map(|value| (field.name, value)));
        }
        found
    }

    /// The words of a language that a template is said in.
    fn words(tag: &str, wrong: &mut Wrong) -> Option<Words> {
        wrong.of("language", "a language of the console, for a template", Words::of(tag).ok_or(tag))
    }

    fn template(&self, wrong: &mut Wrong) -> Option<&'static Template> {
        let name = self.template.as_str();
        let names = || TEMPLATES.iter().map(|template| template.name).collect::<Vec<_>>().join(", ");
        match (name, Template::named(name)) {
            ("", _) => None,
            (_, None) => wrong.of("template", &format!("one of {}", names()), Err(name)),
            (_, found) => found,
        }
    }

    fn class(&self, template: Option<&Template>, wrong: &mut Wrong) -> Class {
        match (self.precedence.as_str(), template) {
            ("", Some(template)) => words::class(&template.precedence.to_string()),
            ("", None) => Ok(Class::R),
            (said, _) => words::class(said),
        }
        .unwrap_or_else(|_| {
            wrong.add("precedence", "Z, O, P or R", &self.precedence);
            Class::R
        })
    }

    /// The draft; it is one as far as nothing is wrong.
    fn draft(
        &self,
        class: Class,
        template: Option<&'static Template>,
        found: &Understood,
        wrong: &mut Wrong,
    ) -> Value {
        let (free, also_free) = (self.text.trim(), self.also_text.trim());
        let (language, also) = (self.language.trim(), self.also.trim());
        for tag in [language, also].into_iter().filter(|tag| !tag.is_empty() && !is_language(tag)) {
            wrong.add("language", "a BCP 47 tag such as en or ar-SY", tag);
        }
        if !also.is_empty() && also == language {
            wrong.add("also", "another language than that of the text", also);
        }
        let in_one = |tag: &str, free: &str, wrong: &mut Wrong| match template {
            None => Some(free.to_owned()),
            Some(template) => Self::words(tag, wrong).map(|words| template.text(&words, &found.said, free)),
        };
        let text = in_one(language, free, wrong).unwrap_or_default();
        let also_text = match (also, template.is_some(), also_free.is_empty()) {
            ("", ..) | (_, false, true) => None,
            (tag, _, nothing) => in_one(tag, if nothing { free } else { also_free }, wrong),
        };
        for said in
            [Some(&text), also_text.as_ref()].into_iter().flatten().filter(|said| said.len() > MAX_TEXT)
        {
            wrong.add("text", "at most 12,000 bytes", format!("{} bytes", said.len()));
        }
        if text.is_empty() {
            wrong.add("text", "what is to be said", "nothing");
        }
        if self.safety_of_life && class != Class::Z {
            wrong.add("safety of life", "Z, the only precedence that it has", words::class_name(class));
        }
        let mut draft = Map::new();
        draft.insert("kind".into(), json!("message"));
        draft.insert("precedence".into(), json!(class.letter().to_string()));
        draft.insert("text".into(), json!(text));
        if !language.is_empty() {
            draft.insert("language".into(), json!(language));
        }
        if let Some(also_text) = also_text {
            draft.insert("also".into(), json!({"language": also, "text": also_text}));
        }
        if self.safety_of_life {
            draft.insert("safety_of_life".into(), json!(true));
        }
        draft.extend(found.reply_by_ms.map(|ms| ("reply_by_ms".to_owned(), json!(ms))));
        Value::Object(draft)
    }
}

/// The acts by which the line is suspended for messages now.
async fn suspended_by(keeper: &Keeper, now_ms: u64) -> Option<Vec<EntryRef>> {
    let suspended = move |line: &detente_line::Line| {
        let members = line.members().iter();
        let suspensions = members.filter_map(|party| line.suspension(*party, now_ms));
        let bars = |scope: &[u16]| scope.is_empty() || scope.contains(&MESSAGE);
        suspensions.filter(|one| bars(&one.scope)).map(|one| one.act).collect()
    };
    keeper.look(suspended).await
}

fn asks_json(memorandum: &Memorandum, class: Class, suspended_by: &[EntryRef], draft: &Value) -> Value {
    let escalations =
        memorandum.escalations(class).map(|step| json!({"after_ms": step.after_ms, "rank": step.rank}));
    let text = draft.get("text").and_then(Value::as_str).unwrap_or_default();
    json!({
        "handled_ms": memorandum.handling_ms(class),
        "escalations": escalations.collect::<Vec<_>>(),
        "two_officers": memorandum.takes_two(class, MESSAGE),
        "suspended_by": suspended_by.iter().map(|act| name_text(memorandum, *act)).collect::<Vec<_>>(),
        "bytes": text.len(),
        "most_bytes": MAX_TEXT,
    })
}

/// `POST …/compose`
#[utoipa::path(post, operation_id = "compose", path = "/v1/lines/{line}/compose", tag = "line", summary = "What message becomes of a template and what is typed into it", params(("line" = String, Path)), request_body = Typed, responses(Answered))]
pub(crate) async fn compose(
    State(api): State<Api>,
    Path(line): LinePath,
    Body(mut typed): Body<Typed>,
) -> Answer {
    let (keeper, now_ms) = (api.line(&line)?, api.now_ms());
    let memorandum = keeper.memorandum();
    let mut wrong = Wrong::default();
    let template = typed.template(&mut wrong);
    if template.is_some() && typed.language.trim().is_empty() {
        // What a template is said in is said with it.
        let own = first_language(&memorandum, keeper.party).and_then(|tag| Words::of(&tag));
        typed.language = own.unwrap_or_else(Words::english).language.tag.to_owned();
    }
    let class = typed.class(template, &mut wrong);
    let found = template.map(|template| typed.understood(template, &mut wrong)).unwrap_or_default();
    let draft = typed.draft(class, template, &found, &mut wrong);
    let passes = typed.safety_of_life || memorandum.terms().suspension.passes.contains(&MESSAGE);
    let suspended = match passes {
        true => Vec::new(),
        false => suspended_by(keeper, now_ms).await.ok_or_else(super::Refused::stopping)?,
    };
    Ok(Json(json!({
        "now_ms": now_ms,
        "asks": asks_json(&memorandum, class, &suspended, &draft),
        "draft": wrong.0.is_empty().then_some(draft),
        "fields": found.said,
        "wrong": wrong.0,
    })))
}
