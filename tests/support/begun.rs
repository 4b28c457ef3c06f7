//! What an earlier run has left of a download: a part file and its checkpoint.

use std::path::Path;

use haul::model::{RangeSet, TransferId, Validator};
use haul::store::{Checkpoint, CheckpointLog, Claim, Ledger, PartFile};

/// Puts the part file of a transfer on disk, which holds the first bytes of so many, with its checkpoint.
pub fn begin(state: &Path, id: TransferId, target: &Path, url: &str, (first, length): (&[u8], u64)) {
    let (part, _) = PartFile::open(target).unwrap();
    part.write_at(first, 0).unwrap();
    let mut ledger = Ledger::new(Some(length));
    for fragment in Ledger::sum(ledger.block(), 0, first, None) {
        ledger.record(fragment);
    }
    assert_eq!(ledger.done().total(), first.len() as u64);
    let checkpoint = Checkpoint {
        url: url.to_owned(),
        target: target.to_path_buf(),
        length: Some(length),
        validator: Validator::default(),
        media: None,
        digests: Vec::new(),
        coding: None,
        ledger,
        unsynced: RangeSet::new(),
        disk: part.disk(),
    };
    let mut log = CheckpointLog::new(state, id);
    let written = CheckpointLog::write(log.path(), &Claim::of(&checkpoint).unwrap()).unwrap();
    log.publish(written).unwrap();
}
