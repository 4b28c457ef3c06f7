//! Those that can only wait for their host, one and all, hold up none of another host.

use haul::model::{FaultKind, HostLimit, Source, Spec, Status, TransferId};
use haul::store::HostLimits;
use tokio::time::{Instant, sleep};

use super::stage::{MIB, Stage, Wishes, seconds, within};
use crate::support::fetch::{Act, FakeFile};

fn wishes() -> Wishes {
    Wishes { transfers: Some(4), connections: 1, ..Wishes::default() }
}

async fn add(stage: &mut Stage, host: &str, name: &str, file: &FakeFile) -> TransferId {
    stage.fake.put(&format!("/{name}"), file.clone());
    let source = Source::parse(&format!("http://{host}.example/{name}")).unwrap();
    stage.add_spec(Spec::new(source, stage.downloads())).await
}

/// So many of one host, and then one of another; gives how long that takes, and how many of the first were asked for by then.
async fn takes(stage: &mut Stage, count: u64, act: &Act) -> (std::time::Duration, usize) {
    for number in 0..count {
        let (name, act) = (format!("f{number}"), act.clone());
        let file = FakeFile::new(number, MIB).script(move |_| act.clone());
        add(stage, "host", &name, &file).await;
    }
    let began = Instant::now();
    let good = add(stage, "good", "good", &FakeFile::new(1, MIB)).await;
    stage.is(good, Status::Done).await;
    let asked = (0..count).filter(|number| !stage.fake.opened(&format!("/f{number}")).is_empty()).count();
    (began.elapsed(), asked)
}

#[tokio::test(start_paused = true)]
async fn a_host_that_puts_off_or_refuses_all() {
    for act in [Act::status(503).retry_after(seconds(600)), Act::fault(FaultKind::Connect)] {
        for count in [12, 100] {
            let mut stage = Stage::with(wishes());
            let (took, asked) = takes(&mut stage, count, &act).await;
            assert!(took < seconds(12) && asked <= 8, "{count}: {took:?}, {asked} asked");
            // Nothing else waits for these either.
            sleep(seconds(60)).await;
            let other = add(&mut stage, "good", "other", &FakeFile::new(2, MIB)).await;
            within(seconds(12), stage.is(other, Status::Done)).await;
            stage.end().await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_host_that_never_answers() {
    for count in [12, 100] {
        let mut stage = Stage::with(wishes());
        let (took, asked) = takes(&mut stage, count, &Act::silence()).await;
        // The patience with the first four.
        assert!(took < seconds(45) && asked <= 8, "{count}: {took:?}, {asked} asked");
        for name in ["other", "third"] {
            sleep(seconds(60)).await;
            let other = add(&mut stage, "good", name, &FakeFile::new(2, MIB)).await;
            within(seconds(12), stage.is(other, Status::Done)).await;
        }
        stage.end().await;
    }
}

/// A stage whose host bears one connection, as it is remembered.
async fn with_one_connection(wishes: Wishes) -> Stage {
    let stopped = Stage::with(wishes).stop().await;
    let at = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let limit = HostLimit { host: "host.example".to_owned(), allowed: 1, at };
    HostLimits::of(&stopped.state()).update(|_| vec![limit]);
    stopped.start()
}

#[tokio::test(start_paused = true)]
async fn a_host_that_gives_one_connection() {
    for count in [6, 100] {
        let mut stage = with_one_connection(wishes()).await;
        let slow = Act::serve().rate(MIB / 64);
        let (took, _) = takes(&mut stage, count, &slow).await;
        assert!(took < seconds(15), "{count}: {took:?}");
        let one_after_the_other = |now: &haul::api::Snapshot| (now.totals.done >= 4).then_some(());
        within(seconds(64 * 3 + 10), stage.seen(one_after_the_other)).await;
        stage.end().await;
    }
}

#[tokio::test(start_paused = true)]
async fn one_that_has_lost_its_only_connection_to_a_host() {
    let mut stage = with_one_connection(Wishes { transfers: Some(2), ..wishes() }).await;
    let first = FakeFile::new(1, 16 * MIB).rate(MIB).script(|_| Act::serve().cut(8 * MIB));
    let (second, third) = (FakeFile::new(2, 64 * MIB).rate(MIB), FakeFile::new(3, 4096 * 4096).rate(MIB / 64));
    let one = add(&mut stage, "host", "one", &first).await;
    stage.has(one, MIB).await;
    let two = add(&mut stage, "host", "two", &second).await;
    // It has the other's slot while that one waits for its connection.
    add(&mut stage, "good", "three", &third).await;
    stage.has(two, MIB).await;
    let four = add(&mut stage, "good", "four", &FakeFile::new(4, MIB)).await;
    stage.is(four, Status::Queued).await;
    for id in [one, two, four] {
        within(seconds(90), stage.is(id, Status::Done)).await;
    }
    stage.holds("one", &first);
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn one_whose_connection_fails_as_soon_as_it_has_it_counts_again() {
    let mut stage = with_one_connection(Wishes { transfers: Some(2), ..wishes() }).await;
    let first = FakeFile::new(1, 16 * MIB).rate(MIB).script(|ask| match ask.number {
        1 => Act::serve().cut(8 * MIB),
        2 => Act::status(503),
        _ => Act::serve().rate(MIB / 16),
    });
    // The other one ends, and gives its connection, between two looks of the first at its plan.
    let second = FakeFile::new(2, 10 * MIB + 50_000).rate(MIB);
    let endless = FakeFile::new(3, 4096 * 4096).rate(MIB / 64);
    let one = add(&mut stage, "host", "one", &first).await;
    stage.has(one, MIB).await;
    let two = add(&mut stage, "host", "two", &second).await;
    add(&mut stage, "good", "three", &endless).await;
    stage.has(two, MIB).await;
    add(&mut stage, "good", "four", &FakeFile::new(4, MIB)).await;
    add(&mut stage, "good", "five", &endless).await;
    within(seconds(90), stage.is(two, Status::Done)).await;
    sleep(seconds(9)).await;
    stage.is(one, Status::Running).await;
    assert_eq!(stage.fake.opened("/one").len(), 3);
    assert!(stage.fake.opened("/five").is_empty(), "three run at once, and there are two slots");
    stage.end().await;
}
