//! Keys and texts in the boxes that take more than one line.

use super::super::{Answer, Effect, Form, Inquiry, Mode, Slot, State, Tone};
use super::{add, edit, send, toast};
use crate::ask::{Entry, Offers, expand, read_pasted};
use crate::config::{Chord, Key};
use crate::model::Source;

/// The box that is open.
pub fn open(state: &mut State) -> Option<&mut Form> {
    match &mut state.mode {
        Mode::Add(form) | Mode::Send(form) => Some(form),
        _ => None,
    }
}

/// A key while a box is open.
pub fn key(state: &mut State, chord: Chord, effects: &mut Vec<Effect>) {
    let folder = state.folder.clone();
    let sends = matches!(state.mode, Mode::Send(_));
    let Some(form) = open(state) else { return };
    match (chord.ctrl, chord.key) {
        (_, Key::Esc) => close(state),
        (true, Key::Char('r')) => bring_back(state),
        (_, Key::Enter) if sends => send::submit(state, effects),
        (_, Key::Enter) => add::submit(state, effects),
        (_, Key::Tab) => {
            let text = form.input().value().to_owned();
            // Who walks through the box with Tab leaves a path as it stands there.
            match form.slot().path().filter(|_| form.edited) {
                Some(only_folders) => {
                    // As what is typed will be read: only folders for downloads lie below the one for all of them.
                    let from = if only_folders { folder } else { ".".into() };
                    effects.push(Effect::Ask(Inquiry::Complete { text, from, only_folders }));
                }
                None => go(form, 1),
            }
        }
        (false, Key::Down) => go(form, 1),
        (false, Key::Up) | (_, Key::BackTab) => {
            let last = form.lines.len() - 1;
            go(form, last);
        }
        (true, Key::Char('g')) => {
            form.literal = !form.literal;
            look_ahead(form);
        }
        _ => {
            if edit::edit(form.input(), chord) {
                changed(form);
            }
        }
    }
}

/// Closes the box. What was typed into one for URLs is kept: a key is soon pressed.
fn close(state: &mut State) {
    let mode = std::mem::replace(&mut state.mode, Mode::Browse);
    if let Mode::Add(form) = mode
        && !form.is_untouched()
    {
        state.kept = Some(form);
    }
}

/// Puts what the last box held in the place of what is in this one, which is kept in turn.
fn bring_back(state: &mut State) {
    let Mode::Add(form) = &mut state.mode else { return };
    if let Some(mut kept) = state.kept.take() {
        kept.waits = false;
        std::mem::swap(form, &mut kept);
        state.kept = Some(kept).filter(|form| !form.is_untouched());
    }
}

/// Gives the keys to the line so many further down, round and round.
fn go(form: &mut Form, by: usize) {
    form.at = (form.at + by) % form.lines.len();
    form.edited = false;
    form.offers.clear();
}

/// Gives the keys to a line.
pub fn choose(state: &mut State, at: usize) {
    if let Some(form) = open(state).filter(|form| at < form.lines.len()) {
        form.at = at;
        form.edited = false;
        form.offers.clear();
    }
}

fn changed(form: &mut Form) {
    form.complaint = None;
    form.edited = true;
    form.offers.clear();
    form.waits = false;
    if form.slot() == Slot::Urls {
        let Form { lines, taken, at, .. } = form;
        taken.keep(lines[*at].1.value());
        look_ahead(form);
    }
}

/// A text was pasted into the box. A curl command is taken apart where its parts have lines of their own.
pub fn paste(form: &mut Form, text: &str) {
    let command = (form.slot() == Slot::Urls).then(|| command(text)).flatten();
    match command {
        Some(Err(why)) => return form.complain(Slot::Urls, why),
        Some(Ok(entries)) => {
            let urls: Vec<String> = entries.iter().map(|entry| entry.source.url().to_string()).collect();
            edit::insert(form.input(), &urls.join(" "));
            if let [Entry { suggested: Some(name), .. }] = &entries[..] {
                form.put(Slot::Name, name);
            }
            form.taken.add(entries);
            form.literal = true;
        }
        None => edit::insert(form.input(), &text.replace("\\\n", " ").replace("\\\r\n", " ")),
    }
    changed(form);
}

/// The curl commands that a text is. One among other things is refused, since its secrets would stand in the line.
fn command(text: &str) -> Option<Result<Vec<Entry>, String>> {
    let is_command = |line: &str| read_pasted(line.trim_start().trim_start_matches("$ ")).is_some();
    read_pasted(text).or_else(|| {
        let refused = || Err("paste a curl command by itself, beginning with curl".to_owned());
        text.lines().any(is_command).then(refused)
    })
}

/// Says what patterns make of the URLs.
pub fn look_ahead(form: &mut Form) {
    let text = form.value(Slot::Urls).to_owned();
    form.preview = ahead(&text, form.literal);
}

/// What patterns make of a text, in words; `None` if there is no pattern in it.
pub fn ahead(text: &str, literal: bool) -> Option<String> {
    let has_brackets = |word: &&str| word.contains(['[', '{']);
    let patterns: Vec<&str> = text.split_whitespace().filter(has_brackets).collect();
    if patterns.is_empty() || read_pasted(text).is_some() {
        return None;
    }
    let mut urls = Vec::new();
    for pattern in &patterns {
        match expand(pattern) {
            Ok(made) if made[..] != [*pattern] => urls.extend(made),
            Ok(_) => {}
            Err(why) => return Some(why),
        }
    }
    let (Some(first), Some(last)) = (urls.first(), urls.last()) else { return None };
    if literal {
        return Some("brackets are taken as they stand there; ctrl-g: as a pattern".to_owned());
    }
    let name = |url: &String| {
        Source::parse(url).ok().and_then(|source| source.last_segment()).unwrap_or_else(|| "...".to_owned())
    };
    let (first, last) = (name(first), name(last));
    Some(format!("{} URLs, {first} to {last}; ctrl-g: take the brackets as they stand there", urls.len()))
}

/// The disk has answered.
pub fn answered(state: &mut State, answer: Answer, effects: &mut Vec<Effect>) {
    match answer {
        Answer::Completed(text, offers) => {
            if let Some(form) = open(state)
                && form.input().value() == text
            {
                complete(form, &text, offers);
            }
        }
        Answer::Listed(list, result) => {
            let (entries, left) = result.map_or_else(|why| (Err(why), None), |(entries, left)| (Ok(entries), left));
            let before = effects.len();
            add::listed(state, &list, entries, effects);
            // Nothing comes of the answer to a box that was left.
            if let Some(left) = left.filter(|_| effects.len() > before) {
                toast::show(state, Tone::Warning, left);
            }
        }
        Answer::Gathered(file, place, result) => send::gathered(state, (&file, &place), result, effects),
    }
}

/// Puts in what Tab found; where there is nothing more to find, it goes on to the next line as it does elsewhere.
fn complete(form: &mut Form, text: &str, offers: Offers) {
    if offers.names.is_empty() && offers.text == text {
        return go(form, 1);
    }
    *form.input() = offers.text.into();
    form.complaint = None;
    form.offers = offers.names;
}
