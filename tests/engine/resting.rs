//! Transfers that only wait for a time: others run meanwhile, and they go on in their turn.

use std::path::PathBuf;

use haul::api::{Activity, Command, Happening};
use haul::model::{FaultKind, Patience, Priority, Source, Spec, Status, TransferId, Upload};
use tokio::time::{Duration, Instant, sleep};

use super::stage::{MIB, Stage, Wishes, seconds, within};
use super::uploads::in_parts;
use crate::support::depot::{Call, Trouble};
use crate::support::fetch::{Act, Ask, FakeFile};

/// One connection each, and so many transfers at once.
fn wishes(transfers: u16) -> Wishes {
    Wishes { transfers: Some(transfers), connections: 1, ..Wishes::default() }
}

/// A file of a MiB whose server says at the first request to come again after so long.
fn busy(seed: u64, wait: u64) -> FakeFile {
    FakeFile::new(seed, MIB).script(move |ask| match ask.number {
        1 => Act::status(503).retry_after(seconds(wait)),
        _ => Act::serve(),
    })
}

/// Adds a file of a host of its own.
async fn add(stage: &mut Stage, name: &str, file: &FakeFile) -> TransferId {
    stage.fake.put(&format!("/{name}"), file.clone());
    let source = Source::parse(&format!("http://{name}.example/{name}")).unwrap();
    stage.add_spec(Spec::new(source, stage.downloads())).await
}

/// The time between the first two requests for a file.
fn wait_of(stage: &Stage, path: &str) -> Duration {
    let opened = stage.fake.opened(path);
    opened[1].at - opened[0].at
}

fn waits(activity: Activity) -> bool {
    matches!(activity, Activity::Waiting(_))
}

/// One slot: the first waits for 25 s, and a second one of so many MiB, a MiB a second, runs meanwhile.
async fn one_waits_and_one_runs(length: u64) -> (Stage, TransferId, TransferId) {
    let mut stage = Stage::with(wishes(1));
    let first = add(&mut stage, "first", &busy(1, 25)).await;
    stage.does(first, waits).await;
    let second = add(&mut stage, "second", &FakeFile::new(2, length * MIB).rate(MIB)).await;
    within(seconds(3), stage.has(second, MIB / 8)).await;
    (stage, first, second)
}

