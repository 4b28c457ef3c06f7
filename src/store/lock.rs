//! One engine owns a state folder.

use std::collections::BTreeSet;
use std::fs::{self, File, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use super::atomic::{private_file, private_folder};
use crate::model::{Fault, FaultKind};

/// Its file in the state folder, with the number of the process, and a line that tells it from others of that number.
const NAME: &str = "engine.lock";

/// The right to run the queue of one state folder; the operating system gives it back when the process ends, however
/// it ends.
#[derive(Debug)]
pub struct StateLock {
    _file: File,
    is_sure: bool,
}

impl StateLock {
    /// Takes the folder. The inner error means that another process has it, with its number where that can be read.
    pub fn take(folder: &Path) -> Result<Result<Self, Option<u32>>, Fault> {
        let path = folder.join(NAME);
        let broken = |why: io::Error| {
            Fault::new(FaultKind::State, folder.display(), format!("the state folder can't be used: {why}"))
        };
        private_folder(folder).map_err(broken)?;
        let open = private_file().read(true).write(true).create(true).truncate(false).open(&path);
        let mut file = open.map_err(broken)?;
        let locked = loop {
            match file.try_lock() {
                Err(TryLockError::Error(why)) if why.kind() == io::ErrorKind::Interrupted => {}
                locked => break locked,
            }
        };
        let is_sure = locked.is_ok();
        match locked {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut text = String::new();
                let _ = file.read_to_string(&mut text);
                return Ok(Err(text.lines().next().and_then(|process| process.trim().parse().ok())));
            }
            Err(TryLockError::Error(why)) => {
                tracing::warn!("{}: no lock here: {why}", path.display());
                let mut text = String::new();
                let _ = file.read_to_string(&mut text);
                if let Some(process) = alive(&text) {
                    return Ok(Err(Some(process)));
                }
            }
        }
        let (process, born) = (std::process::id(), born(std::process::id()).unwrap_or_default());
        let _ = file.set_len(0).and_then(|()| file.rewind());
        let _ = file.write_all(format!("{process}\n{born}\n").as_bytes());
        Ok(Ok(Self { _file: file, is_sure }))
    }

    /// True if nobody else can have the folder. Where there are no locks, a haul on another machine may have it too.
    pub fn is_sure(&self) -> bool {
        self.is_sure
    }
}

/// The process that a lock's file tells of, if it is another one that still runs: what is known where there are no locks.
fn alive(text: &str) -> Option<u32> {
    let (process, began) = text.split_once('\n')?;
    let process = process.trim().parse().ok().filter(|process| *process != std::process::id())?;
    (born(process)? == began.trim()).then_some(process)
}

/// When a process began, in the system's own words: no other one of that number has the same, not even after the machine was
/// started again. Only Linux tells.
fn born(process: u32) -> Option<String> {
    let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The 22nd word; the second one is a name in brackets, which may hold blanks and brackets.
    let began = stat.rsplit_once(')')?.1.split_whitespace().nth(19)?;
    Some(format!("{} {began}", boot.trim()))
}

/// The process that runs the queue, and the files that it has locked, as the system tells them. No lock is taken to find out:
/// a haul that starts at that moment would find it taken. Only Linux tells; elsewhere nobody is found.
#[derive(Debug, Default)]
pub struct Holder {
    inodes: BTreeSet<u64>,
}

impl Holder {
    /// The process that runs the queue of this state folder now.
    pub fn of(folder: &Path) -> Option<Self> {
        let lock = folder.join(NAME);
        let process = fs::read_to_string(&lock).ok()?.lines().next()?.to_owned();
        // Such as `1: FLOCK  ADVISORY  WRITE 4711 fe:00:10240238 0 EOF`. The device is not compared: some file systems tell
        // another one here.
        let inode = |line: &str| {
            let mut words = line.split_whitespace().skip(4);
            let is_its = words.next() == Some(process.trim());
            words.next().filter(|_| is_its)?.rsplit(':').next()?.parse().ok()
        };
        let inodes = fs::read_to_string("/proc/locks").ok()?.lines().filter_map(inode).collect();
        Some(Self { inodes }).filter(|holder| holder.holds(&lock))
    }

    /// True if it has this file locked.
    pub fn holds(&self, path: &Path) -> bool {
        fs::metadata(path).is_ok_and(|met| self.inodes.contains(&met.ino()))
    }
}
