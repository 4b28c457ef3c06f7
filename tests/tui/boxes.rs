//! The boxes: what closes them, what they take with them, and what they lie over.

use haul::model::Status;
use haul::tui::{Mode, Slot};

use super::stage::{self, Stage};
use crate::support::builders::row;

/// The line that has the keys, and what was said to be wrong with it.
fn complaint(stage: &Stage) -> (Slot, String) {
    match &stage.state.mode {
        Mode::Add(form) | Mode::Send(form) => (form.slot(), form.complaint.clone().unwrap_or_default()),
        other => panic!("{other:?}"),
    }
}

#[test]
fn enter_closes_a_box_only_where_nothing_was_typed() {
    assert!(matches!(stage::empty().press("a enter").state.mode, Mode::Browse));
    assert!(matches!(stage::empty().press("U enter").state.mode, Mode::Browse));
    let mut mirrors = stage::empty();
    mirrors.press("a up up").types("https://e.org/a.iso").press("enter");
    assert_eq!(complaint(&mirrors), (Slot::Urls, "paste or type a URL".to_owned()));
    let Mode::Add(form) = &mirrors.state.mode else { panic!() };
    assert_eq!(form.value(Slot::Mirrors), "https://e.org/a.iso");
    let mut limit = stage::empty();
    limit.press("U up").types("5M").press("enter");
    assert_eq!(complaint(&limit).0, Slot::File);
}

#[test]
fn an_upload_without_a_place_is_told_what_a_place_is() {
    let mut stage = stage::empty();
    stage.press("U").types("a.iso").press("enter");
    assert_eq!(complaint(&stage), (Slot::Place, "name a place, such as s3://bucket/name".to_owned()));
}

#[test]
fn a_box_has_its_whole_edge_over_wide_characters() {
    // Wherever they begin, one of these two rows has a character across the edge.
    let names = ["日本語の名前の資料".repeat(12), format!("x{}", "日本語の名前の資料".repeat(12))];
    let rows = (0..40).map(|id| row(id, &names[id as usize % 2]).status(Status::Paused));
    for (size, key) in [((120, 30), "u"), ((119, 30), "u"), ((80, 24), "d"), ((81, 24), "s")] {
        let mut stage = stage::with(rows.clone());
        stage.sized(size.0, size.1).press(key);
        let text = stage.text();
        assert!(text.contains('┌') && text.contains('└') && text.contains('│'), "{size:?} {text}");
        for line in text.lines() {
            assert!([0, 2].contains(&line.matches('│').count()), "{size:?} {line}\n{text}");
        }
    }
}

#[test]
fn the_last_line_says_what_enter_does_in_a_box() {
    let last = |keys: &str| stage::empty().press(keys).text().lines().last().unwrap().to_owned();
    assert!(last("a").contains("enter add") && last("U").contains("enter send"));
}

#[test]
fn what_is_not_for_uploads_is_refused_before_anything_is_typed() {
    for key in ["n", "m"] {
        let mut stage = stage::with([row(1, "a.iso").upload()]);
        stage.press(key);
        assert!(matches!(stage.state.mode, Mode::Browse), "{key}");
        assert!(stage.toasts()[0].starts_with("it is an upload"), "{:?}", stage.toasts());
    }
    let mut relink = stage::with([row(1, "a.iso").upload()]);
    assert!(!relink.press("u").text().contains("on disk"), "{}", relink.text());
}

#[test]
fn what_a_box_held_that_was_closed_can_be_brought_back() {
    let urls = |stage: &Stage| match &stage.state.mode {
        Mode::Add(form) => form.value(Slot::Urls).to_owned(),
        other => panic!("{other:?}"),
    };
    let mut stage = stage::empty();
    stage.sized(100, 30).press("a ctrl-r esc a");
    assert!(!stage.text().contains("ctrl-r"), "nothing was typed: {}", stage.text());
    stage.types("https://e.org/a").press("esc a");
    assert!(urls(&stage).is_empty() && stage.text().contains("ctrl-r brings back"), "{}", stage.text());
    assert_eq!(urls(stage.press("ctrl-r")), "https://e.org/a");
    // What is in the box now is not lost for it.
    stage.press("esc a").types("https://e.org/b").press("ctrl-r");
    assert_eq!(urls(&stage), "https://e.org/a");
    assert_eq!(urls(stage.press("ctrl-r")), "https://e.org/b");
    stage.press("enter a ctrl-r");
    assert_eq!(urls(&stage), "https://e.org/a");
}
