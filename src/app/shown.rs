//! What a command is there to show, and could not: then it has not done what was asked for.

use std::io;

use super::Trouble;
use crate::cli::Exit;

/// How a command ends whose output was written so. A reader that has gone has read what it wanted.
pub(super) fn shown(written: io::Result<()>) -> Result<Exit, Trouble> {
    match written {
        Err(why) if why.kind() != io::ErrorKind::BrokenPipe => {
            Err(Trouble { exit: Exit::Disk, why: format!("the output can't be written: {why}") })
        }
        _ => Ok(Exit::Complete),
    }
}
