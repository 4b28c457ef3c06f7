//! What is said of the end: before haul is left, and when all is done.

use std::sync::Arc;

use haul::api::{Event, Happening, Snapshot};
use haul::model::{Fault, FaultKind, Status, TransferId};
use haul::tui::{Effect, Message};

use super::stage::{self, Stage};
use crate::support::builders::{row, snapshot};

fn quits(stage: &Stage) -> bool {
    stage.effects.iter().any(|effect| matches!(effect, Effect::Quit))
}

fn notices(stage: &Stage) -> Vec<&str> {
    let told = stage.effects.iter().filter_map(|effect| match effect {
        Effect::Notify(text) => Some(text.as_str()),
        _ => None,
    });
    told.collect()
}

fn ends(stage: &mut Stage, number: u64) {
    let happening = Happening::Failed(Fault::new(FaultKind::Cut, "x", "y"));
    stage.send(Message::Happened(Event { number, id: TransferId::from_bits(number), happening }));
}

/// A list after so many events.
fn after(happened: u64, statuses: &[Status]) -> Arc<Snapshot> {
    let rows = statuses.iter().zip(1..).map(|(status, number)| row(number, "a").status(*status));
    let mut list = Snapshot::clone(&snapshot(rows));
    list.happened = happened;
    Arc::new(list)
}

#[test]
fn the_question_says_what_is_kept_and_what_is_not() {
    let asked = |stage: &mut Stage| stage.sized(100, 30).press("q").text();
    let half = |number| row(number, "a").status(Status::Running).length(Some(100)).done(&[(0, 50)]);
    let mut kept = stage::with([half(1)]);
    assert!(asked(&mut kept).contains("All that has come is saved"));
    let mut one = stage::with([half(1), half(2).unresumable()]);
    let shown = asked(&mut one);
    assert!(shown.contains("2 transfers run") && shown.contains("one begins again at the first byte"), "{shown}");
    one.shows(snapshot([row(1, "a").status(Status::Done)]));
    assert!(one.text().contains("Nothing runs any more. Leave?"), "{}", one.text());
    let mut demo = stage::with([half(1)]);
    demo.state.is_demo = true;
    assert!(asked(&mut demo).contains("its files are deleted"));
}

#[test]
fn a_key_that_came_with_alt_is_no_answer() {
    for keys in ["alt-y", "alt-enter", "ctrl-y"] {
        let mut stage = stage::with([row(1, "a").status(Status::Running)]);
        stage.press("q").press(keys);
        assert!(!quits(&stage), "{keys}");
        stage.press("n D").press(keys);
        assert!(stage.commands().is_empty(), "{keys}");
    }
}

#[test]
fn the_end_is_told_once_all_was_heard_that_came_before() {
    use Status::{Failed, Running};
    let mut stage = stage::empty();
    stage.shows(after(0, &[Running, Running]));
    ends(&mut stage, 1);
    stage.shows(after(2, &[Failed, Failed]));
    assert!(notices(&stage).is_empty(), "the second is not durable yet");
    ends(&mut stage, 2);
    assert_eq!(notices(&stage), ["0 complete, 2 failed"]);
}

#[test]
fn what_is_paused_is_not_done_and_what_was_paused_before_keeps_nobody_waiting() {
    use Status::{Failed, Paused, Running};
    let mut stage = stage::empty();
    stage.shows(after(0, &[Running, Running, Paused]));
    ends(&mut stage, 1);
    stage.shows(after(1, &[Failed, Running, Paused])).shows(after(2, &[Failed, Paused, Paused]));
    assert!(notices(&stage).is_empty(), "{:?}", notices(&stage));
    stage.shows(after(3, &[Failed, Running, Paused]));
    ends(&mut stage, 4);
    stage.shows(after(4, &[Failed, Failed, Paused]));
    assert_eq!(notices(&stage), ["0 complete, 2 failed"]);
}

#[test]
fn the_help_has_every_word_of_the_line() {
    let mut stage = stage::empty();
    stage.sized(140, 200).press("?");
    let shown = stage.text();
    for word in haul::config::ORDERS {
        assert!(shown.contains(word.does), "{}: {shown}", word.name);
    }
}

/// Cut, a word would say less than there is.
#[test]
fn the_help_shows_all_that_the_words_take_at_every_width() {
    for width in [80, 120, 200] {
        let mut stage = stage::empty();
        stage.sized(width, 220).press("?");
        let shown: String = stage.text().split_whitespace().collect::<Vec<_>>().join(" ");
        for word in haul::config::ORDERS {
            assert!(shown.contains(word.takes), "{width}: {} {}: {shown}", word.name, word.takes);
            let named = word.follows.iter().filter(|next| ["add", "set"].contains(&word.name) && **next != "at=");
            assert!(named.into_iter().all(|next| word.takes.contains(next.trim())), "{}: {}", word.name, word.takes);
        }
    }
}

#[test]
fn each_of_several_goes_a_step_from_its_own_priority() {
    use haul::model::Priority;
    let at = |number, priority| row(number, "a").asked(|spec| spec.priority = priority);
    let mut stage = stage::with([at(1, Priority::Normal), at(2, Priority::Low), at(3, Priority::Normal)]);
    stage.press("* <");
    let sent = stage.commands().concat();
    assert!(!sent.contains("priority: Normal") && sent.matches("priority: Low").count() == 1, "{sent}");
}

#[test]
fn a_selection_outlasts_a_moment_in_which_nothing_is_shown() {
    let mut stage = stage::with([row(1, "a"), row(2, "b"), row(3, "c")]);
    stage.press("j / z").press("ctrl-u esc");
    assert_eq!(stage.selected(), Some(2));
}
