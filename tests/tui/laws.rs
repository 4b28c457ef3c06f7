//! What holds for every state, size and name: no panic, no dangerous character, straight columns, a true bar.

use std::time::Duration;

use haul::api::{ConnectionState, Happening};
use haul::config::{Chord, Key};
use haul::model::{Fault, FaultKind, Status, harmless};
use haul::tui::{Message, Palette};
use proptest::prelude::*;

use super::stage::{self, Stage};
use crate::support::builders::{RowBuilder, row, snapshot};

fn busy() -> Vec<RowBuilder> {
    let mut rows = vec![
        row(1, "a-rather-long-name-of-a-file.tar.zst").parts(&[10, 100, 0, 55, 33]).with(|live| {
            live.connections[3].state = ConnectionState::Waiting(Duration::from_secs(4));
            live.connections[4].range.end = u64::MAX;
        }),
        row(2, "電影🎬.mkv").length(None).done(&[(0, 77)]).unresumable().status(Status::Running),
        row(3, "").length(Some(0)).status(Status::Done),
        row(4, "tiny").length(Some(3)).done(&[(1, 2)]).status(Status::Paused),
        row(5, "x").fault(FaultKind::Status(503), "the server says 503; wait").status(Status::Failed),
        row(6, "huge").length(Some(u64::MAX)).done(&[(0, u64::MAX / 2)]).status(Status::Paused),
    ];
    rows.extend((7..40).map(|number| row(number, "more")));
    rows
}

#[test]
fn no_size_is_too_small() {
    let keys = ["", "?", "d", "a", "/", "enter", "tab", "j enter", "j j j j", "L", "L enter"];
    let palettes = [Palette::Plain, Palette::Colours].into_iter().cycle();
    for (keys, palette) in keys.into_iter().zip(palettes) {
        let mut stage = stage::with(busy());
        stage.state.palette = palette;
        stage.press(keys).paste("nonsense");
        for columns in (1..14).chain([20, 24, 29, 30, 39, 69, 70, 103, 104, 110, 130, 150, 300]) {
            for rows in (1..9).chain([11, 12, 15, 16, 17, 18, 50]) {
                stage.sized(columns, rows).buffer();
            }
        }
    }
}

#[test]
fn a_frame_that_is_drawn_before_the_resize_is_told_is_whole_too() {
    // The terminal may be larger or smaller than the last message said.
    use ratatui::{Terminal, backend::TestBackend};
    let mut stage = stage::with(busy());
    stage.sized(80, 24).press("G");
    for (columns, rows) in [(1, 1), (20, 4), (200, 60)] {
        let mut terminal = Terminal::new(TestBackend::new(columns, rows)).unwrap();
        terminal.draw(|frame| haul::tui::draw(&stage.state, frame)).unwrap();
    }
}

#[test]
fn a_hundred_thousand_rows_cost_no_more_to_draw_than_those_seen() {
    let mut stage = stage::with((0..100_000).map(|number| row(number, "file.bin")));
    stage.press("G");
    assert!(stage.text().contains("100000 of 100000"));
    let started = std::time::Instant::now();
    for _ in 0..50 {
        stage.press("k");
        stage.buffer();
    }
    let each = started.elapsed() / 50;
    assert!(each < Duration::from_millis(30), "{each:?} a frame, in a build without optimisation");
}

#[test]
fn names_of_any_width_keep_the_columns_straight() {
    let names = [
        "plain.iso",
        "電影電影電影電影電影電影電影電影電影電影.mkv",
        "🎬🎬🎬🎬🎬🎬🎬🎬🎬🎬🎬🎬🎬🎬.mp4",
        "e\u{301}\u{301}.txt",
        "👨‍👩‍👧‍👦 family.zip",
    ];
    let mut stage = stage::with(names.iter().zip(1..).map(|(name, id)| row(id, name)));
    for columns in [40, 60, 80, 120, 200] {
        let buffer = stage.sized(columns, 24).buffer();
        let percent_at = |y: u16| (0..columns).find(|x| buffer[(*x, y)].symbol() == "%");
        for y in 3..8 {
            assert_eq!(percent_at(y), percent_at(3), "line {y} at {columns} columns\n{}", stage.text());
        }
    }
}

/// Every cell of the parts bar of the first row; the percent column is one cell wider than its heading.
fn bar(stage: &Stage) -> Vec<String> {
    let buffer = stage.buffer();
    let heading = |word: &str| {
        let line: String = (0..buffer.area.width).map(|x| buffer[(x, 2)].symbol().to_owned()).collect();
        line.find(word).unwrap() as u16
    };
    (heading("Parts")..heading("Done") - 3).map(|x| buffer[(x, 3)].symbol().to_owned()).collect()
}

#[test]
fn the_bar_shows_a_gap_as_a_gap() {
    let mut stage = stage::with([row(1, "a").length(Some(1_000_000)).done(&[(0, 250_000), (500_000, 750_000)])]);
    stage.sized(160, 24);
    let bar = bar(&stage);
    let full = |cell: &&String| cell.as_str() == "█";
    let (quarter, cells) = (bar.len() / 4, bar.len());
    assert!(bar[..quarter].iter().all(|cell| full(&cell)), "{bar:?}");
    assert!(bar[quarter + 1..cells / 2].iter().all(|cell| cell == "·"), "{bar:?}");
    assert!(bar[cells - quarter + 1..].iter().all(|cell| cell == "·"), "{bar:?}");
}

