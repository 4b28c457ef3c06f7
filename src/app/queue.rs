//! The queue as commands use it: who may run it, what a run works off, and what is added.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::io::{self, Write};

use super::damage::{complain, damage};
use super::engine::Engine;
use super::shown::shown;
use super::{House, Trouble};
use crate::cli::{Exit, RunArgs, Style, Wanted, stderr_is_terminal, write_added};
use crate::config::SystemClock;
use crate::engine::{Queueing, place};
use crate::model::{Fault, Source, Spec, Status, TransferId, WallClock, harmless};
use crate::store::{Item, Journal, Record, StateLock};

/// So many are named that were left as they are.
const NAMED: usize = 20;

impl House {
    /// The right to run the queue, and what is in it.
    pub(super) fn queue(&self) -> Result<(StateLock, Queueing), Trouble> {
        match StateLock::take(&self.paths.state)? {
            Ok(lock) => {
                let (journal, items) = Journal::open(&self.paths.state)?;
                Ok((lock, Queueing::Durable(Box::new(journal), items)))
            }
            Err(process) => Err(Trouble { exit: Exit::Taken, why: self.taken_words(process) }),
        }
    }

    /// What a person is to know of a queue that can't be locked.
    pub(super) fn unlocked(&self, lock: &StateLock) -> Option<String> {
        let state = self.paths.state.display();
        let text = format!(
            "there are no locks where the queue is ({state}): run it on one machine at a time, or name a folder on a local disk \
             with --state"
        );
        (!lock.is_sure()).then(|| harmless(&text).into_owned())
    }

    fn taken_words(&self, process: Option<u32>) -> String {
        let who =
            process.map_or_else(|| "another haul".to_owned(), |number| format!("another haul (process {number})"));
        format!("{who} is working with the queue in {}", self.paths.state.display())
    }

    /// `haul URL...` while another haul works with the queue: that one fetches them, in its own way. `taken` says so.
    pub(super) fn hand_over(&self, taken: &str, specs: &[Spec]) -> Result<Exit, Trouble> {
        let exit = self.add(specs)?;
        let put = if specs.len() == 1 { "the URL was put into it" } else { "the URLs were put into it" };
        let screen = &self.arguments.screen;
        let given: Vec<&str> = screen.downloads.given().chain(screen.network.given()).collect();
        let unheeded = match given.join(", ") {
            names if names.is_empty() => names,
            names => format!("; not heeded, since that haul has its own: {names}"),
        };
        let said = format!("{taken}: {put}, and no screen opens{unheeded}");
        let _ = writeln!(io::stderr(), "haul: {}", harmless(&said));
        Ok(exit)
    }

    /// `haul run`: works the queue off.
    pub(super) fn run(&self, run: &RunArgs) -> Result<Exit, Trouble> {
        let style = run.output.style(stderr_is_terminal());
        let (lock, queueing) = self.queue().map_err(advised)?;
        complain(damage(&queueing));
        if !matches!(style, Style::Quiet) {
            tell_unlocked(self.unlocked(&lock).as_deref());
        }
        // Read before the engine starts: what fails at once is waited for too, and told.
        let wanted = unfinished(&queueing);
        let given_up = count(&queueing, |status| matches!(status, Status::Failed | Status::Expired));
        let paused = count(&queueing, |status| status == Status::Paused);
        let engine = Engine::new(self.setup(&run.network, queueing)?)?.with_hooks(&self.settings.hooks);
        let exit = engine.follow(style, |_| wanted)?;
        let add = "haul add URL queues one again, and so does :retry on the screen";
        tell_passed_over(given_up, "given up earlier", add);
        tell_passed_over(paused, "paused", ":resume on the screen lets one go on");
        Ok(exit)
    }

    /// `haul add`: on disk when this returns, whether or not a haul is running. What was given up is asked for again, as it
    /// is asked for now; what is queued already stays as it is.
    pub(super) fn add(&self, specs: &[Spec]) -> Result<Exit, Trouble> {
        let mut journal = Journal::open_to_append(&self.paths.state)?;
        // A long list takes its time, and nobody is to wait for that.
        let mut addition = self.addition(&journal, specs)?;
        if !journal.hold()? {
            // Of two that add the same at once one finds it there.
            addition = self.addition(&journal, specs)?;
        }
        journal.append_lines(&addition.lines)?;
        let written = write_added(&addition.added, io::stdout().lock());
        tell_left(&addition.left);
        shown(written)
    }

