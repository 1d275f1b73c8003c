//! A tty, as the raw line that it is.

use std::io;
use std::os::fd::OwnedFd;

use rustix::fs::{FlockOperation, Mode, OFlags, flock, open};
use rustix::termios::{ControlModes, OptionalActions, QueueSelector, tcflush, tcgetattr, tcsetattr};
use tokio::io::unix::AsyncFd;

/// An open tty that nobody else of this house has open.
pub(crate) struct Tty(AsyncFd<OwnedFd>);

impl Tty {
    /// Opens it at so many bits a second, 8N1; must be called within a tokio runtime.
    ///
    /// # Errors
    /// Where the system does not let it be opened, it is no tty, has no such rate, or is in use.
    pub(crate) fn open(path: &str, bits_per_s: u32) -> io::Result<Self> {
        let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let tty = open(path, flags, Mode::empty())?;
        flock(&tty, FlockOperation::NonBlockingLockExclusive)?;
        let mut modes = tcgetattr(&tty)?;
        modes.make_raw();
        // Whatever the modem says of its carrier: what comes tells whether somebody is there.
        modes.control_modes |= ControlModes::CLOCAL | ControlModes::CREAD;
        modes.control_modes -= ControlModes::CSTOPB | ControlModes::CRTSCTS;
        modes.set_speed(bits_per_s)?;
        tcsetattr(&tty, OptionalActions::Now, &modes)?;
        tcflush(&tty, QueueSelector::IOFlush)?;
        #[expect(deprecated, reason = "`register` is unsafe, for what is not open as long as an OwnedFd is")]
        let tty = AsyncFd::new(tty)?;
        Ok(Self(tty))
    }

    /// What comes next, at most as much as there is room for; a call that is dropped takes nothing.
    ///
    /// # Errors
    /// Where the device is gone.
    pub(crate) async fn read(&self, to: &mut [u8]) -> io::Result<usize> {
        loop {
            let mut ready = self.0.readable().await?;
            match ready.try_io(|tty| Ok(rustix::io::read(tty.get_ref(), &mut *to)?)) {
                Ok(Ok(0)) => return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the device is gone")),
                Ok(read) => return read,
                Err(_) => {}
            }
        }
    }

    /// Writes as much as the system takes now.
    ///
    /// # Errors
    /// Where the device is gone; `WouldBlock` where it takes nothing now.
    pub(crate) fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        Ok(rustix::io::write(self.0.get_ref(), bytes)?)
    }
}
