//! Doing what a line orders.

use std::path::PathBuf;

use super::super::{Effect, Mode, State, Tone};
use super::{browse, file, limit, toast, transfer, twins};
use crate::api::{Choice, Command, Position, View};
use crate::ask::{added, sources};
use crate::config::{Action, Addition, Column, Extent, Order, Paths};
use crate::model::{RateLimit, TransferId};

/// Does what a line orders.
pub fn obey(state: &mut State, order: Order, effects: &mut Vec<Effect>) {
    match order {
        Order::Add(addition) => add(state, *addition, effects),
        Order::Pause(Extent::All) => effects.push(Effect::Send(Command::PauseAll)),
        Order::Resume(Extent::All) => effects.push(Effect::Send(Command::ResumeAll)),
        Order::Pause(Extent::These) => transfer::send(state, effects, Command::Pause),
        Order::Resume(Extent::These) => transfer::send(state, effects, Command::Resume),
        Order::Retry => transfer::send(state, effects, Command::Retry),
        Order::Start => transfer::send(state, effects, Command::StartNow),
        Order::At(at) => transfer::send(state, effects, |ids| Command::Schedule { ids, at }),
        Order::Limit(Extent::All, rate) => limit::set(state, rate, effects),
        Order::Limit(Extent::These, rate) => limit::set_each(state, rate, effects),
        Order::Category(word) => categorize(state, &word, effects),
        Order::Priority(priority) => transfer::send(state, effects, |ids| Command::Prioritize { ids, priority }),
        Order::Up => transfer::shift(state, Position::Up, effects),
        Order::Down => transfer::shift(state, Position::Down, effects),
        Order::Top => transfer::shift(state, Position::Top, effects),
        Order::Bottom => transfer::shift(state, Position::Bottom, effects),
        Order::Remove(data) => transfer::remove_now(state, data, effects),
        Order::Undo => transfer::undo(state, effects),
        Order::Url(source) => {
            transfer::send_one(state, effects, |id| Command::Relink { id, source, headers: Vec::new() });
        }
        Order::Rename(name) => {
            let row: Vec<_> = transfer::the_one(state).into_iter().collect();
            transfer::tell_late(state, &row);
            transfer::send_one(state, effects, |id| Command::Rename { id, name });
        }
        Order::Move(folder) => {
            let folder = Paths::of_setting(&folder);
            let rows = transfer::targets(state);
            transfer::tell_late(state, &rows);
            transfer::send(state, effects, |ids| Command::MoveTo { ids, folder });
        }
        Order::Check => transfer::send(state, effects, Command::Verify),
        Order::Open => file::open(state, effects),
        Order::Folder => file::open_folder(state, effects),
        Order::CopyUrl => transfer::copy(state, effects),
        Order::CopyPath => file::copy_path(state, effects),
        Order::Filter(words) => state.list.set_filter(&words),
        Order::Sort(column) => sort(state, &column),
        Order::Mark(word) => mark(state, &word),
        Order::View(view) => show(state, &view),
        Order::Set(name, value) => set(state, &name, &value, effects),
        Order::Write(file) => file::write_list(state, &file, effects),
        Order::Log => browse::act(state, Action::Log, effects),
        Order::Help => state.mode = Mode::Help { top: 0 },
        Order::Quit => effects.push(Effect::Quit),
        Order::Shell(command) => file::shell(state, command, effects),
    }
}

fn wrong(state: &mut State, text: impl AsRef<str>) {
    toast::show(state, Tone::Bad, text);
}

fn add(state: &mut State, addition: Addition, effects: &mut Vec<Effect>) {
    // What a pattern makes is shown first, as it is when one is pasted.
    if super::form::ahead(&addition.urls.join(" "), false).is_some() {
        return super::add::open_with(state, addition);
    }
    let made = sources(&addition.urls)
        .and_then(|sources| addition.specs(sources, &state.folder, &*state.clock, &state.categories));
    let specs = match made {
        Ok(specs) => specs,
        Err(why) => return wrong(state, why),
    };
    let (batch, repeated) = super::add::apart(TransferId::minted(specs));
    let told = added(batch.len(), repeated);
    twins::offer(state, (batch, Vec::new()), (Tone::Good, told), effects);
}

