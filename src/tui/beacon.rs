//! What the terminal shows of haul outside of the screen: its title, and the progress in its tab or in the task bar.

use std::fmt::Write as _;
use std::time::Duration;

use super::State;
use crate::config::Notify;
use crate::model::{Moment, Status, percent};

/// The title and the progress change so often at most.
const PERIOD: Duration = Duration::from_secs(1);

/// Keeps the title as it was before.
const KEEP_TITLE: &str = "\x1b[22;0t";
/// Gives the title back as it was, and takes the progress away.
pub const PUT_OUT: &str = "\x1b]9;4;0\x1b\\\x1b[23;0t";
/// Gives back the title alone, to a terminal that knows no progress.
pub const GIVE_TITLE_BACK: &str = "\x1b[23;0t";

/// What the terminal shows of haul outside of the screen.
#[derive(Debug)]
pub struct Beacon {
    /// The terminal is known to understand OSC 9;4. Others take it for a message to the user.
    knows_progress: bool,
    is_lit: bool,
    shown: (String, String),
    /// Something ran then.
    was_busy: bool,
    next: Moment,
}

impl Beacon {
    /// A beacon for the terminal that the environment names.
    pub fn from_environment() -> Self {
        let is = |name: &str, value: &str| std::env::var(name).is_ok_and(|found| found == value);
        let knows_progress = std::env::var_os("WT_SESSION").is_some()
            || is("ConEmuANSI", "ON")
            || ["ghostty", "WezTerm"].into_iter().any(|name| is("TERM_PROGRAM", name));
        Self::new(knows_progress)
    }

    /// A beacon for a terminal that understands OSC 9;4, or does not.
    pub fn new(knows_progress: bool) -> Self {
        Self { knows_progress, is_lit: false, shown: Default::default(), was_busy: false, next: Moment::ZERO }
    }

    /// True if it understands progress.
    pub fn knows_progress(&self) -> bool {
        self.knows_progress
    }

    /// What is to be written to the terminal now; empty if nothing has changed.
    pub fn news(&mut self, state: &State) -> String {
        let is_busy = state.totals.running > 0;
        // After the last one has stopped there is no further frame to catch up with.
        if self.is_lit && state.now < self.next && is_busy == self.was_busy {
            return String::new();
        }
        (self.next, self.was_busy) = (state.now + PERIOD, is_busy);
        // It takes a look at every row.
        let (done, running) = (done(state), state.totals.running);
        let (title, progress) = (title(done, running), progress(done, running));
        let mut news = String::new();
        if !self.is_lit {
            news.push_str(KEEP_TITLE);
            self.is_lit = true;
        }
        // Writing to a string never fails.
        if title != self.shown.0 {
            let _ = write!(news, "\x1b]2;{title}\x1b\\");
        }
        if self.knows_progress && progress != self.shown.1 {
            let _ = write!(news, "\x1b]9;4;{progress}\x1b\\");
        }
        self.shown = (title, progress);
        news
    }

    /// It is dark again.
    pub fn forget(&mut self) {
        (self.is_lit, self.shown) = (false, Default::default());
    }
}

/// Percent of all that runs, as far as lengths are known.
fn done(state: &State) -> Option<u64> {
    if state.totals.running == 0 {
        return None;
    }
    let running = state.list.rows().iter().filter(|row| row.status == Status::Running);
    let sums = running.filter_map(|row| Some((row.bytes_reached(), row.length?)));
    let (done, length) =
        sums.fold((0_u64, 0_u64), |sum, row| (sum.0.saturating_add(row.0), sum.1.saturating_add(row.1)));
    (length > 0).then(|| percent(done, length))
}

fn title(done: Option<u64>, running: usize) -> String {
    match (done, running) {
        (_, 0) => "haul".to_owned(),
        (Some(done), count) => format!("{done} % of {count} - haul"),
        (None, count) => format!("{count} active - haul"),
    }
}

/// State and percent, as OSC 9;4 has them: 0 none, 1 so many percent, 3 nobody knows how much.
fn progress(done: Option<u64>, running: usize) -> String {
    match (done, running) {
        (_, 0) => "0".to_owned(),
        (Some(done), _) => format!("1;{done}"),
        (None, _) => "3".to_owned(),
    }
}

/// What tells the user something through the terminal; `None` where that is not the terminal's work.
pub fn message(notify: Notify, text: &str) -> Option<String> {
    match notify {
        Notify::Silent | Notify::Desktop => None,
        Notify::Bell => Some("\x07".to_owned()),
        Notify::Osc9 => Some(format!("\x1b]9;{text}\x1b\\")),
        Notify::Osc777 => Some(format!("\x1b]777;notify;haul;{text}\x1b\\")),
    }
}
