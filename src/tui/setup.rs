//! What the screen has to know from outside.

use std::path::PathBuf;
use std::sync::Arc;

use super::Habits;
use crate::config::{Column, Keymap, Theme};
use crate::model::{Categories, WallClock};

/// What the screen has to know from outside.
#[derive(Clone, Debug)]
pub struct Setup {
    /// Which key does what.
    pub keys: Keymap,
    /// Where added URLs go.
    pub folder: PathBuf,
    /// Kinds of files, perhaps with folders of their own.
    pub categories: Arc<Categories>,
    /// The clock on the wall.
    pub clock: Arc<dyn WallClock>,
    /// The file with the lines that were typed behind `:`, if they are to be kept.
    pub past: Option<PathBuf>,
    /// It is the demo, of which nothing stays.
    pub is_demo: bool,
    /// Nobody has used haul here before.
    pub is_first: bool,
    /// Watch what is copied on the desktop.
    pub clipboard: bool,
    /// One line to show at the start.
    pub notice: Option<String>,
    /// The columns of the list, from left to right.
    pub columns: Vec<Column>,
    /// Take the mouse.
    pub mouse: bool,
    /// What the user wants of it besides.
    pub habits: Habits,
    /// The colours; `None` for the terminal's own.
    pub theme: Option<Theme>,
    /// Draw nothing but ASCII.
    pub ascii: bool,
}
