//! What is done with files outside of haul: opening them, telling where they are, running commands on them, writing lists.

use std::fmt::Write;
use std::path::Path;
use std::sync::Arc;

use super::super::{Effect, State, Tone};
use super::{command, toast, transfer};
use crate::api::{Direction, Row};
use crate::config::Paths;
use crate::model::{Status, harmless};
use crate::shell::environment;

/// Opens the selected transfer's file with what the desktop has for it.
pub fn open(state: &mut State, effects: &mut Vec<Effect>) {
    let Some(row) = transfer::the_one(state) else { return transfer::nothing(state) };
    if row.status == Status::Done || row.direction == Direction::Upload {
        effects.push(Effect::Open(row.target.to_path_buf()));
    } else {
        toast::show(state, Tone::Warning, "it is not complete yet; its folder can be opened");
    }
}

/// Opens its folder.
pub fn open_folder(state: &mut State, effects: &mut Vec<Effect>) {
    let Some(row) = transfer::the_one(state) else { return transfer::nothing(state) };
    effects.push(Effect::Open(row.folder().to_path_buf()));
}

/// Copies the paths of the marked transfers or of the selected one.
pub fn copy_path(state: &mut State, effects: &mut Vec<Effect>) {
    let rows = transfer::targets(state);
    let Some(first) = rows.first() else { return transfer::nothing(state) };
    let told = match rows.len() {
        1 => format!("copied {}", first.target.display()),
        count => format!("copied {count} paths"),
    };
    let paths: Vec<String> = rows.iter().map(|row| row.target.to_string_lossy().into_owned()).collect();
    effects.push(Effect::Copy(paths.join("\n")));
    toast::show(state, Tone::Good, told);
}

/// Runs a command of the shell for each of the marked transfers or for the selected one; without any, just once.
pub fn shell(state: &mut State, command: String, effects: &mut Vec<Effect>) {
    let rows = transfer::targets(state);
    if rows.is_empty() {
        effects.push(Effect::Shell { command, environment: Vec::new() });
        return;
    }
    for row in rows {
        effects.push(Effect::Shell { command: command.clone(), environment: environment("command", &row) });
    }
}

/// Writes the marked transfers or, without marks, all that are shown to a file that `haul -i` reads.
pub fn write_list(state: &mut State, path: &Path, effects: &mut Vec<Effect>) {
    let rows: Vec<Arc<Row>> = if state.list.marked().0 > 0 {
        state.list.targets().into_iter().map(|(_, row)| row).collect()
    } else {
        (0..state.list.len()).filter_map(|position| state.list.get(position).cloned()).collect()
    };
    let mut text = String::new();
    for row in rows.iter().filter(|row| row.direction == Direction::Download) {
        entry(&mut text, row);
    }
    if text.is_empty() {
        return toast::show(state, Tone::Warning, "there is no download to write down");
    }
    effects.push(Effect::Write { path: Paths::of_setting(path), text });
}

/// A transfer as `haul -i` reads it. A URL and what belongs to it must stay in their lines.
fn entry(text: &mut String, row: &Row) {
    // Writing to a string never fails.
    let _ = writeln!(text, "{}", row.source.url());
    let mut option = |name: &str, value: &str| {
        if !value.is_empty() && *harmless(value) == *value {
            let _ = writeln!(text, "  {name}={value}");
        }
    };
    option("dir", &row.folder().to_string_lossy());
    option("out", row.spec.target.name.as_deref().unwrap_or(""));
    option("checksum", &row.spec.checksum.as_ref().map(ToString::to_string).unwrap_or_default());
    for mirror in &row.spec.mirrors {
        option("mirror", mirror.url().as_str());
    }
    for header in row.spec.headers.iter() {
        option("header", &format!("{}: {}", header.name, header.value));
    }
}

/// What is said of an upload that is to get another name or folder.
const SENT: &str = "it is an upload: its file is yours, and stays where it is";

/// Opens the line with the selected transfer's name in it.
pub fn ask_name(state: &mut State) {
    if state.list.selected().is_some_and(|row| row.direction == Direction::Upload) {
        return toast::show(state, Tone::Warning, SENT);
    }
    match state.list.selected().map(|row| (format!("rename {}", row.name), row.id)) {
        Some((begun, id)) => command::open_about(state, &begun, vec![id]),
        None => transfer::nothing(state),
    }
}

/// Opens the line with its folder in it.
pub fn ask_folder(state: &mut State) {
    let rows = transfer::targets(state);
    if !rows.is_empty() && rows.iter().all(|row| row.direction == Direction::Upload) {
        return toast::show(state, Tone::Warning, SENT);
    }
    match state.list.selected().map(|row| format!("move {}/", row.folder().display())) {
        Some(begun) => command::open_about(state, &begun, transfer::these(state)),
        None => transfer::nothing(state),
    }
}
