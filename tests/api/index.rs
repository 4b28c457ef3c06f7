//! Where transfers stand in a list that changes.

use haul::api::{Changes, Index, Rows};
use haul::model::{Status, TransferId};

use crate::support::builders::row;

fn rows(ids: &[u64]) -> Rows {
    ids.iter().map(|id| row(*id, "x").build()).collect()
}

#[test]
fn a_transfer_is_found_however_the_list_changes() {
    let mut index = Index::default();
    let place = |index: &Index, id| index.place(TransferId::from_bits(id));
    let mut list = rows(&[1, 2, 3]);
    assert_eq!(index.renew(&list), Changes::Rows(vec![0, 1, 2]));
    list.set(1, row(2, "x").status(Status::Done).build());
    list.push(row(4, "x").build());
    assert_eq!(index.renew(&list), Changes::Rows(vec![1, 3]), "no more is looked at");
    assert_eq!(index.row(TransferId::from_bits(2)).map(|row| row.status), Some(Status::Done));
    assert_eq!((place(&index, 1), place(&index, 4), place(&index, 5)), (Some(0), Some(3), None));
    assert_eq!(index.renew(&rows(&[4, 2])), Changes::Order);
    assert_eq!((place(&index, 4), place(&index, 2), place(&index, 1)), (Some(0), Some(1), None));
    assert!(index.row(TransferId::from_bits(3)).is_none());
}
