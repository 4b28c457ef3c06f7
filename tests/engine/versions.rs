//! Answers that contradict each other: which version of the file each of them is of.

use haul::api::{Command, Happening};
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

#[tokio::test(start_paused = true)]
async fn an_answer_without_an_etag_costs_a_comparison_and_no_word_on_versions() {
    let once = |ask: &Ask| {
        let act = Act::serve().cut(MIB);
        if ask.number == 2 { act.untagged() } else { act }
    };
    let old = FakeFile::new(1, 8 * MIB).rate(MIB).script(once);
    let new = FakeFile::new(2, 8 * MIB).rate(MIB);
    let (mut stage, id) = Stage::of(Wishes { connections: 1, ..Wishes::default() }, old).await;
    stage.has(id, 4 * MIB).await;
    assert_eq!(restarts(&stage), 0);
    stage.fake.put(PATH, new.clone());
    stage.complete(id, "a.bin", &new).await;
    assert_eq!(restarts(&stage), 1);
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn another_version_that_comes_to_a_comparison_is_another_version() {
    // It has the same bytes up to its end; between is an answer without an ETag.
    let cut = |ask: &Ask| if ask.number == 2 { Act::serve().untagged() } else { Act::serve().cut(3 * MIB) };
    let old = FakeFile::new(1, 8 * MIB).rate(MIB).script(cut);
    let mut bytes = old.bytes().to_vec();
    bytes[MIB as usize] ^= 1;
    let new = FakeFile::of(bytes).etag(Some("\"v2\"")).rate(MIB);
    let (mut stage, id) = Stage::of(Wishes { connections: 1, ..Wishes::default() }, old).await;
    stage
        .until(
            id,
            |happening| matches!(happening, Happening::Retried { fault, .. } if fault.kind == FaultKind::Retagged),
        )
        .await;
    stage.fake.put(PATH, new.clone());
    stage.complete(id, "a.bin", &new).await;
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn bytes_that_nothing_was_said_of_are_compared_once_something_is() {
    for kept in [true, false] {
        let cut = |ask: &Ask| if ask.number == 1 { Act::serve().cut(3 * MIB) } else { Act::serve() };
        let before = FakeFile::new(1, 8 * MIB).rate(MIB).etag(None).script(cut);
        let after = FakeFile::new(if kept { 1 } else { 2 }, 8 * MIB).etag(Some("\"new\""));
        let (mut stage, id) = Stage::of(Wishes { connections: 1, ..Wishes::default() }, before).await;
        stage.has(id, 2 * MIB).await;
        stage.fake.put(PATH, after.clone());
        stage.complete(id, "a.bin", &after).await;
        assert_eq!(restarts(&stage), usize::from(!kept), "{kept}");
        stage.end().await;
    }
}

#[tokio::test(start_paused = true)]
async fn etags_under_which_the_same_bytes_come_are_good() {
    // Two machines with a tag of their own each, and a program that makes a new one each time.
    let two = |ask: &Ask| Act::serve().etag(TAGS[ask.number % 2]).cut(MIB);
    let many = |ask: &Ask| Act::serve().etag(TAGS[ask.number % TAGS.len()]).cut(MIB);
    let file = || FakeFile::new(1, 8 * MIB).rate(MIB).dated("Sat, 15 Nov 2025 12:45:26 GMT");
    for (connections, file) in [(1, file().script(two)), (4, file().script(two)), (1, file().script(many))] {
        let wishes = Wishes { connections, ..Wishes::default() };
        let (mut stage, id) = Stage::of(wishes, file.clone()).await;
        stage.complete(id, "a.bin", &file).await;
        let given = stage.fake.given(PATH);
        assert!(restarts(&stage) == 0 && given < 10 * MIB, "{connections}: {given}");
        stage.end().await;
    }
}

#[tokio::test(start_paused = true)]
async fn what_stands_in_for_a_changed_file_is_not_taken_for_it() {
    let old = FakeFile::new(1, 8 * MIB).rate(MIB).typed("application/zip");
    let new = FakeFile::new(2, 8 * MIB).typed("application/zip");
    let changed = |ask: &Ask| if ask.number == 2 { Act::fault(FaultKind::Changed) } else { Act::serve() };
    let notice = FakeFile::of(&b"Too many connections"[..]).etag(None).no_ranges().typed("text/plain").script(changed);
    let (mut stage, id) = Stage::of(Wishes { connections: 1, ..Wishes::default() }, old).await;
    stage.has(id, 2 * MIB).await;
    stage.pause(id).await;
    stage.fake.put(PATH, notice);
    stage.resume(id).await;
    let stands_in =
        |told: &Happening| matches!(told, Happening::Retried { fault, .. } if fault.kind == FaultKind::WebPage);
    stage.until(id, stands_in).await;
    stage.fake.put(PATH, new.clone());
    stage.complete(id, "a.bin", &new).await;
    assert_eq!(restarts(&stage), 1);
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn what_stands_in_for_a_file_is_called_by_its_name() {
    let old = FakeFile::new(1, 8 * MIB).rate(MIB).typed("application/zip");
    let (mut stage, id) = Stage::of(Wishes { connections: 1, ..Wishes::default() }, old).await;
    stage.has(id, 2 * MIB).await;
    stage.pause(id).await;
    stage.fake.put(PATH, FakeFile::of(&b"Try tomorrow"[..]).etag(None).no_ranges().typed("text/plain"));
    stage.resume(id).await;
    let told = stage.fail(id).await.detail;
    assert!(
        told.contains("(12 bytes (text/plain), without a word") && told.ends_with("another name takes it"),
        "{told}"
    );
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn what_came_of_a_version_that_is_gone_counts_as_fetched() {
    let file = FakeFile::new(1, 8 * MIB).etag(None).script(|ask| match ask.number {
        1 => Act::serve().etag("\"old\"").cut(2 * MIB),
        _ => Act::serve().etag("\"new\""),
    });
    let (mut stage, id) = Stage::of(Wishes { connections: 1, ..Wishes::default() }, file.clone()).await;
    let told = stage.complete(id, "a.bin", &file).await;
    assert_eq!(restarts(&stage), 1);
    assert!(matches!(told, Happening::Completed { fetched, .. } if fetched >= 10 * MIB), "{told:?}");
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn what_has_all_its_bytes_needs_no_server() {
    // Its name was taken when the last byte had come.
    let file = FakeFile::new(1, 4 * MIB).etag(None);
    let mut stage = Stage::new();
    stage.fake.put(PATH, file.clone().rate(MIB));
    let mut spec = stage.spec(PATH);
    spec.target.name = Some("mine".to_owned());
    let id = stage.add_spec(spec).await;
    stage.has(id, MIB).await;
    let taken = stage.downloads().join("mine");
    std::fs::write(&taken, "taken").unwrap();
    assert_eq!(stage.fail(id).await.kind, FaultKind::Exists);
    std::fs::remove_file(&taken).unwrap();
    let mut stage = stage.again().await;
    let asked = stage.fake.opened(PATH).len();
    stage.fake.put(PATH, file.clone().script(|_| Act::status(404)));
    stage.send(Command::Retry(vec![id])).await;
    stage.complete(id, "mine", &file).await;
    assert_eq!(stage.fake.opened(PATH).len(), asked);
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_sample_that_comes_shorter_than_asked_for_speaks_for_what_it_holds() {
    // A KiB is enough, and fewer are no other version either.
    for most in [4000, 1024, 1000] {
        let file = FakeFile::new(1, 8 * MIB).etag(None);
        let (mut stage, id) = Stage::of(Wishes { connections: 1, ..Wishes::default() }, file.clone().rate(MIB)).await;
        stage.has(id, 2 * MIB).await;
        stage.pause(id).await;
        let begun = stage.fake.opened(PATH).len();
        let given = stage.fake.given(PATH);
        stage.fake.put(
            PATH,
            file.clone()
                .script(move |ask| if ask.number <= begun + 2 { Act::serve().at_most(most) } else { Act::serve() }),
        );
        stage.resume(id).await;
        stage.complete(id, "a.bin", &file).await;
        assert_eq!(restarts(&stage), 0, "{most}");
        assert!(most < 1024 || stage.fake.given(PATH) - given <= 6 * MIB + 10_000, "{most}");
        stage.end().await;
    }
}

#[tokio::test(start_paused = true)]
async fn an_empty_file_is_not_fetched_again_whatever_is_said_of_it() {
    let (mut stage, id) = Stage::of(Wishes::default(), FakeFile::new(1, 0)).await;
    stage.complete(id, "a.bin", &FakeFile::new(1, 0)).await;
    for etag in [None, Some("\"other\"")] {
        let file = FakeFile::new(1, 0).etag(etag);
        stage.fake.put("/a.bin", file.clone());
        let again = stage.add("/a.bin").await;
        let done = stage.complete(again, "a.bin", &file).await;
        assert!(matches!(done, Happening::Completed { unchanged: true, .. }), "{done:?}");
    }
    assert_eq!(stage.names(), ["a.bin"]);
    stage.end().await;
}
