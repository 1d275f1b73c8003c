//! From a draft as people and programs write it to one that the core takes.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::{Extension, Json};
use detente_line::airspace::verdict::Verdict;
use detente_line::{
    Amendment, Choice, ConflictReport, Content, Disclosure, Draft, Duty, Finding, Line, Matter, Memorandum,
    Message, Rendering, Stance,
};
use detente_record::entry::MAX_REGARDS;
use detente_record::{Book, Class, EntryRef, Party};
use serde::Deserialize;
use serde_json::{Value, json};

use super::airspace::given;
use super::asker::Asker;
use super::attachments::{AskedAttachment, attached};
use super::consent::moved;
use super::dossier;
use super::notice::{self, AskedNotice, AskedVolume, position};
use super::openapi::Answered;
use super::request::{Body, Path, Query};
use super::{Api, LinePath, Refused, name_text, parse_name, release};
use crate::keeper::Keeper;
use crate::officers::right_to_write;
use crate::{duration, words};

/// Longest wait for receipts, ms.
const MAX_WAIT_MS: u64 = 600_000;

/// A text in another language than the one that binds.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct Also {
    language: String,
    text: String,
}

impl From<Also> for Rendering {
    fn from(Also { language, text }: Also) -> Self {
        Self { language, text }
    }
}

/// A draft, spec/api.md.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Draft)]
pub(crate) struct Asked {
    kind: String,
    precedence: Option<String>,
    office: Option<Value>,
    language: Option<String>,
    #[serde(default)]
    regards: Vec<String>,
    text: Option<String>,
    safety_of_life: Option<bool>,
    reply_by_ms: Option<u64>,
    answers: Option<bool>,
    /// The same text in another language.
    also: Option<Also>,
    /// It is a translation of what it regards.
    translates: Option<bool>,
    notice: Option<AskedNotice>,
    reason: Option<String>,
    position: Option<[f64; 2]>,
    to: Option<Value>,
    state: Option<String>,
    #[serde(default)]
    scope: Vec<String>,
    effective_ms: Option<u64>,
    closes_ms: Option<u64>,
    choice: Option<String>,
    matter: Option<String>,
    /// The file of the memorandum that is moved.
    memorandum: Option<String>,
    /// An observer's finding, as it signed it.
    note: Option<String>,
    /// To whom something is disclosed.
    observer: Option<String>,
    /// Which entries are.
    disclosed: Option<dossier::Asked>,
    /// The name of the line that a motion is to found.
    working_group: Option<String>,
    stance: Option<String>,
    verdict: Option<String>,
    volumes: Option<Vec<AskedVolume>>,
    #[serde(default)]
    attachments: Vec<AskedAttachment>,
}

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Until {
    until: Option<String>,
    timeout_ms: Option<u64>,
}

impl Asked {
    /// The kind of entry that is asked for.
    pub(crate) fn kind(&self) -> &str {
        &self.kind
    }
}

