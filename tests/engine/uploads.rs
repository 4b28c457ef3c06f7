//! Uploads against a scripted store, on paused time.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use haul::api::{Activity, Command, Direction, Happening};
use haul::model::{Algorithm, FaultKind, Limits, Rate, Source, Spec, Status, TransferId, Upload};
use haul::store::{UploadCheckpoint, UploadLock};

use super::stage::{MIB, Stage, Wishes, seconds};
use crate::support::depot::{Call, Depot, Trouble};

pub const URL: &str = "http://store/bucket/key.bin";

/// Bytes that no two parts have alike.
pub fn bytes(length: u64) -> Vec<u8> {
    (0..length).map(|at| (at * 31 + (at >> 12) * 7 + (at >> 20)) as u8).collect()
}

pub fn write(stage: &Stage, length: u64) -> PathBuf {
    let path = stage.downloads().join("key.bin");
    std::fs::write(&path, bytes(length)).unwrap();
    path
}

/// An upload in parts of a MiB.
pub fn in_parts(path: &Path) -> Upload {
    Upload { part_size: Some(MIB), threshold: Some(0), ..Upload::of(path.to_path_buf()) }
}

pub fn spec(upload: Upload) -> Spec {
    Spec::of_upload(Source::parse(URL).unwrap(), upload)
}

pub async fn begin(wishes: Wishes, length: u64) -> (Stage, TransferId) {
    let mut stage = Stage::with(wishes);
    let id = start(&mut stage, length).await;
    (stage, id)
}

/// Adds an upload in parts; what the store is to do wrong has to be said before.
pub async fn start(stage: &mut Stage, length: u64) -> TransferId {
    let path = write(stage, length);
    stage.add_spec(spec(in_parts(&path))).await
}

/// Waits until an upload is complete, and compares what the store has.
pub async fn complete(stage: &mut Stage, id: TransferId, length: u64) -> Happening {
    let happening = stage.outcome(id).await.unwrap();
    assert!(stage.depot.object(URL).unwrap() == bytes(length), "the object is not the file");
    assert_eq!(stage.depot.open_uploads(), [] as [&str; 0]);
    assert_eq!(UploadCheckpoint::load(&checkpoint(&stage.state(), &stage.downloads())).unwrap(), None);
    happening
}

pub fn checkpoint(state: &Path, folder: &Path) -> PathBuf {
    UploadCheckpoint::path(state, URL, &folder.join("key.bin"))
}

pub fn is_part(call: Call) -> bool {
    matches!(call, Call::Part(_))
}

