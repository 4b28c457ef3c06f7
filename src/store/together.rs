//! One sync for many small files. A sync of each has the disk empty its cache each time: ten thousand files of a list took ten
//! thousand of these, of which a disk does from fifty to a few thousand a second. One sync of the whole file system is one; it
//! also waits for what others have written there, so that it is left alone for a while where that took long.

use std::fs::File;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use crate::model::Lock;

/// Fewer files are synced one by one.
const FEW: usize = 4;
/// A sync of all that takes longer for each file than one of its own would on any disk, and than this in all,
const SLOW: Duration = Duration::from_millis(50);
const SLOW_IN_ALL: Duration = Duration::from_secs(1);
/// is not tried again for so long: others write much to this file system.
const REST: Duration = Duration::from_secs(300);
/// Local file systems of which one sync makes all durable (statfs(2)): ext2 to ext4, XFS, Btrfs and F2FS. Those over a network
/// or in user space promise less.
const SURE: [u64; 4] = [0xEF53, 0x5846_5342, 0x9123_683E, 0xF2F5_2010];

/// Makes many files durable at once, unless that was slow lately.
#[derive(Debug, Default)]
pub struct Together {
    rests_until: Lock<Option<Instant>>,
}

/// The file systems of some files as they were before anything of these was written: what goes wrong from then on is told.
#[derive(Debug)]
pub struct Disks<'a> {
    together: &'a Together,
    /// The number of each device, and a folder of it.
    folders: Vec<(u64, File)>,
}

impl Together {
    /// The file systems of files that are about to be written. Blocking.
    pub fn open<'a, 'b>(&'a self, targets: &[&'b Path]) -> Disks<'a> {
        let mut disks = Disks { together: self, folders: Vec::new() };
        if targets.len() >= FEW && *TELLS_FAILURES && !self.rests(Instant::now()) {
            let mut folders: Vec<&'b Path> = targets.iter().filter_map(|target| target.parent()).collect();
            folders.dedup();
            for folder in folders {
                disks.add(folder);
            }
        }
        disks
    }

    fn rests(&self, now: Instant) -> bool {
        self.rests_until.lock().is_some_and(|until| now < until)
    }

    fn took(&self, files: usize, span: Duration, now: Instant) {
        if span > SLOW_IN_ALL.max(SLOW.saturating_mul(u32::try_from(files).unwrap_or(u32::MAX))) {
            tracing::debug!("a sync of {files} files at once took {span:?}: the next ones go one by one");
            *self.rests_until.lock() = Some(now + REST);
        }
    }
}

impl Disks<'_> {
    /// No file system is known: each file is synced by itself.
    pub fn none(together: &Together) -> Disks<'_> {
        Disks { together, folders: Vec::new() }
    }

    fn add(&mut self, folder: &Path) {
        let Ok(folder) = File::open(folder) else { return };
        let Ok(device) = folder.metadata().map(|meta| meta.dev()) else { return };
        if self.folders.iter().all(|(known, _)| *known != device) && is_sure(&folder) {
            self.folders.push((device, folder));
        }
    }

    /// True if all is durable now that so many files of this device hold, whose first byte was written after this was opened.
    /// If not, nothing is known; each can still be synced by itself, and tells its own failure. Blocking.
    pub(super) fn sync(&self, device: u64, files: usize) -> bool {
        let folder = self.folders.iter().find(|(known, _)| *known == device && files >= FEW);
        folder.is_some_and(|(_, folder)| {
            let began = Instant::now();
            let synced = sync_all(folder);
            self.together.took(files, began.elapsed(), Instant::now());
            synced.inspect_err(|why| tracing::warn!("a sync of {files} files at once failed: {why}")).is_ok()
        })
    }
}

/// True if a sync of a file system tells what could not be written since it was opened: from Linux 5.8 on (syncfs(2)).
static TELLS_FAILURES: LazyLock<bool> = LazyLock::new(|| {
    let release = rustix::system::uname().release().to_string_lossy().into_owned();
    cfg!(target_os = "linux") && tells_failures(&release)
});

fn tells_failures(release: &str) -> bool {
    let mut numbers = release.split(|c: char| !c.is_ascii_digit()).map(|digits| digits.parse::<u32>().unwrap_or(0));
    (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0)) >= (5, 8)
}

#[cfg(target_os = "linux")]
fn is_sure(folder: &File) -> bool {
    let kind = rustix::fs::fstatfs(folder).ok().and_then(|stat| u64::try_from(stat.f_type).ok());
    kind.is_some_and(|kind| SURE.contains(&kind))
}

#[cfg(target_os = "linux")]
fn sync_all(folder: &File) -> io::Result<()> {
    rustix::fs::syncfs(folder).map_err(io::Error::from)
}

#[cfg(not(target_os = "linux"))]
fn is_sure(_: &File) -> bool {
    false
}

#[cfg(not(target_os = "linux"))]
fn sync_all(_: &File) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}
