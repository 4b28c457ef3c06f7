//! Uploads that their store has forgotten, or seems to have.

use haul::api::{Command, Event, Happening};
use haul::model::{FaultKind, TransferId, Upload};

use super::stage::{MIB, Stage, Wishes, impatient, seconds};
use super::uploads::{URL, begin, bytes, complete, in_parts, is_part, spec, start};
use crate::support::depot::{Call, Trouble};

#[tokio::test(start_paused = true)]
async fn an_upload_that_the_store_has_lost_starts_over_once_and_says_so() {
    let (mut stage, id) = begin(Wishes { connections: 1, ..Wishes::default() }, 4 * MIB).await;
    stage.has(id, 2 * MIB).await;
    let upload = stage.depot.open_uploads()[0].clone();
    stage.depot.lose(&upload);
    complete(&mut stage, id, 4 * MIB).await;
    let restarted =
        |event: &&Event| matches!(&event.happening, Happening::Restarted(fault) if fault.kind == FaultKind::UploadGone);
    assert_eq!(stage.told.iter().filter(restarted).count(), 1);
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn an_upload_that_only_seems_to_be_gone_is_kept_until_another_one_is_there() {
    let (mut stage, id) = begin(Wishes { connections: 1, ..Wishes::default() }, 6 * MIB).await;
    stage.has(id, 3 * MIB).await;
    let upload = stage.depot.open_uploads();
    stage.pause(id).await;
    // A gateway knows no path while what is behind it starts anew.
    stage.depot.script(|call, _| match call {
        Call::Parts | Call::Part(_) | Call::Abort => Some(Trouble::Refused(FaultKind::UploadGone)),
        _ => Some(Trouble::Refused(FaultKind::Status(404))),
    });
    stage.resume(id).await;
    stage.fail(id).await;
    stage.depot.script(|call, _| (call == Call::Uploads).then_some(Trouble::Refused(FaultKind::Status(403))));
    stage.depot.forget_calls();
    stage.send(Command::Retry(vec![id])).await;
    complete(&mut stage, id, 6 * MIB).await;
    assert_eq!(stage.depot.count(|call| call == Call::Create), 0, "{upload:?} is there");
    assert!(stage.depot.count(is_part) <= 3);
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn an_upload_that_only_seemed_to_be_gone_is_freed_once_another_one_is_there() {
    let (mut stage, id) = begin(Wishes { connections: 1, ..Wishes::default() }, 6 * MIB).await;
    stage.has(id, 3 * MIB).await;
    stage.pause(id).await;
    stage
        .depot
        .script(|call, count| (call == Call::Parts && count == 0).then_some(Trouble::Refused(FaultKind::UploadGone)));
    stage.resume(id).await;
    complete(&mut stage, id, 6 * MIB).await;
    stage.end().await;
}

/// An upload of which half is sent and that seems to be gone when it goes on.
async fn seemingly_gone(abort: impl Fn(u32) -> Option<FaultKind> + Send + Sync + 'static) -> (Stage, TransferId) {
    let (mut stage, id) = begin(Wishes { connections: 1, ..Wishes::default() }, 6 * MIB).await;
    stage.has(id, 3 * MIB).await;
    stage.pause(id).await;
    stage.depot.forget_calls();
    stage.depot.script(move |call, count| match call {
        Call::Parts if count == 0 => Some(Trouble::Refused(FaultKind::UploadGone)),
        Call::Abort => abort(count).map(Trouble::Refused),
        _ => None,
    });
    (stage, id)
}

fn is_left(event: &Event) -> bool {
    matches!(event.happening, Happening::UploadLeft(_))
}

#[tokio::test(start_paused = true)]
async fn an_upload_that_only_seemed_to_be_gone_is_freed_by_a_store_that_starts_anew() {
    let (mut stage, id) = seemingly_gone(|count| (count < 3).then_some(FaultKind::Status(503))).await;
    stage.resume(id).await;
    complete(&mut stage, id, 6 * MIB).await;
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn an_upload_that_only_seemed_to_be_gone_and_stays_is_told() {
    for kind in [FaultKind::Status(503), FaultKind::Status(404), FaultKind::Status(403)] {
        let (mut stage, id) = seemingly_gone(move |_| Some(kind)).await;
        stage.resume(id).await;
        stage.outcome(id).await.unwrap();
        assert_eq!(
            (stage.told.iter().filter(|event| is_left(event)).count(), stage.depot.open_uploads().len()),
            (1, 1)
        );
        stage.end().await;
    }
}

#[tokio::test(start_paused = true)]
async fn an_upload_that_only_seemed_to_be_gone_is_freed_where_another_one_is_taken_up() {
    let (mut stage, id) = seemingly_gone(|_| None).await;
    stage.depot.begun(URL, &[(1, &bytes(MIB))]);
    stage.resume(id).await;
    complete(&mut stage, id, 6 * MIB).await;
    assert_eq!(stage.depot.count(|call| call == Call::Create), 0);
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn an_upload_that_only_seemed_to_be_gone_is_freed_where_the_file_goes_as_a_whole() {
    let (stage, id) = seemingly_gone(|_| None).await;
    let path = stage.downloads().join("key.bin");
    stage.send(Command::Remove { ids: vec![id], data: false }).await;
    let mut stage = stage;
    let whole = Upload { threshold: Some(100 * MIB), ..in_parts(&path) };
    stage.depot.script(|call, _| is_part(call).then_some(Trouble::Refused(FaultKind::UploadGone)));
    let id = stage.add_spec(spec(whole)).await;
    complete(&mut stage, id, 6 * MIB).await;
    assert_eq!(stage.depot.count(|call| call == Call::Put), 1);
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn an_upload_that_a_quit_leaves_behind_is_freed_on_the_way_out() {
    let (stage, id) = seemingly_gone(|count| (count == 0).then_some(FaultKind::Status(503))).await;
    stage.resume(id).await;
    while stage.depot.count(|call| call == Call::Abort) == 0 {
        tokio::time::sleep(seconds(1)).await;
    }
    let stopped = stage.stop().await;
    assert_eq!(stopped.depot.open_uploads().len(), 1, "only that whose record is there");
}

#[tokio::test(start_paused = true)]
async fn a_store_that_loses_every_upload_is_given_up() {
    let mut stage = Stage::with(Wishes { patience: impatient(), ..Wishes::default() });
    stage.depot.script(|call, _| is_part(call).then_some(Trouble::Refused(FaultKind::UploadGone)));
    let id = start(&mut stage, 4 * MIB).await;
    assert_eq!(stage.fail(id).await.kind, FaultKind::UploadGone);
    assert_eq!(stage.depot.count(|call| call == Call::Create), 2);
    stage.end().await;
}
