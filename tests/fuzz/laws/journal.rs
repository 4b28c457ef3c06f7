//! The queue's file: any bytes are read, what was read is written and read as the same, and damage to one place costs
//! the records that it touched.

use std::path::PathBuf;

use haul::model::{ByteRange, Fault, FaultKind, Limits, Priority, Rate, Source, Spec, Status, TransferId, UnixTime};
use haul::store::{Item, Journal, Record, Stamp};

use super::pick::Pick;

pub fn hold(bytes: &[u8]) -> bool {
    sound(bytes);
    let used = sound(&sealed(bytes));
    damaged(&mut Pick::new(bytes));
    used
}

/// These lines, each with its checksum, so that the fuzzer gets behind it.
fn sealed(bytes: &[u8]) -> Vec<u8> {
    let mut text = Vec::new();
    for line in bytes.split(|byte| *byte == b'\n') {
        let sum = crc_fast::checksum(crc_fast::CrcAlgorithm::Crc64Nvme, line);
        text.extend_from_slice(line);
        text.extend(format!(" // {sum:016x}\n").into_bytes());
    }
    text
}

/// What is read is in order, and the same when it is read again; true if that is anything.
fn sound(bytes: &[u8]) -> bool {
    let items = Journal::read(bytes);
    assert!(items.is_sorted_by_key(|item| (item.rank, item.id)));
    let written: String = items.iter().map(|item| item.record().line().unwrap()).collect();
    assert_eq!(written.lines().count(), items.len());
    assert_eq!(Journal::read(written.as_bytes()), items, "{written}");
    !items.is_empty()
}

/// A queue's file of a few records, one place of which is damaged.
fn damaged(pick: &mut Pick<'_>) {
    let count = 1 + pick.below(6);
    let lines: Vec<String> = (0..count).map(|_| record(pick).line().unwrap()).collect();
    let whole = lines.concat();
    let mut bytes = whole.clone().into_bytes();
    let at = pick.below(bytes.len() as u64) as usize;
    let until = (at + 1 + usize::from(pick.byte()) % 8).min(bytes.len());
    // What is put in the place of these bytes: nothing, zeros, noise, or the same and something more.
    match pick.byte() % 4 {
        0 => drop(bytes.drain(at..until)),
        1 => bytes[at..until].fill(0),
        2 => {
            let noise = pick.bytes(until - at);
            bytes[at..at + noise.len()].copy_from_slice(noise);
        }
        _ => drop(bytes.splice(at..at, pick.bytes(8).iter().copied())),
    }
    let line_of = |place: usize| whole.bytes().take(place.min(whole.len() - 1)).filter(|byte| *byte == b'\n').count();
    // A line's end belongs to the line behind it too.
    let touched: Vec<usize> = (line_of(at)..=line_of(until)).collect();
    let without = |some: u32| {
        let lost =
            |line: usize| touched.iter().position(|touched| *touched == line).is_some_and(|bit| some & 1 << bit != 0);
        let kept = lines.iter().enumerate().filter(|(line, _)| !lost(*line)).map(|(_, text)| text.as_str());
        Journal::read(kept.collect::<String>().as_bytes())
    };
    let found = Journal::read(&bytes);
    let is_explained = (0..1_u32 << touched.len().min(16)).any(|some| without(some) == found);
    let shown = String::from_utf8_lossy(&bytes);
    assert!(
        is_explained,
        "lines {touched:?} were touched:\n{whole}\nwere damaged to\n{shown}\nand read as\n{found:#?}"
    );
}

fn record(pick: &mut Pick<'_>) -> Record {
    // Few ids, and not far apart: so that a damaged one can be another's.
    let id = TransferId::from_bits(pick.below(4));
    match pick.byte() % 6 {
        0 => Stamp::Rank(pick.number().cast_signed()).record(id),
        1 => Stamp::Status(Status::Failed, Some(Fault::new(FaultKind::Cut, "a", pick.text(20)))).record(id),
        2 => Stamp::Known(PathBuf::from(pick.text(20)), pick.maybe(Pick::number), ranges(pick).into()).record(id),
        3 => Record::Removed(vec![id.to_string()]),
        _ => {
            let mut spec = Spec::new(Source::parse("https://host/a?b").unwrap(), PathBuf::from(pick.text(20)));
            spec.target.name = pick.maybe(|pick| pick.text(20));
            spec.overwrite = pick.byte() % 2 == 1;
            let rate = pick.maybe(|pick| Rate::per_second(pick.number()));
            (spec.priority, spec.start_at) = (Priority::Low, pick.maybe(|pick| UnixTime::from_seconds(pick.number())));
            spec.limits = Limits { connections: pick.maybe(|pick| pick.number() as u16), rate };
            Item { done: ranges(pick).into(), ..Item::new(id, spec, pick.number().cast_signed()) }.record()
        }
    }
}

fn ranges(pick: &mut Pick<'_>) -> haul::model::RangeSet {
    (0..pick.byte() % 4).map(|_| ByteRange::new(pick.number(), pick.number())).collect()
}
