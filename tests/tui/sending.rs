//! The box that sends files: which it asks for, and what it adds.

use haul::ask::{Gathered, Sending};
use haul::model::{Spec, Status, Upload};
use haul::tui::{Answer, Inquiry, Message, Slot};

use super::adding::{complaint, inquiries, source, specs};
use super::stage;
use crate::support::builders::row;

#[test]
fn an_upload_asks_for_its_files_and_sends_them() {
    let mut stage = stage::empty();
    stage.press("U").types("/srv/photos").press("down").types("s3://bucket/2026/?endpoint=minio.example.org");
    stage.press("down").types("STANDARD_IA").press("enter");
    let place = source("s3://bucket/2026/?endpoint=minio.example.org");
    assert_eq!(inquiries(&stage), [Inquiry::Gather("/srv/photos".into(), place.clone())]);
    let sending = |name: &str| Sending {
        file: format!("/srv/photos/{name}").into(),
        place: source(&format!("s3://bucket/2026/{name}?endpoint=minio.example.org")),
    };
    let gathered = Gathered { files: vec![sending("a"), sending("b")], is_batch: true, passed_over: None };
    for (file, to) in [("/srv/other", &place), ("/srv/photos", &source("s3://bucket/other/?endpoint=e.org"))] {
        let other = Answer::Gathered(file.into(), to.clone(), Ok(gathered.clone()));
        stage.send(Message::Answered(other));
        assert!(specs(&stage).is_empty() && !stage.text().contains("left out"), "the answer to a box that was left");
    }
    stage.send(Message::Answered(Answer::Gathered("/srv/photos".into(), place, Ok(gathered))));
    let added = specs(&stage);
    let upload = added[1].1.upload.as_ref().unwrap();
    assert_eq!((upload.file.to_str(), upload.storage_class.as_deref()), (Some("/srv/photos/b"), Some("STANDARD_IA")));
    assert_eq!(stage.toasts(), ["2 uploads added"]);
    for (file, place, slot) in
        [("", "s3://b/a", Slot::File), ("/a", "https://e.org/a", Slot::Place), ("/a", "nonsense", Slot::Place)]
    {
        let mut stage = stage::empty();
        stage.press("U").types(file).press("down").types(place).press("enter");
        assert_eq!(complaint(&stage).0, slot);
        assert!(inquiries(&stage).is_empty());
    }
    let mut missing = stage::empty();
    missing.press("U").types("/a").press("down").types("s3://b/a?endpoint=e.org").press("enter");
    missing.send(Message::Answered(Answer::Gathered(
        "/a".into(),
        source("s3://b/a?endpoint=e.org"),
        Err("/a: no such file".into()),
    )));
    assert_eq!(complaint(&missing), (Slot::File, "/a: no such file".into()));
}

#[test]
fn an_upload_that_is_in_the_list_is_not_said_to_be_added_too() {
    let of = |name: &str| Sending {
        file: format!("/srv/{name}").into(),
        place: source(&format!("s3://bucket/{name}?endpoint=e.org")),
    };
    let there = |id: u64, name: &str, status: Status| {
        let Sending { file, place } = of(name);
        let spec = Spec::of_upload(place.clone(), Upload::of(file));
        row(id, name).source(place.url().as_str()).upload().asked(|asked| *asked = spec).status(status)
    };
    let listed = || [there(1, "a", Status::Paused), there(2, "b", Status::Queued), there(3, "done", Status::Done)];
    for (names, added, told) in [
        (&["b"][..], &[][..], "it is in the list already"),
        (&["a", "b"], &[], "all 2 are in the list already"),
        (&["a", "c"], &["c"], "1 added, 1 in the list already"),
        (&["done"], &["done"], "1 upload added"),
    ] {
        let mut stage = stage::with(listed());
        stage.press("g U").types("/srv").press("down").types("s3://bucket/?endpoint=e.org").press("enter");
        let files = names.iter().map(|name| of(name)).collect();
        let gathered = Ok(Gathered { files, is_batch: names.len() > 1, passed_over: None });
        let asked = source("s3://bucket/?endpoint=e.org");
        stage.send(Message::Answered(Answer::Gathered("/srv".into(), asked, gathered)));
        let sent: Vec<String> = specs(&stage).iter().filter_map(|(_, spec)| spec.source.last_segment()).collect();
        assert_eq!((sent, stage.toasts()), (added.iter().map(ToString::to_string).collect(), vec![told]));
        if names == ["b"] {
            assert_eq!(stage.selected(), Some(2), "the one that is there");
        }
    }
}
