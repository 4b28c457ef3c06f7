//! Themes, no colours, and ASCII alone.

use haul::config::{THEMES, ThemeName};
use haul::model::Status;
use haul::tui::Palette;
use ratatui::style::Color;

use super::stage::{self, Stage};
use crate::support::builders::row;

fn busy() -> Stage {
    stage::with([
        row(1, "debian-13.1.0-amd64-DVD-1.iso").parts(&[30, 60]),
        row(2, "電影 🎬.mkv").status(Status::Paused).done(&[(0, 400_000_000)]),
        row(3, "broken.run").status(Status::Failed).done(&[(0, 99)]),
        row(4, "done.tar.gz").status(Status::Done),
        row(5, "next").status(Status::Queued),
    ])
}

fn themed(name: &str) -> Palette {
    Palette::Theme(ThemeName(name.to_owned()).find().unwrap())
}

#[test]
fn a_theme_leaves_no_cell_to_the_terminal() {
    for (name, _) in THEMES {
        for keys in ["", "d", "a", "s", "?", "enter", "L"] {
            let mut stage = busy();
            stage.state.palette = themed(name);
            let buffer = stage.sized(100, 30).press(keys).paste("nonsense").buffer();
            let is_rgb = |colour: Color| matches!(colour, Color::Rgb(..));
            // What lies behind the second half of a wide character is not drawn.
            let wide =
                |at: usize| at > 0 && unicode_width::UnicodeWidthStr::width(buffer.content()[at - 1].symbol()) > 1;
            let bare =
                |(at, cell): &(usize, &ratatui::buffer::Cell)| (!is_rgb(cell.fg) || !is_rgb(cell.bg)) && !wide(*at);
            let found = buffer.content().iter().enumerate().find(bare);
            assert!(found.is_none(), "{name} {keys}: {found:?}");
        }
    }
}

#[test]
fn ascii_is_ascii_everywhere_and_says_the_same() {
    for keys in ["", "d", "a", "U", "s", "?", "enter", "enter right", "enter right right", "L", "v", "/ x"] {
        for (columns, rows) in [(80, 24), (120, 40), (40, 12)] {
            let mut stage = busy();
            stage.state.ascii = true;
            let buffer = stage.sized(columns, rows).press(keys).paste("nonsense").buffer();
            let strange = buffer.content().iter().find(|cell| !cell.symbol().is_ascii());
            assert!(strange.is_none(), "{keys}: {strange:?}");
        }
    }
    let mut stage = busy();
    stage.state.ascii = true;
    insta::assert_snapshot!("ascii_80x24", stage.sized(80, 24).text());
}

/// The frame with a letter for each colour below each line of text: what is told by colours, and that it is not told by
/// them alone.
fn coloured(stage: &Stage) -> String {
    let buffer = stage.buffer();
    let mut text = String::new();
    for (number, line) in stage.text().lines().enumerate() {
        let letter = |x: u16| match buffer[(x, number as u16)].fg {
            Color::Reset => ' ',
            Color::LightBlue => 'b',
            Color::LightCyan => 'c',
            Color::Green => 'g',
            Color::Yellow => 'y',
            Color::LightRed => 'r',
            Color::DarkGray => '.',
            _ => '?',
        };
        let colours: String = (0..buffer.area.width).map(letter).collect();
        text.extend([line, "\n", colours.trim_end(), "\n"]);
    }
    text
}

#[test]
fn colours_repeat_what_is_said() {
    let mut stage = busy();
    stage.state.palette = Palette::Colours;
    insta::assert_snapshot!("coloured_80x24", coloured(stage.sized(80, 24)));
    insta::assert_snapshot!("coloured_40x12", coloured(stage.sized(40, 12)));
}

#[test]
fn a_low_and_narrow_screen_has_what_matters() {
    let mut stage = busy();
    for (name, keys) in [("list", ""), ("details", "enter"), ("add", "esc a"), ("help", "esc ?")] {
        stage.press(keys);
        insta::assert_snapshot!(format!("{name}_40x12"), stage.sized(40, 12).text());
    }
}
