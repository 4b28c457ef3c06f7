//! The engine against servers that serve, but not each request and not to its end.

use haul::model::FaultKind;
use tokio::time::Instant;

use super::stage::{MIB, Stage, Wishes};
use crate::support::fetch::{Act, Ask, FakeFile};

const PATH: &str = "/a.bin";

fn wishes(connections: u16) -> Wishes {
    Wishes { connections, ..Wishes::default() }
}

#[tokio::test(start_paused = true)]
async fn a_server_that_cuts_each_answer_is_asked_for_the_rest_at_once() {
    for connections in [1, 8] {
        // All connections are lost at the same time: the work of none of them is in doubt.
        let file = FakeFile::new(1, 64 * MIB).rate(8 * MIB).script(|_| Act::serve().cut(2 * MIB));
        let stage = Stage::with(wishes(connections));
        stage.fake.put(PATH, file.clone());
        let ideal = 8.0 / f64::from(connections);
        let took = took(stage, &file).await;
        assert!(took < 1.5 * ideal + 1.0, "{connections}: {took} s");
    }
}

/// The seconds that a download of this file takes.
async fn took(mut stage: Stage, file: &FakeFile) -> f64 {
    let began = Instant::now();
    let id = stage.add(PATH).await;
    stage.complete(id, "a.bin", file).await;
    let took = began.elapsed().as_secs_f64();
    stage.end().await;
    took
}

#[tokio::test(start_paused = true)]
async fn a_busy_server_that_refuses_and_drops_some_requests_is_no_host_of_few_connections() {
    // Of ten requests two are refused and one is dropped, whoever else is served; and each answer is cut.
    let script = |ask: &Ask| match ask.number % 10 {
        3 | 6 => Act::status(503),
        8 => Act::fault(FaultKind::Cut),
        _ => Act::serve().cut(3 * MIB),
    };
    let file = FakeFile::new(1, 192 * MIB).rate(8 * MIB).script(script);
    let stage = Stage::with(wishes(8));
    stage.fake.put(PATH, file.clone());
    let took = took(stage, &file).await;
    assert!(took < 9.0, "{took} s, of which the bytes take 3");
}