#[test]
fn a_single_missing_byte_is_seen_and_so_is_a_single_byte() {
    let mut stage = stage::with([row(1, "a").done(&[(0, 499_999_999), (500_000_000, 1_000_000_000)])]);
    assert_eq!(bar(stage.sized(120, 24)).iter().filter(|cell| *cell != "█").count(), 1);
    stage.shows(snapshot([row(1, "a").done(&[(499_999_999, 500_000_000)])]));
    assert_eq!(bar(&stage).iter().filter(|cell| *cell != "·").count(), 1);
}

#[test]
fn a_cell_in_which_a_connection_writes_stands_out_with_and_without_colours() {
    use ratatui::style::Color;
    let mut stage = stage::with([row(1, "a").parts(&[50, 50])]);
    let fronts = bar(stage.sized(120, 24)).iter().filter(|cell| *cell == "▒").count();
    assert_eq!(fronts, 2);
    stage.state.palette = Palette::Colours;
    let buffer = stage.buffer();
    let is_bar = |x: &u16| "·▏▎▍▌▋▊▉█".contains(buffer[(*x, 3)].symbol());
    let lit = (40..70).filter(is_bar).filter(|x| buffer[(*x, 3)].fg == Color::LightCyan).count();
    assert_eq!(lit, 2);
}

#[test]
fn a_complete_file_is_a_full_bar() {
    let mut stage = stage::with([row(1, "a").status(Status::Done)]);
    assert!(bar(stage.sized(120, 24)).iter().all(|cell| cell == "█"));
    assert!(stage.text().contains("100 %"));
}

#[test]
fn without_colours_there_are_none() {
    use ratatui::style::Color;
    let plain = stage::with(busy()).buffer();
    assert!(plain.content().iter().all(|cell| cell.fg == Color::Reset && cell.bg == Color::Reset));
    let mut stage = stage::with(busy());
    stage.state.palette = Palette::Colours;
    assert!(stage.buffer().content().iter().any(|cell| cell.fg != Color::Reset));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn no_character_that_a_terminal_obeys_reaches_the_screen(
        name in any::<String>(),
        nasty in "[\u{0}-\u{1f}\u{7f}-\u{9f}\u{200b}-\u{202e}\u{2066}-\u{2069}a]{0,12}",
        pasted in any::<String>(),
        keys in "[adD/?L ]?",
    ) {
        let name = format!("{name}{nasty}");
        let mut raw = Fault::new(FaultKind::Cut, "x", "y");
        raw.detail.clone_from(&nasty);
        let rows = [row(1, &name)
            .parts(&[3, 4])
            .fault(FaultKind::Cut, &nasty)
            .log([(7, Happening::Doubted(raw))])
            .with(|live| {
                live.remark = Some(nasty.as_str().into());
                live.validator.etag = Some(format!("\"{nasty}\""));
            })];
        let mut stage = stage::with(rows);
        stage.sized(120, 30).press(&keys).paste(&pasted).paste(&nasty);
        for cell in stage.buffer().content() {
            prop_assert_eq!(harmless(cell.symbol()), cell.symbol());
        }
    }

    #[test]
    fn no_order_of_messages_breaks_the_selection(steps in proptest::collection::vec(any::<(u8, u16)>(), 1..60)) {
        let mut stage = stage::with(busy());
        for (kind, number) in steps {
            match kind % 4 {
                0 => {
                    let ids = (0..number % 9).map(|at| u64::from(number.rotate_left(u32::from(at)) % 12));
                    let mut ids: Vec<u64> = ids.collect();
                    ids.sort_unstable_by_key(|id| id.wrapping_mul(u64::from(number)));
                    ids.dedup();
                    stage.shows(snapshot(ids.into_iter().map(|id| row(id, "x"))));
                }
                1 => {
                    stage.sized(number % 150 + 1, number / 150 % 60 + 1);
                }
                2 => {
                    stage.paste("x https://e.org/1");
                }
                _ => {
                    let all = "adDjkgGJKLpry/? qx1e";
                    let c = all.chars().nth(usize::from(number) % all.len()).unwrap();
                    let key = if c == '1' { Key::Esc } else if c == 'e' { Key::Enter } else { Key::Char(c) };
                    stage.send(Message::Key(Chord::from(key)));
                }
            }
            let list = &stage.state.list;
            prop_assert!(list.is_empty() || list.position() < list.len());
            prop_assert_eq!(list.is_empty(), list.selected().is_none());
            stage.buffer();
        }
    }
}

#[test]
fn what_is_told_leaves_most_of_a_low_screen_to_the_list() {
    let mut stage = stage::with((1..30).map(|number| row(number, &format!("file-{number:02}"))));
    for text in ["first long trouble", "second long trouble", "third"] {
        stage.send(Message::Trouble(format!("{text} with many words that do not fit on one line of it")));
    }
    let text = stage.sized(40, 12).text();
    assert!(text.matches("file-").count() >= 5, "{text}");
    assert!(text.contains("third with many") && !text.contains("first"), "the newest is the one that is seen: {text}");
    assert!(stage.sized(80, 24).text().contains("first long"), "{}", stage.text());
}
