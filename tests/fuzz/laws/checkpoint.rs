//! Checkpoints: no bytes make a claim beyond the file's end, none is believed that was damaged, and what was written
//! is read.

use std::path::PathBuf;

use haul::model::{Announced, ByteRange, RangeSet, Validator, Weight};
use haul::store::{Checkpoint, Claim, Fragment, Ledger};

use super::pick::Pick;

const MIB: u64 = 1 << 20;

pub fn hold(bytes: &[u8]) -> bool {
    let raw = Checkpoint::parse(bytes).ok();
    // Sealed rightly by somebody else, so that the fuzzer gets behind the seal.
    let end = bytes.iter().position(|byte| *byte == b'\n').unwrap_or(bytes.len());
    let sealed = Checkpoint::parse(&sealed(bytes, end)).ok();
    for found in [&raw, &sealed].into_iter().flatten() {
        sound(found);
        comes_back(found);
    }
    damaged(&mut Pick::new(bytes));
    raw.is_some() || sealed.is_some()
}

/// The claims are in order, apart, each within one block and within the file.
fn sound(found: &Checkpoint) {
    let block = found.ledger.block();
    let mut last = 0;
    for held in found.ledger.fragments() {
        let end = held.start.checked_add(held.len).expect("a claim ends somewhere");
        assert!(held.len > 0 && held.start >= last && held.start / block == (end - 1) / block, "{held:?}");
        assert!(found.length.is_none_or(|length| end <= length), "{held:?} of {:?}", found.length);
        last = end;
    }
    let done = found.ledger.done();
    assert_eq!(done.total(), found.ledger.fragments().map(|held| held.len).sum::<u64>());
}

fn comes_back(found: &Checkpoint) {
    let claim = Claim::of(found).unwrap();
    let again =
        Checkpoint::parse(claim.as_bytes()).unwrap_or_else(|why| panic!("{found:?} is not read again: {why:?}"));
    assert_same(&again, found);
    assert!(again.ledger.fragments().eq(found.ledger.fragments()), "{:?} became {:?}", found.ledger, again.ledger);
}

fn assert_same(one: &Checkpoint, other: &Checkpoint) {
    assert_eq!((&one.url, &one.target, one.length), (&other.url, &other.target, other.length));
    assert_eq!((&one.validator, &one.media, &one.coding), (&other.validator, &other.media, &other.coding));
    assert_eq!(one.digests, other.digests);
    assert_eq!(one.ledger.block(), other.ledger.block());
}

/// A checkpoint's file with this sealed part, and the rest as its lines.
fn sealed(bytes: &[u8], end: usize) -> Vec<u8> {
    let crc = |bytes: &[u8]| crc_fast::checksum(crc_fast::CrcAlgorithm::Crc64Nvme, bytes);
    let head = format!("1, {end} bytes");
    let sum = crc(&[head.as_bytes(), b"\n", &bytes[..end]].concat());
    let seal = format!("// haul checkpoint, version {head}, crc64 {sum:016x}\n");
    [seal.as_bytes(), bytes].concat()
}

/// A checkpoint with a few lines behind it, one place of which is damaged.
fn damaged(pick: &mut Pick<'_>) {
    let length = pick.maybe(|pick| 3 * MIB + pick.below(MIB));
    let mut ledger = Ledger::new(length);
    for piece in pieces(pick) {
        ledger.record(piece);
    }
    let validator =
        Validator { etag: pick.maybe(|pick| pick.text(10)), last_modified: pick.maybe(|pick| pick.text(10)) };
    let (url, target) = (format!("https://host/{}", pick.text(10)), PathBuf::from(pick.text(10)));
    let (media, coding) = (pick.maybe(|pick| pick.text(5)), pick.maybe(|pick| pick.text(5)));
    let digests = if pick.byte() % 2 == 1 { vec![announced(pick)] } else { Vec::new() };
    let (unsynced, disk) = (RangeSet::new(), pick.maybe(|pick| pick.byte().into()));
    let true_one = Checkpoint { url, target, length, validator, media, coding, digests, ledger, unsynced, disk };
    comes_back(&true_one);
    let mut file = Claim::of(&true_one).unwrap().as_bytes().to_vec();
    let lines = pieces(pick);
    for line in &lines {
        file.extend(format!("({},{},{})\n", line.start, line.len, line.crc).into_bytes());
    }
    let at = pick.below(file.len() as u64) as usize;
    let until = (at + 1 + usize::from(pick.byte()) % 8).min(file.len());
    match pick.byte() % 5 {
        0 => file.truncate(at),
        1 => drop(file.drain(at..until)),
        2 => file[at..until].fill(0),
        3 => {
            let noise = pick.bytes(until - at);
            file[at..at + noise.len()].copy_from_slice(noise);
        }
        _ => drop(file.splice(at..at, pick.bytes(8).iter().copied())),
    }
    let Ok(found) = Checkpoint::parse(&file) else { return };
    sound(&found);
    assert_same(&found, &true_one);
    for held in found.ledger.fragments() {
        let known = true_one.ledger.fragments().chain(lines.iter().copied()).any(|claim| claim == held);
        assert!(known || !is_believed(held), "{held:?} was never claimed");
    }
}

fn announced(pick: &mut Pick<'_>) -> Announced {
    let range = pick.maybe(|pick| ByteRange::new(pick.number(), pick.number()));
    let checksum = format!("sha256:{:064x}", pick.number()).parse().unwrap();
    Announced { range, checksum, weight: if pick.byte() % 2 == 1 { Weight::Firm } else { Weight::Hint } }
}

/// Pieces of the true file, each within one block.
fn pieces(pick: &mut Pick<'_>) -> Vec<Fragment> {
    (0..pick.byte() % 5)
        .map(|_| {
            let start = pick.below(3) * MIB + pick.below(MIB - 300);
            piece(start, 1 + pick.below(256))
        })
        .collect()
}

fn piece(start: u64, len: u64) -> Fragment {
    Ledger::sum(MIB, start, &contents(start, len), None).pop().unwrap()
}

/// True if a resume, which compares the claim with the part file's bytes, would believe it.
fn is_believed(claim: Fragment) -> bool {
    claim.len <= 65_536 && claim.matches(&contents(claim.start, claim.len))
}

/// The true bytes of the file: what they are depends on where they are.
fn contents(start: u64, len: u64) -> Vec<u8> {
    (start..start + len).map(|at| (at.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56) as u8).collect()
}
