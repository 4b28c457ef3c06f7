//! Everything that a frame is drawn from.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use ratatui::layout::Size;
use tui_input::Input;

use super::{Form, History, List, Palette, Setup, Taken, Twins};
use crate::api::{Level, Totals};
use crate::config::{Bindings, Column, Keymap, Notify};
use crate::model::{Categories, Moment, TransferId, WallClock};

/// Everything that a frame is drawn from.
#[derive(Clone, Debug)]
pub struct State {
    /// Which key does what.
    pub keys: Keymap,
    /// Where added URLs go.
    pub folder: PathBuf,
    /// Kinds of files, perhaps with folders of their own.
    pub categories: Arc<Categories>,
    /// The clock on the wall.
    pub clock: Arc<dyn WallClock>,
    /// How roles look.
    pub palette: Palette,
    /// Only ASCII characters are drawn.
    pub ascii: bool,
    /// The columns of the list, from left to right.
    pub columns: Vec<Column>,
    /// The terminal's size.
    pub size: Size,
    /// Sums over all transfers.
    pub totals: Totals,
    /// The time, as the loop last told it.
    pub now: Moment,
    /// The transfers.
    pub list: List,
    /// Their speeds over time.
    pub history: History,
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
    /// What the Add box held that was closed without adding anything.
    pub kept: Option<Box<Form>>,
    /// The lines that were typed behind `:`, the newest last.
    pub past: Vec<String>,
    /// How many were completed and how many failed since all was done last.
    pub ended: (usize, usize),
    /// The number of the latest event that was heard.
    pub heard: u64,
    /// All is done once this event was heard too.
    pub done_at: Option<u64>,
    /// When something was removed last.
    pub removed_at: Option<Moment>,
    /// What the user wants of the screen.
    pub habits: Habits,
    /// Everything is deleted when haul is left.
    pub is_demo: bool,
    /// Nobody has used haul here before, nor pressed a key yet.
    pub welcomes: bool,
    /// What was copied on the desktop and is to be offered as soon as no box is open.
    pub copied: Option<String>,
    /// What was offered, or copied by haul itself: hashes, since texts are long.
    pub offered: HashSet<u64>,
    /// What was told lately, the newest last.
    pub toasts: Vec<Toast>,
    /// What the order that is being carried out is about; empty: the marked ones or the selected one.
    pub about: Vec<TransferId>,
    /// The last removal was taken back, and nothing of it is in the list yet.
    pub restores: bool,
    /// True if a frame drawn now could differ from the last one.
    pub stale: bool,
}

impl State {
    /// When the next toast's time is over; `None` if there is none.
    pub fn toast_until(&self) -> Option<Moment> {
        self.toasts.iter().map(|toast| toast.until).min()
    }