fn categorize(state: &mut State, word: &str, effects: &mut Vec<Effect>) {
    match state.categories.chosen(word) {
        Ok(category) => {
            let told = match category.as_deref() {
                None => "category: by name and host".to_owned(),
                Some("") => "category: none".to_owned(),
                Some(name) => format!("category: {name}"),
            };
            if !state.list.is_empty() {
                toast::replace(state, Tone::Good, "category: ", told);
            }
            transfer::send(state, effects, |ids| Command::Categorize { ids, category });
        }
        Err(why) => wrong(state, why),
    }
}

/// A column by its name in the settings or on the screen.
fn column(name: &str) -> Option<Column> {
    let is_it = |column: &&Column| {
        let known = format!("{column:?}");
        known.eq_ignore_ascii_case(name) || column.heading().eq_ignore_ascii_case(name)
    };
    Column::ALL.iter().find(is_it).copied()
}

fn sort(state: &mut State, name: &str) {
    if ["queue", "none"].contains(&name) {
        return state.list.sort(super::super::Sorting::default());
    }
    if let Some(column) = column(name) {
        return super::sort::by(state, column);
    }
    let known: Vec<String> = Column::ALL.iter().map(|column| format!("{column:?}").to_lowercase()).collect();
    wrong(state, format!("there is no column {name:?}: queue, {}", known.join(", ")));
}

fn mark(state: &mut State, word: &str) {
    let choice = Choice::of(word);
    if choice == Choice::None {
        return state.list.unmark();
    }
    let count = state.list.mark_those(|row| choice.holds(row));
    match count {
        0 => wrong(state, format!("nothing that is shown is {word:?}")),
        1 => toast::show(state, Tone::Good, "1 marked"),
        _ => toast::show(state, Tone::Good, format!("{count} marked")),
    }
}

fn show(state: &mut State, name: &str) {
    match View::called(name) {
        Some(view) => state.list.set_view(view),
        None => wrong(state, format!("there is no view {name:?}: all, active, queued, done, failed, uploads")),
    }
}

/// Changes what can be changed while haul runs.
fn set(state: &mut State, name: &str, value: &str, effects: &mut Vec<Effect>) {
    let outcome = match name {
        "limit" => match value.parse::<RateLimit>() {
            Ok(RateLimit(rate)) => return limit::set(state, rate, effects),
            Err(why) => Err(why),
        },
        "folder" => {
            state.folder = Paths::of_setting(&PathBuf::from(value));
            Ok(())
        }
        "columns" => columns(value).map(|columns| state.columns = columns),
        "clipboard" => match flag(value) {
            Ok(on) => {
                effects.push(Effect::Watch(on));
                if on {
                    // The watch tells whether it can.
                    return;
                }
                Ok(())
            }
            Err(why) => Err(why),
        },
        "confirm_quit" => flag(value).map(|flag| state.habits.confirm_quit = flag),
        _ => Err(format!(
            "{name} can't be changed here, but in the settings file; folder, columns, limit, clipboard and confirm_quit can"
        )),
    };
    match outcome {
        Ok(()) => toast::show(state, Tone::Good, format!("{name} is {value}, until haul ends")),
        Err(why) => wrong(state, why),
    }
}

fn flag(value: &str) -> Result<bool, String> {
    match value {
        "true" | "yes" | "on" => Ok(true),
        "false" | "no" | "off" => Ok(false),
        _ => Err("write true or false".to_owned()),
    }
}

fn columns(value: &str) -> Result<Vec<Column>, String> {
    let names = value.split([',', ' ']).map(str::trim).filter(|name| !name.is_empty());
    let mut columns = Vec::new();
    for name in names {
        let found = column(name).ok_or_else(|| format!("there is no column {name:?}"))?;
        if !columns.contains(&found) {
            columns.push(found);
        }
    }
    if columns.contains(&Column::Name) { Ok(columns) } else { Err("columns must hold Name".to_owned()) }
}
