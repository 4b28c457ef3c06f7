//! What is known of the transfers that are followed.

use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::time::Instant;

use crate::api::{Direction, Happening, Row};
use crate::model::{Fault, FaultKind, Source, Spec, TransferId, harmless};

/// How long the same trouble of one transfer is not told again.
const SAME_TROUBLE: Duration = Duration::from_secs(10);

/// A transfer that is to be followed.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// Which.
    pub id: TransferId,
    /// From where it is fetched, or where to it is sent.
    pub source: Source,
    /// The file that is sent, if one is.
    file: Option<Box<Path>>,
}

impl Wanted {
    /// One that is fetched.
    pub fn fetched(id: TransferId, source: &Source) -> Self {
        Self { id, source: source.clone(), file: None }
    }

    /// One that is ordered.
    pub fn of(id: TransferId, spec: &Spec) -> Self {
        let file = spec.upload.as_ref().map(|upload| upload.file.as_path().into());
        Self { file, ..Self::fetched(id, &spec.source) }
    }

    /// One that a snapshot shows.
    pub fn shown(row: &Row) -> Self {
        let file = (row.direction == Direction::Upload).then(|| (*row.target).into());
        Self { file, ..Self::fetched(row.id, &row.source) }
    }
}

/// What is known of a transfer that is followed.
#[derive(Clone, Debug)]
pub(super) struct Known {
    /// Which.
    pub id: TransferId,
    /// Its URL without secrets.
    pub url: String,
    /// What people are told that it is called.
    pub name: String,
    /// Where the finished file will be, once the server has answered.
    pub target: Option<PathBuf>,
    /// When its task began, as far as this run saw it.
    pub started_at: Option<Instant>,
    /// Bytes of the whole, once the server has told.
    pub length: Option<u64>,
    /// Bytes that were there before this run.
    pub resumed: u64,
    /// Bytes done when its progress was last told.
    pub told: Option<u64>,
    /// Why it waits for room on its disk, while it does.
    pub waits: Option<Fault>,
    trouble: Option<(FaultKind, Instant)>,
}

impl Known {
    /// One of which nothing has happened. The file that is sent is known from the beginning; else the URL gives a first name.
    fn of(wanted: &Wanted) -> Self {
        let (id, url, name) = (wanted.id, wanted.source.to_string(), name_of(&wanted.source));
        let (target, started_at, length, resumed) = (None, None, None, 0);
        let mut known =
            Self { id, url, name, target, started_at, length, resumed, told: None, waits: None, trouble: None };
        if let Some(file) = &wanted.file {
            known.aim(file.to_path_buf());
        }
        known
    }

    /// Learns from what happened.
    pub fn learn(&mut self, happening: &Happening, now: Instant) {
        match happening {
            Happening::Started => (self.started_at, self.waits) = (Some(now), None),
            Happening::DiskFull(fault) => self.waits = Some(fault.clone()),
            Happening::Restarted(_) => self.resumed = 0,
            Happening::Answered { target, length, resumed, .. } => {
                (self.length, self.resumed) = (*length, *resumed);
                self.aim(target.clone());
            }
            Happening::Completed { target, .. } | Happening::Moved(target) | Happening::Renamed(target) => {
                self.aim(target.clone());
            }
            Happening::Relinked(source) | Happening::Became(source) => {
                self.url = source.to_string();
                if self.target.is_none() {
                    self.name = name_of(source);
                }
            }
            _ => {}
        }
    }

    fn aim(&mut self, target: PathBuf) {
        if let Some(name) = target.file_name() {
            self.name = harmless(&name.to_string_lossy()).into_owned();
        }
        self.target = Some(target);
    }

    /// True if it was not told yet that so many bytes are done. Fewer than there were before this run are the look of a moment
    /// before that was known.
    pub fn is_news(&self, done: u64) -> bool {
        let is_behind = done < self.resumed && self.told.is_none_or(|told| told < self.resumed);
        !is_behind && self.told != Some(done)
    }

    /// True if this trouble was just told: a server that cuts often would otherwise fill the screen.
    pub fn note_trouble(&mut self, kind: FaultKind, now: Instant) -> bool {
        let is_old = self.trouble.is_some_and(|(last, at)| last == kind && now.duration_since(at) < SAME_TROUBLE);
        if !is_old {
            self.trouble = Some((kind, now));
        }
        is_old
    }
}

/// A transfer that is waited for. Of one in a long list that has yet to begin no more is kept than what it is.
pub(super) struct Followed {
    pub wanted: Wanted,
    known: Option<Box<Known>>,
}

impl Followed {
    /// One of which nothing has happened.
    pub fn new(wanted: Wanted) -> Self {
        Self { wanted, known: None }
    }

    /// What is known of it, to learn more.
    pub fn known(&mut self) -> &mut Known {
        self.known.get_or_insert_with(|| Box::new(Known::of(&self.wanted)))
    }

    /// What is known of it, if anything has happened.
    pub fn seen(&self) -> Option<&Known> {
        self.known.as_deref()
    }

    /// Why it waits for room on its disk, while it does.
    pub fn waits(&self) -> Option<&Fault> {
        self.seen()?.waits.as_ref()
    }
}

/// What it may be called, as far as its URL says.
fn name_of(source: &Source) -> String {
    harmless(&source.last_segment().unwrap_or_else(|| source.host())).into_owned()
}
