//! Answers that contradict each other: which version of the file each of them is of.

use haul::api::Happening;
use haul::model::{FaultKind, Status};

use super::stage::{MIB, Stage, Wishes, seconds, within};
use crate::support::fetch::{Act, Ask, FakeFile};

const PATH: &str = "/a.bin";
const TAGS: [&str; 7] = ["\"a\"", "\"b\"", "\"c\"", "\"d\"", "\"e\"", "\"f\"", "\"g\""];

fn restarts(stage: &Stage) -> usize {
    stage.told.iter().filter(|event| matches!(event.happening, Happening::Restarted(_))).count()
}

#[tokio::test(start_paused = true)]
async fn after_answers_that_contradict_each_other_one_connection_has_it_alone() {
    // A tag of its own for each answer, as programs make them; and one machine of three that has an older version.
    let each = |ask: &Ask| Act::serve().etag(TAGS[ask.number % TAGS.len()]);
    let edge =
        |ask: &Ask| if ask.open > 0 && ask.number % 3 == 2 { Act::fault(FaultKind::Changed) } else { Act::serve() };
    let file = || FakeFile::new(1, 8 * MIB).rate(MIB);
    for file in [file().script(each), file().script(edge)] {
        let (mut stage, id) = Stage::of(Wishes::default(), file.clone()).await;
        within(seconds(30), stage.complete(id, "a.bin", &file)).await;
        let (given, answers) = (stage.fake.given(PATH), stage.fake.opened(PATH).len());
        assert!(restarts(&stage) == 1 && given < 12 * MIB && answers <= 8, "{given} in {answers}");
        stage.end().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_validator_that_comes_with_a_later_answer_holds_for_all() {
    // The first answer has none; then two versions of one length take turns.
    let turns = |ask: &Ask| if ask.number == 1 { Act::serve() } else { Act::serve().etag(TAGS[ask.number % 2]) };
    let file = FakeFile::new(1, 16 * MIB).rate(MIB).etag(None).script(turns);
    let (mut stage, id) = Stage::of(Wishes { connections: 3, ..Wishes::default() }, file).await;
    let over = |happening: &Happening| matches!(happening, Happening::Restarted(_) | Happening::Completed { .. });
    stage.until(id, over).await;
    assert_eq!(restarts(&stage), 1, "two versions were mixed");
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn what_later_answers_tell_of_the_version_is_kept_too() {
    let later = |ask: &Ask| if ask.number == 1 { Act::serve() } else { Act::serve().etag("\"v1\"") };
    let file = FakeFile::new(1, 8 * MIB).rate(MIB).etag(None).script(later);
    let (mut stage, id) = Stage::of(Wishes::default(), file.clone()).await;
    stage.has(id, 6 * MIB).await;
    let etag = stage.checkpoint(id).unwrap().validator.etag;
    assert_eq!(etag.as_deref(), Some("\"v1\""), "after kill -9");
    stage.pause(id).await;
    stage.is(id, Status::Paused).await;
    assert_eq!(stage.checkpoint(id).unwrap().validator.etag.as_deref(), Some("\"v1\""));
    stage.resume(id).await;
    stage.complete(id, "a.bin", &file).await;
    stage.fake.put(PATH, file.etag(Some("\"v1\"")));
    let again = stage.add(PATH).await;
    let told = stage.outcome(again).await;
    assert!(matches!(told, Ok(Happening::Completed { unchanged: true, .. })), "{told:?}");
    stage.end().await;
}
