//! The floor: what no recorded message can be faster than on this machine, measured beside it.
//!
//! A message that is durable at both ends and receipted takes, one after the other, a write with its fsync at the
//! author's, a way there, a write with its fsync at the mirror's, a way back; and at each end a signature made and
//! one checked. [`Floor`] does just that and nothing else: plain files, a bare UDP echo, the record's own keys. What is
//! said of a receipt is said once that is durable too: the same with a third fsync is the floor of that promise.

use std::fs::File;
use std::net::UdpSocket;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::time::{Duration, Instant};

use detente_record::SecretKey;

use crate::Outcome;
use crate::samples::Samples;

/// Bytes of what is written and sent: a message of 200 bytes as an entry.
const BYTES: usize = 256;
/// After how long without a word the echo ends.
const SILENCE: Duration = Duration::from_secs(5);

/// The parts of the floor, ready to be measured again and again.
pub(crate) struct Floor {
    files: [File; 2],
    at: u64,
    near: UdpSocket,
    key: SecretKey,
}

impl Floor {
    /// Two files in a folder, and an echo on loopback.
    pub(crate) fn new(folder: &Path) -> Outcome<Self> {
        let file = |name: &str| File::create(folder.join(name));
        let far = UdpSocket::bind("127.0.0.1:0")?;
        let near = UdpSocket::bind("127.0.0.1:0")?;
        near.connect(far.local_addr()?)?;
        near.set_read_timeout(Some(SILENCE))?;
        std::thread::spawn(move || {
            let mut datagram = [0; BYTES];
            // An empty datagram, or an error, ends it.
            while let Ok((length @ 1.., from)) = far.recv_from(&mut datagram) {
                if far.send_to(datagram.get(..length).unwrap_or_default(), from).is_err() {
                    return;
                }
            }
        });
        let key = SecretKey::from_seed([7; 32]);
        Ok(Self { files: [file("author")?, file("mirror")?], at: 0, near, key })
    }

    /// One append with its fsync, and nothing else.
    pub(crate) fn append(&mut self) -> Outcome<Duration> {
        let began = Instant::now();
        let [file, _] = &self.files;
        append(file, self.at)?;
        self.at += BYTES as u64;
        Ok(began.elapsed())
    }

    /// So many messages at the floor, so many of which the receipt is durable too, and so many bare appends.
    pub(crate) fn measure(&mut self, count: usize) -> Outcome<[Samples; 3]> {
        let [mut messages, mut kept, mut appends] = [const { Samples::empty() }; 3];
        for _ in 0..count {
            appends.push(self.append()?);
            let began = Instant::now();
            self.message()?;
            messages.since(began);
            let began = Instant::now();
            self.message()?;
            self.append()?;
            kept.since(began);
        }
        Ok([messages, kept, appends])
    }

    fn message(&mut self) -> Outcome<()> {
        for file in &self.files {
            append(file, self.at)?;
        }
        self.at += BYTES as u64;
        let mut datagram = [1; BYTES];
        self.near.send(&datagram)?;
        self.near.recv(&mut datagram)?;
        let public = self.key.public();
        for _ in 0..2 {
            let signature = self.key.sign(&datagram);
            if !public.verify(&datagram, &signature) {
                return Err("a signature does not verify".into());
            }
        }
        Ok(())
    }
}

impl Drop for Floor {
    fn drop(&mut self) {
        // If it is not heard, the echo's thread ends with the process.
        let _ = self.near.send(&[]);
    }
}

fn append(file: &File, at: u64) -> std::io::Result<()> {
    file.write_all_at(&[1; BYTES], at)?;
    file.sync_data()
}
