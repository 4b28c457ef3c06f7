//! A face for people: a header with the totals, the list of transfers, and the details of the selected one.
//!
//! The heart is pure: `update` turns a message into a changed `State` and some `Effect`s, `draw` turns a `State` into
//! a frame. Clocks, channels, files and the terminal are what the modules beside them are for: `run` first of all.

mod beacon;
mod burst;
mod clipboard;
mod clusters;
mod courier;
mod disk;
mod form;
mod frames;
mod history;
mod input;
mod list;
mod message;
mod outside;
mod palette;
mod past;
mod run;
mod setup;
mod state;
mod taken;
mod terminal;
mod update;
mod view;

pub use beacon::Beacon;
pub use burst::Burst;
pub use clipboard::{Clipboard, ClipboardWatch, clipboard_is_shut};
pub use clusters::Clusters;
pub use form::{Answer, Begin, Form, Inquiry, Slot, Twins};
pub use frames::Frames;
pub use history::{History, Trace};
pub use list::{List, Sorting};
pub use message::{Effect, Gesture, Message, Mouse};
pub use palette::{Palette, Role};
pub use past::{keep, load, may_be_kept};
pub use run::{Exit, run};
pub use setup::Setup;
pub use state::{CommandLine, Habits, Mode, Pane, Question, State, Tab, Toast, Tone};
pub use taken::Taken;
pub use terminal::abandon;
pub use update::update;
pub use view::draw;
