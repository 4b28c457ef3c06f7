//! The end of an upload in parts: what is made of them, and what becomes of it when the answer is lost or is an error.

use haul::api::Happening;
use haul::model::{FaultKind, Upload};

use super::stage::{MIB, Stage, Wishes};
use super::uploads::{URL, bytes, complete, in_parts, is_part, spec, start, write};
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

#[tokio::test(start_paused = true)]
async fn what_is_gone_after_the_last_call_is_sent_again_once() {
    let mut stage = Stage::with_depot(Depot::mute(), Wishes::default());
    let path = write(&stage, 3 * MIB);
    let depot = stage.depot.clone();
    // Somebody takes each object away before it is looked at.
    stage.depot.script(move |call, _| {
        if call == Call::Head {
            depot.take_away(URL);
        }
        None
    });
    let id = stage.add_spec(spec(in_parts(&path))).await;
    assert_eq!(stage.fail(id).await.kind, FaultKind::Cut);
    assert_eq!((stage.depot.count(is_part), stage.depot.open_uploads().len()), (6, 0));
    let restarted = |event: &&haul::api::Event| matches!(event.happening, Happening::Restarted(_));
    assert_eq!(stage.told.iter().filter(restarted).count(), 1);
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_last_call_that_fails_again_and_again_is_given_up_although_parts_are_sent_in_between() {
    let mut stage = Stage::with(Wishes::default());
    let depot = stage.depot.clone();
    stage.depot.script(move |call, _| {
        let upload = depot.open_uploads().first().cloned();
        (call == Call::Complete).then(|| {
            depot.damage(&upload.unwrap(), 1);
            Trouble::Refused(FaultKind::PartDamaged)
        })
    });
    let id = start(&mut stage, 3 * MIB).await;
    assert_eq!(stage.fail(id).await.kind, FaultKind::PartDamaged);
    assert_eq!(stage.depot.count(|call| call == Call::Complete), 6);
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn what_is_refused_is_not_made_good_by_an_equal_object_that_stood_there() {
    let calls = [(u64::MAX, Call::Put), (0, Call::Complete)];
    let kinds = [FaultKind::Status(403), FaultKind::Status(503)];
    for ((threshold, call), kind) in calls.into_iter().flat_map(|call| kinds.map(|kind| (call, kind))) {
        let mut stage = Stage::with(Wishes { patience: super::stage::impatient(), ..Wishes::default() });
        let path = write(&stage, MIB);
        stage.depot.put_object(URL, &bytes(MIB));
        stage.depot.script(move |came, _| (came == call).then_some(Trouble::Refused(kind)));
        let upload = Upload { threshold: Some(threshold), ..in_parts(&path) };
        let id = stage.add_spec(spec(upload)).await;
        assert_eq!(stage.fail(id).await.kind, kind, "{call:?}");
        assert_eq!(stage.depot.count(|call| call == Call::Head), 0, "{call:?}, {kind}");
        stage.end().await;
    }
}

#[tokio::test(start_paused = true)]
async fn an_equal_object_that_stood_there_leaves_no_upload_open() {
    let mut stage = Stage::new();
    let path = write(&stage, 2 * MIB);
    stage.depot.put_object(URL, &bytes(2 * MIB));
    stage.depot.script(|call, before| {
        (call == Call::Complete && before == 0).then_some(Trouble::Refused(FaultKind::Status(500)))
    });
    let id = stage.add_spec(spec(in_parts(&path))).await;
    complete(&mut stage, id, 2 * MIB).await;
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_bug_in_a_part_ends_its_upload_and_does_not_let_it_run_for_ever() {
    let mut stage = Stage::with(Wishes::default());
    stage.depot.script(|call, _| {
        assert!(call != Call::Part(2), "a scripted bug");
        None
    });
    let id = start(&mut stage, 3 * MIB).await;
    assert_eq!(stage.fail(id).await.kind, FaultKind::State);
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn one_that_stands_there_in_parts_is_known_by_what_the_store_calls_it() {
    // Parts as this run would choose them, as other tools do, and as nobody does.
    for (before, now, is_known) in [(MIB, Some(MIB), true), (5 * MIB, None, true), (3 * MIB, None, false)] {
        let mut depot = Depot::telling(false);
        depot.names_parts = true;
        let mut stage = Stage::with_depot(depot, Wishes::default());
        let path = write(&stage, 10 * MIB);
        let id = stage.add_spec(spec(Upload { part_size: Some(before), ..in_parts(&path) })).await;
        complete(&mut stage, id, 10 * MIB).await;
        let again = Upload { unless_equal: true, part_size: now, ..in_parts(&path) };
        stage.depot.forget_calls();
        let id = stage.add_spec(spec(again.clone())).await;
        let Happening::Completed { unchanged, .. } = complete(&mut stage, id, 10 * MIB).await else { panic!() };
        assert_eq!((unchanged, stage.depot.calls() == [Call::Head]), (is_known, is_known), "{before}");
        // Other bytes of the same length.
        let mut changed = bytes(10 * MIB);
        changed[7] ^= 1;
        std::fs::write(&path, &changed).unwrap();
        let id = stage.add_spec(spec(again)).await;
        let Happening::Completed { unchanged, .. } = stage.outcome(id).await.unwrap() else { panic!() };
        assert!(!unchanged && stage.depot.object(URL).unwrap() == changed);
        stage.end().await;
    }
}

#[tokio::test(start_paused = true)]
async fn one_of_many_files_that_stands_there_already_is_not_sent_again() {
    for (tells, threshold) in [(true, 0), (true, u64::MAX), (false, 0), (false, u64::MAX)] {
        let mut stage = Stage::with_depot(Depot::telling(tells), Wishes::default());
        let path = write(&stage, 2 * MIB);
        let upload = Upload { unless_equal: true, threshold: Some(threshold), ..in_parts(&path) };
        stage.depot.put_object(URL, &bytes(2 * MIB));
        let id = stage.add_spec(spec(upload.clone())).await;
        let Happening::Completed { unchanged, fetched, .. } = complete(&mut stage, id, 2 * MIB).await else { panic!() };
        assert_eq!((unchanged, fetched, stage.depot.calls()), (true, 0, vec![Call::Head]), "{tells}, {threshold}");
        // Another one of the same length, and one that is to be otherwise.
        let cold = Upload { storage_class: Some("COLD".to_owned()), ..upload.clone() };
        for (stands, upload) in [(vec![0; 2 << 20], upload), (bytes(2 * MIB), cold)] {
            stage.depot.put_object(URL, &stands);
            let id = stage.add_spec(spec(upload)).await;
            let Happening::Completed { unchanged, fetched, .. } = complete(&mut stage, id, 2 * MIB).await else {
                panic!()
            };
            assert_eq!((unchanged, fetched), (false, 2 * MIB), "{tells}, {threshold}");
        }
        stage.end().await;
    }
}
