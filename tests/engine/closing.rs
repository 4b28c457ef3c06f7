//! The end of an upload: what a store says of it, what it has, and what is left behind.

use std::path::PathBuf;

use haul::api::{Command, Happening};
use haul::model::{Algorithm, FaultKind, Patience, Upload};
use haul::store::UploadCheckpoint;

use super::stage::{MIB, Stage, Wishes, impatient};
use super::uploads::{URL, begin, bytes, checkpoint, complete, in_parts, is_part, spec, start, write};
use crate::support::depot::{Call, Depot, Trouble};

#[tokio::test(start_paused = true)]
async fn a_store_that_says_done_and_has_nothing_is_asked_again() {
    for tells in [true, false] {
        let mut stage = Stage::with_depot(Depot::telling(tells), Wishes::default());
        stage.depot.script(|call, before| (call == Call::Complete && before < 2).then_some(Trouble::Feigned));
        let id = start(&mut stage, 4 * MIB).await;
        complete(&mut stage, id, 4 * MIB).await;
        assert_eq!((stage.depot.count(is_part), stage.depot.count(|call| call == Call::Complete)), (4, 3));
        stage.end().await;
    }
}

#[tokio::test(start_paused = true)]
async fn an_object_that_was_there_before_is_not_taken_for_the_file() {
    let mut stage = Stage::with_depot(Depot::mute(), Wishes::default());
    stage.depot.put_object(URL, &vec![7; 4 * MIB as usize]);
    stage
        .depot
        .script(|call, before| (call == Call::Complete && before == 0).then_some(Trouble::Unheard(FaultKind::Cut)));
    let id = start(&mut stage, 4 * MIB).await;
    complete(&mut stage, id, 4 * MIB).await;
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_small_file_that_was_taken_by_no_store_is_sent_again() {
    let mut stage = Stage::new();
    let path = write(&stage, 1000);
    stage.depot.script(|call, before| (call == Call::Put && before == 0).then_some(Trouble::Feigned));
    let id = stage.add_spec(spec(Upload::of(path))).await;
    complete(&mut stage, id, 1000).await;
    assert_eq!(stage.depot.calls(), [Call::Put, Call::Head, Call::Put]);
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_store_that_does_not_name_what_it_took_is_asked_for_it() {
    let mut stage = Stage::with_depot(Depot::telling(false), Wishes::default());
    let path = write(&stage, 1000);
    stage.depot.script(|call, _| (call == Call::Put).then_some(Trouble::Unnamed));
    let id = stage.add_spec(spec(Upload::of(path))).await;
    let Happening::Completed { checked, .. } = complete(&mut stage, id, 1000).await else { panic!() };
    assert_eq!((checked, stage.depot.calls()), (vec![Algorithm::Md5], vec![Call::Put, Call::Head]));
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_bad_moment_after_the_last_call_costs_a_question_and_not_all_bytes() {
    for (kind, times, checked) in [(FaultKind::Status(503), 3, 0), (FaultKind::Status(403), 99, 0)] {
        let mut stage = Stage::with_depot(Depot::mute(), Wishes::default());
        stage
            .depot
            .script(move |call, before| (call == Call::Head && before < times).then_some(Trouble::Refused(kind)));
        let id = start(&mut stage, 4 * MIB).await;
        let Happening::Completed { checked: found, .. } = complete(&mut stage, id, 4 * MIB).await else { panic!() };
        assert_eq!((found.len(), stage.depot.count(is_part)), (checked, 4), "{kind}");
        stage.end().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_kill_while_the_last_answer_is_awaited_costs_a_question_and_not_all_bytes() {
    let mut depot = Depot::telling(false);
    depot.names_parts = true;
    let mut stage = Stage::with_depot(depot, Wishes::default());
    stage.depot.script(|call, before| (call == Call::Complete && before == 0).then_some(Trouble::Silent));
    let _ = start(&mut stage, 4 * MIB).await;
    while stage.depot.object(URL).is_none() {
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    let (state, folder) = (stage.state(), stage.downloads());
    let kept = UploadCheckpoint::load(&checkpoint(&state, &folder)).unwrap().unwrap();
    assert_eq!(kept.parts.len(), 4, "written down before it is asked for");
    let stopped = stage.stop().await;
    stopped.depot.forget_calls();
    let id = stopped.items()[0].id;
    let mut stage = stopped.start();
    complete(&mut stage, id, 4 * MIB).await;
    assert_eq!((stage.depot.count(is_part), stage.depot.count(|call| call == Call::Create)), (0, 0));
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_file_that_shrank_to_a_small_one_frees_the_old_upload() {
    let mut stage = Stage::with(Wishes { connections: 1, ..Wishes::default() });
    let path = write(&stage, 4 * MIB);
    let id = stage.add_spec(spec(Upload { threshold: Some(2 * MIB), ..in_parts(&path) })).await;
    stage.has(id, 2 * MIB).await;
    let stopped = stage.stop().await;
    std::fs::write(&path, bytes(1000)).unwrap();
    let mut stage = stopped.start();
    complete(&mut stage, id, 1000).await;
    assert_eq!(stage.depot.count(|call| call == Call::Abort), 1);
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn an_object_that_came_in_between_is_kept_and_the_parts_are_freed() {
    let mut stage = Stage::new();
    let path = write(&stage, 3 * MIB);
    stage.depot.script(|call, _| (call == Call::Complete).then_some(Trouble::Refused(FaultKind::Exists)));
    let id = stage.add_spec(spec(Upload { keep: true, ..in_parts(&path) })).await;
    assert_eq!(stage.fail(id).await.kind, FaultKind::Exists);
    assert_eq!(stage.depot.open_uploads(), [] as [&str; 0]);
    assert_eq!(UploadCheckpoint::load(&checkpoint(&stage.state(), &stage.downloads())).unwrap(), None);
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn an_old_upload_is_freed_also_by_a_store_that_has_a_bad_moment() {
    for trouble in [Trouble::Refused(FaultKind::Status(503)), Trouble::Silent] {
        let mut stage = Stage::with(Wishes { connections: 1, ..Wishes::default() });
        stage.depot.script(move |call, before| (call == Call::Abort && before == 0).then_some(trouble));
        let id = start(&mut stage, 4 * MIB).await;
        stage.has(id, 2 * MIB).await;
        std::fs::write(stage.downloads().join("key.bin"), bytes(5 * MIB)).unwrap();
        complete(&mut stage, id, 5 * MIB).await;
        assert_eq!(stage.depot.count(|call| call == Call::Abort), 2);
        stage.end().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_login_that_may_not_look_at_the_parts_or_free_them_begins_anew() {
    for denied in [Call::Parts, Call::Abort] {
        let mut stage = Stage::with(Wishes { connections: 1, ..Wishes::default() });
        let id = start(&mut stage, 4 * MIB).await;
        stage.has(id, 2 * MIB).await;
        let stopped = stage.stop().await;
        let length = if denied == Call::Abort { 5 * MIB } else { 4 * MIB };
        if denied == Call::Abort {
            std::fs::write(stopped.downloads().join("key.bin"), bytes(length)).unwrap();
        }
        let refused = Trouble::Refused(FaultKind::Status(403));
        stopped.depot.script(move |call, _| {
            (call == denied || (denied == Call::Abort && call == Call::Uploads)).then_some(refused)
        });
        let mut stage = stopped.start();
        stage.outcome(id).await.unwrap();
        assert!(stage.depot.object(URL).unwrap() == bytes(length), "{denied:?}");
        let restarted = |event: &&haul::api::Event| match &event.happening {
            Happening::Restarted(fault) => denied == Call::Parts && fault.kind == FaultKind::Status(403),
            Happening::UploadLeft(_) => denied == Call::Abort,
            _ => false,
        };
        assert_eq!(stage.told.iter().filter(restarted).count(), 1, "{denied:?}");
        stage.end().await;
    }
}

#[tokio::test(start_paused = true)]
async fn damage_on_the_way_is_noticed_by_the_md5_where_nothing_better_is_told() {
    for (threshold, damaged, sent) in [(u64::MAX, Call::Put, 2), (0, Call::Part(2), 4)] {
        let mut depot = Depot::telling(false);
        depot.names_parts = true;
        let mut stage = Stage::with_depot(depot, Wishes::default());
        let path = write(&stage, 3 * MIB);
        stage.depot.script(move |call, before| (call == damaged && before == 0).then_some(Trouble::Damaged));
        let id = stage.add_spec(spec(Upload { threshold: Some(threshold), ..in_parts(&path) })).await;
        let Happening::Completed { checked, .. } = complete(&mut stage, id, 3 * MIB).await else { panic!() };
        assert_eq!(checked, [Algorithm::Md5], "{damaged:?}");
        assert_eq!(stage.depot.count(|call| is_part(call) || call == Call::Put), sent, "{damaged:?}");
        stage.end().await;
    }
}

#[tokio::test(start_paused = true)]
async fn an_etag_that_is_no_md5_of_the_bytes_is_no_proof_and_no_damage() {
    let mut depot = Depot::mute();
    depot.names_parts = true;
    let mut stage = Stage::with_depot(depot, Wishes::default());
    let path = write(&stage, MIB);
    let id = stage.add_spec(spec(Upload { threshold: Some(u64::MAX), ..in_parts(&path) })).await;
    complete(&mut stage, id, MIB).await;
    assert_eq!(stage.depot.calls(), [Call::Put]);
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_store_that_answers_with_no_list_has_no_open_uploads() {
    for kind in [FaultKind::BadAnswer, FaultKind::Status(501)] {
        let mut stage = Stage::with(Wishes::default());
        stage.depot.script(move |call, _| (call == Call::Uploads).then_some(Trouble::Refused(kind)));
        let id = start(&mut stage, 4 * MIB).await;
        complete(&mut stage, id, 4 * MIB).await;
        assert_eq!((stage.depot.count(|call| call == Call::Uploads), stage.depot.count(is_part)), (1, 4), "{kind:?}");
        stage.end().await;
    }
}

#[tokio::test(start_paused = true)]
async fn an_etag_that_only_looks_like_an_md5_is_no_damage_once_it_is_told_again() {
    for (threshold, sent) in [(0, 5), (u64::MAX, 2)] {
        let mut depot = Depot::telling(false);
        (depot.names_parts, depot.pretends) = (true, true);
        let mut stage = Stage::with_depot(depot, Wishes { connections: 1, ..Wishes::default() });
        let path = write(&stage, 4 * MIB);
        let id = stage.add_spec(spec(Upload { threshold: Some(threshold), ..in_parts(&path) })).await;
        let Happening::Completed { checked, .. } = complete(&mut stage, id, 4 * MIB).await else { panic!() };
        assert_eq!(checked, [], "nothing was proven");
        assert_eq!(stage.depot.count(|call| is_part(call) || call == Call::Put), sent, "the first of them twice");
        stage.end().await;
    }
}

/// A file of 4 MiB of which half was sent in parts by a transfer that is not in the list any more.
async fn half_sent() -> (Stage, PathBuf) {
    let (mut stage, id) = begin(Wishes { connections: 1, ..Wishes::default() }, 4 * MIB).await;
    stage.has(id, 2 * MIB).await;
    stage.pause(id).await;
    stage.send(Command::Remove { ids: vec![id], data: false }).await;
    stage.until(id, |happening| matches!(happening, Happening::Removed)).await;
    stage.depot.forget_calls();
    let path = stage.downloads().join("key.bin");
    (stage, path)
}

#[tokio::test(start_paused = true)]
async fn an_object_that_is_to_be_like_something_else_is_begun_anew() {
    let (mut stage, path) = half_sent().await;
    let upload = Upload { storage_class: Some("COLD".to_owned()), ..in_parts(&path) };
    let id = stage.add_spec(spec(upload)).await;
    complete(&mut stage, id, 4 * MIB).await;
    let (aborts, begun) =
        (stage.depot.count(|call| call == Call::Abort), stage.depot.count(|call| call == Call::Create));
    assert_eq!((aborts, begun, stage.depot.count(is_part)), (1, 1, 4));
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn what_was_begun_in_parts_is_ended_so_also_where_it_would_go_whole_now() {
    let (mut stage, path) = half_sent().await;
    let id = stage.add_spec(spec(Upload { threshold: Some(u64::MAX), ..in_parts(&path) })).await;
    complete(&mut stage, id, 4 * MIB).await;
    assert_eq!((stage.depot.count(is_part), stage.depot.count(|call| call == Call::Put)), (2, 0));
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_page_with_an_etag_is_no_object() {
    for (stands, kind) in [(None, FaultKind::Cut), (Some(&[7_u8; 10]), FaultKind::Checksum)] {
        let mut stage = Stage::with_depot(Depot::mute(), Wishes::default());
        let path = write(&stage, 1000);
        if let Some(bytes) = stands {
            stage.depot.put_object(URL, bytes);
        }
        stage.depot.script(|call, _| (call == Call::Put).then_some(Trouble::Posed));
        let id = stage.add_spec(spec(Upload::of(path))).await;
        assert_eq!(stage.fail(id).await.kind, kind);
        stage.end().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_login_that_may_only_write_is_believed_what_it_is_told() {
    let mut stage = Stage::with_depot(Depot::mute(), Wishes::default());
    let path = write(&stage, 1000);
    stage.depot.script(|call, _| (call == Call::Head).then_some(Trouble::Refused(FaultKind::Status(403))));
    let id = stage.add_spec(spec(Upload::of(path))).await;
    complete(&mut stage, id, 1000).await;
    assert_eq!(stage.depot.count(|call| call == Call::Put), 1);
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn an_object_is_kept_also_where_the_store_does_not_look() {
    for threshold in [0, u64::MAX] {
        let mut stage = Stage::new();
        let path = write(&stage, MIB);
        stage.depot.put_object(URL, b"mine");
        let upload = Upload { keep: true, threshold: Some(threshold), ..in_parts(&path) };
        let id = stage.add_spec(spec(upload)).await;
        assert_eq!(stage.fail(id).await.kind, FaultKind::Exists);
        assert_eq!(
            (stage.depot.object(URL).unwrap(), stage.depot.count(|call| call == Call::Put)),
            (b"mine".to_vec(), 0)
        );
        stage.end().await;
    }
}

#[tokio::test(start_paused = true)]
async fn an_equal_object_that_is_to_be_kept_is_no_fault_whatever_its_size() {
    for threshold in [0, u64::MAX] {
        let mut stage = Stage::new();
        let path = write(&stage, 3 * MIB);
        stage.depot.put_object(URL, &bytes(3 * MIB));
        let upload = Upload { keep: true, threshold: Some(threshold), ..in_parts(&path) };
        let id = stage.add_spec(spec(upload)).await;
        let Happening::Completed { unchanged, .. } = complete(&mut stage, id, 3 * MIB).await else { panic!() };
        assert!(unchanged, "an earlier run has sent it");
        assert_eq!((stage.depot.received(), stage.depot.count(|call| call == Call::Create)), (0, 0));
        stage.end().await;
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_to_be_kept_is_left_to_the_store_where_the_login_may_not_look() {
    for threshold in [0, u64::MAX] {
        let mut stage = Stage::new();
        let path = write(&stage, MIB);
        stage.depot.script(|call, _| (call == Call::Head).then_some(Trouble::Refused(FaultKind::Status(403))));
        let upload = Upload { keep: true, threshold: Some(threshold), ..in_parts(&path) };
        let id = stage.add_spec(spec(upload)).await;
        complete(&mut stage, id, MIB).await;
        stage.end().await;
    }
}

#[tokio::test(start_paused = true)]
async fn of_a_request_without_bytes_it_is_not_said_that_none_went_out() {
    let patience = Patience { retries: 0, ..Patience::default() };
    let mut stage = Stage::with(Wishes { patience, ..Wishes::default() });
    stage.depot.script(|call, _| (call == Call::Create).then_some(Trouble::Silent));
    let id = start(&mut stage, 4 * MIB).await;
    let fault = stage.fail(id).await;
    assert!(fault.kind == FaultKind::Stalled && fault.detail.starts_with("no answer for"), "{fault}");
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_part_that_fails_for_good_is_told_and_so_are_those_that_are_stopped_with_it() {
    let mut stage = Stage::with(Wishes { connections: 3, ..Wishes::default() });
    stage.depot.script(|call, _| match call {
        Call::Part(2) => Some(Trouble::Refused(FaultKind::Status(403))),
        Call::Part(_) => Some(Trouble::Silent),
        _ => None,
    });
    let id = start(&mut stage, 4 * MIB).await;
    stage.fail(id).await;
    let told = stage.told.iter().filter_map(|event| match event.happening {
        Happening::PartFailed { number, after: None, .. } => Some((number, "failed")),
        Happening::PartAborted { number } => Some((number, "stopped")),
        _ => None,
    });
    let mut told: Vec<_> = told.collect();
    assert_eq!(told.remove(0), (2, "failed"));
    told.sort_unstable();
    assert_eq!(told, [(1, "stopped"), (3, "stopped")]);
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn nobody_has_answered_where_the_store_took_nothing() {
    let mut stage = Stage::with(Wishes { patience: impatient(), ..Wishes::default() });
    stage.depot.script(|call, _| (call == Call::Put).then_some(Trouble::Refused(FaultKind::Connect)));
    let path = write(&stage, 100);
    let id = stage.add_spec(spec(Upload::of(path))).await;
    stage.fail(id).await;
    assert!(!stage.told.iter().any(|event| matches!(event.happening, Happening::Answered { .. })), "{:?}", stage.told);
    assert_eq!(stage.row(id).unwrap().length, Some(100), "the file is known all the same");
    stage.end().await;
    let mut stage = Stage::new();
    let path = write(&stage, 100);
    let id = stage.add_spec(spec(Upload::of(path))).await;
    stage.outcome(id).await.unwrap();
    let told: Vec<&Happening> = stage.told.iter().map(|event| &event.happening).collect();
    let [.., Happening::Started, Happening::Answered { resumable: true, .. }, Happening::Completed { .. }] = &told[..]
    else {
        panic!("{told:?}");
    };
    stage.end().await;
}
