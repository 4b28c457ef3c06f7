//! How the user hears that all is done.

use serde::{Deserialize, Serialize};

/// How the user hears that all is done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Notify {
    /// Not at all.
    Silent,
    /// The terminal's bell.
    #[default]
    Bell,
    /// A message of the terminal (OSC 9), over SSH too.
    Osc9,
    /// The same in the words of other terminals (OSC 777).
    Osc777,
    /// A message of the desktop.
    Desktop,
}
