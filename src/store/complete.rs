//! Checkpoints whose part files are not there. Of files that are complete by now: an earlier run has left them, somebody has
//! deleted its part file, and the file came anew. And of those whose disk is away.

use std::collections::HashSet;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use super::atomic::folder_of;
use super::checkpoint::Checkpoint;
use super::name::part_name;
use super::path_text;
use super::room::disk_of;
use super::standing::{Standing, standing};
use crate::model::TransferId;

/// URL and target stand in so many of a checkpoint's first bytes, and mostly in so few,
const HEADS: [u64; 2] = [4 << 10, 128 << 10];
/// and this between them; in a URL the quotes would have backslashes.
const BEFORE_TARGET: &str = "\",target:\"";

impl Checkpoint {
    /// Forgets those of these targets, as far as their part files are gone and they are there themselves: else their disk may be
    /// away. Those of transfers that are `unfinished` stay. Of all others only the beginnings are read.
    pub fn forget_complete(state: &Path, targets: &HashSet<PathBuf>, unfinished: &HashSet<TransferId>) {
        let is_gone = |target: &Path| standing(&target.with_file_name(part_name(target))) == Standing::Nothing;
        let is_there = |target: &Path| matches!(standing(target), Standing::File { .. });
        let is_over = |target: &PathBuf| targets.contains(target) && is_there(target) && is_gone(target);
        for id in Self::all(state).into_iter().flatten().filter(|id| !unfinished.contains(id)) {
            let is_likely = target_of(state, id).is_some_and(|target| is_over(&target));
            if is_likely && Self::load(state, id).is_ok_and(|held| held.is_some_and(|held| is_over(&held.target))) {
                Self::remove(state, id);
            }
        }
    }
}

impl Checkpoint {
    /// True if its bytes are on another disk than its target is now, so that this one may be there for want of that one: with an
    /// empty folder in which it is to be mounted.
    pub fn is_elsewhere(&self) -> bool {
        let is_another = |disk| disk_of(folder_of(&self.target)).is_some_and(|here| here != disk);
        !self.ledger.is_empty() && self.disk.is_some_and(is_another)
    }
}

/// The target that a checkpoint tells of, as far as its beginning can be believed.
pub(super) fn target_of(state: &Path, id: TransferId) -> Option<PathBuf> {
    let path = Checkpoint::path(state, id);
    let mut file = File::open(&path).or_else(|_| File::open(path.with_extension("old"))).ok()?;
    let mut head = Vec::new();
    HEADS.into_iter().find_map(|most| {
        (&mut file).take(most - head.len() as u64).read_to_end(&mut head).ok()?;
        target_in(&String::from_utf8_lossy(&head))
    })
}

fn target_in(head: &str) -> Option<PathBuf> {
    let (_, text) = head.split_once(BEFORE_TARGET)?;
    let text = &text[..end_of_string(text)?];
    ron::from_str::<String>(&format!("\"{text}\"")).ok().map(|text| path_text::decode(&text))
}

/// Where a string ends, which goes on after a quote with a backslash.
fn end_of_string(text: &str) -> Option<usize> {
    let mut is_escaped = false;
    text.bytes().position(|byte| {
        let is_end = byte == b'"' && !is_escaped;
        is_escaped = byte == b'\\' && !is_escaped;
        is_end
    })
}
