//! Hosts that say to come again later: where several transfers were told so in a row, it may be the host's word and not one
//! about their files. Of those that come next one asks, and the others wait for what comes of that. So they do where several
//! could not reach a host at all.

use std::collections::HashMap;
use std::time::Duration;

use super::retry::LONGEST_ASKED;
use crate::model::Moment;

/// So many transfers in a row are told.
const FEW: u32 = 4;
/// How long the others wait for the answer to one that tries. Where it is told the same, the next one tries after so long, then
/// after twice as long each time, and no later than the host has said.
const TRIAL: Duration = Duration::from_secs(15);
const MOST_DOUBLINGS: u32 = 16;
/// What a host said is forgotten so long after the time that it named.
const KEPT: Duration = Duration::from_secs(600);

/// What hosts said to transfers that asked for the first time.
#[derive(Debug, Default)]
pub struct Refusals {
    hosts: HashMap<String, Refused>,
}

#[derive(Clone, Copy, Debug)]
struct Refused {
    in_a_row: u32,
    until: Moment,
    /// When the next one may try.
    trial: Moment,
    /// It did not answer at all the last time.
    is_missing: bool,
}

impl Refusals {
    /// A transfer has asked a host for the first time, and is to come again: after so long, if that was said, and no longer than
    /// any transfer waits for a host's word.
    pub fn refuse(&mut self, host: &str, after: Option<Duration>, now: Moment) {
        self.note(host, after.unwrap_or(TRIAL).min(LONGEST_ASKED), now, false);
    }

    /// A transfer has asked a host for the first time, which does not answer at all.
    pub fn miss(&mut self, host: &str, now: Moment) {
        self.note(host, TRIAL, now, true);
    }

    fn note(&mut self, host: &str, after: Duration, now: Moment, is_missing: bool) {
        self.hosts.retain(|_, refused| now.since(refused.until) < KEPT);
        let new = Refused { in_a_row: 0, until: now, trial: now, is_missing };
        let refused = self.hosts.entry(host.to_owned()).or_insert(new);
        refused.in_a_row = refused.in_a_row.saturating_add(1);
        (refused.until, refused.is_missing) = (now + after, is_missing);
        // What a host says may have been about these files: then one tries at once.
        let enough = if is_missing { FEW } else { FEW + 1 };
        refused.trial = match refused.in_a_row.checked_sub(enough) {
            None => now,
            Some(trials) => refused.until.min(now + TRIAL * (1 << trials.min(MOST_DOUBLINGS))),
        };
    }

    /// A host has given somebody what was asked for.
    pub fn serve(&mut self, host: &str) {
        self.hosts.remove(host);
    }

    /// Until when one that has not asked yet is to wait; `None` if it is to ask now. Of several that wait until then only the
    /// first is told to ask, and the others to wait for what comes of that.
    pub fn wait_until(&mut self, host: &str, now: Moment) -> Option<Moment> {
        let refused = self.hosts.get_mut(host).filter(|refused| refused.in_a_row >= FEW)?;
        if now < refused.trial {
            return Some(refused.trial);
        }
        refused.trial = now + TRIAL;
        None
    }

    /// True while those that have not asked yet are to wait, but for one now and then.
    pub fn is_refusing(&self, host: &str) -> bool {
        self.hosts.get(host).is_some_and(|refused| refused.in_a_row >= FEW)
    }

    /// True if it did not answer at all the last time that one asked it for the first time.
    pub fn is_missing(&self, host: &str) -> bool {
        self.hosts.get(host).is_some_and(|refused| refused.is_missing)
    }

    /// How many hosts something is kept of.
    pub fn kept(&self) -> usize {
        self.hosts.len()
    }
}
