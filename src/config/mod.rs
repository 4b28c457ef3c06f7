//! What the user wrote: settings, keys, and where haul's files live.

mod chord;
mod clock;
mod column;
mod keymap;
mod order;
mod orders;
mod paths;
mod settings;
mod theme;

pub use chord::{Chord, Key};
pub use clock::SystemClock;
pub use column::Column;
pub use keymap::{Action, Keymap};
pub use order::{Addition, Extent, Order};
pub use orders::{ORDERS, OrderWord, complete};
pub use paths::Paths;
pub use settings::{DEFAULT_SETTINGS, Settings};
pub use theme::{Colour, THEMES, Theme, ThemeName};
