//! Uploads that their store has forgotten, or seems to have.

use haul::api::{Command, Happening};
use haul::model::FaultKind;

use super::stage::{MIB, Stage, Wishes, impatient};
use super::uploads::{begin, complete, is_part, start};
use crate::support::depot::{Call, Trouble};

#[tokio::test(start_paused = true)]
async fn an_upload_that_the_store_has_lost_starts_over_once_and_says_so() {
    let (mut stage, id) = begin(Wishes { connections: 1, ..Wishes::default() }, 4 * MIB).await;
    stage.has(id, 2 * MIB).await;
    let upload = stage.depot.open_uploads()[0].clone();
    stage.depot.lose(&upload);
    complete(&mut stage, id, 4 * MIB).await;
    let restarted = |event: &&haul::api::Event| matches!(&event.happening, Happening::Restarted(fault) if fault.kind == FaultKind::UploadGone);
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

#[tokio::test(start_paused = true)]
async fn a_store_that_loses_every_upload_is_given_up() {
    let mut stage = Stage::with(Wishes { patience: impatient(), ..Wishes::default() });
    stage.depot.script(|call, _| is_part(call).then_some(Trouble::Refused(FaultKind::UploadGone)));
    let id = start(&mut stage, 4 * MIB).await;
    assert_eq!(stage.fail(id).await.kind, FaultKind::UploadGone);
    assert_eq!(stage.depot.count(|call| call == Call::Create), 2);
    stage.end().await;
}
