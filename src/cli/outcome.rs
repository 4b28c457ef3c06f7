//! How the transfers of a run ended.

use super::exit::Exit;
use crate::api::Happening;
use crate::model::{Fault, TransferId};

/// How the transfers of a run ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// How many are complete and checked.
    pub complete: usize,
    /// Their bytes,
    pub bytes: u64,
    /// and those of them that came or went in this run.
    pub moved: u64,
    /// Those that were given up or refused, and why.
    pub failed: Vec<(TransferId, Fault)>,
    /// How many objects of folders and files of metalinks were left out, since they can't be fetched.
    pub left_out: usize,
    /// Those that are neither: removed, paused, or not ended when the engine stopped.
    pub left: Vec<TransferId>,
}

impl Outcome {
    /// With what haul ends; a signal goes before this.
    pub fn exit(&self) -> Exit {
        let left = (self.left.len() + self.left_out > 0).then_some(Exit::Failed);
        Exit::together(self.failed.iter().map(|(_, fault)| Exit::of(fault)).chain(left))
    }

    /// True if something is not complete.
    pub(super) fn lacks(&self) -> bool {
        !self.failed.is_empty() || self.left.len() + self.left_out > 0
    }

    /// Counts an event that ends a transfer; false for one that does not.
    pub(super) fn take(&mut self, id: TransferId, happening: &Happening) -> bool {
        match happening {
            Happening::Completed { bytes, fetched, .. } => {
                (self.complete, self.bytes) = (self.complete + 1, self.bytes + bytes);
                self.moved += fetched;
            }
            Happening::Failed(fault) | Happening::Refused(fault) | Happening::Expired(fault) => {
                self.failed.push((id, fault.clone()));
            }
            Happening::Removed | Happening::Paused => self.left.push(id),
            Happening::Listed { left_out, .. }
            | Happening::Described { left_out, .. }
            | Happening::Joined { left_out } => self.left_out += left_out,
            _ => {}
        }
        happening.ends()
    }
}
