//! A run of the queue follows what others add to it meanwhile.

use std::sync::Arc;

use haul::api::{EngineSide, Event, Happening, Row, Snapshot, Start, Totals, pair};
use haul::cli::{Outcome, Style, Watcher};
use haul::model::{FaultKind, Status, TransferId, UnixTime};
use tokio::task::JoinHandle;

use super::run::{WIDE, completed, fault, turn, wanted};
use super::support::{Tape, row};

/// A run of a queue with one transfer.
struct Queue {
    engine: EngineSide,
    out: Tape,
    err: Tape,
    task: JoinHandle<Outcome>,
    happened: u64,
}

impl Queue {
    fn start(style: Style) -> Self {
        let (out, err) = (Tape::default(), Tape::default());
        let (handle, engine) = pair();
        let watcher = Watcher::sized(&handle, style, out.clone(), err.clone(), WIDE).of_queue();
        // Its end of the commands lives as long as the run, as app's does.
        let task = tokio::spawn(async move {
            let outcome = watcher.watch(&wanted(1)).await;
            drop(handle);
            outcome
        });
        Self { engine, out, err, task, happened: 0 }
    }

    fn tell(&mut self, bits: u64, happening: Happening) {
        self.happened += 1;
        let (number, id) = (self.happened, TransferId::from_bits(bits));
        self.engine.events.send(Event { number, id, happening }).unwrap();
    }

    fn show(&self, standing: &[(u64, Status)]) {
        let one = |(bits, status): &(u64, Status)| Arc::new(Row { status: *status, ..row(*bits, "x", 0) });
        let count = |wanted| standing.iter().filter(|(_, status)| *status == wanted).count();
        let totals = Totals { running: count(Status::Running), queued: count(Status::Queued), ..Totals::default() };
        let rows = standing.iter().map(one).collect();
        self.engine.snapshots.send_replace(Arc::new(Snapshot { rows, totals, happened: self.happened, unsaved: None }));
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_added_meanwhile_is_followed_and_told() {
    let mut queue = Queue::start(Style::Json);
    queue.show(&[(1, Status::Running)]);
    queue.tell(2, Happening::Added);
    queue.tell(2, Happening::Started);
    queue.tell(1, completed("a"));
    turn().await;
    assert!(!queue.task.is_finished(), "the second is not shown yet");
    queue.show(&[(1, Status::Done), (2, Status::Running)]);
    turn().await;
    queue.tell(2, Happening::Failed(fault(FaultKind::Status(404))));
    turn().await;
    queue.show(&[(1, Status::Done), (2, Status::Failed)]);
    let outcome = queue.task.await.unwrap();
    assert_eq!((outcome.complete, outcome.failed.len(), outcome.exit().code()), (1, 1, 3));
    let (out, err) = (queue.out.text(), queue.err.text());
    assert!(out.contains(r#"{"event":"added","id":"0000000000000002","url":"https://example.org/2"}"#), "{out}");
    assert!(err.contains("fail  2  https://example.org/1: it went wrong"), "{err}");
}

#[tokio::test(start_paused = true)]
async fn one_that_is_added_paused_is_not_waited_for() {
    let mut queue = Queue::start(Style::Plain);
    queue.tell(2, Happening::Added);
    queue.show(&[(1, Status::Running), (2, Status::Paused)]);
    turn().await;
    queue.tell(1, completed("a"));
    turn().await;
    queue.show(&[(1, Status::Done), (2, Status::Paused)]);
    let outcome = queue.task.await.unwrap();
    assert_eq!((outcome.complete, outcome.left.len(), outcome.exit().code()), (1, 0, 0));
}

#[tokio::test(start_paused = true)]
async fn one_that_failed_and_is_asked_for_again_counts_as_it_ends_then() {
    let mut queue = Queue::start(Style::Plain);
    queue.show(&[(1, Status::Running)]);
    queue.tell(1, Happening::Failed(fault(FaultKind::Status(404))));
    queue.tell(1, Happening::Added);
    turn().await;
    queue.show(&[(1, Status::Queued)]);
    turn().await;
    queue.tell(1, completed("a"));
    turn().await;
    queue.show(&[(1, Status::Done)]);
    let outcome = queue.task.await.unwrap();
    assert_eq!((outcome.complete, outcome.failed.len(), outcome.exit().code()), (1, 0, 0), "{}", queue.err.text());
}

#[tokio::test(start_paused = true)]
async fn what_is_waited_for_while_nothing_runs_is_told() {
    let run = |style| {
        let queue = Queue::start(style);
        let start = Start { at: UnixTime::from_seconds(5), text: "22:00".to_owned() };
        let later = Row { status: Status::Queued, start: Some(Arc::new(start)), live: None, ..row(1, "a.iso", 0) };
        let totals = Totals { queued: 1, ..Totals::default() };
        let shown = Snapshot { rows: [Arc::new(later)].into_iter().collect(), totals, ..Snapshot::default() };
        (queue, shown)
    };
    let (queue, shown) = run(Style::Plain);
    for _ in 0..3 {
        queue.engine.snapshots.send_replace(Arc::new(shown.clone()));
        turn().await;
    }
    assert_eq!(queue.err.text(), "wait  a.iso starts at 22:00\n");
    let (queue, mut shown) = run(Style::Plain);
    shown.totals.shut = true;
    queue.engine.snapshots.send_replace(Arc::new(shown));
    turn().await;
    assert_eq!(queue.err.text(), "wait  for the hours of the queue: outside of them nothing starts\n");
    let (queue, shown) = run(Style::Quiet);
    queue.engine.snapshots.send_replace(Arc::new(shown));
    turn().await;
    assert_eq!(queue.err.text(), "");
}
