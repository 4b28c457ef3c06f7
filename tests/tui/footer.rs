//! The last line: its keys, and text that is typed there.

use haul::config::Bindings;
use haul::model::Status;
use haul::tui::draw;
use ratatui::Terminal;
use ratatui::backend::TestBackend;

use super::stage::{self, Stage};
use crate::support::builders::row;

fn last(stage: &Stage) -> String {
    stage.text().lines().last().unwrap_or_default().to_owned()
}

/// Where the cursor is.
fn cursor(stage: &Stage) -> (u16, u16) {
    let size = stage.state.size;
    let mut terminal = Terminal::new(TestBackend::new(size.width, size.height)).unwrap();
    terminal.draw(|frame| draw(&stage.state, frame)).unwrap();
    terminal.get_cursor_position().unwrap().into()
}

#[test]
fn keys_that_the_user_has_put_an_order_on_are_shown_for_nothing_else() {
    let bindings: Bindings =
        ron::from_str("{\"p\": \"limit 1M\", \"a\": \"sort name\", \"esc\": \"sort name\"}").unwrap();
    let mut stage = stage::with([row(1, "a")]);
    stage.state.habits.bindings = bindings;
    stage.sized(160, 120);
    assert!(!last(&stage).contains(" p pause all") && !last(&stage).contains(" a add"), "{}", last(&stage));
    let help = stage.press("?").text();
    let line = |says: &str| help.lines().find(|line| line.contains(says)).map(str::to_owned);
    assert_eq!(line("pause all; once all"), None, "{help}");
    assert!(line("limit 1M").is_some_and(|line| line.contains(" p ")), "{help}");
    // In the help the orders of one's own are not heard, and this key closes it.
    assert!(last(&stage).contains("esc close"), "{}", last(&stage));
    assert!(help.contains("esc or ? closes this help"), "{help}");
}

#[test]
fn labels_say_what_a_key_does_now() {
    let mut paused = stage::with([row(1, "a").status(Status::Paused)]);
    assert!(last(paused.sized(160, 24)).contains("p resume all"), "{}", last(&paused));
    let mut one_waits = stage::with([row(1, "a").status(Status::Paused), row(2, "b")]);
    assert!(last(one_waits.sized(160, 24)).contains("p pause all"), "{}", last(&one_waits));
    let mut done = stage::with([row(1, "a").status(Status::Done)]);
    let line = last(done.sized(160, 24).press("tab"));
    assert!(!line.contains("pause") && !line.contains("retry") && line.contains("remove"), "{line}");
}

#[test]
fn a_long_text_is_shown_where_its_cursor_is() {
    for count in [10_usize, 1_000, 70_000, 140_000] {
        let mut stage = stage::empty();
        let text: String = (0..count).map(|at| char::from(b'a' + (at % 26) as u8)).collect();
        stage.sized(80, 24).press(":").paste(&text);
        let end = &text[count.saturating_sub(60)..];
        assert!(last(&stage).trim_end().ends_with(end), "{count}: {}", last(&stage));
        stage.press("home");
        assert!(last(&stage).starts_with(&format!(" :{}", &text[..count.min(60)])), "{count}: {}", last(&stage));
        assert_eq!(cursor(&stage), (2, 23));
    }
}

#[test]
fn the_cursor_stands_behind_what_is_shown() {
    for (text, cells) in [("ab", 2), ("a\u{200b}b", 3), ("\u{feff}\u{200f}x", 3), ("日本", 4), ("é\u{301}", 1)] {
        let mut stage = stage::empty();
        stage.sized(80, 24).press(":").types(text);
        assert_eq!(cursor(&stage), (2 + cells, 23), "{text:?}");
    }
}

#[test]
fn what_is_wrong_with_a_long_line_is_said_briefly() {
    let garbage = "x".repeat(300_000);
    let mut line = stage::empty();
    line.press(":").paste(&garbage).press("enter");
    let mut pasted = stage::empty();
    pasted.paste(&garbage);
    let mut boxed = stage::empty();
    boxed.press("a").paste(&garbage).press("enter");
    let haul::tui::Mode::Command(typed) = &line.state.mode else { panic!("{:?}", line.state.mode) };
    let haul::tui::Mode::Add(form) = &boxed.state.mode else { panic!("{:?}", boxed.state.mode) };
    for (said, what) in [
        (typed.complaint.as_deref(), "line"),
        (pasted.toasts().first().copied(), "toast"),
        (form.complaint.as_deref(), "box"),
    ] {
        let said = said.unwrap_or_else(|| panic!("{what}: nothing was said"));
        assert!(said.len() < 1_000, "{what}: {}", said.len());
        assert!(what == "line" || said.ends_with("is not a URL: write https://host/path"), "{what}: {said}");
    }
}

#[test]
fn with_marks_the_label_says_what_happens_to_the_marked_ones() {
    let rows = || {
        [row(1, "a").status(Status::Paused), row(2, "b").status(Status::Paused), row(3, "c").status(Status::Running)]
    };
    let mut paused = stage::with(rows());
    paused.sized(160, 24).press("v v");
    assert_eq!(paused.selected(), Some(3));
    assert!(last(&paused).contains("space resume"), "{}", last(&paused));
    let mut runs = stage::with(rows());
    runs.sized(160, 24).press("j j v g");
    assert_eq!(runs.selected(), Some(1));
    assert!(last(&runs).contains("space pause"), "{}", last(&runs));
    assert!(last(runs.press("tab")).contains("space resume"), "in the details: {}", last(&runs));
}
