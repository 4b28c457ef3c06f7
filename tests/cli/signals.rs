//! The signals that ask haul to end.

use std::time::Duration;

use haul::cli::{Exit, Ordered, Signals};
use rustix::process::{Signal, getpid, kill_process};
use tokio::time::{Instant, timeout};

#[test]
fn the_same_signal_at_once_is_the_same_order() {
    let (at, later) = (Instant::now(), Duration::from_millis(299));
    let first = Ordered { number: 15, at };
    assert!(first.is_meant_by(15, at) && first.is_meant_by(15, at + later));
    assert!(!first.is_meant_by(2, at), "another one is another order");
    assert!(!first.is_meant_by(15, at + Duration::from_millis(300)));
}

#[tokio::test]
async fn a_signal_is_told_by_its_number_to_all_who_listen() {
    let (mut signals, mut other) = (Signals::listen().unwrap(), Signals::listen().unwrap());
    kill_process(getpid(), Signal::TERM).unwrap();
    let deadline = Duration::from_secs(10);
    let number = timeout(deadline, signals.next()).await.unwrap();
    assert_eq!((number, Exit::by_signal(number)), (15, Exit::Terminated));
    assert_eq!(timeout(deadline, other.next()).await.unwrap(), 15);
}
