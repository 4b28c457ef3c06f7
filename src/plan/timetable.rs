//! The limit on everything by the time of day, and the hours in which the queue runs.

use crate::model::{Hours, LimitHours, LocalTime};

/// What the user wrote of hours; who has written nothing has neither.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Timetable {
    limits: Vec<LimitHours>,
    open: Vec<Hours>,
}

impl Timetable {
    /// Limits with their hours, of which the first that fits holds; and the hours in which the queue runs, or none for always.
    pub fn new(limits: Vec<LimitHours>, open: Vec<Hours>) -> Self {
        Self { limits, open }
    }

    /// True if there is nothing to look at the clock for.
    pub fn is_empty(&self) -> bool {
        self.limits.is_empty() && self.open.is_empty()
    }

    /// What is said of the limit at this time; `None` where nothing is.
    pub fn limit(&self, now: LocalTime) -> Option<LimitHours> {
        self.limits.iter().find(|entry| entry.hours.contains(now)).copied()
    }

    /// True if the queue runs at this time.
    pub fn is_open(&self, now: LocalTime) -> bool {
        self.open.is_empty() || self.open.iter().any(|hours| hours.contains(now))
    }
}