/// `POST …/entries`
#[utoipa::path(post, operation_id = "draft_write", path = "/v1/lines/{line}/entries", tag = "line", summary = "Writes an entry", params(("line" = String, Path), Until), request_body = Asked, responses(Answered))]
pub(crate) async fn write(
    State(api): State<Api>,
    Extension(asker): Extension<Asker>,
    Path(line): LinePath,
    Query(until): Query<Until>,
    Body(mut said): Body<Value>,
) -> Result<(StatusCode, Json<Value>), Refused> {
    if let (Value::Object(fields), Some(office)) = (&mut said, asker.office()) {
        fields.entry("office").or_insert_with(|| office.into());
    }
    let asked: Asked = serde_json::from_value(said.clone())
        .map_err(|wrong| Refused::misuse("body", "a draft of spec/api.md", wrong.to_string()))?;
    asker.may(right_to_write(&asked.kind))?;
    let keeper = api.line(&line)?;
    let draft = draft(keeper, asked, api.now_ms()).await?;
    let asks = draft.clone();
    if keeper.look(move |line| line.takes_two(&asks)).await.ok_or_else(Refused::stopping)? {
        // What it regards is what was found for it now, whatever is open when it is released.
        let regards = draft.regards.iter().map(|subject| name_text(&keeper.memorandum(), *subject));
        if let Value::Object(fields) = &mut said {
            fields.insert("regards".into(), regards.collect());
        }
        let waits = release::wait(&api, &line, keeper, &asker, &said)?;
        return Ok((StatusCode::ACCEPTED, Json(waits)));
    }
    let (entry, by_all) = match until.until.as_deref() {
        None | Some("durable") => (keeper.write(draft).await?, false),
        Some("receipted") => {
            let wait_ms = until.timeout_ms.unwrap_or(10_000).min(MAX_WAIT_MS);
            keeper.write_receipted(draft, Duration::from_millis(wait_ms)).await?
        }
        Some(other) => return Err(Refused::misuse("until", "durable or receipted", other)),
    };
    asker.note(&name_text(&keeper.memorandum(), entry));
    let receipted_by: Vec<Party> = if by_all {
        let others = |line: &Line| {
            let members = line.members().iter().copied();
            members.filter(|member| *member != line.party()).collect()
        };
        keeper.look(others).await.ok_or_else(Refused::stopping)?
    } else {
        // Past the time, or at the end of the station, the answer says who has receipted it by then.
        keeper.look(move |line| receipted_by(line, entry)).await.ok_or_else(Refused::stopping)?
    };
    let names: Vec<String> = receipted_by.iter().map(|party| keeper.memorandum().name_of(*party)).collect();
    let name = name_text(&keeper.memorandum(), entry);
    Ok((StatusCode::OK, Json(json!({"entry": name, "durable": true, "receipted_by": names}))))
}

/// Who has receipted an entry.
pub(crate) fn receipted_by(line: &Line, entry: EntryRef) -> Vec<Party> {
    line.receipts(entry.book)
        .filter(|receipt| receipt.size >= entry.number)
        .map(|receipt| receipt.party)
        .collect()
}

fn needed<T>(field: &str, kind: &str, given: Option<T>) -> Result<T, Refused> {
    given.ok_or_else(|| Refused::misuse(field, &format!("one for a {kind}"), "none"))
}

/// The office of a name or a number.
pub(crate) fn office(memorandum: &Memorandum, me: Party, asked: &Value) -> Result<u16, Refused> {
    let offices = memorandum.member(me).map(|member| member.offices.as_slice()).unwrap_or_default();
    let named = |office: &&detente_line::Office| match asked {
        Value::String(name) => office.name.eq_ignore_ascii_case(name) || office.number.to_string() == *name,
        number => number.as_u64() == Some(u64::from(office.number)),
    };
    offices.iter().find(named).map(|office| office.number).ok_or_else(|| {
        let names: Vec<&str> = offices.iter().map(|office| office.name.as_str()).collect();
        Refused::misuse("office", &format!("one of {}", names.join(", ")), asked.to_string())
            .hinted("an officer writes from an office that the memorandum gives this party")
    })
}

pub(crate) async fn draft(keeper: &Keeper, mut asked: Asked, now_ms: u64) -> Result<Draft, Refused> {
    let memorandum = &keeper.memorandum();
    let class = asked.precedence.take().map(|text| words::class(&text)).transpose();
    let class: Option<Class> = class.map_err(|error| Refused::misuse("precedence", "a precedence", error))?;
    let office = asked.office.take().map(|asked| office(memorandum, keeper.party, &asked)).transpose()?;
    let language = asked.language.take();
    let names = std::mem::take(&mut asked.regards);
    let regards = names.iter().map(|name| parse_name(memorandum, name)).collect::<Result<Vec<_>, _>>()?;
    for (name, text) in regards.iter().zip(names) {
        if name.number == 0 || keeper.store.size(name.book.code())? < name.number {
            return Err(Refused::no_entry(text));
        }
    }
    check_regards(keeper, &asked.kind, &regards)?;
    check_reported(keeper, &asked.kind, &regards)?;
    let past = asked.reply_by_ms.filter(|by_ms| *by_ms <= now_ms);
    if let Some(by_ms) = past {
        let found = format!("{} before now", crate::duration::text((now_ms - by_ms) / 1_000 * 1_000));
        return Err(Refused::misuse("time to reply by", "a time after now", found)
            .hinted("check the date, and this machine's clock"));
    }
    let (content, regards) = content(keeper, asked, regards, now_ms).await?;
    if let Content::Notice(planned) | Content::Amendment(Amendment::Notice(planned)) = &content {
        notice::check(memorandum, planned, now_ms)?;
    }
    Ok(Draft { class, office, second: None, language, regards, content })
}

