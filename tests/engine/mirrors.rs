//! Several places of one file, of which one goes wrong.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use haul::api::{Command, Happening};
use haul::model::{FaultKind, Patience, Source, TransferId};

use super::stage::{MIB, Stage, Wishes, seconds, within};
use crate::support::fetch::{Act, Ask, FakeFile};
use crate::support::server::sha256;

/// The same file at `/a.bin` and at `/b.bin`, of which the first is asked first.
async fn of_two(wishes: Wishes, first: FakeFile, second: FakeFile) -> (Stage, TransferId) {
    let mut stage = Stage::with(wishes);
    stage.fake.put("/a.bin", first);
    stage.fake.put("/b.bin", second);
    let mut spec = stage.spec("/a.bin");
    spec.mirrors = [Source::parse("http://fake/b.bin").unwrap()].into();
    let id = stage.add_spec(spec).await;
    (stage, id)
}

#[tokio::test(start_paused = true)]
async fn a_place_whose_file_is_shorter_than_what_came_of_it_leaves_its_bytes_to_the_next() {
    let file = FakeFile::new(1, 12 * MIB).etag(None).no_length();
    let short = FakeFile::new(2, 5 * MIB).etag(None).no_ranges();
    let wishes = Wishes { connections: 1, ..Wishes::default() };
    let cut = file.clone().no_ranges().script(|_| Act::serve().cut(10 * MIB));
    // Its trouble comes when the first place has rested.
    let late =
        file.clone().script(|ask| if ask.number == 1 { Act::status(500).delay(seconds(5)) } else { Act::serve() });
    let (mut stage, id) = of_two(wishes, cut, late).await;
    stage.has(id, 8 * MIB).await;
    stage.fake.put("/a.bin", short);
    within(seconds(60), stage.complete(id, "a.bin", &file)).await;
    assert_eq!(stage.fake.given("/b.bin"), 2 * MIB + 4096, "what was missing, and a sample");
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn looks_at_places_count_as_connections() {
    let file = FakeFile::new(1, 16 * MIB).rate(MIB);
    // The second connection is opened again when both others are looked at, so slowly that they still are.
    let lost = |ask: &Ask| if ask.number == 2 { Act::fault(FaultKind::Resolve) } else { Act::serve() };
    let slow = |ask: &Ask| if ask.number == 1 { Act::serve().rate(512) } else { Act::serve() };
    let mut stage = Stage::with(Wishes {
        connections: 3,
        patience: Patience { wait: seconds(4), ..Patience::default() },
        ..Wishes::default()
    });
    stage.fake.put("/a.bin", file.clone().script(lost));
    stage.fake.put("/b.bin", file.clone().script(slow));
    stage.fake.put("/c.bin", file.clone().script(slow));
    let mut spec = stage.spec("/a.bin");
    spec.mirrors = ["b", "c"].map(|name| Source::parse(&format!("http://fake/{name}.bin")).unwrap()).into();
    let id = stage.add_spec(spec).await;
    stage.complete(id, "a.bin", &file).await;
    assert_eq!(stage.fake.most_open(), 3);
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn what_a_place_brought_that_has_changed_is_claimed_no_more_at_once() {
    let file = FakeFile::new(1, 16 * MIB);
    let first = file.clone().script(|_| Act::serve().cut(MIB));
    let second = file.clone().script(|_| Act::serve().rate(64 << 10));
    let wishes = Wishes { connections: 2, ..Wishes::default() };
    let (mut stage, id) = of_two(wishes, first, second).await;
    stage.has(id, 6 * MIB).await;
    stage.fake.put("/a.bin", FakeFile::new(2, 16 * MIB));
    stage.until(id, |happening| matches!(happening, Happening::Dropped(_))).await;
    tokio::time::sleep(Duration::from_millis(10)).await;
    let claimed = stage.checkpoint(id).unwrap().ledger.done().total();
    assert!(claimed < 3 * MIB, "kill -9 now, and {claimed} bytes of two versions are one file");
    stage.complete(id, "a.bin", &file).await;
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn the_etag_of_a_place_that_has_nothing_any_more_is_not_asked_of_another() {
    let file = FakeFile::new(1, 8 * MIB).named("x.bin");
    let wishes = Wishes { connections: 1, ..Wishes::default() };
    let (mut stage, id) = Stage::of(wishes, file.clone().rate(MIB)).await;
    stage.has(id, 4 * MIB).await;
    stage.send(Command::Remove { ids: vec![id], data: false }).await;
    stage.seen(|now| now.rows.is_empty().then_some(())).await;
    stage.fake.put("/a.bin", file.clone().script(|_| Act::status(404)));
    stage.fake.put("/b.bin", file.clone().etag(Some("\"b\"")));
    let mut spec = stage.spec("/a.bin");
    spec.mirrors = [Source::parse("http://fake/b.bin").unwrap()].into();
    let id = stage.add_spec(spec).await;
    stage.complete(id, "x.bin", &file).await;
    assert!(!stage.told.iter().any(|event| matches!(event.happening, Happening::Restarted(_))));
    assert!(stage.fake.given("/b.bin") < 5 * MIB, "{}", stage.fake.given("/b.bin"));
    stage.end().await;
}

/// The first place lies. One of the two does not serve when all has come and it is asked alone, so often.
async fn asked_alone(unserved: &'static str, times: usize) -> Stage {
    let file = FakeFile::new(1, 8 * MIB);
    let mut stage = Stage::with(Wishes { connections: 2, ..Wishes::default() });
    for (name, file) in [("/a.bin", file.clone().damaged(MIB, 0..u32::MAX)), ("/b.bin", file.clone())] {
        let (fake, refused) = (stage.fake.clone(), AtomicUsize::new(0));
        stage.fake.put(
            name,
            file.rate(if name == "/a.bin" { 16 * MIB } else { MIB }).script(move |_| {
                let has_come = fake.given("/a.bin") + fake.given("/b.bin") >= 8 * MIB;
                let serves = name != unserved || !has_come || refused.fetch_add(1, Ordering::Relaxed) >= times;
                if serves { Act::serve() } else { Act::status(503) }
            }),
        );
    }
    let mut spec = stage.spec("/a.bin");
    spec.mirrors = [Source::parse("http://fake/b.bin").unwrap()].into();
    spec.checksum = Some(format!("sha256:{}", sha256(1, 8 * MIB)).parse().map(Box::new).unwrap());
    let id = stage.add_spec(spec).await;
    stage.complete(id, "a.bin", &file).await;
    stage
}

#[tokio::test(start_paused = true)]
async fn one_that_is_asked_alone_has_its_turn_also_after_a_bad_moment() {
    let stage = asked_alone("/b.bin", 1).await;
    assert_eq!(stage.fake.refused("/b.bin"), 1);
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn one_that_is_asked_alone_and_never_answers_is_left_for_the_next() {
    asked_alone("/a.bin", usize::MAX).await.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_look_at_a_place_that_is_lost_keeps_no_connection() {
    let file = FakeFile::new(1, 16 * MIB).rate(MIB);
    let wishes = Wishes { connections: 2, ..Wishes::default() };
    let (mut stage, id) = of_two(wishes, file.clone(), file.clone().script(|_| Act::bug())).await;
    // One connection takes 16 s.
    within(seconds(11), stage.complete(id, "a.bin", &file)).await;
    assert_eq!(stage.fake.opened("/b.bin").len(), 1);
    stage.end().await;
}
