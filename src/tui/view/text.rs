//! Text in cells: cut, padded and wrapped by its width on the screen, never inside a character as people see it.

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

/// How many cells a text takes.
pub fn width(text: &str) -> usize {
    text.width()
}

/// As much of the beginning as fits.
pub fn head(text: &str, room: usize) -> &str {
    let mut used = 0;
    let end = text.grapheme_indices(true).find(|(_, piece)| {
        used += piece.width();
        used > room
    });
    end.map_or(text, |(at, _)| &text[..at])
}

/// As much of the end as fits.
pub fn tail(text: &str, room: usize) -> &str {
    let mut used = 0;
    let mut start = text.len();
    for (at, piece) in text.grapheme_indices(true).rev() {
        used += piece.width();
        if used > room {
            break;
        }
        start = at;
    }
    &text[start..]
}

/// The text, or its beginning and an ellipsis.
pub fn cut(text: &str, room: usize) -> String {
    match room {
        0 => String::new(),
        _ if width(text) <= room => text.to_owned(),
        _ => format!("{}…", head(text, room - 1)),
    }
}

/// The text, or its beginning, an ellipsis and its end: a name keeps its extension, and numbered names stay apart.
pub fn cut_middle(text: &str, room: usize) -> String {
    if width(text) <= room || room < 8 {
        return cut(text, room);
    }
    let end = tail(text, (room - 1) * 2 / 5);
    format!("{}…{end}", head(text, room - 1 - width(end)))
}

/// The text at the left of so many cells.
pub fn left(text: &str, room: usize) -> String {
    let mut cell = cut(text, room);
    cell.extend(std::iter::repeat_n(' ', room.saturating_sub(width(&cell))));
    cell
}

/// The text at the right of so many cells.
pub fn right(text: &str, room: usize) -> String {
    let text = cut(text, room);
    let mut cell = " ".repeat(room.saturating_sub(width(&text)));
    cell.push_str(&text);
    cell
}

/// The first of several wordings, longest first, that fits; else the last one, cut.
pub fn choose(wordings: &[String], room: usize) -> String {
    let fits = wordings.iter().find(|text| width(text) <= room).or(wordings.last());
    fits.map_or_else(String::new, |text| cut(text, room))
}

/// The text in lines of at most so many cells: broken at blanks, and inside a word only where it is too long by itself.
pub fn wrap(text: &str, room: usize) -> Vec<String> {
    let room = room.max(1);
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let mut rest = word;
        loop {
            let line = lines.last_mut().map(std::mem::take).unwrap_or_default();
            lines.pop();
            let gap = usize::from(!line.is_empty());
            let free = room.saturating_sub(width(&line) + gap);
            if width(rest) <= free {
                let blank = if gap == 1 { " " } else { "" };
                lines.push(format!("{line}{blank}{rest}"));
                break;
            }
            if line.is_empty() || (width(rest) > room && free >= room / 2) {
                let blank = if gap == 1 { " " } else { "" };
                let mut piece = head(rest, free);
                if piece.is_empty() {
                    // A character wider than the whole line: it has to go somewhere, or this would not end.
                    piece = rest.graphemes(true).next().unwrap_or(rest);
                }
                rest = &rest[piece.len()..];
                lines.push(format!("{line}{blank}{piece}"));
            } else {
                lines.push(line);
            }
            if rest.is_empty() {
                break;
            }
            lines.push(String::new());
        }
    }
    lines
}
