//! With which code haul ends.

use std::collections::HashSet;

use haul::cli::{EXIT_CODES, Exit};
use haul::model::{Fault, FaultKind};

fn exit(kind: FaultKind) -> u8 {
    Exit::of(&Fault::new(kind, "https://example.org/", "did not work")).code()
}

#[test]
fn every_fault_has_its_code() {
    let table = [
        (FaultKind::Resolve, 4),
        (FaultKind::Connect, 4),
        (FaultKind::Tls, 4),
        (FaultKind::Cut, 4),
        (FaultKind::Stalled, 4),
        (FaultKind::RangeIgnored, 8),
        (FaultKind::WrongRange, 8),
        (FaultKind::Changed, 8),
        (FaultKind::Retagged, 8),
        (FaultKind::BadAnswer, 8),
        (FaultKind::WebPage, 8),
        (FaultKind::Expired, 3),
        (FaultKind::Different, 8),
        (FaultKind::Redirect, 8),
        (FaultKind::DiskFull, 5),
        (FaultKind::Disk, 5),
        (FaultKind::Exists, 6),
        (FaultKind::Busy, 6),
        (FaultKind::Checksum, 7),
        (FaultKind::State, 9),
        (FaultKind::Request, 2),
        (FaultKind::UploadGone, 3),
        (FaultKind::PartDamaged, 7),
        (FaultKind::Credentials, 3),
        (FaultKind::SourceChanged, 8),
    ];
    for (kind, code) in table {
        assert_eq!(exit(kind), code, "{kind:?}");
    }
}

#[test]
fn a_status_is_final_or_trouble_or_nonsense() {
    for status in [400, 401, 403, 404, 405, 407, 410, 416, 451, 499] {
        assert_eq!(exit(FaultKind::Status(status)), 3, "{status}");
    }
    for status in [408, 425, 429, 500, 502, 503, 504, 599, 999] {
        assert_eq!(exit(FaultKind::Status(status)), 4, "{status}");
    }
    for status in [0, 101, 204, 300, 304] {
        assert_eq!(exit(FaultKind::Status(status)), 8, "{status}");
    }
}

#[test]
fn several_agree_or_are_just_failed() {
    let table: [(&[Exit], Exit); 4] = [
        (&[], Exit::Complete),
        (&[Exit::Refused], Exit::Refused),
        (&[Exit::Refused, Exit::Refused], Exit::Refused),
        (&[Exit::Refused, Exit::Network], Exit::Failed),
    ];
    for (exits, together) in table {
        assert_eq!(Exit::together(exits.iter().copied()), together, "{exits:?}");
    }
}

#[test]
fn signals_end_as_shells_expect() {
    let codes = [1, 2, 15].map(|number| Exit::by_signal(number).code());
    assert_eq!(codes, [129, 130, 143]);
}

#[test]
fn the_table_names_each_code_once_and_all_that_are_used() {
    let listed: HashSet<u8> = EXIT_CODES.iter().map(|entry| entry.0).collect();
    assert_eq!(listed.len(), EXIT_CODES.len());
    let expected: HashSet<u8> = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 129, 130, 143].into();
    assert_eq!(listed, expected);
    assert!(EXIT_CODES.iter().all(|entry| !entry.1.is_empty() && !entry.1.contains('|')));
}
