//! What an older haul has written into the queue and none takes now.

use std::path::PathBuf;

use haul::model::{Header, Source, Spec, TransferId, Upload};
use haul::store::{Item, Journal};

#[test]
fn conditions_that_an_older_haul_took_for_headers_are_left_out_of_downloads_alone() {
    let state = tempfile::tempdir().unwrap();
    let (mut journal, _) = Journal::open(state.path()).unwrap();
    let header = |name: &str| Header { name: name.to_owned(), value: "x".to_owned() };
    let headers = ["If-None-Match", "if-modified-since", "If-Match", "If-Unmodified-Since", "Range", "Cookie"];
    let asked = Spec::new(Source::parse("http://host/a").unwrap(), PathBuf::from("/home/me"));
    let asked = Spec { headers: headers.map(header).into(), ..asked };
    let place = Source::parse("s3://bucket/key").unwrap();
    let sent = Spec::of_upload(place, Upload::of(PathBuf::from("/home/me/a")));
    let sent = Spec { headers: [header("If-Match")].into(), ..sent };
    let [first, second] = [(1, asked), (2, sent)].map(|(id, spec)| Item::new(TransferId::from_bits(id), spec, 0));
    journal.append(&[first.record(), second.record()]).unwrap();
    drop(journal);
    let (_, items) = Journal::open(state.path()).unwrap();
    assert_eq!(*items[0].spec.headers, [header("Cookie")]);
    assert_eq!(*items[1].spec.headers, [header("If-Match")]);
}
