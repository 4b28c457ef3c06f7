//! Orders about very many transfers are carried out in steps: the journal takes a step, the faces see it, then comes the
//! next one. So a million transfers that are paused need no room for a second list, and no face stands still meanwhile.

use std::vec::IntoIter;

use super::running::Then;
use super::supervisor::Supervisor;
use crate::model::{Status, TransferId};

/// Transfers of one step: it takes the engine and a face about as long as one frame.
const STEP: usize = 4_096;

/// An order that is being carried out.
pub(super) struct Sweep {
    ids: IntoIter<TransferId>,
    aim: Aim,
}

/// What becomes of the transfers.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Aim {
    /// They are paused.
    Pause,
    /// Those that stand so wait for their turn again.
    Queue(&'static [Status]),
    /// They start, whatever the hour is.
    Start,
}

impl Supervisor {
    /// Takes the first step; `sweep_on` takes the others.
    pub(super) fn sweep(&mut self, ids: Vec<TransferId>, aim: Aim) {
        if aim == Aim::Pause {
            // What runs stops at once, wherever in the list it is.
            let runs = |id: &&TransferId| self.roster.get(**id).is_some_and(|entry| entry.running.is_some());
            for id in ids.iter().filter(runs).copied().collect::<Vec<_>>() {
                self.stop(id, Then::Pause);
            }
        }
        self.sweep = Some(Sweep { ids: ids.into_iter(), aim });
        self.sweep_on();
    }

    /// True while an order is being carried out: those that were given after it wait.
    pub(super) fn is_sweeping(&self) -> bool {
        self.sweep.is_some()
    }

    /// True while all are being paused: nothing is to start that would be stopped in a moment.
    pub(super) fn is_pausing(&self) -> bool {
        self.sweep.as_ref().is_some_and(|sweep| sweep.aim == Aim::Pause)
    }

    /// Takes the next step. Unless it was the last one, the faces see it at once.
    pub(super) fn sweep_on(&mut self) {
        let Some(sweep) = &mut self.sweep else { return };
        let (step, aim): (Vec<TransferId>, Aim) = (sweep.ids.by_ref().take(STEP).collect(), sweep.aim);
        let is_over = sweep.ids.len() == 0;
        match aim {
            Aim::Pause => self.pause_waiting(&step),
            Aim::Queue(from) => self.requeue(&step, from),
            Aim::Start => self.start_these(&step),
        }
        self.dirty = true;
        if is_over {
            self.sweep = None;
        } else {
            self.publish();
        }
    }
}
