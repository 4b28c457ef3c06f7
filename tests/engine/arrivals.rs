//! What a killed run had on its way to a store, and what arrives of it.

use super::stage::{MIB, Stopped, Wishes};
use super::uploads::{begin, bytes, checkpoint, complete, is_part};
use crate::support::depot::{Call, Trouble};
use haul::model::TransferId;

const LENGTH: u64 = 12 * MIB;

/// An upload of twelve parts that stands still, as if its run had been killed; and how many parts the store has, which are
/// the first ones.
async fn killed() -> (Stopped, TransferId, u32) {
    let (stage, id) = begin(Wishes { connections: 2, ..Wishes::default() }, LENGTH).await;
    stage.has(id, 3 * MIB).await;
    let stopped = stage.stop().await;
    let has = (stopped.items()[0].done.total() / MIB) as u32;
    stopped.depot.forget_calls();
    // Who is killed does not give it back.
    std::fs::write(checkpoint(&stopped.state(), &stopped.downloads()).with_extension("lock"), "").unwrap();
    (stopped, id, has)
}

#[tokio::test(start_paused = true)]
async fn a_part_that_a_killed_run_had_on_its_way_is_not_sent_again_if_it_arrives() {
    let (stopped, id, has) = killed().await;
    let (depot, upload) = (stopped.depot.clone(), stopped.depot.open_uploads().remove(0));
    let all = bytes(LENGTH);
    // It is there once the first part of the new run comes: its last bytes were in the network until then.
    stopped.depot.script(move |call, _| {
        if is_part(call) {
            let at = has as usize * MIB as usize;
            depot.arrives(&upload, has + 1, &all[at..at + MIB as usize]);
        }
        None
    });
    let mut stage = stopped.start();
    complete(&mut stage, id, LENGTH).await;
    let sent: Vec<Call> = stage.depot.calls().into_iter().filter(|call| is_part(*call)).collect();
    assert_eq!(sent.len() as u32, 12 - has - 1, "{sent:?}");
    assert!(!sent.contains(&Call::Part(has + 1)), "{sent:?}");
    assert!(sent.contains(&Call::Part(has + 2)), "what did not arrive is sent: {sent:?}");
    assert_eq!(stage.depot.count(|call| call == Call::Parts), 2);
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn what_was_on_its_way_is_sent_where_the_store_cannot_be_asked_again_and_where_it_is_damaged() {
    for damaged in [false, true] {
        let (stopped, id, has) = killed().await;
        let (depot, upload) = (stopped.depot.clone(), stopped.depot.open_uploads().remove(0));
        stopped.depot.script(move |call, before| {
            if damaged && before == 0 && call == Call::Part(has + 5) {
                depot.arrives(&upload, has + 1, &vec![7; MIB as usize]);
            }
            let refused = call == Call::Parts && before > 0 && !damaged;
            refused.then_some(Trouble::Refused(haul::model::FaultKind::Status(500)))
        });
        let mut stage = stopped.start();
        complete(&mut stage, id, LENGTH).await;
        assert_eq!(stage.depot.count(is_part) as u32, 12 - has);
        stage.end().await;
    }
}
