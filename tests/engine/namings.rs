//! What a store calls what it has taken: an MD5, which proves it, or a word that only looks like one.

use haul::api::Happening;
use haul::model::{Algorithm, FaultKind, Source, Spec, Upload};

use super::stage::{MIB, Stage, Wishes};
use super::uploads::{URL, bytes, complete, in_parts, is_part, spec, start, write};
use crate::support::depot::{Call, Depot, Trouble};

/// A store that tells no checksum but ETags that are MD5s.
fn named() -> Depot {
    let mut depot = Depot::telling(false);
    depot.names_parts = true;
    depot
}

#[tokio::test(start_paused = true)]
async fn the_same_damage_each_time_is_never_taken_for_another_name() {
    for trouble in [Trouble::Emptied, Trouble::Halved, Trouble::Zeroed] {
        for threshold in [0, u64::MAX] {
            let mut stage = Stage::with_depot(named(), Wishes::default());
            let path = write(&stage, 3 * MIB);
            stage.depot.script(move |call, _| (is_part(call) || call == Call::Put).then_some(trouble));
            let id = stage.add_spec(spec(Upload { threshold: Some(threshold), ..in_parts(&path) })).await;
            assert_eq!(stage.fail(id).await.kind, FaultKind::PartDamaged, "{trouble:?}, {threshold}");
            stage.end().await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn two_parts_that_are_damaged_alike_are_sent_again() {
    for trouble in [Trouble::Emptied, Trouble::Zeroed] {
        let mut stage = Stage::with_depot(named(), Wishes::default());
        stage.depot.script(move |call, before| (matches!(call, Call::Part(1 | 2)) && before == 0).then_some(trouble));
        let id = start(&mut stage, 4 * MIB).await;
        complete(&mut stage, id, 4 * MIB).await;
        assert_eq!(stage.depot.count(is_part), 6, "{trouble:?}");
        stage.end().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_store_that_calls_one_part_by_its_md5_means_it_of_all() {
    let mut stage = Stage::with_depot(named(), Wishes { connections: 1, ..Wishes::default() });
    stage.depot.script(|call, before| (call == Call::Part(2) && before < 3).then_some(Trouble::Damaged));
    let id = start(&mut stage, 3 * MIB).await;
    complete(&mut stage, id, 3 * MIB).await;
    assert_eq!(stage.depot.count(is_part), 6);
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn one_transfer_tells_nothing_of_the_others_to_its_host() {
    let mut stage = Stage::with_depot(named(), Wishes { transfers: Some(1), ..Wishes::default() });
    let path = write(&stage, 1000);
    stage.depot.script(|call, before| (call == Call::Put && before < 3).then_some(Trouble::Damaged));
    for key in ["one", "two"] {
        let source = Source::parse(&format!("http://store/bucket/{key}")).unwrap();
        let id = stage.add_spec(Spec::of_upload(source, Upload::of(path.clone()))).await;
        stage.outcome(id).await.unwrap();
    }
    assert!(stage.depot.object("http://store/bucket/two").unwrap() == bytes(1000), "the second is sent again");
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn words_that_differ_each_time_are_no_proof_and_no_damage() {
    // What stands there in the end is called by its MD5 here, unless it was made of parts.
    for (threshold, sent, proven) in [(0, 6, vec![]), (u64::MAX, 4, vec![Algorithm::Md5])] {
        let mut stage = Stage::with_depot(named(), Wishes { connections: 1, ..Wishes::default() });
        let path = write(&stage, 3 * MIB);
        stage.depot.script(|call, _| (is_part(call) || call == Call::Put).then_some(Trouble::Renamed));
        let id = stage.add_spec(spec(Upload { threshold: Some(threshold), ..in_parts(&path) })).await;
        let Happening::Completed { checked, .. } = complete(&mut stage, id, 3 * MIB).await else { panic!() };
        assert_eq!((checked, stage.depot.count(|call| is_part(call) || call == Call::Put)), (proven, sent));
        stage.end().await;
    }
}

#[tokio::test(start_paused = true)]
async fn what_stood_there_before_teaches_nothing() {
    let mut stage = Stage::with_depot(named(), Wishes::default());
    let path = write(&stage, 1000);
    stage.depot.put_object(URL, &[7; 1000]);
    stage.depot.script(|call, before| match (call, before) {
        (Call::Put, 0 | 1) => Some(Trouble::Refused(FaultKind::Status(503))),
        (Call::Put, 2) => Some(Trouble::Damaged),
        _ => None,
    });
    let id = stage.add_spec(spec(Upload::of(path))).await;
    complete(&mut stage, id, 1000).await;
    assert_eq!(stage.depot.count(|call| call == Call::Put), 4);
    stage.end().await;
}
