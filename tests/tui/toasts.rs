//! What is told in a line, and which of these lines goes first.

use std::time::Duration;

use haul::api::{Event, Happening};
use haul::model::{Fault, FaultKind, Moment, Status, TransferId};
use haul::tui::Message;

use super::stage::{self, Stage};
use crate::support::builders::row;

#[test]
fn the_engines_news_become_toasts() {
    let id = TransferId::from_bits(1);
    let fault = || Fault::new(FaultKind::Exists, "/d/a.iso", "stands there already\u{1b}[2J");
    let happenings = [
        Happening::Refused(fault()),
        Happening::Failed(fault()),
        Happening::Restarted(fault()),
        Happening::Repairing(fault()),
        Happening::Repaired { damaged: 3, blocks: 512 },
        Happening::Doubted(fault()),
        Happening::Unnoted(fault()),
        Happening::Completed {
            target: "/d/a.iso".into(),
            bytes: 5_000_000,
            fetched: 5_000_000,
            took: Duration::from_secs(75),
            unchanged: false,
            checked: Vec::new(),
        },
    ];
    let starts = [
        "not added: /d/a.iso: ",
        "failed: /d/a.iso: ",
        "begins again: /d/a.iso: ",
        "fetched once more: /d/a.iso: ",
        "3 of 512 blocks were damaged and were fetched again",
        "taken all the same: /d/a.iso: ",
        "/d/a.iso: ",
        "a.iso is complete, 5.0 MB in 1:15",
    ];
    for (happening, start) in happenings.into_iter().zip(starts) {
        let mut stage = stage::empty();
        stage.send(Message::Happened(Event { number: 0, id, happening }));
        assert!(stage.toasts()[0].starts_with(start), "{:?}", stage.toasts());
        let until = stage.state.toast_until().unwrap();
        assert!(until > stage.state.now);
        stage.state.now = until;
        assert!(stage.send(Message::Expired).toasts().is_empty() && stage.state.toast_until().is_none());
    }
}

#[test]
fn each_toast_goes_at_its_own_time() {
    let mut stage = stage::empty();
    stage.send(Message::Trouble("bad news".to_owned())).send(Message::Told("good news".to_owned()));
    assert_eq!(stage.toasts(), ["bad news", "good news"]);
    stage.state.now = stage.state.toast_until().unwrap();
    assert_eq!(stage.send(Message::Expired).toasts(), ["bad news"], "what failed is to be read");
    stage.state.now = stage.state.toast_until().unwrap();
    assert!(stage.send(Message::Expired).toasts().is_empty());
}

#[test]
fn what_could_not_be_added_is_not_said_to_be_added() {
    let mut stage = stage::empty();
    stage.paste("https://e.org/a https://e.org/b");
    assert_eq!(stage.toasts(), ["2 URLs added"]);
    let (id, _) = stage.added()[0];
    let happening = Happening::Refused(Fault::new(FaultKind::Disk, "/s/queue.ron", "is full"));
    stage.send(Message::Happened(Event { number: 0, id, happening }));
    assert_eq!(stage.toasts(), ["not added: /s/queue.ron: is full"]);
}

#[test]
fn at_most_three_toasts_and_what_failed_stays_longest() {
    let mut stage = stage::empty();
    stage.send(Message::Trouble("bad news".to_owned()));
    for number in 1..=5 {
        let urls: Vec<String> = (0..number).map(|file| format!("https://e.org/{number}/{file}")).collect();
        stage.paste(&urls.join(" "));
    }
    assert_eq!(stage.toasts(), ["bad news", "4 URLs added", "5 URLs added"]);
}

#[test]
fn what_went_well_pushes_out_neither_a_warning_nor_the_way_back_from_a_removal() {
    let complete = |number: u64| Happening::Completed {
        target: format!("/d/{number}").into(),
        bytes: 5,
        fetched: 5,
        took: Duration::ZERO,
        unchanged: false,
        checked: Vec::new(),
    };
    let tell = |stage: &mut Stage, number: u64| {
        let id = TransferId::from_bits(number);
        stage.send(Message::Happened(Event { number, id, happening: complete(number) }));
    };
    let mut stage = stage::with([row(1, "a.iso").status(Status::Failed)]);
    stage.press("d y space");
    let (removed, warned) = (stage.toasts()[0].to_owned(), stage.toasts()[1].to_owned());
    for number in 1..=4 {
        tell(&mut stage, number);
    }
    stage.send(Message::Trouble("bad news".to_owned()));
    tell(&mut stage, 5);
    assert!(removed.starts_with("removed a"), "{removed}");
    assert_eq!(stage.toasts(), [&removed, &warned, "bad news"], "it is seen in the list");
    for number in 1..=3 {
        stage.send(Message::Trouble(format!("bad news {number}")));
    }
    assert_eq!(stage.toasts(), [&removed, "bad news 2", "bad news 3"]);
    // Its time is over, and so is that of the others.
    stage.state.now = Moment::after(Duration::from_secs(11));
    tell(&mut stage, 6);
    assert_eq!(stage.toasts(), ["6 is complete, 5 B"]);
}

#[test]
fn a_long_url_leaves_room_for_the_reason() {
    let mut stage = stage::with([row(1, "a")]);
    let url = format!("https://example.org/{}/file.iso", "x".repeat(300));
    let fault = Fault::new(FaultKind::Busy, url, "is in the list already");
    let event = Event { number: 1, id: TransferId::from_bits(9), happening: Happening::Refused(fault) };
    stage.send(Message::Happened(event));
    let text = &stage.state.toasts.last().unwrap().text;
    assert_eq!(text, "not added: https://example.org/xxxxxxxx…xxxxxxxx/file.iso: is in the list already");
}

#[test]
fn a_priority_of_what_is_complete_says_nothing_of_what_comes_next() {
    let mut stage = stage::with([row(1, "a").status(Status::Done), row(2, "b").status(Status::Failed)]);
    stage.press(">");
    assert!(stage.commands().is_empty(), "{:?}", stage.commands());
    assert!(stage.state.toasts.last().unwrap().text.starts_with("it is complete: a priority"));
    stage.press("* >");
    assert_eq!(stage.commands(), [format!("Prioritize {{ ids: [{:?}], priority: High }}", TransferId::from_bits(2))]);
}
