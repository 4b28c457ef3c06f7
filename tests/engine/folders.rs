//! Folders of a store, whose list is read page by page.

use haul::api::{Activity, Command, Happening};
use haul::model::{Fault, FaultKind, Listed, Listing, Source, Spec, Status};

use super::stage::{MIB, Stage, seconds};
use crate::support::fetch::FakeFile;

fn source(key: &str) -> Source {
    Source::parse(&format!("s3://bucket/{key}")).unwrap()
}

fn page(names: &[&str], next: Option<&str>) -> Listing {
    let listed = |name: &&str| Listed {
        name: (*name).to_owned(),
        source: Some(source(&format!("folder/{name}"))),
        is_folder: false,
        length: Some(1),
        modified: None,
        etag: None,
    };
    Listing { entries: names.iter().map(listed).collect(), next: next.map(str::to_owned) }
}

#[tokio::test(start_paused = true)]
async fn a_folder_that_is_moved_goes_on_with_its_wait() {
    let mut stage = Stage::new();
    let busy = Fault::new(FaultKind::Status(503), "s3", "busy").with_retry_after(Some(seconds(100)));
    stage.shelf.answers([Err(busy), Ok(page(&["a"], None))]);
    let id = stage.add_spec(Spec::new(source("folder/"), stage.downloads())).await;
    stage.does(id, |activity| matches!(activity, Activity::Waiting(left) if left <= seconds(80))).await;
    stage.send(Command::MoveTo { ids: vec![id], folder: stage.downloads().join("else") }).await;
    stage.until(id, |happening| matches!(happening, Happening::Moved(_))).await;
    stage.until(id, |happening| matches!(happening, Happening::Failed(_))).await;
    let asked = stage.shelf.asked();
    assert_eq!(asked.len(), 2);
    assert!(asked[1] - asked[0] >= seconds(100), "asked again after {:?}", asked[1] - asked[0]);
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_folder_that_is_added_again_adds_no_twin() {
    let mut stage = Stage::new();
    stage.shelf.answers([Ok(page(&["a", "b"], None)), Ok(page(&["a", "b"], None))]);
    let folder = Spec::new(source("folder/"), stage.downloads());
    let id = stage.add_spec(folder.clone()).await;
    // Nothing can be fetched here, so that they stay in the list.
    let first = |happening: &Happening| matches!(happening, Happening::Became(first) if *first == source("folder/a"));
    stage.until(id, first).await;
    stage.until(id, |happening| matches!(happening, Happening::Failed(_))).await;
    let again = stage.add_spec(folder).await;
    stage.until(again, |happening| matches!(happening, Happening::Joined { left_out: 0 })).await;
    stage.until(again, |happening| matches!(happening, Happening::Removed)).await;
    stage.seen(|now| (now.rows.iter().count() == 2).then_some(())).await;
    stage.end().await;
}

/// A metalink of these files, each at a URL of its own.
fn metalink(names: &[&str]) -> FakeFile {
    let file = |name: &&str| format!("<file name=\"{name}\"><url>http://fake/{name}</url></file>");
    let files: String = names.iter().map(file).collect();
    FakeFile::of(format!("<metalink xmlns=\"urn:ietf:params:xml:ns:metalink\">{files}</metalink>"))
        .typed("application/metalink4+xml")
}

#[tokio::test(start_paused = true)]
async fn metalinks_that_name_files_of_each_other_or_come_twice_add_no_twin() {
    let mut stage = Stage::new();
    for (path, names) in [("/a.meta4", &["one", "two"][..]), ("/b.meta4", &["one", "three", "three"])] {
        stage.fake.put(path, metalink(names));
    }
    let slow = FakeFile::new(1, 2 * MIB).rate(MIB / 4);
    for name in ["one", "two", "three"] {
        stage.fake.put(&format!("/{name}"), slow.clone());
    }
    let is_described = |happening: &Happening| matches!(happening, Happening::Described { .. });
    let is_removed = |happening: &Happening| matches!(happening, Happening::Removed);
    let one = stage.add("/a.meta4").await;
    stage.until(one, is_described).await;
    stage.until(one, |told| matches!(told, Happening::Became(file) if file.to_string() == "http://fake/one")).await;
    stage.seen(|now| (now.rows.iter().count() == 2).then_some(())).await;
    let three = stage.add("/b.meta4").await;
    stage.until(three, is_described).await;
    let again = stage.add("/a.meta4").await;
    stage.until(again, is_removed).await;
    stage.complete(three, "three", &slow).await;
    stage.seen(|now| now.rows.iter().all(|row| row.status == Status::Done).then_some(())).await;
    assert_eq!(stage.names(), ["one", "three", "two"]);
    assert_eq!(stage.handle.snapshot().rows.iter().count(), 3);
    assert!(!stage.told.iter().any(|event| matches!(event.happening, Happening::Refused(_))));
    stage.end().await;
}
