//! What is asked of a scripted store, and what goes wrong with it.

use haul::model::FaultKind;

/// Which call came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Call {
    Head,
    Put,
    Create,
    Part(u32),
    Parts,
    Uploads,
    Complete,
    Abort,
}

/// What goes wrong with a call.
#[derive(Clone, Copy, Debug)]
pub enum Trouble {
    /// It is refused, and nothing is done.
    Refused(FaultKind),
    /// All is done, and the answer is lost.
    Unheard(FaultKind),
    /// The bytes are stored damaged; the answer is none the wiser.
    Damaged,
    /// The bytes are taken, and no answer comes.
    Silent,
    /// It says that it has done it, and has not.
    Feigned,
    /// The object is taken, and the answer does not say what it is called.
    Unnamed,
}
