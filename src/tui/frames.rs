//! When to draw: not without a reason, and not more than 30 times a second; but what the user did is shown sooner.

use std::time::Duration;

use crate::model::Moment;

/// The least time between two frames.
const INTERVAL: Duration = Duration::from_millis(34);
/// The same before a frame that shows what the user did: a held key repeats some thirty times a second.
const HURRIED: Duration = Duration::from_millis(8);

/// Knows whether a frame is due. Time is an argument.
#[derive(Clone, Copy, Debug, Default)]
pub struct Frames {
    wanted: bool,
    hurried: bool,
    drawn_at: Option<Moment>,
}

impl Frames {
    /// Something on the screen has changed.
    pub fn want(&mut self) {
        self.wanted = true;
    }

    /// The user did something, and looks for what it does.
    pub fn hurry(&mut self) {
        self.hurried = true;
    }

    /// When the next frame may be drawn; `None` while nothing has changed.
    pub fn deadline(&self) -> Option<Moment> {
        self.wanted.then(|| self.drawn_at.map_or(Moment::ZERO, |at| at + self.interval()))
    }

    fn interval(&self) -> Duration {
        if self.hurried { HURRIED } else { INTERVAL }
    }

    /// True if a frame is to be drawn now.
    pub fn is_due(&self, now: Moment) -> bool {
        self.deadline().is_some_and(|deadline| deadline <= now)
    }

    /// A frame was drawn.
    pub fn drawn(&mut self, now: Moment) {
        (self.wanted, self.hurried) = (false, false);
        self.drawn_at = Some(now);
    }
}
