//! What the terminal shows of haul outside of the screen.

use std::time::Duration;

use haul::model::{Moment, Status};
use haul::tui::Beacon;

use super::stage;
use crate::support::builders::{receiving, row, snapshot};

#[test]
fn the_title_follows_a_pause_at_once_and_a_percent_once_a_second() {
    let running = |done: u64| snapshot([row(1, "a").done(&[(0, done * 10_000_000)]).live(receiving(5))]);
    let mut stage = stage::empty();
    let mut beacon = Beacon::new(true);
    let mut news = |stage: &mut stage::Stage, at: u64| {
        stage.state.now = Moment::after(Duration::from_millis(at));
        beacon.news(&stage.state)
    };
    assert!(news(stage.shows(running(4)), 0).contains("\x1b]2;4 % of 1 - haul\x1b\\\x1b]9;4;1;4\x1b\\"));
    assert_eq!(news(stage.shows(running(5)), 250), "", "not more than once a second");
    let paused = news(stage.shows(snapshot([row(1, "a").status(Status::Paused)])), 500);
    assert_eq!(paused, "\x1b]2;haul\x1b\\\x1b]9;4;0\x1b\\");
    assert_eq!(news(stage.shows(running(5)), 600), "\x1b]2;5 % of 1 - haul\x1b\\\x1b]9;4;1;5\x1b\\");
    let two = snapshot([1, 2].map(|id| row(id, "a").done(&[(0, 50_000_000)]).live(receiving(5))));
    assert_eq!(news(stage.shows(two.clone()), 700), "", "small files come and go many times a second");
    assert!(news(stage.shows(two), 1700).contains("of 2 - haul"));
}
