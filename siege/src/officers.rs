//! The officers: one at each station, who writes as long as there is a siege, and notes what was accepted.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::garrison::{Garrison, LINE};
use crate::socket::ask;

/// Pause between two looks at whether it is time to go home.
const LOOK: Duration = Duration::from_millis(200);

/// What the officers of each party were told is accepted: names of entries.
pub(crate) type Accepted = BTreeMap<String, Vec<String>>;

/// Officers at work.
pub(crate) struct Officers {
    done: Arc<AtomicBool>,
    all: Vec<(String, JoinHandle<Vec<String>>)>,
}

impl Officers {
    /// They begin to write, so many messages a second together.
    pub(crate) fn at_work(garrison: &Garrison, messages: f64) -> Self {
        let done = Arc::new(AtomicBool::new(false));
        let every = Duration::from_secs_f64(garrison.posts.len() as f64 / messages.max(0.01));
        let all = garrison.posts.iter().map(|post| {
            let (socket, done) = (post.home.socket(), Arc::clone(&done));
            let writes = std::thread::spawn(move || write(&socket, every, &done));
            (post.keys.party().to_owned(), writes)
        });
        let all = all.collect();
        Self { done, all }
    }

    /// They write no more; what was accepted.
    pub(crate) fn go_home(self) -> Accepted {
        self.done.store(true, Ordering::Relaxed);
        self.all.into_iter().map(|(party, writes)| (party, writes.join().unwrap_or_default())).collect()
    }
}

fn write(socket: &Path, every: Duration, done: &AtomicBool) -> Vec<String> {
    let mut accepted = Vec::new();
    let path = format!("/v1/lines/{LINE}/entries");
    for number in 0u64.. {
        if done.load(Ordering::Relaxed) {
            break;
        }
        let precedence = ["Z", "O", "P", "R", "R", "R"][(number % 6) as usize];
        let text = format!("Message {number} of this officer: our aircraft keep north of the river.");
        let draft = serde_json::json!({ "kind": "message", "precedence": precedence, "text": text });
        // A station that is dead or paused, or a disk that is full, refuses: nothing was promised then.
        match ask(socket, "POST", &path, &draft.to_string()) {
            Ok(answer) => accepted.extend(answer["entry"].as_str().map(str::to_owned)),
            Err(_) => std::thread::sleep(Duration::from_millis(20)),
        }
        // In small parts, so that officers go home at once.
        let began = Instant::now();
        while began.elapsed() < every && !done.load(Ordering::Relaxed) {
            std::thread::sleep(every.saturating_sub(began.elapsed()).min(LOOK));
        }
    }
    accepted
}
