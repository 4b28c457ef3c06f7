//! Hosts that give few connections: shared in order, remembered, and not blamed for what is no refusal.

use std::fs;

use haul::api::{Command, Event, Happening};
use haul::model::{FaultKind, HostLimit, Patience, Status, TransferId, WallClock as _};
use haul::store::HostLimits;
use tokio::time::{Duration, Instant, sleep};

use super::stage::{MIB, Stage, Wishes, seconds, within};
use crate::support::clock::FakeClock;
use crate::support::fetch::{Act, Ask, FakeFile, Over};

fn wishes(connections: u16) -> Wishes {
    Wishes { connections, ..Wishes::default() }
}

/// Seconds since 1970, by the clock of the stages.
fn wall() -> u64 {
    FakeClock::start().now().seconds()
}

/// A stage whose host is remembered to bear so many.
async fn remembering(wishes: Wishes, allowed: u16, at: u64) -> Stage {
    let stopped = Stage::with(wishes).stop().await;
    HostLimits::of(&stopped.state()).update(|_| vec![HostLimit { host: "fake".to_owned(), allowed, at }]);
    stopped.start()
}

/// When a file was first asked for.
fn first(stage: &Stage, path: &str) -> Instant {
    stage.fake.opened(path).first().unwrap_or_else(|| panic!("{path} was never asked for")).at
}

#[tokio::test(start_paused = true)]
async fn a_transfer_that_waits_for_a_host_gets_the_next_connection_that_is_free() {
    for allowed in 1..=3 {
        let mut stage = remembering(wishes(8), allowed, wall()).await;
        // Each connection of the first is lost after a MiB; none is free before 1 s.
        let first_file = FakeFile::new(1, 64 * MIB).rate(MIB).script(|_| Act::serve().cut(MIB));
        let second_file = FakeFile::new(2, 2 * MIB).rate(MIB);
        stage.fake.put("/first", first_file.clone());
        stage.fake.put("/second", second_file.clone());
        let one = stage.add("/first").await;
        stage.has(one, MIB / 2).await;
        let began = Instant::now();
        let two = stage.add("/second").await;
        stage.complete(two, "second", &second_file).await;
        let wait = first(&stage, "/second") - began;
        assert!(wait <= seconds(1), "{allowed}: {wait:?}");
        let most = stage.fake.most_open();
        assert!(most <= usize::from(allowed), "{most} were open of {allowed}");
        stage.complete(one, "first", &first_file).await;
        stage.end().await;
    }
}

