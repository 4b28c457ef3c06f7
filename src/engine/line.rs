//! What the transfers hear from their hosts, so that those whose hosts do not answer hold nobody else up.

use super::report::Ending;
use super::supervisor::Supervisor;
use crate::api::Happening;
use crate::model::{FaultKind, TransferId};
use crate::plan::is_silent;

impl Supervisor {
    /// Something happened to one that runs: it has heard from its host, or nothing at all.
    pub(super) fn listen(&mut self, id: TransferId, happening: &Happening) {
        match happening {
            Happening::Retried { fault, .. } if is_silent(fault) => self.line.fail(id, self.shared.clock.now()),
            Happening::Retried { fault, .. } if is_answer(fault.kind) => self.hears(id),
            Happening::Answered { .. } | Happening::PartDone { .. } | Happening::UploadCreated => self.hears(id),
            _ => {}
        }
    }

    /// One that runs has heard from its host: those that wait for dead ones let others run meanwhile.
    pub(super) fn hears(&mut self, id: TransferId) {
        self.line.answer(id, self.shared.clock.now());
        for id in self.line.leaving() {
            self.leave_slot(id);
        }
    }

    /// One does not run any more.
    pub(super) fn hangs_up(&mut self, id: TransferId, ending: &Ending) {
        let heard = match ending {
            Ending::Done(_) | Ending::Described(_) | Ending::Unfolded(_) => true,
            Ending::Failed(fault) => is_answer(fault.kind),
            Ending::Stopped => false,
        };
        if heard {
            self.hears(id);
        }
        self.line.forget(id);
    }
}

/// True if only a host that answers causes such a fault. One that was cut or stalled may have lost its line.
fn is_answer(kind: FaultKind) -> bool {
    matches!(kind, FaultKind::Status(_))
}
