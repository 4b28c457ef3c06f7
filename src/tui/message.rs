//! What can happen to the screen, and what it asks the loop to do about it.

use std::path::PathBuf;
use std::sync::Arc;

use super::{Answer, Inquiry};
use crate::api::{Command, Event, Snapshot};
use crate::config::Chord;
use crate::shell::Environment;

/// Something that happened.
#[derive(Clone, Debug)]
pub enum Message {
    /// A key was pressed.
    Key(Chord),
    /// Text was pasted.
    Pasted(String),
    /// Keys came as no hand types them: a paste that the terminal did not mark.
    Burst(Vec<Chord>),
    /// The mouse did something.
    Mouse(Mouse),
    /// The terminal has another size now.
    Resized {
        /// Cells in a line.
        columns: u16,
        /// Lines.
        rows: u16,
    },
    /// The engine published its state.
    Snapshot(Arc<Snapshot>),
    /// The engine told of something.
    Happened(Event),
    /// Something outside of haul went well.
    Told(String),
    /// The disk has answered a box.
    Answered(Answer),
    /// The loop has something to tell the user.
    Trouble(String),
    /// Something was copied on the desktop.
    Copied(String),
    /// From now on that is watched.
    Watched,
    /// It is not watched any more, and why.
    Unwatched(String),
    /// A toast's time is over.
    Expired,
}

/// Something that the mouse did, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mouse {
    /// The column of cells, from 0.
    pub x: u16,
    /// The line, from 0.
    pub y: u16,
    /// What it did.
    pub gesture: Gesture,
}

/// What a mouse can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gesture {
    /// A click.
    Click,
    /// The second of two clicks at the same place, shortly after the first.
    DoubleClick,
    /// A click with Ctrl, or with the right button.
    OtherClick,
    /// The wheel was turned towards the screen's top.
    WheelUp,
    /// The wheel was turned towards the screen's bottom.
    WheelDown,
}

/// Something that the loop is to do.
#[derive(Clone, Debug)]
pub enum Effect {
    /// Give this to the engine.
    Send(Command),
    /// Tell the user in the way that was chosen that all is done.
    Notify(String),
    /// Open a file or a folder with what the desktop has for it.
    Open(PathBuf),
    /// Run a command of the shell.
    Shell {
        /// The command.
        command: String,
        /// What it finds in its environment.
        environment: Environment,
    },
    /// Write a new file.
    Write {
        /// Where.
        path: PathBuf,
        /// What is in it.
        text: String,
    },
    /// Ask the disk, and come back with `Answered`.
    Ask(Inquiry),
    /// Put this on the clipboard.
    Copy(String),
    /// Keep this line, which was typed behind `:`, for the next start.
    Remember(String),
    /// Begin or end to watch the clipboard.
    Watch(bool),
    /// Draw all of the screen anew.
    Redraw,
    /// Put the program in the background.
    Suspend,
    /// Leave.
    Quit,
}
