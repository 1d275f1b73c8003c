//! A small disk of a party's own, to be filled by a test. To mount one needs root: where it may not, a test fails and
//! says so.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use super::{Folder, Party, agree};

pub(crate) const MIB: usize = 1 << 20;

/// A filesystem of its own, small enough to fill.
pub(crate) struct SmallDisk(Arc<Folder>);

impl SmallDisk {
    pub(crate) fn mount(size_mib: usize) -> Self {
        let disk = Self(Folder::new());
        disk.run(Command::new("mount").args(["-t", "tmpfs", "-o", &format!("size={size_mib}m"), "tmpfs"]));
        disk
    }

    fn run(&self, command: &mut Command) {
        let left = command.arg(self.0.path()).output().expect("`mount` is there");
        let said = String::from_utf8_lossy(&left.stderr).into_owned();
        assert!(left.status.success(), "this test mounts a filesystem of its own, which needs root: {said}");
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    /// Mounts it again, `ro` or `rw`.
    pub(crate) fn remount(&self, mode: &str) {
        self.run(Command::new("mount").args(["-o", &format!("remount,{mode}")]));
    }

    /// The line's first party with its folder here, and the second elsewhere, before they agree.
    pub(crate) fn strangers(&self) -> [Party; 2] {
        let usa = Party::at("usa", self.0.path().join("home"), Arc::clone(&self.0));
        [usa, Party::new("rus")]
    }

    /// The same, agreed on a line.
    pub(crate) fn parties(&self) -> [Party; 2] {
        let mut parties = self.strangers();
        agree("test", &mut parties);
        parties
    }

    fn free(&self) -> usize {
        let found = rustix::fs::statvfs(self.0.path()).unwrap();
        usize::try_from(found.f_bavail * found.f_frsize).unwrap()
    }

    /// Has somebody else take all but so much of it.
    pub(crate) fn fill_but(&self, name: &str, left: usize) {
        let mut file = fs::File::create(self.0.path().join(name)).unwrap();
        let block = vec![7; 64 << 10];
        let mut more = self.free().saturating_sub(left);
        while more > 0 {
            let now = more.min(block.len());
            if file.write_all(&block[..now]).is_err() {
                break;
            }
            more -= now;
        }
    }

    pub(crate) fn make_room(&self, name: &str) {
        fs::remove_file(self.0.path().join(name)).unwrap();
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.0.path()).status();
    }
}
