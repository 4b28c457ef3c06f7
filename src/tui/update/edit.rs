//! Keys that edit a line of text: the filter here, and the box that takes URLs.

use tui_input::{Input, InputRequest};

use super::super::{Mode, State};
use crate::config::{Chord, Key};

/// Changes a line of text by a key; false if the key does nothing there.
pub fn edit(input: &mut Input, chord: Chord) -> bool {
    let request = match (chord.ctrl, chord.alt, chord.key) {
        (false, false, Key::Char(c)) => InputRequest::InsertChar(c),
        (false, false, Key::Backspace) | (true, false, Key::Char('h')) => InputRequest::DeletePrevChar,
        (false, false, Key::Delete) | (true, false, Key::Char('d')) => InputRequest::DeleteNextChar,
        (false, false, Key::Left) | (true, false, Key::Char('b')) => InputRequest::GoToPrevChar,
        (false, false, Key::Right) | (true, false, Key::Char('f')) => InputRequest::GoToNextChar,
        (true, false, Key::Left) | (false, true, Key::Char('b') | Key::Left) => InputRequest::GoToPrevWord,
        (true, false, Key::Right) | (false, true, Key::Char('f') | Key::Right) => InputRequest::GoToNextWord,
        (false, false, Key::Home) | (true, false, Key::Char('a')) => InputRequest::GoToStart,
        (false, false, Key::End) | (true, false, Key::Char('e')) => InputRequest::GoToEnd,
        (true, false, Key::Char('w')) | (false, true, Key::Backspace) => InputRequest::DeletePrevWord,
        (true, false, Key::Char('u')) => InputRequest::DeleteLine,
        (true, false, Key::Char('k')) => InputRequest::DeleteTillEnd,
        _ => return false,
    };
    input.handle(request);
    true
}

/// Puts a text where the cursor is, as one line.
pub fn insert(input: &mut Input, text: &str) {
    let cursor = input.cursor();
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    // One new value instead of one insertion for each character: a paste may hold thousands of URLs.
    let mut value: String = input.value().chars().take(cursor).collect();
    let space = !value.is_empty() && !value.ends_with(' ');
    if space {
        value.push(' ');
    }
    let at = value.chars().count() + line.chars().count();
    value.push_str(&line);
    value.extend(input.value().chars().skip(cursor));
    *input = Input::new(value).with_cursor(at);
}

/// A key while the filter is typed.
pub fn filter_key(state: &mut State, chord: Chord) {
    let Mode::Filter(input) = &mut state.mode else { return };
    match chord.key {
        Key::Enter => state.mode = Mode::Browse,
        Key::Esc => {
            state.mode = Mode::Browse;
            state.list.set_filter("");
        }
        Key::Down => state.list.step(1),
        Key::Up => state.list.step(-1),
        _ => {
            if edit(input, chord) {
                let text = input.value().to_owned();
                state.list.set_filter(&text);
            }
        }
    }
}

/// A text that was pasted while the filter is typed.
pub fn filter_paste(state: &mut State, text: &str) {
    if let Mode::Filter(input) = &mut state.mode {
        insert(input, text);
        let text = input.value().to_owned();
        state.list.set_filter(&text);
    }
}