#[tokio::test(start_paused = true)]
async fn many_who_wait_are_served_in_the_order_in_which_they_came() {
    let mut stage = remembering(Wishes { transfers: Some(20), connections: 4, ..Wishes::default() }, 1, wall()).await;
    let mut ids = Vec::new();
    for number in 0..12 {
        let path = format!("/{number}");
        stage.fake.put(&path, FakeFile::new(number, MIB).rate(MIB));
        ids.push(stage.add(&path).await);
        // Each looks at the disk first; time passes only when that is done.
        sleep(Duration::from_millis(1)).await;
    }
    // Some give up before their turn; that holds nobody up.
    for gone in [1, 4, 5] {
        stage.pause(ids[gone]).await;
    }
    let served: Vec<usize> = (0..12).filter(|number| ![1, 4, 5].contains(number)).collect();
    for number in &served {
        stage.is(ids[*number], Status::Done).await;
    }
    let at: Vec<Instant> = served.iter().map(|number| first(&stage, &format!("/{number}"))).collect();
    assert!(at.is_sorted(), "{at:?}");
    assert!([1, 4, 5].iter().all(|gone| stage.fake.opened(&format!("/{gone}")).is_empty()));
    stage.resume(ids[4]).await;
    within(seconds(3), stage.is(ids[4], Status::Done)).await;
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn who_waits_gets_one_of_the_connections_of_a_transfer_that_has_several() {
    let mut stage = remembering(wishes(2), 2, wall()).await;
    stage.fake.put("/long", FakeFile::new(1, 32 * MIB).rate(MIB / 8));
    stage.fake.put("/short", FakeFile::new(2, MIB));
    let long = stage.add("/long").await;
    stage.has(long, MIB).await;
    let short = stage.add("/short").await;
    within(seconds(2), stage.complete(short, "short", &FakeFile::new(2, MIB))).await;
    assert_eq!(stage.row(long).unwrap().status, Status::Running);
    assert_eq!(stage.fake.most_open(), 2);
    // It has both again.
    within(seconds(132), stage.complete(long, "long", &FakeFile::new(1, 32 * MIB))).await;
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn one_who_tries_whether_a_host_bears_more_does_not_fail_of_it() {
    // The first works for minutes over the one connection that there is, and each calm has the second try another.
    for over in [503, 429] {
        let patience = Patience { retries: 2, ..Patience::default() };
        let mut stage = remembering(Wishes { patience, ..wishes(1) }, 1, wall()).await;
        let file = |seed| FakeFile::new(seed, 30 * MIB).rate(MIB / 8).at_once(1, Over::Refused(over));
        stage.fake.put("/a", file(1));
        stage.fake.put("/b", file(2));
        let a = stage.add("/a").await;
        stage.has(a, MIB).await;
        let ids = [a, stage.add("/b").await];
        stage.until(ids[1], |happening| matches!(happening, Happening::Answered { .. })).await;
        let refused = stage.fake.refused("/b");
        assert!((2..=12).contains(&refused), "{refused} in four minutes");
        let again = |told: &Event| told.id == ids[1] && matches!(told.happening, Happening::Retried { .. });
        assert!(!stage.told.iter().any(again));
        for (id, name) in ids.into_iter().zip(["a", "b"]) {
            stage.is(id, Status::Done).await;
            stage.holds(name, &file(if name == "a" { 1 } else { 2 }));
        }
        stage.end().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_refusal_of_a_transfer_that_is_alone_is_told_and_counted() {
    let patience = Patience { retries: 2, ..Patience::default() };
    let mut stage = remembering(Wishes { patience, ..wishes(2) }, 1, wall()).await;
    stage.fake.put("/a", FakeFile::new(1, MIB).script(|_| Act::status(503)));
    let id = stage.add("/a").await;
    assert_eq!(stage.fail(id).await.kind, FaultKind::Status(503));
    assert_eq!(stage.fake.opened("/a").len(), 3);
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn orders_at_any_moment_lose_no_connection_and_forget_nobody() {
    for seed in 0..20 {
        let mut choose = fastrand::Rng::with_seed(seed);
        let allowed = choose.u16(1..4);
        let mut stage =
            remembering(Wishes { transfers: Some(8), connections: 3, ..Wishes::default() }, allowed, wall()).await;
        let mut ids: Vec<TransferId> = Vec::new();
        for number in 0..6 {
            let path = format!("/{number}");
            let file = FakeFile::new(number, choose.u64(1..4) * MIB).rate(MIB);
            stage.fake.put(&path, file.at_once(usize::from(choose.u16(1..4)), Over::Refused(503)));
            ids.push(stage.add(&path).await);
        }
        for _ in 0..choose.u8(5..40) {
            sleep(Duration::from_millis(choose.u64(..300))).await;
            let id = vec![ids[choose.usize(..6)]];
            stage.send(if choose.bool() { Command::Pause(id) } else { Command::Resume(id) }).await;
        }
        stage.send(Command::ResumeAll).await;
        for id in &ids {
            stage.is(*id, Status::Done).await;
        }
        assert_eq!(stage.fake.open_now(), 0, "seed {seed}");
        stage.end().await;
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_host_bears_is_remembered_from_one_run_to_the_next() {
    let file = FakeFile::new(1, 16 * MIB).rate(MIB).at_once(3, Over::Refused(503));
    let (mut stage, id) = Stage::of(wishes(8), file.clone()).await;
    stage.complete(id, "a.bin", &file).await;
    assert!(stage.fake.refused("/a.bin") > 0);
    let stopped = stage.stop().await;
    let known = HostLimits::of(&stopped.state()).load();
    assert_eq!(known.len(), 1);
    assert_eq!((known[0].host.as_str(), known[0].allowed), ("fake", 3));
    assert!(wall().abs_diff(known[0].at) < 3600);
    let mut stage = stopped.start();
    stage.fake.put("/b.bin", file.clone());
    let id = stage.add("/b.bin").await;
    stage.complete(id, "b.bin", &file).await;
    assert_eq!(stage.fake.refused("/b.bin"), 0, "it was known what the host bears");
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn what_was_learnt_is_on_disk_a_minute_later_and_the_engine_still_runs() {
    // Over three connections that is 384 KiB/s.
    let file = FakeFile::new(1, 48 * MIB).rate(MIB / 8).at_once(3, Over::Refused(503));
    let (stage, id) = Stage::of(wishes(8), file).await;
    let began = Instant::now();
    stage.has(id, 18 * MIB).await;
    assert_eq!(HostLimits::of(&stage.state()).load(), [], "not with each change: {:?}", began.elapsed());
    stage.has(id, 34 * MIB).await;
    let known = HostLimits::of(&stage.state()).load();
    assert_eq!((known.len(), known[0].allowed, stage.row(id).unwrap().status), (1, 3, Status::Running));
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_host_that_says_when_to_come_again_is_heeded_and_known_to_bear_fewer() {
    let mut stage = remembering(wishes(2), 3, wall()).await;
    stage.fake.put("/a", FakeFile::new(1, 16 * MIB).rate(MIB / 8));
    let a = stage.add("/a").await;
    stage.has(a, MIB).await;
    let busy = Act::status(429).retry_after(seconds(45));
    stage.fake.put("/b", FakeFile::new(2, MIB).script(move |_| busy.clone()));
    let b = stage.add("/b").await;
    let retried = stage.until(b, |happening| matches!(happening, Happening::Retried { .. })).await;
    assert!(matches!(retried, Happening::Retried { after, .. } if after == seconds(45)), "{retried:?}");
    let stopped = stage.stop().await;
    let known = HostLimits::of(&stopped.state()).load();
    assert_eq!((known.len(), known[0].allowed), (1, 2));
}

#[tokio::test(start_paused = true)]
async fn an_old_limit_has_grown_and_a_very_old_one_is_forgotten() {
    for (hours, most) in [(0, 2), (3, 5), (24 * 7 + 1, 8)] {
        let mut stage = remembering(wishes(8), 2, wall() - hours * 3600 - 60).await;
        let file = FakeFile::new(1, 16 * MIB).rate(MIB);
        stage.fake.put("/a", file.clone());
        let id = stage.add("/a").await;
        stage.complete(id, "a", &file).await;
        assert_eq!(stage.fake.most_open(), most, "{hours} h");
        stage.end().await;
    }
}

#[tokio::test(start_paused = true)]
async fn where_nothing_was_learnt_no_file_is_made_and_a_damaged_one_is_in_nobodys_way() {
    let mut stage = Stage::with(Wishes { durable: false, ..wishes(4) });
    let missing = stage.add("/missing").await;
    stage.fail(missing).await;
    stage.fake.put("/a", FakeFile::new(1, 8 * MIB));
    let id = stage.add("/a").await;
    stage.complete(id, "a", &FakeFile::new(1, 8 * MIB)).await;
    let stopped = stage.stop().await;
    let path = stopped.state().join("hosts.ron");
    assert!(!path.exists());
    fs::write(&path, vec![0; 300]).unwrap();
    let mut stage = stopped.start();
    let file = FakeFile::new(1, 8 * MIB).rate(MIB).at_once(2, Over::Refused(503));
    stage.fake.put("/b", file.clone());
    let id = stage.add("/b").await;
    stage.complete(id, "b", &file).await;
    let stopped = stage.stop().await;
    assert_eq!(HostLimits::of(&stopped.state()).load().len(), 1);
}

/// A file whose first connection is served, slowly, and all others as the script says.
fn strays(length: u64, act: Act) -> FakeFile {
    FakeFile::new(1, length).rate(MIB / 8).script(move |ask| if ask.number == 1 { Act::serve() } else { act.clone() })
}

#[tokio::test(start_paused = true)]
async fn a_server_that_gives_no_parts_beside_the_first_is_asked_for_them_a_few_times() {
    for act in [Act::serve().whole(), Act::fault(FaultKind::WrongRange), Act::serve().at_most(100)] {
        // At 128 KiB/s this takes more than four minutes.
        let file = strays(32 * MIB, act.clone());
        let (mut stage, id) = Stage::of(wishes(8), file.clone()).await;
        stage.complete(id, "a.bin", &file).await;
        let asked = stage.fake.opened("/a.bin").len();
        assert!((5..=16).contains(&asked), "{act:?}: {asked} requests");
        let stopped = stage.stop().await;
        assert!(!stopped.state().join("hosts.ron").exists(), "{act:?}: it says nothing of how many the host bears");
    }
}

#[tokio::test(start_paused = true)]
async fn another_transfer_keeps_its_connections_when_one_is_given_no_parts() {
    let mut stage = Stage::with(wishes(4));
    stage.fake.put("/odd", strays(16 * MIB, Act::serve().whole()));
    stage.fake.put("/good", FakeFile::new(2, 32 * MIB).rate(MIB));
    let odd = stage.add("/odd").await;
    stage.has(odd, MIB).await;
    let good = stage.add("/good").await;
    within(seconds(10), stage.complete(good, "good", &FakeFile::new(2, 32 * MIB))).await;
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn parts_that_are_given_after_a_few_odd_answers_are_used() {
    let file = FakeFile::new(1, 32 * MIB).rate(MIB);
    let file = file.script(|ask| if (2..=5).contains(&ask.number) { Act::serve().whole() } else { Act::serve() });
    let (mut stage, id) = Stage::of(wishes(4), file.clone()).await;
    // Over one connection it would take 32 s.
    within(seconds(20), stage.complete(id, "a.bin", &file)).await;
    assert_eq!(stage.fake.most_open(), 4);
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_link_that_is_good_once_says_nothing_of_its_host() {
    let once = |ask: &Ask| if ask.number == 1 { Act::serve() } else { Act::status(404) };
    let file = FakeFile::new(1, 8 * MIB).rate(MIB);
    let (mut stage, id) = Stage::of(Wishes::default(), file.clone().script(once)).await;
    stage.complete(id, "a.bin", &file).await;
    assert!(stage.fake.opened("/a.bin").len() <= 4, "once refused it is asked for no more");
    stage.fake.put("/b.bin", file.clone());
    let id = stage.add("/b.bin").await;
    stage.complete(id, "b.bin", &file).await;
    assert_eq!(stage.fake.most_open(), 4);
    stage.end().await;
}
