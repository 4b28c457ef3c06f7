//! What the lines of the plain mode order. Numbers of the list before an order say which transfers it is about:
//! `2 pause`, `1,3-5 remove`; without numbers it is about those that were named last.

use std::io::Write;

use tokio::time::Instant;

use super::plain::{Plain, list};
use super::plain_refusals::refusal;
use crate::api::{Choice, Command, Position, Row, UNDO};
use crate::ask::{Terms, added, once, read_pasted, sources};
use crate::config::{Addition, Extent, ORDERS, Order, Paths, SystemClock};
use crate::model::{Rate, Source, Spec, Status, TransferId, percent, size};

/// No list is longer.
const MOST: usize = 10_000_000;

/// What comes of a line.
pub(super) enum Reply {
    /// These commands and these words.
    Do(Vec<Command>, Vec<String>),
    /// The user leaves.
    Leave,
}

fn say(text: impl Into<String>) -> Reply {
    Reply::Do(Vec::new(), vec![text.into()])
}

fn too_few(count: usize) -> String {
    match count {
        0 => "the list is empty".to_owned(),
        1 => "the list has 1 transfer".to_owned(),
        _ => format!("the list has {count} transfers"),
    }
}

fn send(command: Command, text: impl Into<String>) -> Reply {
    Reply::Do(vec![command], vec![text.into()])
}

/// Where a transfer stands, in words.
pub(super) fn states(row: &Row) -> String {
    let done = match row.length {
        Some(length) if row.status == Status::Done => size(length),
        Some(length) if length > 0 => format!("{} % of {}", percent(row.bytes_reached(), length), size(length)),
        _ => format!("{} so far", size(row.bytes_done())),
    };
    let start = row.start.as_ref().map(|start| format!(", starts {}", start.text)).unwrap_or_default();
    let why = row.fault.as_ref().filter(|_| row.status != Status::Running).map(|fault| format!(": {fault}"));
    format!("{}, {done}{start}{}", row.status, why.unwrap_or_default())
}