    /// The screen before the engine's first word.
    pub fn new(setup: Setup, palette: Palette) -> Self {
        let notice = setup.notice.map(|text| Toast::new(text, Tone::Warning, Moment::ZERO + Tone::Warning.lasts()));
        Self {
            keys: setup.keys,
            folder: setup.folder,
            categories: setup.categories,
            clock: setup.clock,
            palette,
            ascii: setup.ascii,
            columns: setup.columns,
            size: Size::new(80, 24),
            totals: Totals::default(),
            now: Moment::ZERO,
            list: List::default(),
            history: History::default(),
            pane: Pane::List,
            zoomed: false,
            zoomed_for_log: false,
            tab: Tab::Connections,
            details_top: 0,
            follows: true,
            mode: Mode::Browse,
            kept: None,
            past: Vec::new(),
            ended: (0, 0),
            heard: 0,
            done_at: None,
            removed_at: None,
            habits: setup.habits,
            is_demo: setup.is_demo,
            welcomes: setup.is_first,
            copied: None,
            offered: HashSet::new(),
            toasts: notice.into_iter().collect(),
            about: Vec::new(),
            restores: false,
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
    /// Its file, a piece in each cell.
    Map,
    /// Its speed.
    Graph,
    /// What happened to it, and when.
    Log,
    /// All that is known of it.
    Info,
}

impl Tab {
    /// Every page, from left to right.
    pub const ALL: [Self; 5] = [Self::Connections, Self::Map, Self::Graph, Self::Log, Self::Info];

    /// What it is called.
    pub fn label(self) -> &'static str {
        match self {
            Self::Connections => "Connections",
            Self::Map => "Map",
            Self::Graph => "Graph",
            Self::Log => "Log",
            Self::Info => "Info",
        }
    }
}

/// What the keys mean just now.
#[derive(Clone, Debug)]
pub enum Mode {
    /// Keys are actions.
    Browse,
    /// Keys go into the box that takes URLs,
    Add(Box<Form>),
    /// or into the one that takes a file to send.
    Send(Box<Form>),
    /// What is to be done with what is in the list already.
    Twins(Box<Twins>),
    /// Keys go into the box that takes a new URL for a transfer.
    NewUrl {
        /// Which.
        id: TransferId,
        /// What it is called.
        name: String,
        /// What is in the box.
        input: Input,
        /// Headers that came with it, in a pasted command.
        taken: Taken,
        /// What was wrong with it.
        complaint: Option<String>,
    },
    /// Keys go into the filter.
    Filter(Input),
    /// Keys choose one of the columns to sort by.
    Sort {
        /// Which one is chosen so far, among all columns.
        at: usize,
    },
    /// Keys go into the line behind `:`.
    Command(CommandLine),
    /// It is asked whether to leave while transfers run.
    Leave,
    /// A question waits for yes or no.
    Confirm(Question),
    /// All keys are shown.
    Help {
        /// The first line that is shown.
        top: usize,
    },
}

/// A line of orders while it is typed.
#[derive(Clone, Debug, Default)]
pub struct CommandLine {
    /// What is in it.
    pub input: Input,
    /// The order that a key has begun it with.
    pub order: String,
    /// What it is about, if a key said so; else that is what is selected when it is carried out.
    pub about: Vec<TransferId>,
    /// What was wrong with it.
    pub complaint: Option<String>,
    /// What its last word can become.
    pub offers: Vec<String>,
    /// Which of these it is now.
    pub offered: Option<usize>,
    /// Which of the earlier lines it is now.
    pub recalled: Option<usize>,
    /// What was typed before it was completed or another one was brought back.
    pub draft: String,
}

impl CommandLine {
    /// True if something stands behind the order that a key has begun it with.
    pub fn keeps_order(&self) -> bool {
        let behind = self.input.value().strip_prefix(&self.order);
        !self.order.is_empty() && behind.is_some_and(|rest| !rest.is_empty())
    }

    /// It was changed by hand.
    pub fn touched(&mut self) {
        (self.complaint, self.offered, self.recalled) = (None, None, None);
        self.offers.clear();
    }
}

/// What the user wants of the screen.
#[derive(Clone, Debug)]
pub struct Habits {
    /// Keys that stand for lines of orders.
    pub bindings: Bindings,
    /// Leaving while transfers run asks first.
    pub confirm_quit: bool,
    /// How the user hears that all is done.
    pub notify: Notify,
    /// The terminal's title shows how far haul is.
    pub title: bool,
}

impl Default for Habits {
    fn default() -> Self {
        Self { bindings: Bindings::default(), confirm_quit: true, notify: Notify::default(), title: true }
    }
}

/// Shall these transfers be removed?
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// Which.
    pub ids: Vec<TransferId>,
    /// What they are called.
    pub name: String,
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
    /// It makes room for no other one before its time is over.
    pub stays: bool,
    /// When its time is over.
    pub until: Moment,
}

impl Toast {
    /// A text that goes when there are too many.
    pub fn new(text: String, tone: Tone, until: Moment) -> Self {
        Self { text, tone, stays: false, until }
    }
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

impl From<Level> for Tone {
    fn from(level: Level) -> Self {
        match level {
            Level::Info | Level::Success => Self::Good,
            Level::Warning => Self::Warning,
            Level::Error => Self::Bad,
        }
    }
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
