//! Which key does what. The footer, the help and the event loop all read this one table, so that none can lie.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Chord, Key};

/// Everything that a key can do on the screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Action {
    /// Open the box that takes URLs.
    Add,
    /// Open the box that takes a file to send.
    Upload,
    /// Pause the selected transfer, or let it go on.
    TogglePause,
    /// Pause all, or let all go on if none is left to pause.
    PauseAll,
    /// Try the selected transfer again.
    Retry,
    /// Give the selected transfer a new URL.
    NewUrl,
    /// Take the selected transfer out of the list; asks first.
    Remove,
    /// The same, and delete its partial data; asks first.
    RemoveData,
    /// Select the row below.
    Down,
    /// Select the row above.
    Up,
    /// Select the first row.
    Top,
    /// Select the last row.
    Bottom,
    /// Select the next row, also while the details have the keys,
    NextTransfer,
    /// or the row above.
    PreviousTransfer,
    /// Go down by a page.
    PageDown,
    /// Go up by a page.
    PageUp,
    /// Move the selected transfer down in the queue.
    MoveDown,
    /// Move the selected transfer up in the queue.
    MoveUp,
    /// Move it to the beginning of the queue.
    MoveTop,
    /// Move it to the end of the queue.
    MoveBottom,
    /// Start it next, whatever the hour is.
    StartNow,
    /// Start it at a time that is asked for.
    StartAt,
    /// Let it go before others.
    PriorityUp,
    /// Let it go after others.
    PriorityDown,
    /// Raise the limit on all downloads.
    LimitUp,
    /// Lower the limit on all downloads.
    LimitDown,
    /// Set the limit on all downloads.
    Limit,
    /// Set the selected transfer's own limit.
    LimitThis,
    /// Give its file another name.
    Rename,
    /// Move its file to another folder.
    MoveFile,
    /// Read its finished file back and compare it.
    Check,
    /// Open its file.
    Open,
    /// Open the folder of its file.
    OpenFolder,
    /// Copy the path of its file to the clipboard.
    CopyPath,
    /// Take the last removal back.
    Undo,
    /// Type a line of orders.
    Command,
    /// Show only rows that match a text.
    Filter,
    /// Choose what the list is sorted by.
    Sort,
    /// Mark the selected transfer, or take its mark away.
    Mark,
    /// Mark all from the one that was marked last to the selected one.
    MarkRange,
    /// Mark all that are shown, or none.
    MarkAll,
    /// Show all transfers.
    ShowAll,
    /// Show those that run.
    ShowActive,
    /// Show those that are to run.
    ShowQueued,
    /// Show those that are complete.
    ShowDone,
    /// Show those that need somebody.
    ShowFailed,
    /// Show those that send.
    ShowUploads,
    /// Give the keys to the other pane.
    NextPane,
    /// Give the details the whole screen, and back.
    Details,
    /// Show the selected transfer's log in place of its connections, or close it.
    Log,
    /// Show the next page of the details.
    NextTab,
    /// Show the page of the details before this one.
    PreviousTab,
    /// Close what is open, take the marks away, clear the filter.
    Back,
    /// Copy the selected transfer's URL to the clipboard.
    CopyUrl,
    /// Show all keys.
    Help,
    /// Put the program in the background.
    Suspend,
    /// Draw all of the screen anew.
    Redraw,
    /// Leave; the engine saves everything and goes on at the next start.
    Quit,
    /// Nothing: takes a key away from what it does by default.
    Nothing,
}

