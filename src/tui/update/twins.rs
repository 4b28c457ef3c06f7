//! What is to be added and is in the list already: it can be joined, get another name, or be left out.

use std::collections::{HashMap, HashSet};

use super::super::{Begin, Effect, Mode, State, Tone, Twins};
use super::toast;
use crate::api::{Command, Direction, Row};
use crate::config::{Chord, Key};
use crate::model::{Source, Spec, Status, TransferId, harmless};

/// Adds a batch; if some of it is in the list already, asks first. A box that is open stays, or comes back behind the question.
pub fn offer(
    state: &mut State,
    (batch, now): (Vec<(TransferId, Spec)>, Vec<TransferId>),
    (tone, told): (Tone, String),
    effects: &mut Vec<Effect>,
) {
    let twins = find(state, &batch);
    if !twins.is_empty() {
        let rest = match std::mem::replace(&mut state.mode, Mode::Browse) {
            Mode::Add(form) => Some(form),
            _ => None,
        };
        state.mode = Mode::Twins(Box::new(Twins { batch, twins, now, rest }));
        return;
    }
    add(state, batch, now, effects);
    // An open box tells it itself.
    if !matches!(state.mode, Mode::Add(_)) {
        toast::show(state, tone, told);
    }
}

/// A finished one is no twin: adding it again asks its server for a newer version.
fn is_twin(row: &Row) -> bool {
    row.direction == Direction::Download && row.status != Status::Done
}

fn find(state: &State, batch: &[(TransferId, Spec)]) -> Vec<(usize, TransferId, String)> {
    let wanted: HashSet<&Source> = batch.iter().map(|entry| &entry.1.source).collect();
    let rows = state.list.all().filter(|row| is_twin(row) && wanted.contains(&row.source));
    let held: HashMap<&Source, &Row> = rows.map(|row| (&row.source, &**row)).collect();
    let found = batch.iter().enumerate().filter_map(|(at, (_, spec))| {
        let row = held.get(&spec.source)?;
        Some((at, row.id, harmless(&row.name).into_owned()))
    });
    found.collect()
}

/// What comes while the question waits is asked about together with what waits for the answer.
pub fn join_batch(state: &mut State, more: Vec<(TransferId, Spec)>) -> (Vec<(TransferId, Spec)>, Vec<TransferId>) {
    let Some(Twins { mut batch, now, .. }) = answered(state) else { return (more, Vec::new()) };
    batch.extend(more);
    (batch, now)
}

/// The question, which is asked no longer: the box that it came from is open again, if something is left in that.
fn answered(state: &mut State) -> Option<Twins> {
    let Mode::Twins(_) = &state.mode else { return None };
    let Mode::Twins(mut question) = std::mem::replace(&mut state.mode, Mode::Browse) else { return None };
    if let Some(form) = question.rest.take() {
        state.mode = Mode::Add(form);
    }
    Some(*question)
}

/// Lets a batch begin when it was said to; gives those that the engine is to start at once.
pub fn begin_so(batch: &mut [(TransferId, Spec)], begin: Begin) -> Vec<TransferId> {
    match begin {
        Begin::At(at) => batch.iter_mut().for_each(|entry| entry.1.start_at = Some(at)),
        Begin::Paused => batch.iter_mut().for_each(|entry| entry.1.held = true),
        Begin::Now => return batch.iter().map(|entry| entry.0).collect(),
        Begin::Turn => {}
    }
    Vec::new()
}

/// Adds a batch in one command, starts in another those of it that are to start now, and selects its first transfer.
pub fn add(state: &mut State, batch: Vec<(TransferId, Spec)>, mut now: Vec<TransferId>, effects: &mut Vec<Effect>) {
    let Some(first) = batch.first().map(|entry| entry.0) else { return };
    if !now.is_empty() {
        let ids: HashSet<TransferId> = batch.iter().map(|entry| entry.0).collect();
        now.retain(|id| ids.contains(id));
    }
    effects.push(Effect::Send(Command::Add(batch)));
    if !now.is_empty() {
        effects.push(Effect::Send(Command::StartNow(now)));
    }
    state.list.await_arrival(first);
}

/// A key while the question waits.
pub fn key(state: &mut State, chord: Chord, effects: &mut Vec<Effect>) {
    let Mode::Twins(_) = &state.mode else { return };
    let answer = match chord.key {
        Key::Enter => 'j',
        Key::Char(c) if !chord.ctrl && !chord.alt => c.to_ascii_lowercase(),
        Key::Esc => 'q',
        _ => return,
    };
    if !matches!(answer, 'j' | 'r' | 's' | 'q') {
        return;
    }
    let Some(Twins { mut batch, twins, now, .. }) = answered(state) else { return };
    match answer {
        'q' => return toast::show(state, Tone::Warning, "nothing was added"),
        'r' => rename(state, &mut batch, &twins),
        _ => {
            let doubled: HashSet<usize> = twins.iter().map(|twin| twin.0).collect();
            let mut at = 0..;
            batch.retain(|_| at.next().is_none_or(|at| !doubled.contains(&at)));
        }
    }
    let count = batch.len();
    add(state, batch, now, effects);
    if answer == 'j' {
        join(state, &twins, effects);
    }
    let told = match (answer, count) {
        ('j', 0) => "it is in the list, and goes on there".to_owned(),
        (_, 0) => "nothing was added".to_owned(),
        (_, 1) => "1 URL added".to_owned(),
        _ => format!("{count} URLs added"),
    };
    toast::show(state, Tone::Good, told);
}

/// Goes on with those in the list, and selects the first.
fn join(state: &mut State, twins: &[(usize, TransferId, String)], effects: &mut Vec<Effect>) {
    let ids: HashSet<TransferId> = twins.iter().map(|twin| twin.1).collect();
    let with = |statuses: &[Status]| -> Vec<TransferId> {
        let rows = state.list.all().filter(|row| ids.contains(&row.id) && statuses.contains(&row.status));
        rows.map(|row| row.id).collect()
    };
    let (paused, stuck) = (with(&[Status::Paused]), with(&[Status::Failed, Status::Expired, Status::DiskFull]));
    if !paused.is_empty() {
        effects.push(Effect::Send(Command::Resume(paused)));
    }
    if !stuck.is_empty() {
        effects.push(Effect::Send(Command::Retry(stuck)));
    }
    if let Some(twin) = twins.first() {
        state.list.await_arrival(twin.1);
    }
}

/// Gives each a name that no other transfer has.
fn rename(state: &State, batch: &mut [(TransferId, Spec)], twins: &[(usize, TransferId, String)]) {
    let mut names: HashSet<String> = state.list.all().map(|row| row.name.to_string()).collect();
    // What was found taken for one of a name is taken for the next one too.
    let mut numbers: HashMap<&str, u32> = HashMap::new();
    for (at, _, name) in twins {
        let (stem, ending) = name.rsplit_once('.').filter(|parts| !parts.0.is_empty()).unwrap_or((name, ""));
        let ending = if ending.is_empty() { String::new() } else { format!(".{ending}") };
        let first = numbers.get(name.as_str()).copied().unwrap_or(2);
        let mut tried = (first..=u32::MAX).map(|number| (number, format!("{stem} ({number}){ending}")));
        let free = tried.find(|(_, name)| !names.contains(name));
        if let (Some((number, free)), Some((_, spec))) = (free, batch.get_mut(*at)) {
            numbers.insert(name, number + 1);
            names.insert(free.clone());
            let name = free;
            spec.target.name = Some(name.replace(std::path::is_separator, "_"));
        }
    }
}