/// Holds what is regarded to the kind that regards it, in words nearer to the caller's than the core's are.
fn check_regards(keeper: &Keeper, kind: &str, regards: &[EntryRef]) -> Result<(), Refused> {
    let (own, expected) = match kind {
        "acknowledgement" | "read-back" | "passed-on" | "displayed" | "conflict" => {
            (false, "one entry of another party")
        }
        "amendment" | "withdrawal" => (true, "one own entry"),
        _ => return Ok(()),
    };
    match regards {
        [one] if (one.book.party == keeper.party) == own => Ok(()),
        others => {
            let names: Vec<String> =
                others.iter().map(|entry| name_text(&keeper.memorandum(), *entry)).collect();
            let found = if names.is_empty() { "none".into() } else { names.join(", ") };
            let hint = "own entries are amended and withdrawn, those of others acknowledged";
            Err(Refused::misuse(&format!("what {kind} regards"), expected, found).hinted(hint))
        }
    }
}

/// A conflict is with a notice, or with what amends one.
fn check_reported(keeper: &Keeper, kind: &str, regards: &[EntryRef]) -> Result<(), Refused> {
    let ("conflict", [reported]) = (kind, regards) else { return Ok(()) };
    if given(keeper, *reported)?.is_some() {
        return Ok(());
    }
    let found = format!("{}, which is none", name_text(&keeper.memorandum(), *reported));
    let hint = "`detente notice list` names the notices in force";
    Err(Refused::misuse("what conflict regards", "a notice of another party", found).hinted(hint))
}

/// The first entries that a finding is on and that are held here, as many as an entry can regard.
fn found_on(keeper: &Keeper, finding: &Finding) -> Result<Vec<EntryRef>, Refused> {
    let (memorandum, mut held) = (keeper.memorandum(), Vec::new());
    for on in &finding.found().on {
        let Ok(name) = parse_name(&memorandum, &on.entry) else { continue };
        if held.len() < MAX_REGARDS && keeper.store.size(name.book.code())? >= name.number {
            held.push(name);
        }
    }
    Ok(held)
}