/// Reads a line, and says what is to be done.
pub(super) fn obey<W: Write>(plain: &mut Plain<W>, line: &str) -> Reply {
    let line = line.trim().trim_start_matches(':').trim_start();
    let (first, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    let line = match places(first) {
        Some(wanted) => {
            let rows = &plain.snapshot.rows;
            let found: Option<Vec<TransferId>> =
                wanted.into_iter().map(|place| rows.get(place.checked_sub(1)?).map(|row| row.id)).collect();
            match found {
                Some(ids) => plain.these = ids,
                None => return say(too_few(rows.len())),
            }
            rest.trim()
        }
        None => line,
    };
    match line {
        "" => match named(plain) {
            names if names.is_empty() => say("nothing is named yet: a number of the list before an order says which"),
            names => Reply::Do(Vec::new(), names),
        },
        "list" | "ls" | "status" => Reply::Do(Vec::new(), list(&plain.snapshot)),
        _ if first == "curl" => curl(plain, line),
        // A pattern of URLs is none itself, and what is wrong with one is better told of it.
        _ if first.contains("://") || Source::parse(first).is_ok() => order(plain, &format!("add {line}"), false),
        _ => order(plain, line, places(first).is_some()),
    }
}

/// `3`, `1,4`, `2-5`.
fn places(text: &str) -> Option<Vec<usize>> {
    let mut all = Vec::new();
    for part in text.split(',') {
        let (from, to) = part.split_once('-').unwrap_or((part, part));
        let (from, to): (usize, usize) = (from.parse().ok()?, to.parse().ok()?);
        // A range beyond any list is not written out.
        all.extend((from..=to).take(MOST));
    }
    Some(all)
}

/// The transfers that orders are about, in lines.
fn named<W: Write>(plain: &Plain<W>) -> Vec<String> {
    let mut places: Vec<usize> = plain.these.iter().filter_map(|id| plain.index.place(*id)).collect();
    places.sort_unstable();
    let rows = places.into_iter().filter_map(|place| plain.snapshot.rows.get(place));
    rows.map(|row| format!("{}, {}", row.name, states(row))).collect()
}

/// Carries an order out. `numbered`: it says itself which transfers it is about.
fn order<W: Write>(plain: &mut Plain<W>, line: &str, numbered: bool) -> Reply {
    let order: Order = match line.parse() {
        Ok(order) => order,
        Err(why) => return say(why),
    };
    match order {
        Order::Add(addition) => add(plain, *addition),
        Order::Pause(Extent::All) => send(Command::PauseAll, "all are paused"),
        Order::Resume(Extent::All) => send(Command::ResumeAll, "all go on"),
        Order::Limit(Extent::All, rate) if !numbered => {
            send(Command::Limit(rate), format!("all downloads together: {}", limit(rate)))
        }
        Order::Set(name, rate) if name == "limit" => self::order(plain, &format!("limit {rate}"), false),
        Order::Set(name, value) if name == "confirm_quit" => match value.parse() {
            Ok(is_on) => {
                plain.confirm_quit = is_on;
                say(format!("confirm_quit is {is_on}, until haul ends"))
            }
            Err(_) => say("write true or false"),
        },
        Order::Undo => undo(plain),
        Order::Help => help(),
        Order::Quit => Reply::Leave,
        Order::Mark(word) => mark(plain, &word),
        Order::Filter(_) | Order::Sort(_) | Order::View(_) | Order::Set(..) | Order::Write(_) | Order::Shell(_) => {
            say("that order is for the screen")
        }
        about_these => these(plain, about_these),
    }
}

/// Takes the last removal back, which the list may not show yet.
fn undo<W: Write>(plain: &mut Plain<W>) -> Reply {
    let lately = plain.removed_at.take().is_some_and(|at| at.elapsed() <= UNDO);
    if plain.snapshot.totals.undoable == 0 && !lately {
        return say("nothing to take back: a removal can be undone for ten seconds");
    }
    send(Command::Undo, "taking the last removal back")
}

/// Orders about transfers that were named.
fn these<W: Write>(plain: &mut Plain<W>, order: Order) -> Reply {
    let ids: Vec<TransferId> = plain.these.iter().copied().filter(|id| plain.index.place(*id).is_some()).collect();
    let Some(id) = ids.first().copied() else {
        return say("say which: a number of the list before the order, such as 2 pause");
    };
    let rows: Vec<&Row> = ids.iter().filter_map(|id| plain.index.row(*id)).map(|row| &**row).collect();
    if let Some(why) = refusal(&order, &rows, !plain.has_ordered) {
        return say(why);
    }
    let first = plain.index.row(id);
    let moved = |to: Position| send(Command::Move { ids: ids.clone(), to }, "moved");
    match order {
        Order::Pause(_) => send(Command::Pause(ids), "pausing"),
        Order::Resume(_) => send(Command::Resume(ids), "going on"),
        Order::Retry => send(Command::Retry(ids), "trying again"),
        Order::Start => send(Command::StartNow(ids), "starting next"),
        Order::At(at) => send(Command::Schedule { ids, at }, "start time noted"),
        Order::Limit(_, rate) => {
            let whose =
                if ids.len() == 1 { "its own limit".to_owned() } else { format!("the limit of each of {}", ids.len()) };
            send(Command::LimitEach { ids, rate }, format!("{whose}: {}", limit(rate)))
        }
        Order::Category(word) => match plain.categories.chosen(&word) {
            Ok(category) => send(Command::Categorize { ids, category }, format!("category {word}")),
            Err(why) => say(why),
        },
        Order::Priority(priority) => send(Command::Prioritize { ids, priority }, format!("priority {priority}")),
        Order::Up => moved(Position::Up),
        Order::Down => moved(Position::Down),
        Order::Top => moved(Position::Top),
        Order::Bottom => moved(Position::Bottom),
        Order::Remove(data) => {
            plain.removed_at = Some(Instant::now());
            send(Command::Remove { ids, data }, "removing; undo takes that back for ten seconds")
        }
        Order::Url(source) => send(Command::Relink { id, source, headers: Vec::new() }, "taking the new URL"),
        Order::Rename(name) => send(Command::Rename { id, name }, "renaming"),
        Order::Move(folder) => send(Command::MoveTo { ids, folder: Paths::of_setting(&folder) }, "moving"),
        Order::Check => send(Command::Verify(ids), "reading back"),
        // There is no clipboard to rely on: what was to be copied is said.
        Order::CopyUrl => say(first.map_or_else(String::new, |row| row.source.url().to_string())),
        Order::Folder => say(first.map_or_else(String::new, |row| row.folder().display().to_string())),
        Order::CopyPath | Order::Open => say(match first {
            Some(row) if row.is_named => row.target.display().to_string(),
            _ => "its file has no name yet".to_owned(),
        }),
        Order::Log => {
            let entries = first.into_iter().flat_map(|row| row.log.iter());
            let log: Vec<String> = entries.map(|entry| format!("{}: {}", entry.word, entry.sentence)).collect();
            if log.is_empty() {
                say("nothing has happened to it since haul was started")
            } else {
                Reply::Do(Vec::new(), log)
            }
        }
        _ => say("that order is for the screen"),
    }
}

fn limit(rate: Option<Rate>) -> String {
    rate.map_or_else(|| "no limit".to_owned(), Rate::limit_text)
}

fn add<W: Write>(plain: &mut Plain<W>, addition: Addition) -> Reply {
    let made = sources(&addition.urls)
        .and_then(|sources| addition.specs(sources, &plain.folder, &SystemClock::here(), &plain.categories));
    made.map_or_else(say, |specs| add_specs(plain, specs))
}

/// Adds what a curl command asks for, with its headers.
fn curl<W: Write>(plain: &mut Plain<W>, line: &str) -> Reply {
    let entries = match read_pasted(line) {
        Some(Ok(entries)) => entries,
        Some(Err(why)) => return say(why),
        None => return say("that is no whole curl command"),
    };
    let terms = Terms { sorts: true, ..Terms::new(&plain.folder) };
    let specs: Result<Vec<_>, String> = entries.into_iter().map(|entry| entry.spec(&terms)).collect();
    specs.map_or_else(say, |specs| add_specs(plain, specs))
}

fn add_specs<W: Write>(plain: &mut Plain<W>, mut specs: Vec<Spec>) -> Reply {
    let named = specs.len();
    once(&mut specs, |spec| spec);
    let (count, repeated) = (specs.len(), named - specs.len());
    let batch = TransferId::minted(specs);
    plain.these = batch.iter().map(|(id, _)| *id).collect();
    send(Command::Add(batch), added(count, repeated))
}

/// Names those of a state or a view, or that hold words.
fn mark<W: Write>(plain: &mut Plain<W>, words: &str) -> Reply {
    let choice = Choice::of(words);
    plain.these = plain.snapshot.rows.iter().filter(|row| choice.holds(row)).map(|row| row.id).collect();
    say(format!("{} named; orders are about these now", plain.these.len()))
}

fn help() -> Reply {
    let mut lines = vec![
        "Numbers of the list before an order say which transfers it is about: 2 pause, or 1,3-5 remove.".to_owned(),
        "list: shows the queue".to_owned(),
    ];
    let known = ORDERS.iter().filter(|word| !word.is_for_screen);
    lines.extend(known.map(|word| format!("{} {}: {}", word.name, word.takes, word.does).replace(" :", ":")));
    Reply::Do(Vec::new(), lines)
}