impl Action {
    /// A word or two for the footer.
    pub fn label(self) -> &'static str {
        self.words().0
    }

    /// A line for the help.
    pub fn describe(self) -> &'static str {
        self.words().1
    }

    fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Add => ("add", "add URLs (or paste them anywhere)"),
            Self::Upload => ("upload", "send a file or a folder to a store (S3, OSS, TOS, chunk+http)"),
            Self::TogglePause => ("pause", "pause the selected transfer, or let it go on"),
            Self::PauseAll => ("pause all", "pause all; once all are paused, let all go on"),
            Self::Retry => ("retry", "try a failed or waiting transfer again now"),
            Self::NewUrl => ("new URL", "give a new URL, say for a link that has expired"),
            Self::Remove => ("remove", "remove from the list, keep the data (asks)"),
            Self::RemoveData => ("remove data", "remove with its partial data (asks)"),
            Self::Down => ("down", "select the next row"),
            Self::Up => ("up", "select the row above"),
            Self::Top => ("first", "select the first row"),
            Self::Bottom => ("last", "select the last row"),
            Self::NextTransfer => ("next", "the next transfer, also while the details have the keys"),
            Self::PreviousTransfer => ("previous", "the transfer above, in the same way"),
            Self::PageDown => ("page down", "a page down"),
            Self::PageUp => ("page up", "a page up"),
            Self::MoveDown => ("later", "move down in the queue"),
            Self::MoveUp => ("sooner", "move up in the queue"),
            Self::MoveTop => ("first in queue", "to the beginning of the queue"),
            Self::MoveBottom => ("last in queue", "to the end of the queue"),
            Self::StartNow => ("start now", "start next, whatever time or hours were set"),
            Self::StartAt => ("start at", "start at a time: 22:00, mon 07:30, in 2h, never"),
            Self::PriorityUp => ("raise", "higher priority: before others of the queue"),
            Self::PriorityDown => ("lower", "lower priority: after others of the queue"),
            Self::LimitUp => ("faster", "raise the limit on all downloads"),
            Self::LimitDown => ("slower", "lower the limit on all downloads, or set one"),
            Self::Limit => ("limit", "an exact limit on all downloads: 5M, 500K, none"),
            Self::LimitThis => ("own limit", "a limit of its own: 5M, 500K, none"),
            Self::Rename => ("rename", "give the file another name, also while it comes"),
            Self::MoveFile => ("move", "move the file to another folder, also while it comes"),
            Self::Check => ("check", "read the finished file back and compare it"),
            Self::Open => ("open", "open the file"),
            Self::OpenFolder => ("folder", "open the folder of the file"),
            Self::CopyPath => ("copy path", "copy the path to the clipboard (OSC 52)"),
            Self::Undo => ("undo", "take the last removal back, for ten seconds"),
            Self::Command => ("command", "type an order, such as :limit 5M (Tab completes)"),
            Self::Filter => ("filter", "show rows that hold words (name, host, category, state); !word: that do not"),
            Self::Sort => ("sort", "choose what the list is sorted by, and which way round"),
            Self::Mark => ("mark", "mark this one, or not; keys then act on all marked ones"),
            Self::MarkRange => ("mark to here", "mark all from the one marked last to this one"),
            Self::MarkAll => ("mark all", "mark all that are shown; once all are, none"),
            Self::ShowAll => ("all", "show all transfers"),
            Self::ShowActive => ("active", "show those that run"),
            Self::ShowQueued => ("queued", "show those that wait for their turn or for room, or are paused"),
            Self::ShowDone => ("complete", "show those that are complete"),
            Self::ShowFailed => ("failed", "show those that failed or whose link expired"),
            Self::ShowUploads => ("uploads", "show those that send"),
            Self::NextPane => ("pane", "give the keys to the other pane"),
            Self::Details => ("details", "details on the whole screen, and back"),
            Self::Log => ("log", "its log in place of its connections, and back"),
            Self::NextTab => ("next page", "its connections, map, graph, log, info: the next one"),
            Self::PreviousTab => ("previous page", "the one before"),
            Self::Back => ("back", "close what is open, take the marks away, clear the filter"),
            Self::CopyUrl => ("copy URL", "copy the URL to the clipboard (OSC 52)"),
            Self::Help => ("help", "show or hide these keys"),
            Self::Suspend => ("suspend", "put haul in the background (fg brings it back)"),
            Self::Redraw => ("redraw", "draw the screen anew, when something has written over it"),
            Self::Quit => ("quit", "leave; the next start goes on where this one stopped"),
            Self::Nothing => ("", ""),
        }
    }
}

