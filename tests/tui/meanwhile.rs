//! What becomes of a line, a box or a question while the list goes on below it.

use haul::model::Status;
use haul::tui::Mode;

use super::stage::{self, Stage};
use crate::support::builders::{row, snapshot};

const ONE: &str = "0000000000000001";
const TWO: &str = "0000000000000002";

/// Two that run, in the view of those that do.
fn active() -> Stage {
    let mut stage = stage::with(["a.iso", "b.iso"].into_iter().zip(1..).map(|(name, id)| running(id, name)));
    stage.press("2");
    stage
}

fn running(id: u64, name: &str) -> crate::support::builders::RowBuilder {
    row(id, name).status(Status::Running)
}

#[test]
fn a_line_that_a_key_began_is_about_what_was_selected_then() {
    for (key, rest, sent) in [
        ("n", "2", format!("Rename {{ id: {ONE}, name: \"a.iso2\" }}")),
        ("m", "x", format!("MoveTo {{ ids: [{ONE}], folder: \"/home/me/Downloads/x\" }}")),
        ("=", "5M", format!("LimitEach {{ ids: [{ONE}], rate: Some(Rate(5242880)) }}")),
        ("@", "never", format!("Schedule {{ ids: [{ONE}], at: None }}")),
    ] {
        let mut stage = active();
        stage.press(key).types(rest);
        stage.shows(snapshot([row(1, "a.iso").status(Status::Done), running(2, "b.iso")]));
        assert_eq!(stage.selected(), Some(2), "{key}: the first one has left the view");
        assert_eq!(stage.press("enter").commands(), [sent], "{key}");
        // The next line is about what is selected again.
        stage.effects.clear();
        stage.press(":").types("pause").press("enter");
        assert_eq!(stage.commands(), [format!("Pause([{TWO}])")], "{key}");
    }
}

#[test]
fn a_line_about_marked_ones_stays_about_them() {
    let mut stage = stage::with([row(1, "a"), row(2, "b"), row(3, "c")]);
    stage.press("v v =").types("5M");
    stage.shows(snapshot([row(2, "b"), row(3, "c")])).press("enter");
    assert_eq!(stage.commands(), [format!("LimitEach {{ ids: [{TWO}], rate: Some(Rate(5242880)) }}")]);
}

#[test]
fn a_line_about_what_is_gone_does_nothing_and_says_so() {
    for (keys, told) in [("n", "it is not in the list any more"), ("v v v @", "none of them is in the list any more")] {
        let mut stage = stage::with([row(1, "a"), row(2, "b"), row(3, "c")]);
        stage.press(keys).types("never").shows(snapshot([row(4, "d")])).press("enter");
        assert!(stage.commands().is_empty(), "{keys}: {:?}", stage.commands());
        assert_eq!(stage.toasts(), [told], "{keys}");
    }
}

#[test]
fn a_line_that_the_user_opened_is_about_what_is_selected_at_its_end() {
    let mut stage = active();
    stage.press(":").types("rename c");
    stage.shows(snapshot([row(1, "a.iso").status(Status::Done), running(2, "b.iso")])).press("enter");
    assert_eq!(stage.commands(), [format!("Rename {{ id: {TWO}, name: \"c\" }}")]);
}

#[test]
fn another_name_for_what_can_not_be_stopped_says_when_it_comes() {
    let mut stage = stage::with([running(1, "a").done(&[(0, 5)]).unresumable()]);
    stage.press("n").types("2").press("enter");
    assert_eq!(stage.commands(), [format!("Rename {{ id: {ONE}, name: \"a2\" }}")]);
    assert!(stage.toasts()[0].contains("it goes there once it is complete"), "{:?}", stage.toasts());
}

#[test]
fn a_paste_while_it_is_asked_about_twins_joins_what_waits_for_the_answer() {
    let pasted = |more: &str| {
        let mut stage = stage::with([row(1, "a"), row(2, "b")]);
        stage.paste("https://files.example.org/pub/a https://e.org/1");
        stage.paste(more);
        assert!(matches!(stage.state.mode, Mode::Twins(_)), "{more}: {:?}", stage.state.mode);
        assert!(stage.commands().is_empty());
        stage.press("s");
        stage.added().into_iter().map(|(_, url)| url).collect::<Vec<_>>()
    };
    assert_eq!(pasted("https://e.org/2"), ["https://e.org/1", "https://e.org/2"]);
    assert_eq!(pasted("https://files.example.org/pub/b https://e.org/3"), ["https://e.org/1", "https://e.org/3"]);
    assert_eq!(pasted("https://e.org/[4-5]"), ["https://e.org/1", "https://e.org/4", "https://e.org/5"]);
    assert_eq!(pasted("no url"), ["https://e.org/1"]);
}

