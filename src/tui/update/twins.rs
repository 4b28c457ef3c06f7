//! What is to be added and is in the list already: it can be joined, get another name, or be left out.

use std::collections::{HashMap, HashSet};

use super::super::{Begin, Effect, Mode, State, Tone, Twins};
use super::toast;
use crate::api::{Command, Direction, Row};
use crate::config::{Chord, Key};
use crate::model::{Source, Spec, Status, TransferId, harmless};

/// Adds a batch; if some of it is in the list already, asks first.
pub fn offer(
    state: &mut State,
    batch: Vec<(TransferId, Spec)>,
    begin: Begin,
    (tone, told): (Tone, String),
    effects: &mut Vec<Effect>,
) {
    let twins = find(state, &batch);
    if twins.is_empty() {
        add(state, batch, begin, effects);
        toast::show(state, tone, told, effects);
    } else {
        state.mode = Mode::Twins(Box::new(Twins { batch, twins, begin }));
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
pub fn join_batch(state: &mut State, more: Vec<(TransferId, Spec)>) -> Vec<(TransferId, Spec)> {
    let Mode::Twins(_) = &state.mode else { return more };
    let Mode::Twins(question) = std::mem::replace(&mut state.mode, Mode::Browse) else { return more };
    let Twins { mut batch, begin, .. } = *question;
    begin_so(state, &mut batch, begin);
    batch.extend(more);
    batch
}

/// Lets a batch begin when it was said to.
fn begin_so(state: &mut State, batch: &mut [(TransferId, Spec)], begin: Begin) {
    match begin {
        Begin::At(at) => batch.iter_mut().for_each(|entry| entry.1.start_at = Some(at)),
        Begin::Paused => batch.iter_mut().for_each(|entry| entry.1.held = true),
        // Told to the engine once it has them.
        Begin::Now => state.hurried.extend(batch.iter().map(|entry| entry.0)),
        Begin::Turn => {}
    }
}

/// Adds a batch in one command and selects its first transfer.
pub fn add(state: &mut State, mut batch: Vec<(TransferId, Spec)>, begin: Begin, effects: &mut Vec<Effect>) {
    let Some(first) = batch.first().map(|entry| entry.0) else { return };
    begin_so(state, &mut batch, begin);
    effects.push(Effect::Send(Command::Add(batch)));
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
    let Mode::Twins(question) = std::mem::replace(&mut state.mode, Mode::Browse) else { return };
    let Twins { mut batch, twins, begin } = *question;
    match answer {
        'q' => return toast::show(state, Tone::Warning, "nothing was added", effects),
        'r' => rename(state, &mut batch, &twins),
        _ => {
            let doubled: HashSet<usize> = twins.iter().map(|twin| twin.0).collect();
            let mut at = 0..;
            batch.retain(|_| at.next().is_none_or(|at| !doubled.contains(&at)));
        }
    }
    let count = batch.len();
    add(state, batch, begin, effects);
    if answer == 'j' {
        join(state, &twins, effects);
    }
    let told = match (answer, count) {
        ('j', 0) => "it is in the list, and goes on there".to_owned(),
        (_, 0) => "nothing was added".to_owned(),
        (_, 1) => "1 URL added".to_owned(),
        _ => format!("{count} URLs added"),
    };
    toast::show(state, Tone::Good, told, effects);
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
    for (at, _, name) in twins {
        let (stem, ending) = name.rsplit_once('.').filter(|parts| !parts.0.is_empty()).unwrap_or((name, ""));
        let ending = if ending.is_empty() { String::new() } else { format!(".{ending}") };
        let free = (2..=u32::MAX).map(|number| format!("{stem} ({number}){ending}")).find(|name| !names.contains(name));
        if let (Some(name), Some((_, spec))) = (free, batch.get_mut(*at)) {
            names.insert(name.clone());
            spec.target.name = Some(name.replace(std::path::is_separator, "_"));
        }
    }
}
