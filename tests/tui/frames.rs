//! When frames are drawn: counted in virtual time.

use std::time::Duration;

use haul::model::Moment;
use haul::tui::Frames;

use super::stage;
use crate::support::builders::{row, snapshot};

#[test]
fn nothing_is_drawn_while_nothing_changes() {
    let mut frames = Frames::default();
    assert_eq!(frames.deadline(), None);
    frames.want();
    assert!(frames.is_due(Moment::ZERO), "the first change is drawn at once");
    frames.drawn(Moment::ZERO);
    assert_eq!(frames.deadline(), None);
    assert!(!frames.is_due(Moment::from_millis(86_400_000)));
}

#[test]
fn ten_thousand_changes_in_a_second_are_thirty_frames() {
    let mut frames = Frames::default();
    let mut drawn = 0;
    for tick in 0..10_000_u64 {
        let now = Moment::ZERO + Duration::from_micros(tick * 100);
        frames.want();
        if frames.is_due(now) {
            frames.drawn(now);
            drawn += 1;
        }
    }
    assert!((25..=30).contains(&drawn), "{drawn} frames");
}

#[test]
fn a_change_right_after_a_frame_waits_for_the_next_one_and_is_not_lost() {
    let mut frames = Frames::default();
    frames.want();
    frames.drawn(Moment::from_millis(1000));
    frames.want();
    assert!(!frames.is_due(Moment::from_millis(1001)));
    let deadline = frames.deadline().unwrap();
    assert!(deadline <= Moment::from_millis(1034));
    assert!(frames.is_due(deadline));
}

#[test]
fn events_that_change_nothing_on_the_screen_want_no_frame() {
    use haul::api::{Event, Happening};
    use haul::tui::Message;
    let mut stage = stage::with([row(1, "a.iso")]);
    stage.state.stale = false;
    let id = haul::model::TransferId::from_bits(1);
    for happening in [Happening::Added, Happening::Started, Happening::Paused, Happening::Removed] {
        stage.send(Message::Happened(Event { number: 0, id, happening }));
    }
    assert!(!stage.state.stale);
    stage.shows(snapshot([row(1, "a.iso")]));
    assert!(stage.state.stale);
}

#[test]
fn what_the_user_did_is_seen_sooner_than_what_moves_by_itself() {
    let mut frames = Frames::default();
    frames.want();
    frames.drawn(Moment::ZERO);
    frames.want();
    assert!(!frames.is_due(Moment::from_millis(10)));
    frames.hurry();
    assert!(frames.is_due(Moment::from_millis(10)));
    frames.drawn(Moment::from_millis(10));
    frames.want();
    assert!(!frames.is_due(Moment::from_millis(20)), "once");
}

#[test]
fn a_tick_in_which_nothing_moved_costs_no_frame() {
    let still = snapshot([row(1, "a"), row(2, "b")]);
    let mut stage = stage::empty();
    stage.shows(still.clone());
    assert!(std::mem::take(&mut stage.state.stale));
    stage.shows(still.clone()).shows(still);
    assert!(!stage.state.stale);
    stage.shows(snapshot([row(1, "a")]));
    assert!(std::mem::take(&mut stage.state.stale), "one went");
    stage.shows(snapshot([row(1, "a").done(&[(0, 5)])]));
    assert!(stage.state.stale);
}
