//! The end of an upload in parts: what is made of them, and what becomes of it when the answer is lost or is an error.

use haul::model::FaultKind;

use super::stage::{MIB, Stage, Wishes};
use super::uploads::{complete, in_parts, is_part, spec, start, write};
use crate::support::depot::{Call, Depot, Trouble};

#[tokio::test(start_paused = true)]
async fn the_lost_answer_to_complete_is_settled_by_a_look_at_the_object() {
    for kind in [FaultKind::Cut, FaultKind::Status(500), FaultKind::UploadGone] {
        let mut stage = Stage::with(Wishes::default());
        stage.depot.script(move |call, _| (call == Call::Complete).then_some(Trouble::Unheard(kind)));
        let id = start(&mut stage, 3 * MIB).await;
        complete(&mut stage, id, 3 * MIB).await;
        assert_eq!((stage.depot.count(is_part), stage.depot.count(|call| call == Call::Head)), (3, 1), "{kind}");
        stage.end().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_complete_that_fails_is_tried_again_without_sending() {
    let mut stage = Stage::with(Wishes::default());
    stage.depot.script(|call, before| match (call, before) {
        (Call::Complete, 0..=1) => Some(Trouble::Refused(FaultKind::Status(500))),
        _ => None,
    });
    let id = start(&mut stage, 3 * MIB).await;
    complete(&mut stage, id, 3 * MIB).await;
    assert_eq!((stage.depot.count(is_part), stage.depot.count(|call| call == Call::Complete)), (3, 3));
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_complete_that_fails_costs_no_part_where_the_store_tells_no_checksum() {
    let mut stage = Stage::with_depot(Depot::mute(), Wishes::default());
    let path = write(&stage, 3 * MIB);
    stage.depot.script(|call, before| {
        (call == Call::Complete && before == 0).then_some(Trouble::Refused(FaultKind::Status(500)))
    });
    let id = stage.add_spec(spec(in_parts(&path))).await;
    complete(&mut stage, id, 3 * MIB).await;
    assert_eq!((stage.depot.count(is_part), stage.depot.count(|call| call == Call::Complete)), (3, 2));
    stage.end().await;
}
