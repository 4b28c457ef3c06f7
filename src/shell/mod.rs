//! Other programs: what opens files, what the user's keys and hooks run. None of them is ever waited for by a transfer.

mod environment;
mod hooks;
mod program;

pub use environment::{Environment, environment};
pub use hooks::HookRunner;
pub use program::Program;