async fn content(
    keeper: &Keeper,
    asked: Asked,
    mut regards: Vec<EntryRef>,
    now_ms: u64,
) -> Result<(Content, Vec<EntryRef>), Refused> {
    let me = keeper.party;
    let kind = asked.kind.as_str();
    if !asked.attachments.is_empty() && !matches!(kind, "message" | "position") {
        return Err(Refused::misuse("attachments", "a message or a position to go with", kind));
    }
    let content = match kind {
        "message" => Content::Message(Message {
            text: needed("text", kind, asked.text)?,
            safety_of_life: asked.safety_of_life.filter(|flag| *flag),
            reply_by_ms: asked.reply_by_ms,
            answers: asked.answers.filter(|flag| *flag),
            attachments: attached(asked.attachments)?,
            also: asked.also.map(Rendering::from),
            translates: asked.translates.filter(|flag| *flag),
        }),
        "amendment" => Content::Amendment(match (asked.notice, asked.text) {
            (Some(planned), None) => Amendment::Notice(planned.notice(&keeper.memorandum())?),
            (None, Some(text)) => Amendment::Text(text),
            _ => return Err(Refused::misuse("amendment", "a text or a notice", "both or neither")),
        }),
        "withdrawal" => Content::Withdrawal { reason: asked.reason },
        "acknowledgement" => Content::Acknowledgement { text: asked.text },
        "read-back" => Content::ReadBack {
            text: needed("text", kind, asked.text)?,
            position: asked.position.map(position).transpose()?,
        },
        "passed-on" => match needed("to", kind, asked.to)? {
            Value::String(to) => Content::PassedOn { to },
            other => return Err(Refused::misuse("to", "those who act on it", other.to_string())),
        },
        "cease" => {
            let position = position(needed("position", kind, asked.position)?)?;
            Content::Cease { position, text: asked.text }
        }
        "displayed" => Content::Displayed,
        "duty" => Content::Duty(match needed("state", kind, asked.state)?.as_str() {
            "off" => Duty::Off,
            "on" => Duty::On,
            "handover" => {
                let to = needed("to", kind, asked.to)?;
                Duty::Handover { to: office(&keeper.memorandum(), me, &to)? }
            }
            other => return Err(Refused::misuse("state", "off, on or handover", other)),
        }),
        "notice" => Content::Notice(needed("notice", kind, asked.notice)?.notice(&keeper.memorandum())?),
        "conflict" => Content::Conflict(ConflictReport {
            verdict: match needed("verdict", kind, asked.verdict)?.as_str() {
                "conflict" => Verdict::Conflict,
                "within-separation" => Verdict::WithinSeparation,
                other => return Err(Refused::misuse("verdict", "conflict or within-separation", other)),
            },
            volumes: notice::volumes(&needed("volumes", kind, asked.volumes)?)?,
            text: asked.text,
        }),
        "suspends" => {
            let scope = asked.scope.iter().map(|name| words::kind(name)).collect::<Result<Vec<u16>, _>>();
            let mut scope = scope.map_err(|error| Refused::misuse("scope", "kinds of entry", error))?;
            scope.sort_unstable();
            scope.dedup();
            let effective_ms = asked.effective_ms.unwrap_or(now_ms);
            Content::Suspends { scope, effective_ms, reason: needed("reason", kind, asked.reason)? }
        }
        "leaves" => Content::Leaves { reason: asked.reason },
        "resumes" => {
            let (suspension, decision) = keeper
                .look(move |line| {
                    let suspension = line.last_suspension(me).map(|suspended| suspended.act);
                    (suspension, suspension.and_then(|act| line.consent(act)))
                })
                .await
                .ok_or_else(Refused::stopping)?;
            if regards.is_empty() {
                let hint = "`detente status` shows who has suspended what; only who suspended can resume";
                let none =
                    || Refused::misuse("suspension", "one of this party in force", "none").hinted(hint);
                regards.push(suspension.ok_or_else(none)?);
            }
            Content::Resumes { effective_ms: asked.effective_ms.unwrap_or(now_ms), decision }
        }
        "position" => {
            let stance = match needed("stance", kind, asked.stance)?.as_str() {
                "affirms" => Stance::Affirms,
                "disputes" => Stance::Disputes,
                "corrects" => Stance::Corrects,
                "withdraws" => Stance::Withdraws,
                other => {
                    let expected = "affirms, disputes, corrects or withdraws";
                    return Err(Refused::misuse("stance", expected, other));
                }
            };
            if regards.is_empty() {
                return Err(Refused::misuse("entry", "the one that the position is on", "none"));
            }
            if stance == Stance::Corrects && asked.text.is_none() {
                return Err(Refused::misuse("text", "what is right, where a position corrects", "none"));
            }
            Content::Position { stance, text: asked.text, attachments: attached(asked.attachments)? }
        }
        "finding" => {
            let finding = Finding::parse(needed("note", kind, asked.note)?.as_bytes())?;
            if regards.is_empty() {
                regards = found_on(keeper, &finding)?;
            }
            Content::Finding(Box::new(finding))
        }
        "discloses" => {
            let to = needed("observer", kind, asked.observer)?;
            let disclosed = needed("disclosed", kind, asked.disclosed)?;
            let chosen = dossier::chosen(keeper, &disclosed, now_ms).await?;
            Content::Discloses(Disclosure::new(to, chosen, asked.text)?)
        }
        "motion" => {
            let matter = match asked.matter.as_deref() {
                None | Some("reopen") => Matter::Reopen,
                Some("resolve") => Matter::Resolve,
                Some("amend") => {
                    let file = needed("memorandum", kind, asked.memorandum)?;
                    Matter::Amend(Arc::new(moved(&keeper.memorandum(), &file)?))
                }
                Some("found") => Matter::Found(needed("working_group", kind, asked.working_group)?),
                Some(other) => {
                    return Err(Refused::misuse("matter", "reopen, resolve, amend or found", other));
                }
            };
            if regards.is_empty() && matches!(matter, Matter::Reopen) {
                let in_force = keeper.look(suspension_in_force).await.ok_or_else(Refused::stopping)?;
                let hint = "a motion reopens what is suspended; `detente status` shows how the line stands";
                let none = || Refused::misuse("suspension", "one in force to move on", "none").hinted(hint);
                regards.push(in_force.ok_or_else(none)?);
            }
            let window_ms = keeper.memorandum().terms().rule.window_ms;
            let text = match (&matter, asked.text) {
                (Matter::Reopen, None) => "That the line be reopened.".into(),
                (Matter::Amend(_), None) => "That the memorandum be amended.".into(),
                (_, text) => needed("text", kind, text)?,
            };
            let latest_ms = now_ms.saturating_add(window_ms);
            let closes_ms = asked.closes_ms.unwrap_or(latest_ms);
            if !(now_ms..=latest_ms).contains(&closes_ms) {
                let expected = format!(
                    "at most {} from now, the memorandum's motions.window",
                    duration::about(window_ms)
                );
                let found = match closes_ms.checked_sub(now_ms) {
                    Some(ahead_ms) => format!("{} from now", duration::about(ahead_ms)),
                    None => format!("{} ago", duration::about(now_ms - closes_ms)),
                };
                return Err(Refused::misuse("closes", &expected, found)
                    .hinted("without it a motion closes as late as the memorandum lets it"));
            }
            Content::Motion { matter, text, closes_ms }
        }
        "vote" => {
            if regards.is_empty() {
                let open =
                    |line: &Line| line.open_motions().iter().map(|motion| motion.act).collect::<Vec<_>>();
                let open = keeper.look(open).await.ok_or_else(Refused::stopping)?;
                match open.as_slice() {
                    [motion] => regards.push(*motion),
                    motions => {
                        let found = format!("{} open", motions.len());
                        return Err(Refused::misuse("motion", "one to vote on, or the name of one", found)
                            .hinted("`detente motion list` shows the motions and how they stand"));
                    }
                }
            }
            let subject = regards.first().copied();
            let is_moved =
                move |line: &Line| line.motions().iter().any(|(motion, _)| Some(motion.act) == subject);
            if !keeper.look(is_moved).await.ok_or_else(Refused::stopping)? {
                let found = subject.map_or("none".into(), |subject| name_text(&keeper.memorandum(), subject));
                return Err(Refused::misuse("motion", "one that was moved, to vote on", found)
                    .hinted("`detente motion list` shows the motions and how they stand"));
            }
            let choice = match needed("choice", kind, asked.choice)?.as_str() {
                "for" => Choice::For,
                "against" => Choice::Against,
                "abstain" => Choice::Abstain,
                other => return Err(Refused::misuse("choice", "for, against or abstain", other)),
            };
            Content::Vote { choice, text: asked.text }
        }
        other => {
            let expected = "message, amendment, withdrawal, acknowledgement, read-back, passed-on, cease, displayed, \
                            duty, notice, conflict, position, finding, discloses, suspends, leaves, resumes, motion or vote";
            return Err(Refused::misuse("kind", expected, other));
        }
    };
    Ok((content, regards))
}

/// The last suspension of the first party that has one.
fn suspension_in_force(line: &Line) -> Option<EntryRef> {
    line.memorandum().parties().find_map(|party| line.last_suspension(party).map(|suspended| suspended.act))
}

/// The book of a name such as `usa/Z`.
pub(crate) fn parse_book(memorandum: &Memorandum, text: &str) -> Result<Book, Refused> {
    parse_name(memorandum, &format!("{text}/1")).map(|entry| entry.book).map_err(|mut refused| {
        refused.found = text.into();
        refused
    })
}
