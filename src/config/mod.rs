//! What the user wrote: settings, keys, and where haul's files live.

mod chord;
mod column;
mod keymap;
mod paths;
mod settings;

pub use chord::{Chord, Key};
pub use column::Column;
pub use keymap::{Action, Keymap};
pub use paths::Paths;
pub use settings::{DEFAULT_SETTINGS, Settings};
