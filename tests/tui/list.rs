//! The selection stays on its transfer, the window follows it, and the filter shows what it says.

use haul::api::Rows;
use haul::model::{FaultKind, Status};
use haul::tui::List;

use super::stage;
use crate::support::builders::{RowBuilder, row, snapshot};

fn named(numbers: &[u64]) -> Vec<RowBuilder> {
    numbers.iter().map(|number| row(*number, &format!("file-{number}.bin"))).collect()
}

#[test]
fn the_first_transfer_is_selected_as_soon_as_there_is_one() {
    let mut stage = stage::empty();
    assert_eq!(stage.selected(), None);
    stage.shows(snapshot(named(&[4, 5])));
    assert_eq!(stage.selected(), Some(4));
}

#[test]
fn the_selection_follows_its_transfer_when_rows_move() {
    let mut stage = stage::with(named(&[1, 2, 3, 4]));
    stage.press("j j");
    assert_eq!(stage.selected(), Some(3));
    stage.shows(snapshot(named(&[3, 1, 2, 4])));
    assert_eq!((stage.selected(), stage.state.list.position()), (Some(3), 0));
    stage.shows(snapshot(named(&[9, 8, 7, 1, 2, 4, 3])));
    assert_eq!((stage.selected(), stage.state.list.position()), (Some(3), 6));
}

#[test]
fn a_removed_selection_goes_to_the_row_below_and_at_the_end_to_the_row_above() {
    let mut stage = stage::with(named(&[1, 2, 3, 4]));
    stage.press("j").shows(snapshot(named(&[1, 3, 4])));
    assert_eq!(stage.selected(), Some(3));
    stage.press("G").shows(snapshot(named(&[1, 3])));
    assert_eq!(stage.selected(), Some(3));
    stage.shows(snapshot(named(&[])));
    assert_eq!(stage.selected(), None);
}

#[test]
fn a_removal_of_rows_above_does_not_shift_the_neighbour() {
    let mut stage = stage::with(named(&[1, 2, 3, 4, 5, 6]));
    stage.press("j j j").shows(snapshot(named(&[5, 6])));
    assert_eq!(stage.selected(), Some(5));
}

#[test]
fn the_window_moves_no_more_than_it_must() {
    let mut list = List::default();
    list.replace(snapshot(named(&(1..=100).collect::<Vec<_>>())).rows.clone());
    for _ in 0..12 {
        list.step(1);
        list.follow(10);
    }
    assert_eq!(list.top(10), 3);
    list.step(-5);
    list.follow(10);
    assert_eq!(list.top(10), 3, "still inside");
    list.go(usize::MAX);
    assert_eq!((list.position(), list.top(10)), (99, 90));
    assert_eq!(list.top(1000), 0, "a window that is longer than the list begins at its first row");
}

#[test]
fn the_filter_looks_at_name_host_and_state() {
    let rows = [
        row(1, "debian.iso"),
        row(2, "Ubuntu.iso").status(Status::Paused),
        row(3, "x.bin").source("https://mirror.debian.org/x.bin").status(Status::Failed),
    ];
    let mut stage = stage::with(rows);
    let shown = |stage: &stage::Stage| (0..3).filter_map(|at| Some(stage.state.list.get(at)?.id.bits())).collect();
    let cases: [(&str, &[u64]); 6] = [
        ("DEBIAN", &[1, 3]),
        ("ubuntu", &[2]),
        ("paused", &[2]),
        ("debian failed", &[3]),
        ("nothing", &[]),
        ("", &[1, 2, 3]),
    ];
    for (text, expected) in cases {
        stage.press("/ ctrl-u").types(text).press("enter");
        let found: Vec<u64> = shown(&stage);
        assert_eq!(found, expected, "filter {text:?}");
    }
}

#[test]
fn a_filter_keeps_the_selection_where_it_can_and_follows_changes() {
    let mut stage = stage::with(named(&[1, 2, 3]));
    stage.press("j j /").types("file-").press("enter");
    assert_eq!(stage.selected(), Some(3));
    stage.press("/ ctrl-u").types("queued").press("enter");
    let changed = [row(1, "file-1.bin").status(Status::Done), row(2, "file-2.bin"), row(3, "file-3.bin")];
    stage.shows(snapshot(changed));
    assert_eq!((stage.state.list.len(), stage.selected()), (2, Some(3)));
    stage.press("esc");
    assert_eq!((stage.state.list.len(), stage.selected()), (3, Some(3)));
}

#[test]
fn a_snapshot_with_a_filter_reads_only_rows_that_changed_and_is_right() {
    let rows: Vec<_> = (0..2000).map(|number| row(number, &format!("n{number}")).build()).collect();
    let mut all: Rows = rows.into_iter().collect();
    let mut list = List::default();
    list.replace(all.clone());
    list.set_filter("n7");
    let before = list.len();
    all.set(1500, row(1500, "n7-renamed").build());
    all.push(row(5000, "n77777").build());
    list.replace(all.clone());
    let mut fresh = List::default();
    fresh.replace(all);
    fresh.set_filter("n7");
    assert_eq!((list.len(), before + 2), (fresh.len(), fresh.len()));
}

#[test]
fn where_there_is_little_room_the_name_has_it_and_not_the_bar() {
    let rows = || (1..=9).map(|id| row(id, &format!("bulk-0000{id}.bin")).length(Some(100)));
    let text = stage::with(rows()).sized(40, 12).text();
    assert!(text.contains("bulk-00003.bin"), "{text}");
}

#[test]
fn a_fault_of_tls_is_not_always_a_bad_certificate() {
    let failed = row(1, "a").status(Status::Failed).fault(FaultKind::Tls, "what answers there does not speak TLS");
    let text = stage::with([failed]).sized(120, 30).text();
    assert!(text.contains("failed: no secure connection") && !text.contains("certificate"), "{text}");
}
