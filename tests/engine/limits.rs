//! Under a limit a connection holds little that was not read; without one it is a connection like any other.

use haul::api::Command;
use haul::model::{Limits, Rate, Spec, Status};
use haul::plan::unread;

use super::stage::{MIB, Stage, Wishes, seconds, within};
use super::uploads::{self, complete, in_parts, write};
use crate::support::fetch::FakeFile;
use crate::support::pair::{Pair, sockets_are_found};

const PATH: &str = "/a.bin";

#[tokio::test(start_paused = true)]
async fn a_connection_is_as_wide_as_the_limit_needs_it() {
    if !sockets_are_found() {
        return;
    }
    let pair = Pair::new();
    let rate = |bytes| Some(Rate::per_second(bytes));
    // The system takes twice what it is told.
    let needed = |limit| 2 * unread(limit, seconds(0)).unwrap();
    let file = FakeFile::new(1, 64 * MIB).rate(1 << 30).on(pair.ends());
    let wishes = Wishes { connections: 1, limit: rate(MIB), ..Wishes::default() };
    let (mut stage, id) = Stage::of(wishes, file.clone()).await;
    stage.has(id, 2 * MIB).await;
    assert_eq!(pair.buffer(), needed(Rate::per_second(MIB)));
    stage.send(Command::Limit(rate(8 * MIB))).await;
    stage.has(id, 16 * MIB).await;
    assert_eq!(pair.buffer(), needed(Rate::per_second(8 * MIB)), "another limit is no reason for another connection");
    assert_eq!(stage.fake.opened(PATH).len(), 1);
    stage.send(Command::Limit(None)).await;
    within(seconds(2), stage.is(id, Status::Done)).await;
    stage.complete(id, "a.bin", &file).await;
    assert_eq!(stage.fake.opened(PATH).len(), 2, "without a limit another one takes its place");
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn one_stream_is_left_as_it_is() {
    // It could not be asked for anew once the limit is lifted.
    let pair = Pair::new();
    let wide = pair.buffer();
    let file = FakeFile::new(1, 8 * MIB).rate(1 << 30).no_ranges().on(pair.ends());
    let wishes = Wishes { limit: Some(Rate::per_second(MIB)), ..Wishes::default() };
    let (mut stage, id) = Stage::of(wishes, file.clone()).await;
    stage.has(id, 2 * MIB).await;
    assert_eq!(pair.buffer(), wide);
    stage.send(Command::Limit(None)).await;
    stage.complete(id, "a.bin", &file).await;
    assert_eq!(stage.fake.opened(PATH).len(), 1);
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn of_two_limits_the_lower_one_is_what_there_is() {
    let limit = Some(Rate::per_second(100_000));
    let mut stage = Stage::with(Wishes { connections: 1, limit, ..Wishes::default() });
    let file = FakeFile::new(1, 2 * MIB);
    stage.fake.put(PATH, file.clone());
    let mut spec = stage.spec(PATH);
    spec.limits.rate = limit;
    let id = stage.add_spec(spec).await;
    let before = tokio::time::Instant::now();
    stage.complete(id, "a.bin", &file).await;
    let (took, ideal) = (before.elapsed().as_secs_f64(), 2.0 * MIB as f64 / 100_000.0);
    assert!((0.97..1.05).contains(&(took / ideal)), "{took} s for {ideal}");
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn so_it_is_for_what_is_sent() {
    let limit = Some(Rate::per_second(100_000));
    let mut stage = Stage::with(Wishes { limit, ..Wishes::default() });
    let path = write(&stage, 2 * MIB);
    let limits = Limits { rate: limit, ..Limits::default() };
    let id = stage.add_spec(Spec { limits, ..uploads::spec(in_parts(&path)) }).await;
    let before = tokio::time::Instant::now();
    complete(&mut stage, id, 2 * MIB).await;
    let (took, ideal) = (before.elapsed().as_secs_f64(), 2.0 * MIB as f64 / 100_000.0);
    assert!((0.97..1.05).contains(&(took / ideal)), "{took} s for {ideal}");
    stage.end().await;
}