/// Which key does what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Keymap(BTreeMap<Chord, Action>);

/// The keys as haul comes; `assets/default.ron` lists the same, and a test compares the two.
impl Default for Keymap {
    fn default() -> Self {
        let plain = [
            ('a', Action::Add),
            ('U', Action::Upload),
            (' ', Action::TogglePause),
            ('p', Action::PauseAll),
            ('r', Action::Retry),
            ('u', Action::NewUrl),
            ('d', Action::Remove),
            ('D', Action::RemoveData),
            ('j', Action::Down),
            ('k', Action::Up),
            ('g', Action::Top),
            ('G', Action::Bottom),
            ('J', Action::MoveDown),
            ('K', Action::MoveUp),
            ('t', Action::MoveTop),
            ('b', Action::MoveBottom),
            ('S', Action::StartNow),
            ('@', Action::StartAt),
            ('>', Action::PriorityUp),
            ('<', Action::PriorityDown),
            ('+', Action::LimitUp),
            ('-', Action::LimitDown),
            ('l', Action::Limit),
            ('=', Action::LimitThis),
            ('n', Action::Rename),
            ('m', Action::MoveFile),
            ('c', Action::Check),
            ('o', Action::Open),
            ('O', Action::OpenFolder),
            ('Y', Action::CopyPath),
            ('z', Action::Undo),
            (':', Action::Command),
            ('L', Action::Log),
            ('/', Action::Filter),
            ('s', Action::Sort),
            ('v', Action::Mark),
            ('V', Action::MarkRange),
            ('*', Action::MarkAll),
            ('1', Action::ShowAll),
            ('2', Action::ShowActive),
            ('3', Action::ShowQueued),
            ('4', Action::ShowDone),
            ('5', Action::ShowFailed),
            ('6', Action::ShowUploads),
            ('y', Action::CopyUrl),
            ('?', Action::Help),
            ('q', Action::Quit),
        ];
        let named = [
            (Key::Down, Action::Down),
            (Key::Up, Action::Up),
            (Key::Home, Action::Top),
            (Key::End, Action::Bottom),
            (Key::PageDown, Action::PageDown),
            (Key::PageUp, Action::PageUp),
            (Key::Tab, Action::NextPane),
            (Key::Enter, Action::Details),
            (Key::Right, Action::NextTab),
            (Key::Left, Action::PreviousTab),
            (Key::Esc, Action::Back),
        ];
        let held = [
            ('c', Action::Quit),
            ('z', Action::Suspend),
            ('d', Action::PageDown),
            ('u', Action::PageUp),
            ('l', Action::Redraw),
            ('n', Action::NextTransfer),
            ('p', Action::PreviousTransfer),
        ];
        let plain = plain.map(|(c, action)| (Chord::from(Key::Char(c)), action));
        let named = named.map(|(key, action)| (Chord::from(key), action));
        let held = held.map(|(c, action)| (Chord { ctrl: true, alt: false, key: Key::Char(c) }, action));
        Self(plain.into_iter().chain(named).chain(held).collect())
    }
}

impl Keymap {
    /// What a key does; `None` if nothing.
    pub fn action(&self, chord: Chord) -> Option<Action> {
        self.0.get(&chord).copied().filter(|action| *action != Action::Nothing)
    }

    /// The keys that do this, shortest name first.
    pub fn keys(&self, action: Action) -> Vec<Chord> {
        let mut keys: Vec<Chord> = self.0.iter().filter(|entry| *entry.1 == action).map(|entry| *entry.0).collect();
        keys.sort_by_key(|chord| chord.to_string().len());
        keys
    }

    /// This map with the user's own keys laid over it.
    #[must_use]
    pub fn with(mut self, own: Self) -> Self {
        self.0.extend(own.0);
        self
    }
}
