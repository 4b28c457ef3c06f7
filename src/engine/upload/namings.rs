//! What stores call what they have, where that looks like an MD5 and may be something else. An MD5 that differs is damage,
//! until the same part has been sent again and was told so once more; and then only if the store has as many bytes of it
//! as were sent.

use std::collections::{HashMap, HashSet};

use crate::model::{Algorithm, Checksum, Lock, Source, TransferId};
use crate::store::Sum;

/// A part whose word differs each time may be damaged each time: it is sent so often before that is believed of none.
const MOST_WORDS: usize = 3;
/// So many transfers have to find the same of a host before it holds for all others.
const AGREEING: usize = 3;

/// What was learnt of all stores in this run.
#[derive(Debug, Default)]
pub(in crate::engine) struct Namings(Lock<Learnt>);

#[derive(Debug, Default)]
struct Learnt {
    /// Words that differed from the MD5, by transfer and part; 0 is the whole.
    told: HashMap<(TransferId, u32), Vec<Checksum>>,
    /// Transfers of which a part was called by its MD5: there a word that differs is damage.
    honest: HashSet<TransferId>,
    /// By host, the transfers that were called by words that are no MD5s.
    others: HashMap<String, HashSet<TransferId>>,
}

impl Namings {
    /// True if this store's words for a transfer are known to be no MD5s.
    pub(super) fn are_others(&self, store: &Source, transfer: TransferId) -> bool {
        let learnt = self.0.lock();
        let found = learnt.others.get(&store.host());
        found.is_some_and(|found| {
            found.contains(&transfer) || found.len() >= AGREEING && !learnt.honest.contains(&transfer)
        })
    }

    /// A part of this transfer was called by its MD5.
    pub(super) fn note_md5(&self, transfer: TransferId) {
        self.0.lock().honest.insert(transfer);
    }

    /// True if a word was noted of this part.
    pub(super) fn is_noted(&self, part: (TransferId, u32)) -> bool {
        self.0.lock().told.contains_key(&part)
    }

    /// Takes note of a word that is not the MD5 of what was sent. True if it was told of this part before, or if none of so many
    /// was ever told twice: then it may be how the store calls it.
    pub(super) fn note_word(&self, part: (TransferId, u32), told: &Checksum) -> bool {
        let mut learnt = self.0.lock();
        if learnt.honest.contains(&part.0) {
            return false;
        }
        let words = learnt.told.entry(part).or_default();
        let is_said = words.contains(told) || words.len() >= MOST_WORDS;
        if !is_said {
            words.push(told.clone());
        }
        is_said
    }

    /// The store has as many bytes as were sent, whatever it calls them.
    pub(super) fn believe(&self, store: &Source, transfer: TransferId) {
        let mut learnt = self.0.lock();
        learnt.told.retain(|part, _| part.0 != transfer);
        learnt.others.entry(store.host()).or_default().insert(transfer);
    }

    /// A transfer is over: nothing more is asked of it.
    pub(in crate::engine) fn forget(&self, transfer: TransferId) {
        let mut learnt = self.0.lock();
        learnt.told.retain(|part, _| part.0 != transfer);
        learnt.honest.remove(&transfer);
        for found in learnt.others.values_mut().filter(|found| found.len() > AGREEING) {
            found.remove(&transfer);
        }
    }
}

/// True if it is the MD5 of nothing, or of so many zeros: that is what is left where bytes were lost on the way, and no
/// other name for them.
pub(super) fn is_of_nothing(told: &Checksum, length: u64) -> bool {
    let zeros = [0; 1 << 12];
    let (mut sum, mut left) = (Sum::new(Algorithm::Md5), length);
    while left > 0 {
        let step = left.min(zeros.len() as u64);
        sum.update(&zeros[..step as usize]);
        left -= step;
    }
    [Sum::new(Algorithm::Md5), sum].into_iter().any(|sum| sum.finish().as_ref() == Some(told))
}
