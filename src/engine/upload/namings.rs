//! What stores call what they have, where that looks like an MD5 and may be something else. An MD5 that differs is damage; but
//! the same word for the same bytes a second time is only another way to call them.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::model::{Checksum, Source, TransferId};

/// What was learnt of all stores in this run.
#[derive(Debug, Default)]
pub(in crate::engine) struct Namings(Mutex<Learnt>);

#[derive(Debug, Default)]
struct Learnt {
    /// Words that differed from the MD5, each with that, by transfer and part; 0 is the whole.
    told: HashMap<(TransferId, u32), (Checksum, Checksum)>,
    /// Hosts whose words are no MD5s.
    others: HashSet<String>,
}

impl Namings {
    /// True if this store's words are known to be no MD5s.
    pub(super) fn are_others(&self, store: &Source) -> bool {
        self.lock().others.contains(&store.host())
    }

    /// True if a word was noted of this part.
    pub(super) fn is_noted(&self, part: (TransferId, u32)) -> bool {
        self.lock().told.contains_key(&part)
    }

    /// Takes note of a word that is not `own`, the MD5 of the bytes that were sent. True if that is just how the store calls
    /// them: it has called them so before, or calls other bytes the same.
    pub(super) fn is_another(&self, store: &Source, part: (TransferId, u32), told: &Checksum, own: &Checksum) -> bool {
        let mut learnt = self.lock();
        let is_said = learnt
            .told
            .iter()
            .any(|(of, (word, bytes))| of.0 == part.0 && word == told && (of.1 == part.1 || bytes != own));
        let is_another = is_said || learnt.others.contains(&store.host());
        if is_another {
            learnt.others.insert(store.host());
            learnt.told.retain(|of, _| of.0 != part.0);
        } else {
            learnt.told.insert(part, (told.clone(), own.clone()));
        }
        is_another
    }

    fn lock(&self) -> MutexGuard<'_, Learnt> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