#[tokio::test(start_paused = true)]
async fn a_large_file_goes_in_parts_over_many_connections() {
    let (mut stage, id) = begin(Wishes::default(), 10 * MIB + 5).await;
    let done = complete(&mut stage, id, 10 * MIB + 5).await;
    let Happening::Completed { bytes, fetched, checked, target, .. } = done else { panic!() };
    assert_eq!((bytes, fetched, checked), (10 * MIB + 5, 10 * MIB + 5, vec![Algorithm::Crc64]));
    assert_eq!(target, stage.downloads().join("key.bin"));
    assert_eq!(stage.depot.count(is_part), 11);
    assert_eq!((stage.depot.most_open(), stage.depot.received()), (4, 10 * MIB + 5));
    let told: Vec<u32> = stage
        .told
        .iter()
        .filter_map(|event| match event.happening {
            Happening::PartDone { number, .. } => Some(number),
            _ => None,
        })
        .collect();
    assert_eq!(told.len(), 11);
    stage.is(id, Status::Done).await;
    let row = stage.row(id).unwrap();
    assert_eq!((row.direction, row.status, row.bytes_done()), (Direction::Upload, Status::Done, 10 * MIB + 5));
    assert!(stage.downloads().join("key.bin").is_file(), "the file stays");
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_small_file_goes_in_one_request() {
    for length in [0, 1, MIB] {
        let mut stage = Stage::new();
        let path = write(&stage, length);
        let id = stage.add_spec(spec(Upload::of(path))).await;
        complete(&mut stage, id, length).await;
        assert_eq!(stage.depot.calls(), [Call::Put]);
        stage.end().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_pause_keeps_the_parts_and_a_resume_sends_only_the_others() {
    let (mut stage, id) = begin(Wishes { connections: 2, ..Wishes::default() }, 8 * MIB).await;
    stage.has(id, 3 * MIB).await;
    stage.pause(id).await;
    assert!(stage.told.iter().any(|event| matches!(event.happening, Happening::PartAborted { .. })));
    let had = stage.row(id).unwrap().bytes_done();
    assert!(had >= 3 * MIB && stage.depot.open_uploads().len() == 1);
    stage.depot.forget_calls();
    stage.resume(id).await;
    complete(&mut stage, id, 8 * MIB).await;
    assert_eq!(stage.depot.count(is_part) as u64, 8 - had / MIB);
    assert_eq!(stage.depot.count(|call| call == Call::Create), 0);
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_second_engine_goes_on_where_the_first_one_stopped() {
    let (stage, id) = begin(Wishes { connections: 2, ..Wishes::default() }, 8 * MIB).await;
    stage.has(id, 3 * MIB).await;
    let stopped = stage.stop().await;
    let had = stopped.items()[0].done.total();
    stopped.depot.forget_calls();
    let mut stage = stopped.start();
    complete(&mut stage, id, 8 * MIB).await;
    assert_eq!(stage.depot.count(is_part) as u64, 8 - had / MIB);
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_part_that_is_refused_or_lost_is_sent_again() {
    let mut stage = Stage::with(Wishes::default());
    stage.depot.script(|call, before| match (call, before) {
        (Call::Part(2), 0) => Some(Trouble::Refused(FaultKind::Status(503))),
        (Call::Part(3), 0) => Some(Trouble::Unheard(FaultKind::Cut)),
        (Call::Part(5), 0) => Some(Trouble::Silent),
        _ => None,
    });
    let id = start(&mut stage, 6 * MIB).await;
    complete(&mut stage, id, 6 * MIB).await;
    // The store is asked for those that went out and were not answered: it has them.
    assert_eq!((stage.depot.count(is_part), stage.depot.received()), (7, 6 * MIB));
    let failed = |event: &&haul::api::Event| matches!(event.happening, Happening::PartFailed { .. });
    assert_eq!(stage.told.iter().filter(failed).count(), 1);
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_part_that_arrives_damaged_is_noticed_and_sent_again() {
    let mut stage = Stage::with(Wishes::default());
    stage.depot.script(|call, before| (call == Call::Part(2) && before < 2).then_some(Trouble::Damaged));
    let id = start(&mut stage, 4 * MIB).await;
    complete(&mut stage, id, 4 * MIB).await;
    assert_eq!(stage.depot.count(is_part), 6);
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_file_that_changes_between_two_runs_frees_the_old_upload() {
    // Where the store has freed it by itself, nothing is told of it.
    for is_lost in [false, true] {
        let (stage, id) = begin(Wishes { connections: 1, ..Wishes::default() }, 4 * MIB).await;
        stage.has(id, 2 * MIB).await;
        let stopped = stage.stop().await;
        let old = stopped.depot.open_uploads();
        if is_lost {
            stopped.depot.lose(&old[0]);
        }
        std::fs::write(stopped.downloads().join("key.bin"), bytes(5 * MIB)).unwrap();
        let mut stage = stopped.start();
        complete(&mut stage, id, 5 * MIB).await;
        assert_eq!(stage.depot.count(|call| call == Call::Abort), 1);
        assert!(!stage.depot.open_uploads().contains(&old[0]));
        let told = stage.told.iter().filter(|event| matches!(event.happening, Happening::UploadAborted)).count();
        assert_eq!(told, usize::from(!is_lost));
        stage.end().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_file_that_changes_while_it_is_sent_is_never_mixed() {
    let (mut stage, id) = begin(Wishes { connections: 1, ..Wishes::default() }, 4 * MIB).await;
    stage.has(id, 2 * MIB).await;
    let (path, changed) = (stage.downloads().join("key.bin"), bytes(4 * MIB).into_iter().rev().collect::<Vec<u8>>());
    std::fs::write(&path, &changed).unwrap();
    stage.outcome(id).await.unwrap();
    assert!(stage.depot.object(URL).unwrap() == changed);
    assert_eq!((stage.depot.count(|call| call == Call::Abort), stage.depot.open_uploads().len()), (1, 0));
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_lost_checkpoint_costs_a_list_and_not_the_parts() {
    let (stage, id) = begin(Wishes { connections: 1, ..Wishes::default() }, 4 * MIB).await;
    stage.has(id, 2 * MIB).await;
    let stopped = stage.stop().await;
    UploadCheckpoint::remove(&checkpoint(&stopped.state(), &stopped.downloads()));
    stopped.depot.forget_calls();
    let mut stage = stopped.start();
    complete(&mut stage, id, 4 * MIB).await;
    assert_eq!((stage.depot.count(|call| call == Call::Create), stage.depot.count(is_part)), (0, 2));
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn an_upload_of_another_tool_is_taken_up_if_all_of_it_fits() {
    let mut stage = Stage::new();
    let path = write(&stage, 5 * MIB);
    let (all, mib) = (bytes(5 * MIB), MIB as usize);
    stage.depot.begun(URL, &[(1, &all[..mib]), (4, &all[3 * mib..4 * mib])]);
    let id = stage.add_spec(spec(in_parts(&path))).await;
    stage.until(id, |told| matches!(told, Happening::Answered { resumed, .. } if *resumed == 2 * MIB)).await;
    complete(&mut stage, id, 5 * MIB).await;
    let mut sent: Vec<Call> = stage.depot.calls().into_iter().filter(|call| is_part(*call)).collect();
    sent.sort_by_key(|call| format!("{call:?}"));
    assert_eq!(sent, [Call::Part(2), Call::Part(3), Call::Part(5)], "the missing ones");
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn an_upload_of_another_file_is_left_alone() {
    let mut stage = Stage::new();
    let path = write(&stage, 3 * MIB);
    // The first part may be of this one too.
    let foreign = stage.depot.begun(URL, &[(1, &bytes(MIB)), (2, &vec![1; MIB as usize])]);
    let id = stage.add_spec(spec(in_parts(&path))).await;
    stage.outcome(id).await.unwrap();
    assert_eq!(stage.depot.open_uploads(), [foreign]);
    assert!(stage.depot.object(URL).unwrap() == bytes(3 * MIB));
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_part_that_was_damaged_at_the_store_is_sent_again_on_resume() {
    for tells in [true, false] {
        let mut stage = Stage::with_depot(Depot::telling(tells), Wishes { connections: 1, ..Wishes::default() });
        let path = write(&stage, 4 * MIB);
        let id = stage.add_spec(spec(in_parts(&path))).await;
        stage.has(id, 2 * MIB).await;
        let stopped = stage.stop().await;
        let upload = stopped.depot.open_uploads()[0].clone();
        stopped.depot.damage(&upload, 1);
        let mut stage = stopped.start();
        complete(&mut stage, id, 4 * MIB).await;
        stage.end().await;
    }
}

#[tokio::test(start_paused = true)]
async fn an_object_that_is_to_be_kept_is_left_alone() {
    for threshold in [0, u64::MAX] {
        let mut stage = Stage::new();
        let path = write(&stage, 3 * MIB);
        stage.depot.put_object(URL, b"mine");
        stage.depot.script(|call, _| (call == Call::Put).then_some(Trouble::Refused(FaultKind::Exists)));
        let upload = Upload { keep: true, threshold: Some(threshold), ..in_parts(&path) };
        let id = stage.add_spec(spec(upload)).await;
        assert_eq!(stage.fail(id).await.kind, FaultKind::Exists);
        assert_eq!(stage.depot.object(URL).unwrap(), b"mine");
        stage.end().await;
    }
}

#[tokio::test(start_paused = true)]
async fn the_limit_on_uploads_holds() {
    let mut stage = Stage::new();
    let path = write(&stage, 4 * MIB);
    let limits = Limits { rate: Some(Rate::per_second(100_000)), ..Limits::default() };
    let id = stage.add_spec(Spec { limits, ..spec(in_parts(&path)) }).await;
    let before = tokio::time::Instant::now();
    complete(&mut stage, id, 4 * MIB).await;
    let ideal = Duration::from_secs_f64(4.0 * MIB as f64 / 100_000.0);
    let took = before.elapsed();
    assert!(took > ideal.mul_f64(0.97) && took < ideal.mul_f64(1.05), "{took:?} for {ideal:?}");
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_missing_file_and_a_folder_are_told() {
    for name in ["nothing.bin", "."] {
        let mut stage = Stage::new();
        let path = stage.downloads().join(name);
        let id = stage.add_spec(spec(in_parts(&path))).await;
        let fault = stage.fail(id).await;
        assert_eq!(fault.kind, FaultKind::Disk, "{fault}");
        assert_eq!(stage.depot.calls(), []);
        stage.end().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_part_whose_answer_was_lost_is_asked_for_as_soon_as_the_store_is_there_again() {
    // How the store fails when it is asked, how often, and what is sent in the end.
    let cases = [(FaultKind::Connect, 20, 4), (FaultKind::Status(500), 3, 4), (FaultKind::Status(500), 99, 5)];
    for (kind, times, sent) in cases {
        let mut stage = Stage::with(Wishes::default());
        stage.depot.script(move |call, before| match (call, before) {
            (Call::Part(3), 0) => Some(Trouble::Unheard(FaultKind::Cut)),
            (Call::Parts, before) if before < times => Some(Trouble::Refused(kind)),
            _ => None,
        });
        let id = start(&mut stage, 4 * MIB).await;
        complete(&mut stage, id, 4 * MIB).await;
        assert_eq!(stage.depot.received(), sent * MIB, "{kind}, {times}");
        stage.end().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_store_that_is_out_of_order_for_a_while_costs_time_and_nothing_else() {
    let (mut stage, id) = begin(Wishes::default(), 12 * MIB).await;
    // Every third request fails, of any kind, before or after it was obeyed.
    let count = Arc::new(std::sync::atomic::AtomicU32::new(0));
    stage.depot.script(move |call, _| {
        let number = count.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        match number % 5 {
            1 if call != Call::Abort => Some(Trouble::Refused(FaultKind::Status(503))),
            3 if call != Call::Create => Some(Trouble::Unheard(FaultKind::Cut)),
            _ => None,
        }
    });
    complete(&mut stage, id, 12 * MIB).await;
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn what_it_does_is_shown() {
    let (mut stage, id) = begin(Wishes::default(), 8 * MIB).await;
    stage.does(id, |activity| activity == Activity::Sending).await;
    stage.seen(|now| (now.totals.upload_speed.bytes() > 0 && now.totals.speed.bytes() == 0).then_some(())).await;
    let row = stage.row(id).unwrap();
    assert!(row.live.as_ref().unwrap().connections.len() <= 4);
    complete(&mut stage, id, 8 * MIB).await;
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn an_engine_stops_at_once_whatever_the_store_does() {
    for call in [Call::Uploads, Call::Create, Call::Part(1), Call::Complete, Call::Head] {
        let mut stage = Stage::with(Wishes::default());
        stage.depot.script(move |asked, _| match asked {
            Call::Complete if call == Call::Head => Some(Trouble::Refused(FaultKind::Status(500))),
            _ => (asked == call).then_some(Trouble::Silent),
        });
        let _ = start(&mut stage, 2 * MIB).await;
        while !stage.depot.calls().contains(&call) {
            tokio::time::sleep(seconds(1) / 10).await;
        }
        stage.stop().await;
    }
}

#[tokio::test(start_paused = true)]
async fn the_same_order_finds_its_upload_again_and_two_processes_do_not_mix() {
    let (stage, _) = begin(Wishes { connections: 1, durable: false, ..Wishes::default() }, 4 * MIB).await;
    stage.seen(|now| now.rows.get(0).filter(|row| row.bytes_done() >= 2 * MIB).map(|_| ())).await;
    let stopped = stage.stop().await;
    stopped.depot.forget_calls();
    let lock = UploadLock::take(&checkpoint(&stopped.state(), &stopped.downloads())).unwrap().unwrap();
    let mut stage = stopped.start();
    let path = stage.downloads().join("key.bin");
    let refused = stage.add_spec(spec(in_parts(&path))).await;
    assert_eq!(stage.fail(refused).await.kind, FaultKind::Busy);
    drop(lock);
    stage.send(Command::Retry(vec![refused])).await;
    complete(&mut stage, refused, 4 * MIB).await;
    assert_eq!((stage.depot.count(is_part), stage.depot.count(|call| call == Call::Uploads)), (2, 0));
    assert_eq!(std::fs::read_dir(stage.state().join("uploads")).unwrap().count(), 0, "nothing is left");
    stage.end().await;
}
