//! Everything that a frame is drawn from.

use std::path::PathBuf;
use std::time::Duration;

use ratatui::layout::Size;
use tui_input::Input;

use super::{List, Palette, Setup};
use crate::api::Totals;
use crate::config::Keymap;
use crate::model::TransferId;

/// Everything that a frame is drawn from.
#[derive(Clone, Debug)]
pub struct State {
    /// Which key does what.
    pub keys: Keymap,
    /// Where added URLs go.
    pub folder: PathBuf,
    /// How roles look.
    pub palette: Palette,
    /// The terminal's size.
    pub size: Size,
    /// Sums over all transfers.
    pub totals: Totals,
    /// The transfers.
    pub list: List,
    /// Which pane has the keys.
    pub pane: Pane,
    /// True if the details have the whole screen.
    pub zoomed: bool,
    /// True if they have it only since the log was asked for where there is no room beside the list.
    pub zoomed_for_log: bool,
    /// What the details show.
    pub tab: Tab,
    /// The first line of the details that is shown.
    pub details_top: usize,
    /// True if the log stays at its newest line as lines are added.
    pub follows: bool,
    /// What the keys mean just now.
    pub mode: Mode,
    /// What was told lately, the newest last.
    pub toasts: Vec<Toast>,
    /// True if a frame drawn now could differ from the last one.
    pub stale: bool,
}

impl State {
    /// The screen before the engine's first word.
    pub fn new(setup: Setup, palette: Palette) -> Self {
        let notice = setup.notice.map(|text| Toast { text, tone: Tone::Warning });
        Self {
            keys: setup.keys,
            folder: setup.folder,
            palette,
            size: Size::new(80, 24),
            totals: Totals::default(),
            list: List::default(),
            pane: Pane::List,
            zoomed: false,
            zoomed_for_log: false,
            tab: Tab::Connections,
            details_top: 0,
            follows: true,
            mode: Mode::Browse,
            toasts: notice.into_iter().collect(),
            stale: true,
        }
    }

    /// The details are read anew: from the first line, and a log at its newest one.
    pub fn read_anew(&mut self) {
        (self.details_top, self.follows) = (0, true);
    }
}

/// A pane that can have the keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pane {
    /// The list of transfers.
    List,
    /// The details of the selected one.
    Details,
}

/// What the details show of the selected transfer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tab {
    /// Its connections, and what there is to say of it.
    Connections,
    /// What happened to it, and when.
    Log,
}

/// What the keys mean just now.
#[derive(Clone, Debug)]
pub enum Mode {
    /// Keys are actions.
    Browse,
    /// Keys go into the box that takes URLs.
    Add {
        /// What is in the box.
        input: Input,
        /// What was wrong with it.
        complaint: Option<String>,
    },
    /// Keys go into the box that takes a new URL for a transfer.
    NewUrl {
        /// Which.
        id: TransferId,
        /// What it is called.
        name: String,
        /// What is in the box.
        input: Input,
        /// What was wrong with it.
        complaint: Option<String>,
    },
    /// Keys go into the filter.
    Filter(Input),
    /// A question waits for yes or no.
    Confirm(Question),
    /// All keys are shown.
    Help {
        /// The first line that is shown.
        top: usize,
    },
}

/// Shall this transfer be removed?
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// Which.
    pub id: TransferId,
    /// What it is called.
    pub name: String,
    /// What happens to what is on disk, as a sentence.
    pub consequence: String,
    /// Remove its partial data too.
    pub data: bool,
}

/// A line that tells of something and goes away by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Toast {
    /// What is told.
    pub text: String,
    /// How it is meant.
    pub tone: Tone,
}

/// How a toast is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// It went well.
    Good,
    /// Take note.
    Warning,
    /// It failed.
    Bad,
}

impl Tone {
    /// How long a toast stays.
    pub fn lasts(self) -> Duration {
        Duration::from_secs(match self {
            Self::Good => 4,
            Self::Warning => 6,
            Self::Bad => 9,
        })
    }
}
