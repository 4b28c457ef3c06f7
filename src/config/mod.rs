//! What the user wrote: settings, keys, and where haul's files live.

mod bindings;
mod categories;
mod chord;
mod clock;
mod column;
mod hooks;
mod keymap;
mod notify;
mod order;
mod orders;
mod paths;
mod place;
mod settings;
mod theme;

pub use bindings::Bindings;
pub use categories::{CategoryTable, CategoryTerms};
pub use chord::{Chord, Key};
pub use clock::SystemClock;
pub use column::Column;
pub use hooks::{Hook, Hooks};
pub use keymap::{Action, Keymap};
pub use notify::Notify;
pub use order::{Addition, Extent, Order};
pub use orders::{ORDERS, OrderWord, complete};
pub use paths::Paths;
pub use settings::{DEFAULT_SETTINGS, Settings, nearest};
pub use theme::{Colour, THEMES, Theme, ThemeName};
