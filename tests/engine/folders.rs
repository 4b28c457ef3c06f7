//! Folders of a store, whose list is read page by page.

use haul::api::{Activity, Command, Happening};
use haul::model::{Fault, FaultKind, Listed, Listing, Source, Spec};

use super::stage::{Stage, seconds};

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
    stage.until(id, |happening| matches!(happening, Happening::Failed(_))).await;
    let again = stage.add_spec(folder).await;
    stage.until(again, |happening| matches!(happening, Happening::Removed)).await;
    stage.seen(|now| (now.rows.iter().count() == 2).then_some(())).await;
    stage.end().await;
}