#[tokio::test(start_paused = true)]
async fn those_that_are_told_to_come_again_hold_nobody_else_up() {
    let mut stage = Stage::with(wishes(4));
    let mut waiting = Vec::new();
    for number in 0..4 {
        waiting.push(add(&mut stage, &format!("w{number}"), &busy(number, 25)).await);
    }
    for id in &waiting {
        stage.does(*id, waits).await;
    }
    let began = Instant::now();
    let mut others = Vec::new();
    for number in 10..18 {
        others.push(add(&mut stage, &format!("o{number}"), &FakeFile::new(number, MIB).rate(MIB)).await);
    }
    for id in others {
        stage.is(id, Status::Done).await;
    }
    assert!(began.elapsed() < seconds(5), "{:?}", began.elapsed());
    assert_eq!(stage.fake.most_open(), 4, "no more run than were asked for");
    for (number, id) in waiting.into_iter().enumerate() {
        stage.is(id, Status::Done).await;
        let name = format!("w{number}");
        stage.holds(&name, &FakeFile::new(number as u64, MIB));
        assert!((25.0..25.1).contains(&wait_of(&stage, &format!("/{name}")).as_secs_f64()));
    }
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_short_wait_leaves_the_slot_to_nobody() {
    let mut stage = Stage::with(wishes(1));
    let first = add(&mut stage, "first", &busy(1, 2)).await;
    let second = add(&mut stage, "second", &FakeFile::new(2, MIB)).await;
    stage.is(second, Status::Done).await;
    assert_eq!(stage.row(first).unwrap().status, Status::Done);
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn one_whose_wait_is_over_is_next() {
    let (mut stage, first, second) = one_waits_and_one_runs(40).await;
    let third = add(&mut stage, "third", &FakeFile::new(3, MIB)).await;
    stage.does(first, |activity| activity == Activity::Queued).await;
    assert_eq!(stage.row(second).unwrap().status, Status::Running);
    for id in [second, first, third] {
        stage.is(id, Status::Done).await;
    }
    assert!(wait_of(&stage, "/first") > seconds(35), "the only slot was taken");
    assert!(stage.fake.opened("/third")[0].at >= stage.fake.opened("/first")[1].at);
    assert_eq!(stage.fake.most_open(), 1);
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn one_that_rests_can_be_paused_removed_and_stopped_with_all_others_in_both_its_states() {
    for is_woken in [false, true] {
        for order in 0..4 {
            let (mut stage, first, second) = one_waits_and_one_runs(60).await;
            if is_woken {
                stage.does(first, |activity| activity == Activity::Queued).await;
            }
            match order {
                0 => stage.pause(first).await,
                1 => {
                    stage.send(Command::PauseAll).await;
                    stage.is(second, Status::Paused).await;
                    stage.is(first, Status::Paused).await;
                    stage.send(Command::ResumeAll).await;
                }
                2 => {
                    stage.send(Command::Remove { ids: vec![first], data: true }).await;
                    stage.seen(|now| (now.rows.len() == 1).then_some(())).await;
                }
                _ => {}
            }
            if order < 3 {
                stage.is(second, Status::Done).await;
                // Its slot is free again, whatever became of the other.
                let third = add(&mut stage, "third", &FakeFile::new(3, MIB)).await;
                within(seconds(60), stage.is(third, Status::Done)).await;
            }
            if order == 0 {
                stage.resume(first).await;
                within(seconds(1), stage.is(first, Status::Done)).await;
            }
            // It stops at once, also where one rests.
            stage.end().await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn somebody_in_a_hurry_has_it_go_on_now_or_next() {
    for now in [Command::Retry, Command::StartNow] {
        // Where a slot is free it asks at once.
        let mut stage = Stage::with(wishes(2));
        let first = add(&mut stage, "first", &busy(1, 500)).await;
        stage.does(first, waits).await;
        stage.send(now(vec![first])).await;
        within(seconds(1), stage.is(first, Status::Done)).await;
        stage.end().await;
        // Where none is, it goes before those that woke before it.
        let (mut stage, first, second) = one_waits_and_one_runs(40).await;
        stage.pause(second).await;
        let third = add(&mut stage, "third", &busy(3, 500)).await;
        stage.does(third, waits).await;
        stage.resume(second).await;
        stage.does(first, |activity| activity == Activity::Queued).await;
        stage.send(now(vec![third])).await;
        stage.does(third, |activity| activity == Activity::Queued).await;
        stage.is(first, Status::Done).await;
        assert!(stage.fake.opened("/third")[1].at < stage.fake.opened("/first")[1].at);
        stage.end().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_hurry_for_one_that_waits_for_its_slot_cuts_no_later_wait_short() {
    let mut stage = Stage::with(wishes(1));
    let twice = FakeFile::new(1, MIB).script(|ask| match ask.number {
        1 | 2 => Act::status(503).retry_after(seconds(25)),
        _ => Act::serve(),
    });
    let first = add(&mut stage, "first", &twice).await;
    stage.does(first, waits).await;
    let second = add(&mut stage, "second", &FakeFile::new(2, 40 * MIB).rate(MIB)).await;
    stage.does(first, |activity| activity == Activity::Queued).await;
    stage.send(Command::Retry(vec![first])).await;
    stage.is(second, Status::Done).await;
    stage.is(first, Status::Done).await;
    let opened = stage.fake.opened("/first");
    assert!(opened[2].at - opened[1].at >= seconds(25));
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_priority_decides_who_of_those_that_woke_goes_on() {
    let (mut stage, first, second) = one_waits_and_one_runs(60).await;
    stage.pause(second).await;
    let third = add(&mut stage, "third", &busy(3, 26)).await;
    stage.does(third, waits).await;
    stage.resume(second).await;
    for id in [first, third] {
        stage.does(id, |activity| activity == Activity::Queued).await;
    }
    stage.send(Command::Prioritize { ids: vec![third], priority: Priority::High }).await;
    stage.is(first, Status::Done).await;
    assert!(stage.fake.opened("/third")[1].at < stage.fake.opened("/first")[1].at);
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn one_that_waits_is_moved_without_asking_its_server_before_its_time() {
    // It has some of its bytes, or none.
    for cut in [0, MIB / 2] {
        for is_renamed in [true, false] {
            let file = FakeFile::new(1, MIB).script(move |ask| match ask.number {
                1 if cut > 0 => Act::serve().cut(cut),
                1 | 2 if ask.number == 2 || cut == 0 => Act::status(503).retry_after(seconds(100)),
                _ => Act::serve(),
            });
            let mut stage = Stage::with(wishes(1));
            let id = add(&mut stage, "first", &file).await;
            stage.does(id, |activity| matches!(activity, Activity::Waiting(rest) if rest > seconds(50))).await;
            let asked = stage.fake.opened("/first");
            let folder: PathBuf = stage.downloads().join("else");
            let rename = Command::Rename { id, name: "other".to_owned() };
            let order = if is_renamed { rename } else { Command::MoveTo { ids: vec![id], folder: folder.clone() } };
            stage.send(order).await;
            stage.until(id, |happening| matches!(happening, Happening::Moved(_))).await;
            stage.does(id, waits).await;
            let reason = stage.row(id).unwrap().fault.as_ref().map(|fault| fault.kind);
            assert_eq!(reason, Some(FaultKind::Status(503)), "why it waits is said all the same");
            stage.is(id, Status::Done).await;
            let opened = stage.fake.opened("/first");
            let wait = opened[asked.len()].at - asked.last().unwrap().at;
            assert!((100.0..102.0).contains(&wait.as_secs_f64()), "{wait:?}");
            let path = if is_renamed { stage.downloads().join("other") } else { folder.join("first") };
            assert!(std::fs::read(path).unwrap() == file.bytes()[..]);
            stage.end().await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn somebody_in_a_hurry_for_one_that_was_moved_is_heard() {
    let mut stage = Stage::with(wishes(1));
    let id = add(&mut stage, "first", &busy(1, 500)).await;
    stage.does(id, waits).await;
    stage.send(Command::Rename { id, name: "other".to_owned() }).await;
    stage.until(id, |happening| matches!(happening, Happening::Moved(_))).await;
    stage.does(id, waits).await;
    stage.send(Command::Retry(vec![id])).await;
    within(seconds(1), stage.is(id, Status::Done)).await;
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn uploads_leave_their_slot_too_whether_they_go_in_one_request_or_in_parts() {
    for is_small in [true, false] {
        let patience = Patience { wait: seconds(60), ..Patience::default() };
        let mut stage = Stage::with(Wishes { patience, ..wishes(1) });
        stage.depot.script(|call, before| {
            let is_first = matches!(call, Call::Put | Call::Part(_)) && before == 0;
            is_first.then_some(Trouble::Refused(FaultKind::Status(503)))
        });
        let path = super::uploads::write(&stage, if is_small { MIB } else { 2 * MIB });
        let upload = if is_small { Upload::of(path) } else { in_parts(&path) };
        let first = stage.add_spec(super::uploads::spec(upload)).await;
        stage.does(first, waits).await;
        let began = Instant::now();
        let second = add(&mut stage, "second", &FakeFile::new(2, MIB)).await;
        within(seconds(3), stage.is(second, Status::Done)).await;
        stage.is(first, Status::Done).await;
        assert!(began.elapsed() > seconds(25), "{:?}", began.elapsed());
        assert!(stage.depot.object(super::uploads::URL).is_some());
        stage.end().await;
    }
}

#[tokio::test(start_paused = true)]
async fn hours_that_end_stop_one_that_rests_and_one_that_waits_for_its_slot() {
    for is_woken in [false, true] {
        let mut stage = Stage::with(Wishes { queue_hours: &["06:00-08:00"], ..wishes(1) });
        let first = add(&mut stage, "first", &busy(1, if is_woken { 25 } else { 500 })).await;
        stage.does(first, waits).await;
        let second = add(&mut stage, "second", &FakeFile::new(2, 4 * MIB).rate(1024)).await;
        stage.has(second, 4096).await;
        if is_woken {
            stage.does(first, |activity| activity == Activity::Queued).await;
        }
        // It is 07:00, and then 08:00.
        stage.clock.jump(3600);
        stage.is(first, Status::Queued).await;
        stage.is(second, Status::Queued).await;
        stage.end().await;
    }
}

/// How often each of so many files of one host is asked for in a minute; all of them are refused before the time.
async fn asked_for(count: u64, act: Act, until: u64) -> (Stage, Vec<TransferId>, Vec<usize>) {
    let mut stage = Stage::with(wishes(4));
    let (began, mut ids) = (Instant::now(), Vec::new());
    for number in 0..count {
        let act = act.clone();
        let script = move |ask: &Ask| if ask.at - began < seconds(until) { act.clone() } else { Act::serve() };
        let path = format!("/{number}");
        stage.fake.put(&path, FakeFile::new(number, MIB).script(script));
        ids.push(stage.add(&path).await);
    }
    let other = add(&mut stage, "other", &FakeFile::new(99, MIB)).await;
    within(seconds(9), stage.is(other, Status::Done)).await;
    sleep(seconds(until - 5)).await;
    let asked = (0..count).map(|number| stage.fake.opened(&format!("/{number}")).len()).collect();
    (stage, ids, asked)
}

#[tokio::test(start_paused = true)]
async fn a_host_that_says_when_to_come_again_is_not_asked_for_all_that_it_has() {
    let act = Act::status(429).retry_after(seconds(25));
    let (stage, ids, asked) = asked_for(40, act, 60).await;
    // Four were told, some were on their way, and one or two tried later.
    let (some, none) = (asked.iter().filter(|count| **count > 0).count(), asked.iter().filter(|count| **count == 0));
    assert!(some <= 12 && none.count() >= 28, "{asked:?}");
    let began = Instant::now();
    for id in ids {
        stage.is(id, Status::Done).await;
    }
    assert!(began.elapsed() < seconds(60), "{:?}", began.elapsed());
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_host_that_has_a_bad_moment_does_not_fail_all_that_is_to_come_of_it() {
    let (stage, ids, asked) = asked_for(40, Act::status(503), 180).await;
    let failed = ids.iter().filter(|id| stage.row(**id).unwrap().status == Status::Failed).count();
    assert!(failed <= 16, "{failed} failed; {asked:?}");
    stage.seen(|now| (now.totals.done + now.totals.failed == 41).then_some(())).await;
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_host_that_has_not_made_some_files_yet_gives_the_others() {
    let mut stage = Stage::with(wishes(4));
    for number in 0..6 {
        let act = Act::status(503).retry_after(seconds(20));
        stage.fake.put(&format!("/{number}"), FakeFile::new(number, MIB).script(move |_| act.clone()));
        stage.add(&format!("/{number}")).await;
    }
    let began = Instant::now();
    for number in 10..30 {
        stage.fake.put(&format!("/{number}"), FakeFile::new(number, MIB).rate(MIB));
        stage.add(&format!("/{number}")).await;
    }
    stage.seen(|now| (now.totals.done == 20).then_some(())).await;
    // Those that can't be had yet are tried for two minutes; two of them were not asked for at first, and each of these is
    // tried before the others.
    assert!(began.elapsed() < seconds(70), "{:?}", began.elapsed());
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn those_that_heed_what_others_were_told_go_on_as_soon_as_one_is_served() {
    let act = Act::status(429).retry_after(seconds(600));
    let mut stage = Stage::with(wishes(4));
    let (began, mut ids) = (Instant::now(), Vec::new());
    for number in 0..12 {
        let act = act.clone();
        let script = move |ask: &Ask| if ask.at - began < seconds(5) { act.clone() } else { Act::serve() };
        stage.fake.put(&format!("/{number}"), FakeFile::new(number, MIB).script(script));
        ids.push(stage.add(&format!("/{number}")).await);
    }
    stage.does(ids[11], waits).await;
    sleep(seconds(6)).await;
    assert!(stage.fake.opened("/11").is_empty());
    stage.send(Command::Retry(vec![ids[0]])).await;
    within(seconds(5), stage.is(ids[11], Status::Done)).await;
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn four_files_that_a_host_has_not_got_ready_keep_none_of_its_others_waiting() {
    let mut stage = Stage::with(wishes(4));
    for number in 0..4 {
        let act = Act::status(503).retry_after(seconds(40));
        stage.fake.put(&format!("/{number}"), FakeFile::new(number, MIB).script(move |_| act.clone()));
        stage.add(&format!("/{number}")).await;
    }
    stage.fake.put("/good", FakeFile::new(9, MIB));
    let id = stage.add("/good").await;
    within(seconds(5), stage.is(id, Status::Done)).await;
    stage.end().await;
}
