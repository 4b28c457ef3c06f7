//! The engine against servers that fail, refuse, stall and lie.

use haul::api::{Command, Happening};
use haul::model::{FaultKind, OnChange, Patience, Status, TransferId};
use tokio::time::{Duration, Instant};

use super::stage::{MIB, Stage, Wishes, impatient, seconds, within};
use crate::support::fetch::{Act, FakeFile, Over};

const PATH: &str = "/a.bin";

fn wishes(connections: u16) -> Wishes {
    Wishes { connections, ..Wishes::default() }
}

/// Fetches a file, which must come out right within so many seconds.
async fn fetched(connections: u16, file: FakeFile, most: u64) -> Stage {
    let (mut stage, id) = Stage::of(wishes(connections), file.clone()).await;
    within(seconds(most), stage.complete(id, "a.bin", &file)).await;
    assert_eq!(stage.names(), ["a.bin"]);
    stage
}

#[tokio::test(start_paused = true)]
async fn failures_without_progress_are_counted_and_waited_for_longer_and_longer() {
    let down = FakeFile::new(1, 8 * MIB).script(|_| Act::status(500));
    let (mut stage, id) = Stage::of(Wishes { patience: impatient(), ..wishes(4) }, down).await;
    let began = Instant::now();
    assert_eq!(stage.fail(id).await.kind, FaultKind::Status(500));
    let at: Vec<f64> = stage.fake.opened(PATH).iter().map(|opened| (opened.at - began).as_secs_f64()).collect();
    assert_eq!(at.len(), 4, "the first and three more");
    let waits: Vec<f64> = at.windows(2).map(|pair| pair[1] - pair[0]).collect();
    for (wait, full) in waits.iter().zip([1.0, 2.0, 4.0]) {
        assert!((full / 2.0 - 0.01..=full + 0.01).contains(wait), "{waits:?}");
    }
    assert!(stage.names().is_empty());
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn failures_with_progress_never_end_it() {
    // Each connection is lost after 100,000 bytes: 42 at least.
    let cut = FakeFile::new(1, 4 * MIB).script(|_| Act::serve().cut(100_000));
    for connections in [1, 4] {
        let stage = fetched(connections, cut.clone(), 120).await;
        assert_eq!(stage.fake.given(PATH), 4 * MIB, "a cut costs nothing twice");
        assert!(stage.fake.most_a_second(PATH) <= 24, "{}", stage.fake.most_a_second(PATH));
        stage.end().await;
    }
}

#[tokio::test(start_paused = true)]
async fn parts_that_begin_early_and_are_cut_before_a_new_byte_are_failures() {
    let aligned = FakeFile::new(1, 8 * MIB).script(|_| Act::serve().early(0).cut(2 * MIB));
    let (mut stage, id) = Stage::of(Wishes { patience: impatient(), ..wishes(1) }, aligned).await;
    assert_eq!(within(seconds(60), stage.fail(id)).await.kind, FaultKind::Cut);
    assert!(stage.fake.given(PATH) <= 16 * MIB, "{}", stage.fake.given(PATH));
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_server_that_resets_everything_is_not_hammered() {
    let refusals = [
        Act::fault(FaultKind::Cut),
        Act::fault(FaultKind::Connect),
        Act::status(503).retry_after(Duration::ZERO),
        Act::status(429).retry_after(Duration::ZERO),
        Act::serve().cut(0),
        Act::serve().at_most(1).cut(0),
        Act::fault(FaultKind::WrongRange),
    ];
    for act in refusals {
        for first in [false, true] {
            // With `first`, one connection works all along, slowly.
            let (script, spare) = (act.clone(), Act::serve().rate(64 * 1024));
            let file = FakeFile::new(1, 4 * MIB)
                .script(move |ask| if first && ask.number == 1 { spare.clone() } else { script.clone() });
            let (mut stage, id) = Stage::of(wishes(8), file.clone()).await;
            let end = stage.outcome(id).await;
            assert_eq!(end.is_ok(), first, "{act:?} {end:?}");
            let requests = stage.fake.opened(PATH).len();
            assert!(requests <= 40 && stage.fake.most_a_second(PATH) <= 16, "{act:?}: {requests}");
            if first {
                stage.holds("a.bin", &file);
            }
            stage.end().await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_byte_at_a_time_is_not_asked_for_in_a_hurry() {
    for act in [Act::serve().at_most(1), Act::serve().cut(1), Act::serve().at_most(4096), Act::serve().at_most(5000)] {
        let file = FakeFile::new(1, 2 * MIB).script(move |_| act.clone());
        let (stage, _) = Stage::of(wishes(8), file).await;
        tokio::time::sleep(seconds(60)).await;
        let (most, all) = (stage.fake.most_a_second(PATH), stage.fake.opened(PATH).len());
        assert!(all < 600 || stage.fake.given(PATH) >= 2 * MIB, "{all} requests, {most} in one second");
        stage.end().await;
    }
}

#[tokio::test(start_paused = true)]
async fn the_last_few_bytes_of_a_file_of_unknown_length_are_no_trouble() {
    let file = FakeFile::new(1, 2 * MIB + 100).no_length().script(|_| Act::serve().at_most(2 * MIB));
    let stage = fetched(4, file, 8).await;
    assert_eq!(stage.fake.opened(PATH).len(), 3, "all, the rest, and that there is no more");
    assert!(!stage.told.iter().any(|event| matches!(event.happening, Happening::Retried { .. })));
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn retry_after_is_honoured_within_reason() {
    for (asked, least, most) in [(7, 7.0, 7.1), (100_000, 600.0, 600.1), (0, 0.5, 1.1)] {
        let file = FakeFile::new(1, MIB).script(move |ask| match ask.number {
            1 => Act::status(503).retry_after(seconds(asked)),
            _ => Act::serve(),
        });
        let stage = fetched(4, file, 700).await;
        let opened = stage.fake.opened(PATH);
        let wait = (opened[1].at - opened[0].at).as_secs_f64();
        assert!((least..most).contains(&wait), "{wait}");
        stage.end().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_host_that_gives_few_connections_is_asked_for_no_more() {
    for most in [1, 2, 3, 5] {
        let file = FakeFile::new(1, 32 * MIB).rate(MIB).at_once(most, Over::Refused(503));
        let stage = fetched(8, file, 32 / most as u64 + 8).await;
        assert!(stage.fake.given(PATH) <= 32 * MIB + 128 * 1024, "{}", stage.fake.given(PATH));
        assert!(stage.fake.refused(PATH) <= 9, "{most}: {} refused", stage.fake.refused(PATH));
        stage.end().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_host_that_lets_connections_wait_is_served_by_those_it_answers() {
    // Such as a server of one thread: the second connection is answered when the first has ended.
    for most in [1, 2] {
        let file = FakeFile::new(1, 60 * MIB).rate(MIB).at_once(most, Over::Waits);
        let stage = fetched(8, file, 60 / most as u64 + 60).await;
        assert!(stage.fake.opened(PATH).len() < 60, "{}", stage.fake.opened(PATH).len());
        stage.end().await;
    }
}

#[tokio::test(start_paused = true)]
async fn two_transfers_share_a_host_that_gives_four_connections() {
    let file = FakeFile::new(1, 16 * MIB).rate(MIB).at_once(4, Over::Refused(503));
    let mut stage = Stage::with(wishes(4));
    stage.fake.put("/a", file.clone());
    stage.fake.put("/b", file.clone());
    let ids = [stage.add("/a").await, stage.add("/b").await];
    // 32 MiB at 4 MiB/s are 8 s.
    within(seconds(20), async {
        for (id, name) in ids.into_iter().zip(["a", "b"]) {
            stage.is(id, Status::Done).await;
            stage.holds(name, &file);
        }
    })
    .await;
    assert!(stage.fake.refused("/a") + stage.fake.refused("/b") <= 12);
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn the_rest_of_a_stalled_connection_is_taken_over() {
    for stall in [0, 1, 300_000, MIB - 1000] {
        for number in 1..=4 {
            let file = FakeFile::new(1, 4 * MIB).rate(MIB);
            let file =
                file.script(move |ask| if ask.number == number { Act::serve().stall(stall) } else { Act::serve() });
            let stage = fetched(4, file, 8).await;
            assert!(stage.fake.opened(PATH).len() <= 12, "{}", stage.fake.opened(PATH).len());
            stage.end().await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn bytes_that_came_for_another_are_not_forgotten_by_a_stream_that_goes_on() {
    // The first connection pauses and loses its rest to another, which fails just after the first has gone on: what
    // the first has given meanwhile was not written, and its stream may not go on as if it had been.
    for tenths in 28..60_u32 {
        let began = Instant::now();
        let goes_on = began + Duration::from_secs_f64(f64::from(tenths) / 10.0 + 500_000.0 / MIB as f64);
        let file = FakeFile::new(1, 3 * MIB).rate(MIB);
        let file = file.script(move |ask| match ask.number {
            1 => Act::serve().pause(500_000, Duration::from_millis(u64::from(tenths) * 100)),
            number if number > 3 && ask.at < goes_on => {
                Act::fault(FaultKind::Cut).delay(goes_on + Duration::from_millis(30) - ask.at)
            }
            _ => Act::serve(),
        });
        let stage = fetched(4, file, 60).await;
        stage.end().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_is_never_answered_holds_nothing_up() {
    for number in 2..=4 {
        let file = FakeFile::new(1, 4 * MIB).rate(MIB);
        let file = file.script(move |ask| if ask.number == number { Act::silence() } else { Act::serve() });
        let stage = fetched(4, file, 8).await;
        stage.end().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_slow_connection_does_not_make_the_end_late() {
    // 16 MiB at 4 MiB/s, one of the connections at a hundredth.
    for number in 1..=4 {
        let file = FakeFile::new(1, 16 * MIB).rate(MIB);
        let file = file.script(move |ask| if ask.number == number { Act::serve().rate(10_000) } else { Act::serve() });
        let stage = fetched(4, file, 10).await;
        stage.end().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_that_thinks_before_each_answer_is_waited_for() {
    // Work must not go round in circles between connections that all wait for their answers.
    for (delay, length) in [(2, 8), (4, 8), (7, 2), (7, 3), (7, 8), (12, 8), (25, 16)] {
        let file = FakeFile::new(1, length * MIB).rate(MIB).script(move |_| Act::serve().delay(seconds(delay)));
        let stage = fetched(8, file, 6 * delay + length).await;
        assert!(stage.fake.opened(PATH).len() <= 40, "{delay}: {}", stage.fake.opened(PATH).len());
        stage.end().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_stalls_for_good_is_given_up_in_the_end() {
    let file = FakeFile::new(1, 4 * MIB).script(|_| Act::serve().stall(0));
    let patience = Patience { retries: 2, stall: seconds(10), ..Patience::default() };
    let (mut stage, id) = Stage::of(Wishes { patience, ..wishes(4) }, file).await;
    let fault = within(seconds(120), stage.fail(id)).await;
    assert_eq!(fault.kind, FaultKind::Stalled);
    assert!(stage.fake.opened(PATH).len() <= 24, "{}", stage.fake.opened(PATH).len());
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn parts_that_are_ignored_mean_one_stream() {
    // Ranges at first, then never again.
    let file = FakeFile::new(1, 8 * MIB).rate(MIB);
    let whole = file.clone().script(|ask| if ask.number == 1 { Act::serve() } else { Act::serve().whole() });
    let stage = fetched(4, whole, 20).await;
    assert_eq!(stage.fake.given(PATH), 8 * MIB, "the first stream goes on to the end");
    stage.end().await;
    let cut = file.script(|ask| if ask.number == 1 { Act::serve().cut(3 * MIB) } else { Act::serve().whole() });
    let stage = fetched(4, cut, 30).await;
    assert!(stage.fake.refused(PATH) <= 8);
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn the_whole_file_in_place_of_a_part_once_costs_nothing_that_is_on_disk() {
    let file = FakeFile::new(1, 8 * MIB).rate(MIB);
    let (mut stage, id) = Stage::of(wishes(1), file.clone()).await;
    stage.has(id, 6 * MIB).await;
    stage.pause(id).await;
    let given = stage.fake.given(PATH);
    let odd = stage.fake.opened(PATH).len() + 1;
    stage
        .fake
        .put(PATH, file.clone().script(move |ask| if ask.number == odd { Act::serve().whole() } else { Act::serve() }));
    stage.resume(id).await;
    stage.complete(id, "a.bin", &file).await;
    assert!(stage.fake.given(PATH) - given < 3 * MIB, "{}", stage.fake.given(PATH) - given);
    stage.end().await;
}

const DATE: &str = "Sat, 21 Nov 2026 08:00:00 GMT";

#[tokio::test(start_paused = true)]
async fn an_etag_of_each_machine_of_a_site_is_seen_through_by_comparing_bytes() {
    let edges = FakeFile::new(1, 32 * MIB).rate(MIB).dated(DATE);
    let edges = edges.script(|ask| Act::serve().etag(["\"edge-a\"", "\"edge-b\"", "\"edge-c\""][ask.number % 3]));
    let stage = fetched(4, edges, 20).await;
    assert!(stage.told.iter().all(|event| !matches!(event.happening, Happening::Restarted(_))));
    assert!(stage.fake.given(PATH) < 34 * MIB, "{}", stage.fake.given(PATH));
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn another_etag_over_other_bytes_is_a_changed_file_whatever_its_date() {
    let old = FakeFile::new(1, 16 * MIB).rate(MIB).dated(DATE);
    let (mut stage, id) = Stage::of(wishes(4), old).await;
    stage.has(id, 4 * MIB).await;
    let second = FakeFile::new(2, 16 * MIB).rate(MIB).dated(DATE);
    stage.pause(id).await;
    stage.fake.put(PATH, second.clone());
    stage.resume(id).await;
    stage.until(id, |happening| matches!(happening, Happening::Restarted(_))).await;
    stage.complete(id, "a.bin", &second).await;
    stage.end().await;
}

/// A transfer that has failed since its file is another one by now, after 2 MiB of the first.
async fn changed(wishes: Wishes) -> (Stage, TransferId, FakeFile) {
    let (mut stage, id) = Stage::of(wishes, FakeFile::new(1, 8 * MIB).rate(MIB)).await;
    stage.has(id, 2 * MIB).await;
    stage.pause(id).await;
    let second = FakeFile::new(2, 8 * MIB).rate(MIB);
    stage.fake.put(PATH, second.clone());
    stage.resume(id).await;
    assert_eq!(stage.fail(id).await.kind, FaultKind::Changed);
    (stage, id, second)
}

#[tokio::test(start_paused = true)]
async fn the_user_may_be_asked_before_a_changed_file_is_begun_anew() {
    for on_change in [OnChange::Ask, OnChange::Fail] {
        let (mut stage, id, second) = changed(Wishes { on_change, ..wishes(4) }).await;
        assert_eq!(stage.names().len(), 1, "what came is kept");
        // Also after a restart of the program.
        stage = stage.again().await;
        stage.send(Command::Retry(vec![id])).await;
        if on_change == OnChange::Ask {
            stage.complete(id, "a.bin", &second).await;
        } else {
            assert_eq!(stage.fail(id).await.kind, FaultKind::Changed);
            assert_eq!(stage.names().len(), 1, "what came is kept");
        }
        stage.end().await;
    }
}

#[tokio::test(start_paused = true)]
async fn that_a_changed_file_is_to_be_begun_anew_outlasts_a_restart_before_its_turn() {
    let wishes = Wishes { on_change: OnChange::Ask, transfers: Some(1), ..wishes(4) };
    let (mut stage, id, second) = changed(wishes).await;
    stage.fake.put("/busy", FakeFile::new(3, 8 * MIB).rate(MIB));
    let busy = stage.add("/busy").await;
    stage.has(busy, MIB).await;
    stage.send(Command::Retry(vec![id])).await;
    stage.is(id, Status::Queued).await;
    stage = stage.again().await;
    stage.complete(id, "a.bin", &second).await;
    assert!(stage.item(id).unwrap().reason.is_none());
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_changed_file_is_begun_anew_once() {
    let old = FakeFile::new(1, 8 * MIB).rate(MIB);
    let (mut stage, id) = Stage::of(wishes(4), old).await;
    stage.has(id, 2 * MIB).await;
    stage.pause(id).await;
    let second = FakeFile::new(2, 8 * MIB).rate(MIB);
    stage.fake.put(PATH, second.clone());
    stage.resume(id).await;
    stage.until(id, |happening| matches!(happening, Happening::Restarted(_))).await;
    stage.has(id, 6 * MIB).await;
    stage.complete(id, "a.bin", &second).await;
    stage.end().await;

    // Another version with every answer, of the same length: never a mixture.
    let (mut stage, id) =
        Stage::of(wishes(4), FakeFile::new(0, 8 * MIB).rate(MIB).script(|_| Act::serve().cut(500_000))).await;
    for version in 1..20 {
        stage.fake.put(PATH, FakeFile::new(version, 8 * MIB).rate(MIB).script(|_| Act::serve().cut(500_000)));
        tokio::time::sleep(Duration::from_millis(700)).await;
    }
    assert_eq!(stage.fail(id).await.kind, FaultKind::Changed);
    assert!(stage.names().iter().all(|name| name.strip_suffix(".part").is_some()));
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn what_a_body_brings_beyond_the_part_that_its_head_tells_of_is_not_used() {
    // What lies beyond comes otherwise than it is.
    for surplus in [1, 100_000, 2 * MIB] {
        let file = FakeFile::new(1, 4 * MIB).damaged(MIB, 0..1).script(move |ask| match ask.number {
            1 => Act::serve().at_most(MIB).surplus(surplus),
            _ => Act::serve(),
        });
        let stage = fetched(1, file, 20).await;
        let asked: Vec<u64> = stage.fake.opened(PATH).iter().map(|opened| opened.asked.start()).collect();
        assert_eq!(asked, [0, MIB], "what lies before it stays");
        stage.end().await;
    }
}
