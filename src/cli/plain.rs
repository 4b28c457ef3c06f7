//! The plain mode, for screen readers and for terminals that can do nothing but lines: what changes comes as lines, and orders go
//! in as lines.

use std::collections::{HashMap, HashSet};
use std::io::{self, BufRead, Read, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{broadcast, mpsc, watch};
use tokio::time::{Instant, sleep_until};

use super::exit::Exit;
use super::plain_orders::{Reply, obey, states};
use crate::api::{Changes, Command, Event, Handle, Happening, Index, Row, Signalled, Snapshot};
use crate::model::{Categories, Spec, Status, TransferId, brief_duration, harmless, percent};

/// A line of more bytes than this is no URL and no order.
const LONGEST: u64 = 64 << 10;
/// Lines that may wait.
const LINES: usize = 16;
/// How long what was added may take to be in the list.
const SHOWN: Duration = Duration::from_secs(5);
/// So many events may wait for the list to show their transfers.
const WAITING: usize = 1024;

/// Starts to read the lines of standard input.
pub fn stdin_lines() -> mpsc::Receiver<String> {
    let (sender, lines) = mpsc::channel(LINES);
    std::thread::spawn(move || {
        // What is no UTF-8 is a mistake of one line, and not the end of them all.
        let (mut input, mut line) = (io::stdin().lock(), Vec::new());
        while read_line(&mut input, &mut line).is_ok_and(|is_one| is_one) {
            let text = line.strip_suffix(b"\n").unwrap_or(&line);
            let text = String::from_utf8_lossy(text.strip_suffix(b"\r").unwrap_or(text)).into_owned();
            if sender.blocking_send(text).is_err() {
                return;
            }
        }
    });
    lines
}

/// The next line with its end, if there is one; of one that is too long to be anything, which would fill the memory, a word that
/// says so.
fn read_line(from: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<bool> {
    line.clear();
    from.by_ref().take(LONGEST).read_until(b'\n', line)?;
    let is_endless = line.len() as u64 == LONGEST && !line.ends_with(b"\n");
    while line.len() as u64 == LONGEST && !line.ends_with(b"\n") {
        line.clear();
        from.by_ref().take(LONGEST).read_until(b'\n', line)?;
    }
    if is_endless {
        line.clear();
        line.extend_from_slice(b"line-too-long");
    }
    Ok(!line.is_empty())
}

/// A session in plain mode.
pub struct Plain<W> {
    pub(super) handle: Handle,
    pub(super) snapshot: Arc<Snapshot>,
    /// Where added URLs go,
    pub(super) folder: PathBuf,
    /// or the folders of these.
    pub(super) categories: Arc<Categories>,
    /// Where each transfer stands in the list.
    pub(super) index: Index,
    /// What orders are about until others are named.
    pub(super) these: Vec<TransferId>,
    /// When something was removed last.
    pub(super) removed_at: Option<Instant>,
    /// Leaving while transfers run asks first.
    pub(super) confirm_quit: bool,
    was_asked: bool,
    /// Something was ordered that the list may not show yet.
    pub(super) has_ordered: bool,
    /// The beginning of a curl command that goes on in the next line.
    begun: String,
    names: HashMap<TransferId, Arc<str>>,
    /// The quarters that were told of each that runs.
    quarters: HashMap<TransferId, u64>,
    /// What the list does not show yet.
    waiting: Vec<Event>,
    /// What was added and is not known to be in the list: no line is read before, since it may be about these.
    adding: HashSet<TransferId>,
    /// An engine that hangs is not waited for longer than this, since a line may be to leave it.
    adding_until: Instant,
    out: W,
}

impl<W: Write> Plain<W> {
    /// A session on an engine; `places`: where added URLs go, and the categories with their folders.
    pub fn new(handle: Handle, places: (PathBuf, Arc<Categories>), confirm_quit: bool, out: W) -> Self {
        let snapshot = handle.snapshot();
        Self {
            handle,
            snapshot,
            folder: places.0,
            categories: places.1,
            index: Index::default(),
            these: Vec::new(),
            removed_at: None,
            confirm_quit,
            was_asked: false,
            has_ordered: false,
            begun: String::new(),
            names: HashMap::new(),
            quarters: HashMap::new(),
            waiting: Vec::new(),
            adding: HashSet::new(),
            adding_until: Instant::now(),
            out,
        }
    }

    /// Adds these, and tells and obeys until the user leaves, the lines end or a signal comes.
    pub async fn run(
        mut self,
        batch: Vec<(TransferId, Spec)>,
        mut lines: mpsc::Receiver<String>,
        mut signalled: Signalled,
    ) -> Exit {
        let (mut events, mut snapshots) = (self.handle.events(), self.handle.snapshots());
        // Orders may come at once, down a pipe: the queue is known first.
        tokio::select! {
            biased;
            number = signalled.come() => return Exit::by_signal(number),
            _ = snapshots.changed() => snapshots.mark_changed(),
        }
        let known = snapshots.borrow().clone();
        self.take(known);
        if !batch.is_empty() && !self.send(Command::Add(batch)).await {
            return Exit::Complete;
        }
        self.tell(
            "haul in plain mode. Paste a URL or type an order; list shows the queue, help the orders, quit leaves.",
        );
        loop {
            let going = tokio::select! {
                biased;
                number = signalled.come() => return Exit::by_signal(number),
                event = events.recv() => self.hear(event),
                changed = snapshots.changed() => changed.is_ok() && self.look(&mut snapshots),
                line = lines.recv(), if self.adding.is_empty() => match line {
                    Some(line) => tokio::select! {
                        biased;
                        going = self.order(&line) => going,
                        // An engine that hangs on a dead disk takes no orders.
                        number = signalled.come() => return Exit::by_signal(number),
                    },
                    None => false,
                },
                () = sleep_until(self.adding_until), if !self.adding.is_empty() => {
                    self.adding.clear();
                    true
                }
            };
            if !going {
                return Exit::Complete;
            }
        }
    }

    /// Writes a line. Nobody may be there to read it any more, and that is no reason to end.
    pub(super) fn tell(&mut self, line: &str) {
        let _ = writeln!(self.out, "{}", harmless(line));
        let _ = self.out.flush();
    }

    fn name(&self, id: TransferId) -> Arc<str> {
        self.names.get(&id).cloned().unwrap_or_else(|| "a transfer".into())
    }

    fn hear(&mut self, event: Result<Event, broadcast::error::RecvError>) -> bool {
        match event {
            Ok(event) => {
                // The list shows it a moment later. Who reads of it and orders something must find it as told.
                self.waiting.push(event);
                let latest = if self.waiting.len() < WAITING { self.snapshot.happened } else { u64::MAX };
                self.tell_until(latest);
                true
            }
            Err(broadcast::error::RecvError::Lagged(_)) => {
                self.adding.clear();
                self.tell("So much happened at once that not all of it was told; list shows how things stand.");
                true
            }
            Err(broadcast::error::RecvError::Closed) => false,
        }
    }

    /// Tells of what waits, up to the event of this number.
    fn tell_until(&mut self, latest: u64) {
        let shown = self.waiting.partition_point(|event| event.number <= latest);
        for event in self.waiting.drain(..shown).collect::<Vec<_>>() {
            self.tell_of(event);
        }
    }

    fn tell_of(&mut self, event: Event) {
        let Event { id, happening, .. } = event;
        if matches!(happening, Happening::Added | Happening::Refused(_)) {
            self.adding.remove(&id);
        }
        if let Happening::Completed { target, .. } = &happening
            && let Some(name) = target.file_name()
        {
            self.names.insert(id, name.to_string_lossy().into());
        }
        if !happening.is_detail() {
            let line = format!("{}: {}: {}", self.name(id), happening.word(), happening.sentence());
            self.tell(&line);
        }
        if matches!(happening, Happening::Removed) {
            self.names.remove(&id);
            self.quarters.remove(&id);
        }
    }

    /// Takes a list in, tells what had to wait for it, and gives the rows that have changed.
    fn take(&mut self, snapshot: Arc<Snapshot>) -> Vec<Arc<Row>> {
        self.snapshot = snapshot;
        self.has_ordered = false;
        let rows = &self.snapshot.rows;
        let changed: Vec<Arc<Row>> = match self.index.renew(rows) {
            Changes::Rows(places) => places.iter().filter_map(|place| rows.get(*place).cloned()).collect(),
            Changes::Order => rows.iter().cloned().collect(),
        };
        self.names.extend(changed.iter().map(|row| (row.id, row.name.clone())));
        self.tell_until(self.snapshot.happened);
        changed
    }

    /// Tells of each that runs when another quarter has come.
    fn look(&mut self, snapshots: &mut watch::Receiver<Arc<Snapshot>>) -> bool {
        let latest = snapshots.borrow_and_update().clone();
        for row in self.take(latest).iter().filter(|row| row.status == Status::Running) {
            let Some(length) = row.length.filter(|length| *length > 0) else { continue };
            let quarter = percent(row.bytes_reached(), length) / 25;
            let before = self.quarters.insert(row.id, quarter).unwrap_or(0);
            if (1..4).contains(&quarter) && quarter > before {
                self.tell(&progress(row, quarter * 25));
            }
        }
        true
    }

    /// Obeys a line; false once the user leaves.
    async fn order(&mut self, line: &str) -> bool {
        let Some(line) = self.whole(line) else { return true };
        let reply = obey(self, &line);
        let (commands, said) = match reply {
            Reply::Do(commands, said) => (commands, said),
            Reply::Leave => {
                let running = self.snapshot.totals.running;
                if running == 0 || !self.confirm_quit || self.was_asked {
                    return false;
                }
                self.was_asked = true;
                (Vec::new(), vec![format!("{running} active. All that has come is saved; quit once more to leave.")])
            }
        };
        if !commands.is_empty() {
            (self.was_asked, self.has_ordered) = (false, true);
        }
        for line in said {
            self.tell(&line);
        }
        for command in commands {
            if !self.send(command).await {
                return false;
            }
        }
        true
    }

    /// The line, with those before it where it is the last one of a curl command: browsers copy each header as a line.
    fn whole(&mut self, line: &str) -> Option<String> {
        let is_curl = !self.begun.is_empty() || line.trim_start().starts_with("curl ");
        match line.strip_suffix('\\') {
            Some(part) if is_curl && self.begun.len() + part.len() < LONGEST as usize => {
                self.begun.push_str(part);
                self.begun.push(' ');
                None
            }
            _ => Some(std::mem::take(&mut self.begun) + line),
        }
    }

    async fn send(&mut self, command: Command) -> bool {
        if let Command::Add(batch) = &command {
            self.adding.extend(batch.iter().map(|(id, _)| *id));
            self.adding_until = Instant::now() + SHOWN;
        }
        self.handle.send(command).await
    }
}

/// A line on a transfer that runs.
fn progress(row: &Row, percent: u64) -> String {
    let live = row.live.as_ref();
    let speed = live.map(|live| format!(", {}", live.speed)).unwrap_or_default();
    let eta = live.and_then(|live| live.eta).map(|eta| format!(", {} to go", brief_duration(eta))).unwrap_or_default();
    format!("{}: {percent} %{speed}{eta}", row.name)
}

/// The list in lines.
pub(super) fn list(snapshot: &Snapshot) -> Vec<String> {
    let rows = snapshot.rows.iter().enumerate();
    let mut lines: Vec<String> =
        rows.map(|(place, row)| format!("{}: {}, {}", place + 1, row.name, states(row))).collect();
    if lines.is_empty() {
        lines.push("The list is empty.".to_owned());
    }
    lines
}
