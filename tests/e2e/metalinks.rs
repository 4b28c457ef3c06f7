//! Metalinks: files that tell of files, their places and checksums.

use super::mirrors::{LENGTH, RATE, events, file, good, place, sent, sum};
use super::{MIB, PATH, holds_no_finished_file, holds_only};
use crate::support::Sandbox;
use crate::support::server::{Answer, Body, File, Server};

/// A metalink of files of this length: name, SHA-256, places.
fn metalink(files: &[(&str, &str, &[String])]) -> String {
    let url = |(number, place): (usize, &String)| format!("<url priority=\"{}\">{place}</url>", number + 1);
    let file = |(name, sum, places): &(&str, &str, &[String])| {
        let urls: String = places.iter().enumerate().map(url).collect();
        format!("<file name=\"{name}\"><size>{LENGTH}</size><hash type=\"sha-256\">{sum}</hash>{urls}</file>")
    };
    let files: String = files.iter().map(file).collect();
    format!("<metalink xmlns=\"urn:ietf:params:xml:ns:metalink\">{files}</metalink>")
}

#[test]
fn a_metalink_tells_places_name_length_and_checksums() {
    let (gone, other, a) = (place("\"g\"", Answer::status(404)), Server::new().rate(RATE), good("\"a\""));
    let other = other.file(PATH, File::new(12, LENGTH)).start();
    let places = [gone.url(PATH), other.url(PATH), a.url(PATH)];
    let metalink = metalink(&[("../disk.iso", &sum(), &places)]);
    let sandbox = Sandbox::new();
    let path = sandbox.path("disk.meta4");
    std::fs::write(&path, metalink).unwrap();
    let output = sandbox.get(&["--json", "-x", "4", "-M", path.to_str().unwrap()]).ok();
    holds_only(&sandbox, "disk.iso", &sum());
    let completed = output.json().into_iter().find(|line| line["event"] == "completed").unwrap();
    assert_eq!(completed["checked"], serde_json::json!(["sha256"]));
}

/// What it describes comes in its place, also over two runs; and where that is wanted, it is a file like any other.
#[test]
fn a_url_that_leads_to_a_metalink_leads_to_its_files() {
    let (gone, a) = (place("\"g\"", Answer::status(404)), good("\"a\""));
    let places = [gone.url(PATH), a.url(PATH)];
    let text = metalink(&[("one.iso", &sum(), &places), ("two.iso", &sum(), &[format!("{}?two", a.url(PATH))])]);
    let described = Answer::new().body(Body::Bytes(text.clone().into_bytes()));
    for (path, media) in [("/get", "application/metalink4+xml"), ("/disk.META4", "text/plain; charset=utf-8")] {
        let answer = described.clone().header("Content-Type", media);
        let server = Server::new().file(path, File::new(1, text.len() as u64).answer(answer)).start();
        a.put(&format!("{PATH}?two"), file(Answer::new().etag("\"a\"")));
        let sandbox = Sandbox::new();
        let output = sandbox.get(&["--json", "-x", "4", &server.url(path)]).ok();
        assert_eq!(events(&output, "metalink"), 1, "{output:#?}");
        assert_eq!(sandbox.names(), ["one.iso", "two.iso"]);
        assert!(["one.iso", "two.iso"].iter().all(|name| sandbox.sha256(name) == sum()));
        let before = sent(&a);
        sandbox.get(&["-x", "4", &server.url(path)]).ok();
        assert_eq!(sandbox.names(), ["one.iso", "two.iso"]);
        assert!(sent(&a) - before < MIB, "they were complete");
        sandbox.get(&["-o", "kept.meta4", &server.url(path)]).ok();
        assert_eq!(std::fs::read_to_string(sandbox.downloads().join("kept.meta4")).unwrap(), text);
    }
}

/// The file comes once, and nothing is missing.
#[test]
fn metalinks_of_the_same_file_are_one_download() {
    let a = good("\"a\"");
    let text = metalink(&[("one.iso", &sum(), &[a.url(PATH)])]);
    let described =
        Answer::new().body(Body::Bytes(text.clone().into_bytes())).header("Content-Type", "application/metalink4+xml");
    let file = File::new(1, text.len() as u64).answer(described);
    let server = Server::new().file("/a.meta4", file.clone()).file("/b.meta4", file).start();
    let sandbox = Sandbox::new();
    let output = sandbox.get(&["--json", &server.url("/a.meta4"), &server.url("/b.meta4")]).ok();
    assert_eq!((events(&output, "joined"), events(&output, "completed")), (1, 1), "{output:#?}");
    holds_only(&sandbox, "one.iso", &sum());
}

#[test]
fn a_metalink_that_is_none_is_a_sentence() {
    let answer =
        Answer::new().body(Body::Bytes(b"<metalink><file".to_vec())).header("Content-Type", "application/metalink+xml");
    let server = Server::new().file("/x", File::new(1, 15).answer(answer)).start();
    let sandbox = Sandbox::new();
    let output = sandbox.get(&["--retries", "1", "--retry-wait", "0.1", &server.url("/x")]).code(8);
    assert!(output.stderr.contains("-o NAME.meta4"), "{output:#?}");
    holds_no_finished_file(&sandbox);
}

/// With a name or, against RFC 5854, without one.
#[test]
fn a_metalink_that_leads_to_itself_is_followed_once() {
    let server = Server::new().start();
    for name in ["", " name=\"x.iso\""] {
        let text = format!("<metalink><file{name}><url>{}</url></file></metalink>", server.url("/m"));
        let answer = Answer::new().body(Body::Bytes(text.clone().into_bytes()));
        let answer = answer.header("Content-Type", "application/metalink4+xml");
        server.put("/m", File::new(1, text.len() as u64).answer(answer));
        let before = server.seen().requests.len();
        Sandbox::new().get(&[&server.url("/m")]);
        assert!(server.seen().requests.len() - before < 5);
    }
}
