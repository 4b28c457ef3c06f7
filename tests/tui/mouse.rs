//! The mouse: what is clicked is what is drawn there.

use haul::api::View;
use haul::config::Column;
use haul::model::Status;
use haul::tui::{Effect, Gesture, Message, Mode, Mouse, Pane, Tab};

use super::stage::{self, Stage};
use crate::support::builders::{receiving, row};

fn many() -> Stage {
    stage::with((1..=40).map(|number| row(number, &format!("file-{number:02}.bin"))))
}

/// Does something where a text is drawn first.
fn at(stage: &mut Stage, text: &str, gesture: Gesture) {
    let screen = stage.text();
    let found = screen.lines().enumerate().find_map(|(y, line)| Some((line.find(text)?, y, line)));
    let (byte, y, line) = found.unwrap_or_else(|| panic!("no {text:?} in\n{screen}"));
    let x = unicode_width::UnicodeWidthStr::width(&line[..byte]) as u16;
    stage.send(Message::Mouse(Mouse { x, y: y as u16, gesture }));
}

fn click(stage: &mut Stage, text: &str) {
    at(stage, text, Gesture::Click);
}

#[test]
fn a_click_selects_and_a_double_click_opens_the_details() {
    let mut stage = many();
    click(&mut stage, "file-05");
    assert_eq!(stage.selected(), Some(5));
    at(&mut stage, "file-05", Gesture::DoubleClick);
    assert!(stage.state.zoomed);
    stage.press("esc");
    stage.press("G");
    click(&mut stage, "file-38");
    assert_eq!(stage.selected(), Some(38), "the list is scrolled");
}

#[test]
fn a_click_on_a_heading_sorts_and_a_second_one_turns_it_round() {
    let mut stage = many();
    click(&mut stage, "Name");
    assert_eq!((stage.state.list.sorting().column, stage.state.list.sorting().is_descending), (Column::Name, false));
    click(&mut stage, "Name▴");
    assert!(stage.state.list.sorting().is_descending);
    click(&mut stage, "Size");
    assert_eq!(stage.state.list.sorting().column, Column::Size);
}

#[test]
fn views_pages_and_panes_can_be_clicked() {
    let mut stage = stage::with([row(1, "a").status(Status::Done), row(2, "b").live(receiving(3))]);
    click(&mut stage, "Done 1");
    assert_eq!((stage.state.list.view(), stage.selected()), (View::Done, Some(1)));
    click(&mut stage, "All 2");
    assert_eq!(stage.state.list.len(), 2);
    for tab in Tab::ALL {
        click(&mut stage, tab.label());
        assert_eq!(stage.state.tab, tab);
    }
    click(&mut stage, "Target");
    assert_eq!(stage.state.pane, Pane::Details);
    click(&mut stage, " b ");
    assert_eq!(stage.state.pane, Pane::List);
}

#[test]
fn a_click_in_the_last_line_is_the_key_that_stands_there() {
    let mut stage = many();
    click(&mut stage, "pause ");
    assert_eq!(stage.commands(), ["Pause([0000000000000001])"]);
    click(&mut stage, "a add");
    assert!(matches!(stage.state.mode, Mode::Add(_)));
    click(&mut stage, "close");
    assert!(matches!(stage.state.mode, Mode::Browse));
    click(&mut stage, "d remove");
    click(&mut stage, "yes, remove");
    assert_eq!(stage.commands().len(), 2);
    click(&mut stage, "s sort");
    click(&mut stage, "time to go");
    assert_eq!(stage.state.list.sorting().column, Column::Eta);
    click(&mut stage, "? help");
    assert!(matches!(stage.state.mode, Mode::Help { .. }));
    click(&mut stage, "esc close");
    click(&mut stage, "q quit");
    assert!(matches!(stage.effects.last(), Some(Effect::Quit)));
}

#[test]
fn the_wheel_scrolls_what_is_under_it() {
    let mut stage = many();
    at(&mut stage, "file-03", Gesture::WheelDown);
    assert_eq!(stage.selected(), Some(4));
    at(&mut stage, "file-04", Gesture::WheelUp);
    assert_eq!(stage.selected(), Some(1));
    let mut stage = stage::with([row(1, "a").parts(&[50; 16]), row(2, "b")]);
    at(&mut stage, "receiving", Gesture::Click);
    stage.press("tab");
    assert_eq!(stage.state.pane, Pane::List);
    stage.send(Message::Mouse(Mouse { x: 5, y: 18, gesture: Gesture::WheelDown }));
    assert_eq!((stage.state.details_top, stage.state.pane), (3, Pane::List));
    stage.press("?");
    stage.send(Message::Mouse(Mouse { x: 5, y: 9, gesture: Gesture::WheelDown }));
    assert!(matches!(stage.state.mode, Mode::Help { top: 3 }));
}

#[test]
fn a_click_with_ctrl_marks() {
    let mut stage = many();
    at(&mut stage, "file-02", Gesture::OtherClick);
    at(&mut stage, "file-04", Gesture::OtherClick);
    assert_eq!(stage.press("space").commands(), ["Pause([0000000000000002, 0000000000000004])"]);
}

#[test]
fn a_click_anywhere_on_any_screen_breaks_nothing() {
    for keys in ["", "a", "s", "?", "d", "/", "enter", "tab", "u", "right right"] {
        for (columns, rows) in [(1, 1), (12, 3), (40, 12), (80, 24), (120, 40)] {
            for gesture in [Gesture::Click, Gesture::DoubleClick, Gesture::OtherClick, Gesture::WheelDown] {
                let mut stage = many();
                stage.sized(columns, rows).press(keys);
                for (x, y) in (0..columns + 3).step_by(5).flat_map(|x| (0..rows + 2).map(move |y| (x, y))) {
                    stage.send(Message::Mouse(Mouse { x, y, gesture }));
                }
                stage.buffer();
            }
        }
    }
}
