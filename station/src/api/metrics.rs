//! What a machine watches: the line, its parties and its circuits as numbers, in the text of OpenMetrics.
//!
//! Nothing is counted for it: every answer is read from what the station knows at that moment. Names of parties, circuits and
//! books are labels; nothing of any entry is in it.

use std::sync::atomic::AtomicU64;

use axum::Extension;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use detente_line::{CircuitId, CircuitState, Duty, Line};
use detente_record::{Class, EntryRef};
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};

use super::asker::Asker;
use super::openapi::Answered;
use super::status::is_overdue;
use super::{Api, Refused, book_text};
use crate::keeper::Keeper;

/// The media type of the text.
const TEXT: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

type Labels = Vec<(&'static str, String)>;
type Measure = Family<Labels, Gauge<f64, AtomicU64>>;
type Count = Family<Labels, Counter>;

/// Every measure that there is.
#[derive(Default)]
struct Metrics {
    open: Measure,
    willing: Measure,
    officer: Measure,
    heard: Measure,
    owed: Measure,
    awaited: Measure,
    overdue: Measure,
    next_test: Measure,
    entries: Measure,
    waiting: Measure,
    up: Measure,
    late: Measure,
    round_trip: Measure,
    rate: Measure,
    frames: Count,
    bytes: Count,
    packets: Count,
    lost: Count,
    again: Count,
    witnessed: Measure,
}

impl Metrics {
    fn registry(&self) -> Registry {
        let mut all = Registry::with_prefix("detente");
        let gauges: [(&str, &str, &Measure); 11] = [
            (
                "line_open",
                "Whether every party of the line is willing (1) or one has suspended (0)",
                &self.open,
            ),
            ("party_willing", "Whether a party is willing (1) or has suspended (0)", &self.willing),
            ("officer_present", "Whether a party says that an officer is on watch", &self.officer),
            ("unacknowledged", "Entries of others that wait for an officer here", &self.owed),
            ("awaited", "Own entries that others have not acknowledged", &self.awaited),
            ("overdue", "Entries of others that were not handled in time", &self.overdue),
            ("book_entries", "How many entries of a book are held", &self.entries),
            ("waits_for_room", "What a full disk keeps waiting in memory", &self.waiting),
            ("circuit_up", "Whether a circuit is there and answers", &self.up),
            ("circuit_late", "Whether others carry P and R, since it took too long", &self.late),
            ("circuit_bits_per_second", "What a circuit is taken to be able to carry", &self.rate),
        ];
        for (name, help, family) in gauges {
            all.register(name, help, family.clone());
        }
        let times: [(&str, &str, &Measure); 4] = [
            ("heard_ago", "How long ago a party was last heard on any circuit", &self.heard),
            ("next_test_in", "How long it is until this party's next test", &self.next_test),
            ("circuit_round_trip", "Smoothed round trip", &self.round_trip),
            ("witnessed_ago", "How long ago a witness last answered soundly", &self.witnessed),
        ];
        for (name, help, family) in times {
            all.register_with_unit(name, help, Unit::Seconds, family.clone());
        }
        let counts: [(&str, &str, &Count); 4] = [
            ("circuit_frames", "Frames since the circuit is there", &self.frames),
            ("circuit_packets_sent", "Packets since the circuit is there", &self.packets),
            ("circuit_packets_lost", "Packets that did not come", &self.lost),
            ("circuit_sent_again", "How often books went again, since no receipt came", &self.again),
        ];
        for (name, help, family) in counts {
            all.register(name, help, family.clone());
        }
        all.register_with_unit("circuit_carried", "Bytes of frames", Unit::Bytes, self.bytes.clone());
        all
    }

    /// The line and its parties.
    fn line(&self, line: &Line, clock_ms: u64) {
        let (memorandum, now_ms) = (line.memorandum(), line.time_ms(clock_ms));
        let of = |more: &[(&'static str, String)]| {
            let mut labels: Labels = vec![("line", memorandum.terms().name.clone())];
            labels.extend_from_slice(more);
            labels
        };
        let willing = |party| line.suspension(party, now_ms).is_none();
        set(&self.open, of(&[]), flag(line.members().iter().all(|party| willing(*party))));
        set(
            &self.overdue,
            of(&[]),
            line.owed().filter(|(name, owed)| is_overdue(line, *name, owed, now_ms)).count() as f64,
        );
        set(&self.next_test, of(&[]), seconds(line.next_test_ms().saturating_sub(now_ms)));
        for party in line.members().iter().copied() {
            let labels = of(&[("party", memorandum.name_of(party))]);
            set(&self.willing, labels.clone(), flag(willing(party)));
            let on = line.duty(party).is_some_and(|(_, duty)| !matches!(duty, Duty::Off));
            set(&self.officer, labels.clone(), flag(on));
            let heard =
                line.circuits().filter(|(_, state)| state.peer == party).map(|(_, state)| state.heard_ms);
            if let Some(heard_ms) = heard.max() {
                set(&self.heard, labels, seconds(now_ms.saturating_sub(heard_ms)));
            }
        }
        let count = |of: &mut dyn Iterator<Item = EntryRef>, class: Class| {
            of.filter(|name| name.book.class == class).count() as f64
        };
        for class in [Class::Z, Class::O, Class::P, Class::R] {
            let labels = of(&[("precedence", class.letter().to_string())]);
            set(&self.owed, labels.clone(), count(&mut line.owed().map(|(name, _)| name), class));
            set(&self.awaited, labels, count(&mut line.awaited().map(|(name, _)| name), class));
        }
        for held in line.held() {
            set(&self.entries, of(&[("book", book_text(memorandum, held.book))]), held.size as f64);
        }
    }

    /// The circuits: those that are there, and those that are configured and are not.
    fn circuits(&self, keeper: &Keeper, states: &[(CircuitId, CircuitState)]) {
        let name = keeper.memorandum().terms().name.clone();
        let of = |peer: &str, circuit: &str, kind: &str| -> Labels {
            let [peer, circuit, kind] = [peer, circuit, kind].map(str::to_owned);
            vec![("line", name.clone()), ("peer", peer), ("circuit", circuit), ("kind", kind)]
        };
        for configured in keeper.circuits.configured() {
            set(&self.up, of(&configured.peer, configured.name(), configured.kind().name()), 0.0);
        }
        for (id, live) in keeper.circuits.all_live() {
            let labels = of(&live.peer, &live.name, live.kind.name());
            let state = states.iter().find(|(of, _)| *of == id).map(|(_, state)| state);
            set(&self.up, labels.clone(), flag(state.is_some_and(|state| state.ready && !state.silent)));
            set(&self.late, labels.clone(), flag(state.is_some_and(|state| state.late)));
            if let Some(trip_ms) = state.and_then(|state| state.round_trip_ms) {
                set(&self.round_trip, labels.clone(), seconds(trip_ms));
            }
            add(&self.again, labels.clone(), state.map_or(0, |state| state.again));
            for (way, carried) in [("sent", &live.sent), ("received", &live.received)] {
                let (frames, bytes) = carried.count();
                let mut labels = labels.clone();
                labels.push(("way", way.to_owned()));
                add(&self.frames, labels.clone(), frames);
                add(&self.bytes, labels, bytes);
            }
            let measured = live.gauge.measured();
            if let Some(bits) = measured.bits_per_s {
                set(&self.rate, labels.clone(), bits as f64);
            }
            if let Some((sent, lost)) = measured.packets {
                add(&self.packets, labels.clone(), sent);
                add(&self.lost, labels, lost);
            }
        }
    }

    /// What waits for room, and the witnesses.
    fn station(&self, keeper: &Keeper, now_ms: u64) {
        let memorandum = keeper.memorandum();
        let of = |label: &'static str, value: &str| -> Labels {
            vec![("line", memorandum.terms().name.clone()), (label, value.to_owned())]
        };
        let waits = keeper.waits_for_room();
        let counts =
            [("entries", waits.entries), ("signatures", waits.signatures), ("evidence", waits.evidence)];
        for (what, count) in counts {
            set(&self.waiting, of("what", what), count as f64);
        }
        for witness in memorandum.witnesses() {
            if let Some(last_ms) = keeper.witnesses.standing(&witness.name).last_success_ms {
                set(&self.witnessed, of("witness", &witness.name), seconds(now_ms.saturating_sub(last_ms)));
            }
        }
    }
}

fn set(family: &Measure, labels: Labels, value: f64) {
    family.get_or_create(&labels).set(value);
}

fn add(family: &Count, labels: Labels, value: u64) {
    family.get_or_create(&labels).inc_by(value);
}

fn flag(holds: bool) -> f64 {
    if holds { 1.0 } else { 0.0 }
}

fn seconds(ms: u64) -> f64 {
    ms as f64 / 1_000.0
}

/// `GET /v1/metrics`
#[utoipa::path(
    get,
    operation_id = "metrics",
    path = "/v1/metrics",
    tag = "station",
    summary = "Metrics, in the text format of Prometheus",
    responses(Answered)
)]
pub(crate) async fn metrics(
    State(api): State<Api>,
    Extension(asker): Extension<Asker>,
) -> Result<Response, Refused> {
    let (metrics, now_ms) = (Metrics::default(), api.now_ms());
    let registry = metrics.registry();
    let mut seen = metrics;
    for (_, keeper) in api.seen_by(&asker) {
        let looked = keeper.look(move |line| {
            seen.line(line, now_ms);
            (seen, line.circuits().collect::<Vec<(CircuitId, CircuitState)>>())
        });
        let states;
        (seen, states) = looked.await.ok_or_else(Refused::stopping)?;
        seen.circuits(keeper, &states);
        seen.station(keeper, now_ms);
    }
    let mut text = String::new();
    encode(&mut text, &registry).map_err(|_| Refused::misuse("metrics", "names that are text", "others"))?;
    Ok(([(CONTENT_TYPE, TEXT)], text).into_response())
}
