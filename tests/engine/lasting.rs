//! What lasts: restarts of the engine, the journal, other processes, damaged part files.

use std::fs;

use haul::api::{Command, Happening};
use haul::model::{FaultKind, Status, TransferId, UnixTime};
use haul::store::{Item, Journal};

use super::stage::{MIB, Stage, Wishes, seconds};
use crate::support::fetch::{Act, FakeFile};

fn slow(length: u64) -> FakeFile {
    FakeFile::new(1, length).rate(MIB / 4)
}

#[tokio::test(start_paused = true)]
async fn what_ran_or_waited_goes_on_and_what_was_paused_stays() {
    let mut stage = Stage::with(Wishes { transfers: Some(1), ..Wishes::default() });
    let mut ids = Vec::new();
    for path in ["/paused", "/running", "/queued", "/done"] {
        stage.fake.put(path, slow(2 * MIB));
    }
    for path in ["/done", "/paused", "/running", "/queued"] {
        ids.push(stage.add(path).await);
    }
    let [done, paused, running, queued] = ids[..] else { panic!() };
    stage.complete(done, "done", &slow(2 * MIB)).await;
    stage.has(paused, MIB / 2).await;
    stage.pause(paused).await;
    stage.has(running, MIB / 2).await;
    let stopped = stage.stop().await;
    let states: Vec<Status> = stopped.items().iter().map(|item| item.status).collect();
    assert_eq!(states, [Status::Done, Status::Paused, Status::Queued, Status::Queued]);
    assert!(stopped.items().iter().map(|item| item.id).eq(ids.iter().copied()));
    let given = stopped.fake.given("/running");
    let mut stage = stopped.start();
    stage.complete(running, "running", &slow(2 * MIB)).await;
    stage.complete(queued, "queued", &slow(2 * MIB)).await;
    assert!(given > 0 && stage.fake.given("/running") <= 2 * MIB + 128 * 1024);
    stage.is(paused, Status::Paused).await;
    assert!(stage.row(paused).unwrap().bytes_done() >= MIB / 2);
    stage.resume(paused).await;
    stage.complete(paused, "paused", &slow(2 * MIB)).await;
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn what_another_process_adds_is_taken_up() {
    let file = FakeFile::new(1, 2 * MIB);
    let mut stage = Stage::with(Wishes { transfers: Some(1), ..Wishes::default() });
    let other = |stage: &Stage, path: &str| {
        let id = TransferId::mint();
        Journal::open_to_append(&stage.state())
            .unwrap()
            .append(&[Item::added(id, stage.spec(path), UnixTime::from_seconds(1_700_000_000))])
            .unwrap();
        id
    };
    stage.fake.put("/idle", file.clone());
    let id = other(&stage, "/idle");
    stage.complete(id, "idle", &file).await;
    // At the very moment at which transfers are added here: both must run.
    for round in 0..3 {
        let paths = [format!("/other{round}"), format!("/own{round}"), format!("/too{round}")];
        for path in &paths {
            stage.fake.put(path, file.clone());
        }
        let others = other(&stage, &paths[0]);
        let (own, too) = (TransferId::mint(), TransferId::mint());
        stage.send(Command::Add(vec![(own, stage.spec(&paths[1])), (too, stage.spec(&paths[2]))])).await;
        for (id, path) in [(others, &paths[0]), (own, &paths[1]), (too, &paths[2])] {
            stage.is(id, Status::Done).await;
            stage.holds(path.trim_start_matches('/'), &file);
        }
    }
    let stopped = stage.stop().await;
    assert!(stopped.items().iter().all(|item| item.status == Status::Done));
    assert_eq!(stopped.items().len(), 10);
}

#[tokio::test(start_paused = true)]
async fn another_process_asks_again_for_what_was_given_up() {
    let (mut stage, id) = Stage::of(Wishes::default(), FakeFile::new(1, 0).script(|_| Act::status(404))).await;
    stage.fail(id).await;
    let file = FakeFile::new(1, MIB);
    stage.fake.put("/a.bin", file.clone());
    let again = stage.item(id).unwrap().asked_again(stage.spec("/a.bin"));
    Journal::open_to_append(&stage.state()).unwrap().append([&again]).unwrap();
    stage.complete(id, "a.bin", &file).await;
    // What is complete stays so, and what another one writes of it changes nothing.
    Journal::open_to_append(&stage.state()).unwrap().append([&again]).unwrap();
    tokio::time::sleep(seconds(5)).await;
    assert_eq!(stage.row(id).unwrap().status, Status::Done);
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn an_editor_that_puts_another_file_in_the_queues_place_brings_nothing_back() {
    let missing = FakeFile::new(1, 0).script(|_| Act::status(404));
    let (mut stage, given_up) = Stage::of(Wishes::default(), missing.clone()).await;
    stage.fail(given_up).await;
    stage.fake.put("/removed", missing);
    let removed = stage.add("/removed").await;
    stage.fail(removed).await;
    stage.send(Command::Remove { ids: vec![removed], data: false }).await;
    stage.until(removed, |happening| matches!(happening, Happening::Removed)).await;
    let asked = stage.fake.opened("/a.bin").len();
    let (queue, beside) = (stage.state().join("queue.ron"), stage.state().join("queue.ron~"));
    let id = TransferId::mint();
    let file = FakeFile::new(1, MIB);
    stage.fake.put("/new", file.clone());
    fs::copy(&queue, &beside).unwrap();
    fs::rename(&beside, &queue).unwrap();
    let new = Item::added(id, stage.spec("/new"), UnixTime::from_seconds(1_700_000_000));
    Journal::open_to_append(&stage.state()).unwrap().append([new]).unwrap();
    stage.complete(id, "new", &file).await;
    assert!(stage.row(removed).is_none(), "what was removed is back");
    assert_eq!(stage.row(given_up).unwrap().status, Status::Failed);
    assert_eq!(stage.fake.opened("/a.bin").len(), asked, "what was given up is asked for again");
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn two_of_one_place_in_the_queue_both_run_after_a_restart() {
    let file = FakeFile::new(1, 2 * MIB);
    let mut stage = Stage::with(Wishes { transfers: Some(1), ..Wishes::default() });
    stage.fake.put("/a", file.clone());
    stage.fake.put("/b", file.clone());
    let a = stage.add("/a").await;
    let stopped = stage.stop().await;
    let b = TransferId::mint();
    let mut twin = stopped.items().remove(0);
    let spec = haul::model::Spec::new(haul::model::Source::parse("http://fake/b").unwrap(), stopped.downloads());
    twin = Item { id: b, ..Item::new(b, spec, twin.rank) };
    Journal::open_to_append(&stopped.state()).unwrap().append(&[twin.record()]).unwrap();
    let stage = stopped.start();
    for (id, name) in [(a, "a"), (b, "b")] {
        stage.is(id, Status::Done).await;
        stage.holds(name, &file);
    }
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn the_lock_is_free_when_a_transfer_has_stopped() {
    // While the claims of a large part file are checked, the server says that the file has changed; or the user
    // pauses and resumes.
    let old = FakeFile::new(1, 64 * MIB).rate(1 << 30);
    let gate =
        |ask: &crate::support::fetch::Ask| if ask.number < 5 { Act::serve().stall(15 * MIB) } else { Act::serve() };
    let (stage, id) = Stage::of(Wishes::default(), old.clone().script(gate)).await;
    stage.has(id, 60 * MIB).await;
    let stopped = stage.stop().await;
    let mut stage = stopped.start();
    for _ in 0..3 {
        stage.pause(id).await;
        stage.resume(id).await;
    }
    let new = FakeFile::new(2, 64 * MIB).rate(1 << 30);
    stage.fake.put("/a.bin", new.clone());
    stage.complete(id, "a.bin", &new).await;
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn another_url_at_the_same_target_never_mixes() {
    // The same length and even the same ETag, as two files of one build may have with nginx.
    let one = slow(4 * MIB).etag(Some("\"same\""));
    let two = FakeFile::new(2, 4 * MIB).etag(Some("\"same\""));
    let mut stage = Stage::new();
    stage.fake.put("/one", one.clone());
    stage.fake.put("/two", two.clone());
    let mut spec = stage.spec("/one");
    spec.target.name = Some("x".to_owned());
    let first = stage.add_spec(spec.clone()).await;
    stage.has(first, MIB).await;
    stage.pause(first).await;
    spec.source = stage.spec("/two").source;
    let second = stage.add_spec(spec).await;
    let end = stage.outcome(second).await;
    match end {
        Ok(_) => stage.holds("x", &two),
        Err(fault) => {
            assert!(matches!(fault.kind, FaultKind::Busy | FaultKind::Exists | FaultKind::Different), "{fault}");
            stage.resume(first).await;
            stage.complete(first, "x", &one).await;
        }
    }
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_length_that_becomes_known_later_is_learnt() {
    let file = FakeFile::new(1, 4 * MIB).rate(MIB);
    let (mut stage, id) = Stage::of(Wishes::default(), file.clone().no_length()).await;
    stage.has(id, MIB).await;
    stage.pause(id).await;
    stage.fake.put("/a.bin", file.clone());
    stage.resume(id).await;
    let done = stage.complete(id, "a.bin", &file).await;
    assert!(matches!(done, Happening::Completed { fetched, .. } if fetched <= 3 * MIB), "{done:?}");
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_thousand_orders_are_all_in_the_journal() {
    let mut stage = Stage::with(Wishes { transfers: Some(1), ..Wishes::default() });
    stage.fake.put("/0", slow(64 * MIB));
    let batch: Vec<_> = (0..1000).map(|number| (TransferId::mint(), stage.spec(&format!("/{number}")))).collect();
    let last = batch[999].0;
    stage.send(Command::Add(batch)).await;
    stage.until(last, |happening| matches!(happening, Happening::Added)).await;
    stage.send(Command::PauseAll).await;
    stage.seen(|now| (now.totals.paused == 1000).then_some(())).await;
    let paused = Journal::peek(&stage.state()).unwrap();
    assert!(paused.len() == 1000 && paused.iter().all(|item| item.status == Status::Paused));
    stage.send(Command::ResumeAll).await;
    stage.seen(|now| (now.totals.paused == 0).then_some(())).await;
    tokio::time::sleep(seconds(1)).await;
    let stopped = stage.stop().await;
    assert!(stopped.items().iter().all(|item| item.status == Status::Queued));
}

#[tokio::test(start_paused = true)]
async fn nothing_is_written_through_a_hard_link_of_another_file() {
    let (mut stage, mine) = (Stage::new(), "somebody's finished file");
    let file = FakeFile::new(1, 2 * MIB);
    stage.fake.put("/a.bin", file.clone());
    let finished = stage.state().join("finished");
    fs::write(&finished, mine).unwrap();
    fs::hard_link(&finished, stage.part("a.bin")).unwrap();
    let id = stage.add("/a.bin").await;
    stage.complete(id, "a.bin", &file).await;
    assert_eq!(fs::read_to_string(&finished).unwrap(), mine);
    assert_eq!(stage.names(), ["a.bin"]);
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_hard_link_of_what_has_come_stays_as_it_is() {
    let file = FakeFile::new(1, 8 * MIB).rate(MIB / 4);
    let (mut stage, id) = Stage::of(Wishes::default(), file.clone()).await;
    stage.has(id, 3 * MIB).await;
    stage.pause(id).await;
    let copy = stage.state().join("copy");
    fs::hard_link(stage.part("a.bin"), &copy).unwrap();
    let before = fs::read(&copy).unwrap();
    stage.resume(id).await;
    let done = stage.complete(id, "a.bin", &file).await;
    assert!(matches!(done, Happening::Completed { fetched, .. } if fetched <= 5 * MIB + MIB / 2), "{done:?}");
    assert!(fs::read(&copy).unwrap() == before, "it was written to");
    assert_eq!(stage.names(), ["a.bin"]);
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_folder_that_was_away_costs_nothing_that_was_noted() {
    let file = FakeFile::new(1, 8 * MIB).rate(MIB / 4);
    let (mut stage, id) = Stage::of(Wishes::default(), file.clone()).await;
    stage.has(id, 4 * MIB).await;
    let (folder, away) = (stage.downloads(), stage.state().join("away"));
    fs::rename(&folder, &away).unwrap();
    let fault = stage.fail(id).await;
    assert!(fault.to_string().contains("is not in its place any more"), "{fault}");
    assert!(stage.checkpoint(id).is_some(), "it is there, if elsewhere");
    fs::rename(&away, &folder).unwrap();
    stage.send(Command::Retry(vec![id])).await;
    let done = stage.complete(id, "a.bin", &file).await;
    assert!(matches!(done, Happening::Completed { fetched, .. } if fetched <= 6 * MIB), "{done:?}");
    assert_eq!(stage.names(), ["a.bin"]);
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_history_that_cannot_be_read_is_told_once_and_nothing_is_replaced() {
    let mut stage = Stage::new();
    let history = stage.state().join("history.ron");
    let file = FakeFile::new(1, 100);
    for name in ["a", "b"] {
        stage.fake.put(&format!("/{name}"), file.clone());
        fs::write(stage.downloads().join(name), "somebody's").unwrap();
    }
    fs::create_dir_all(stage.state()).unwrap();
    fs::write(&history, "rubbish\n").unwrap();
    for name in ["a", "b"] {
        let id = stage.add(&format!("/{name}")).await;
        stage.complete(id, &format!("{name} (1)"), &file).await;
    }
    let told = stage.told.iter().filter_map(|event| match &event.happening {
        Happening::Unnoted(fault) => Some(fault.to_string()),
        _ => None,
    });
    let told: Vec<String> = told.collect();
    assert!(told.len() == 1 && told[0].contains("history.ron: what was complete before may not be known"), "{told:?}");
    assert_eq!(fs::read_to_string(stage.downloads().join("a")).unwrap(), "somebody's");
    stage.end().await;
}
