//! Syllables that stand in several cells leave nothing behind on the terminal.

use haul::tui::Clusters;
use ratatui::buffer::Buffer;
use unicode_width::UnicodeWidthChar;

const WIDTH: u16 = 16;

/// What stands on a line of a terminal that gives each character its own cells, as most do, after these frames; and how many
/// cells were written for the last one.
fn shown(frames: &[&str]) -> (String, usize) {
    let mut line = vec![" ".to_owned(); usize::from(WIDTH) * 2];
    let (mut clusters, mut last, mut count) = (Clusters::default(), Buffer::with_lines([" ".repeat(WIDTH.into())]), 0);
    for text in frames {
        let mut frame = Buffer::with_lines([" ".repeat(WIDTH.into())]);
        frame.set_string(0, 0, text, ratatui::style::Style::new());
        clusters.settle(&mut frame);
        let written = last.diff(&frame);
        count = written.len();
        for (x, _, cell) in written {
            let mut at = usize::from(x);
            for c in cell.symbol().chars() {
                match c.width() {
                    Some(0) | None => line[at - 1].push(c),
                    Some(width) => {
                        line[at] = c.to_string();
                        line[at + 1..at + width].fill(String::new());
                        at += width;
                    }
                }
            }
        }
        last = frame;
    }
    (line.concat().trim_end().to_owned(), count)
}

#[test]
fn what_takes_the_place_of_a_syllable_of_several_characters_takes_all_of_it() {
    for name in ["हिन्दी.bin", "น้ำตก.iso", "தமிழ்நாடு", "🇩🇪🇫🇷.bin", "日本.bin"]
    {
        for next in ["a.bin", "", "ก.bin", "한국.iso", "हि.b"] {
            assert_eq!(shown(&[name, next]).0, next, "after {name}");
            assert_eq!(shown(&[name, next, name]).0, name, "after {next}");
        }
    }
}

#[test]
fn a_sound_mark_that_ratatui_counts_twice_leaves_nothing_of_what_was_there() {
    for name in ["ﾃﾞｰﾀ.zip", "ﾊﾟﾋﾟ", "ｶﾞ"] {
        let (line, _) = shown(&["0123456789012345", name]);
        assert_eq!(line.replace(' ', ""), name);
        assert_eq!(shown(&[name, "a.bin"]).0, "a.bin", "after {name}");
        assert_eq!(shown(&[name, name]).1, 0, "{name}");
    }
}

#[test]
fn what_stays_is_not_written_again() {
    for name in ["हिन्दी.bin", "น้ำตก.iso", "日本.bin"] {
        assert_eq!(shown(&[name, name]).1, 0, "{name}");
        assert!(shown(&[name, "a.bin", "a.bin", "a.bin"]).1 == 0, "{name}");
    }
}