#[test]
fn what_joins_a_question_changes_nothing_of_when_the_others_begin() {
    let mut stage = stage::with([row(1, "a")]);
    stage.press("a").types("https://files.example.org/pub/a https://e.org/1").press("down down down").types("paused");
    stage.press("enter").paste("https://e.org/2").press("r");
    let held: Vec<bool> = stage
        .effects
        .iter()
        .filter_map(|effect| match effect {
            haul::tui::Effect::Send(haul::api::Command::Add(batch)) => Some(batch),
            _ => None,
        })
        .flat_map(|batch| batch.iter().map(|entry| entry.1.held))
        .collect();
    assert_eq!(held, [true, true, false]);
}

#[test]
fn the_question_before_a_removal_speaks_of_how_things_are_now() {
    let mut stage = stage::with([running(1, "a").done(&[(0, 84_000)])]);
    stage.sized(80, 24).press("D");
    assert!(stage.text().contains("Its partial data (84.0 kB) will be deleted."), "{}", stage.text());
    stage.shows(snapshot([running(1, "a").done(&[(0, 2_000_000)])]));
    assert!(stage.text().contains("Its partial data (2.0 MB) will be deleted."), "{}", stage.text());
    stage.shows(snapshot([row(1, "a").status(Status::Done).done(&[(0, 1_000_000_000)])]));
    assert!(stage.text().contains("The finished file stays."), "{}", stage.text());
    stage.shows(snapshot([row(2, "b")]));
    assert!(stage.text().contains("That is not in the list any more."), "{}", stage.text());
}

#[test]
fn the_question_before_the_removal_of_an_upload_says_what_becomes_of_the_file_and_of_the_parts() {
    let open = || row(1, "a").upload().done(&[(0, 5_000_000)]);
    for (key, row, says) in [
        ("d", open(), "The file that was to be sent stays, and so do the parts that the store has."),
        ("D", open(), "The file that was to be sent stays; the parts that the store has are given up."),
        ("D", open().status(Status::Done), "The file that was to be sent stays, and so does what the store has."),
    ] {
        let mut stage = stage::with([row]);
        let text = stage.sized(120, 24).press(key).text();
        let said = text.lines().filter(|line| line.contains('│')).map(|line| line.trim().trim_matches('│').trim());
        let said = said.collect::<Vec<_>>().join(" ");
        assert!(said.contains(says), "{key}: {text}");
    }
    let mut both = stage::with([open(), row(2, "b").done(&[(0, 3_000_000)])]);
    let text = both.sized(120, 24).press("* D").text();
    assert!(text.contains("Its partial data (3.0 MB) will be deleted."), "{text}");
}

#[test]
fn a_new_url_for_what_has_completed_meanwhile_is_answered() {
    let expired = || stage::with([row(1, "a").status(Status::Expired)]);
    let mut stage = expired();
    stage.press("u").types("https://e.org/b").shows(snapshot([row(1, "a").status(Status::Done)])).press("enter");
    assert!(stage.commands().is_empty(), "{:?}", stage.commands());
    assert_eq!(stage.toasts(), ["it is complete, and needs no other URL"]);
    assert!(matches!(stage.state.mode, Mode::Browse));
    let mut gone = expired();
    gone.press("u").types("https://e.org/b").shows(snapshot([])).press("enter");
    assert_eq!((gone.commands().len(), gone.toasts()), (0, vec!["it is not in the list any more"]));
}

#[test]
fn what_comes_back_after_a_removal_is_selected() {
    use haul::api::{Event, Happening};
    use haul::tui::Message;
    let mut stage = stage::with([row(1, "a"), row(2, "b"), row(3, "c")]);
    stage.press("j j d y").shows(snapshot([row(1, "a"), row(2, "b")])).press("g z");
    let id = haul::model::TransferId::from_bits(3);
    stage.send(Message::Happened(Event { number: 1, id, happening: Happening::Restored }));
    stage.shows(snapshot([row(1, "a"), row(2, "b"), row(3, "c")]));
    assert_eq!(stage.selected(), Some(3));
}
