//! Keeps what hosts were found to bear from one run to the next. Read once at the start; written after a minute or so when
//! something was learnt and at the end, on a thread that may block. What goes wrong with it costs nothing but itself.

use std::future::pending;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::{JoinHandle, spawn_blocking};
use tokio::time::{Instant, sleep_until};

use super::hosts::Hosts;
use crate::model::{HostLimit, UnixTime};
use crate::plan::{recalled, remembered};
use crate::store::HostLimits;

/// From the first news to the write, so that there is one in such a span at most: what a crash costs is learnt again
/// with a few requests. Two calms and a half, so that it falls between two tries of one connection more: a limit that
/// grows and is lowered again at once is no news.
const LATER: Duration = Duration::from_secs(75);

/// The memory of an engine's hosts.
pub(super) struct Memory {
    file: HostLimits,
    hosts: Arc<Hosts>,
    due: Option<Instant>,
    writing: Option<JoinHandle<()>>,
}

/// What is remembered in a state folder: hosts, with the connections that they bear by now.
pub(super) async fn recall(state: &Path, now: UnixTime) -> Vec<(String, u16)> {
    let file = HostLimits::of(state);
    let read = spawn_blocking(move || file.load()).await.unwrap_or_default();
    let now = now.seconds();
    // As it would be written: no more than so many, whoever wrote the file.
    let known = remembered(read, Vec::new(), now);
    known.into_iter().filter_map(|limit| Some((limit.host.clone(), recalled(&limit, now)?))).collect()
}

impl Memory {
    pub(super) fn new(state: &Path, hosts: Arc<Hosts>) -> Self {
        Self { file: HostLimits::of(state), hosts, due: None, writing: None }
    }

    /// Looks whether something was learnt.
    pub(super) fn look(&mut self) {
        if self.due.is_none() && self.hosts.has_news() {
            self.due = Some(Instant::now() + LATER);
        }
    }

    /// Ends when it is time to write; pends for ever if there is nothing to be written. May be cancelled.
    pub(super) async fn due(&self) {
        match self.due {
            Some(due) => sleep_until(due).await,
            None => pending().await,
        }
    }

    /// Begins to write what was learnt, if that is still so.
    pub(super) fn save(&mut self, now: UnixTime) {
        self.due = None;
        if self.writing.as_ref().is_some_and(|writing| !writing.is_finished()) {
            // A slow disk: later.
            return;
        }
        let (news, now) = (self.hosts.news(), now.seconds());
        if news.is_empty() {
            return;
        }
        let limit = |(host, allowed, age): (String, u16, Duration)| HostLimit {
            host,
            allowed,
            at: now.saturating_sub(age.as_secs()),
        };
        let news: Vec<HostLimit> = news.into_iter().map(limit).collect();
        let file = self.file.clone();
        self.writing = Some(spawn_blocking(move || file.update(|known| remembered(known, news, now))));
    }

    /// Writes what is not written yet, and waits until that is done.
    pub(super) async fn last(&mut self, now: UnixTime) {
        // First the write that runs, then what came after it.
        for saves in [true, false] {
            if let Some(writing) = self.writing.take() {
                // A thread that was lost has told why.
                let _ = writing.await;
            }
            if saves {
                self.save(now);
            }
        }
    }
}
