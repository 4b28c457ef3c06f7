//! One engine owns a state folder.

use std::fs::{File, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::Path;

use super::atomic::{private_file, private_folder};
use crate::model::{Fault, FaultKind};

/// The right to run the queue of one state folder; the operating system gives it back when the process ends, however
/// it ends.
#[derive(Debug)]
pub struct StateLock {
    _file: File,
}

impl StateLock {
    /// Takes the folder. The inner error means that another process has it, with its number where that can be read.
    pub fn take(folder: &Path) -> Result<Result<Self, Option<u32>>, Fault> {
        let path = folder.join("engine.lock");
        let broken = |why: std::io::Error| {
            Fault::new(FaultKind::State, folder.display(), format!("the state folder can't be used: {why}"))
        };
        private_folder(folder).map_err(broken)?;
        let open = private_file().read(true).write(true).create(true).truncate(false).open(&path);
        let mut file = open.map_err(broken)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut text = String::new();
                let _ = file.read_to_string(&mut text);
                return Ok(Err(text.trim().parse().ok()));
            }
            Err(TryLockError::Error(why)) => tracing::warn!("{}: no lock here: {why}", path.display()),
        }
        let _ = file.set_len(0).and_then(|()| file.rewind());
        let _ = writeln!(file, "{}", std::process::id());
        Ok(Ok(Self { _file: file }))
    }
}