    /// What these come to beside what the queue has now.
    fn addition(&self, journal: &Journal, specs: &[Spec]) -> Result<Addition, Fault> {
        let sources: Vec<&Source> = specs.iter().map(|spec| &spec.source).collect();
        let queued = Journal::peek_at(&self.paths.state, &sources)?;
        let open = queued.iter().filter(|item| item.status != Status::Done);
        let mut open: HashMap<u64, Held<'_>> =
            open.map(|item| (place(&item.spec), Held { id: item.id, item: Some(item) })).collect();
        let (mut added, mut left) = (Vec::with_capacity(specs.len()), Vec::new());
        let now = SystemClock::here().now();
        // One record after the other becomes a line: a long list is not in memory once more.
        let records = specs.iter().filter_map(|spec| {
            let (id, record) = match open.entry(place(spec)) {
                Entry::Vacant(free) => {
                    let id = free.insert(Held { id: TransferId::mint(), item: None }).id;
                    (id, Some(Item::added(id, spec.clone(), now)))
                }
                Entry::Occupied(held) => held.into_mut().ask_again(spec.clone(), &mut left),
            };
            added.push((id, spec.source.clone()));
            record
        });
        let lines = journal.lines(records)?;
        Ok(Addition { lines, added, left })
    }
}

/// What is to be added to the queue.
struct Addition {
    /// The lines of the queue's file,
    lines: String,
    /// what is asked for, in its order,
    added: Vec<(TransferId, Source)>,
    /// and sentences on what is left as it is.
    left: Vec<String>,
}

/// A transfer that the queue has.
struct Held<'a> {
    id: TransferId,
    /// As an earlier command left it; `None` if this one has put it there.
    item: Option<&'a Item>,
}

impl Held<'_> {
    /// The record that queues it again if it was given up. Else it is left, which is told if more was asked for.
    fn ask_again(&mut self, spec: Spec, left: &mut Vec<String>) -> (TransferId, Option<Record>) {
        let Some(item) = self.item else { return (self.id, None) };
        if matches!(item.status, Status::Failed | Status::Expired) {
            self.item = None;
            return (self.id, Some(item.asked_again(spec)));
        }
        let asked = Item::new(self.id, spec, 0);
        if item.status == Status::Paused && asked.status != Status::Paused {
            left.push(format!("{} is in the queue already (paused); left as it is", asked.spec.source));
        } else if asked.spec != item.spec || asked.status == Status::Paused && item.status != Status::Paused {
            left.push(format!("{} is in the queue already, with other options; left as it is", asked.spec.source));
        }
        (self.id, None)
    }
}

/// What can be done where another haul has the queue.
pub(super) fn advised(trouble: Trouble) -> Trouble {
    let is_taken = trouble.exit == Exit::Taken;
    Trouble { why: if is_taken { trouble.why + "; haul add puts URLs into it" } else { trouble.why }, ..trouble }
}

fn tell_left(left: &[String]) {
    let mut err = io::stderr().lock();
    for line in left.iter().take(NAMED) {
        let _ = writeln!(err, "haul: {}", harmless(line));
    }
    if left.len() > NAMED {
        let _ = writeln!(err, "haul: and {} more", left.len() - NAMED);
    }
}

/// Says so where there is no screen.
pub(super) fn tell_unlocked(why: Option<&str>) {
    if let Some(why) = why {
        let _ = writeln!(io::stderr(), "haul: {why}");
    }
}

/// What a queue has to be worked off for.
fn unfinished(queueing: &Queueing) -> Vec<Wanted> {
    let Queueing::Durable(_, items) = queueing else { return Vec::new() };
    let queued = items.iter().filter(|item| matches!(item.status, Status::Queued | Status::DiskFull));
    queued.map(|item| Wanted::of(item.id, &item.spec)).collect()
}

/// How many of a queue are in such a state.
fn count(queueing: &Queueing, is_such: impl Fn(Status) -> bool) -> usize {
    let Queueing::Durable(_, items) = queueing else { return 0 };
    items.iter().filter(|item| is_such(item.status)).count()
}

/// Says how many a run has not touched, and why.
fn tell_passed_over(count: usize, why: &str, how: &str) {
    if count > 0 {
        let (those, them) = if count == 1 { ("transfer was", "it") } else { ("transfers were", "them") };
        let _ = writeln!(io::stderr(), "haul: {count} {those} {why}, and this run left {them}: {how}");
    }
}
