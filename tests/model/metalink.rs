//! Metalink files of both versions, and those that are none.

use haul::model::{Metalink, MetalinkFile};
use proptest::prelude::*;

const FOUR: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<metalink xmlns="urn:ietf:params:xml:ns:metalink">
  <published>2009-05-15T12:23:23Z</published>
  <!-- as in RFC 5854 -->
  <file name="some/example&#46;ext">
    <size> 14471447 </size>
    <identity>Example</identity>
    <hash type="sha-256">f0ad929cd259957e160ea442eb80986b5f01aad37f3e1cf9a2b0a4a5e3b6d6a5</hash>
    <hash type="whirlpool">00</hash>
    <pieces length="10000000" type="sha-1">
      <hash>d96b9a4b92a899c2099b7b31bddb5ca423bb9b30</hash>
      <hash>10d68f4b1119014c123da2a0a6baf5c8a6d5ba1e</hash>
    </pieces>
    <url location="de" priority="2">ftp://ftp.example.com/example.ext</url>
    <url location="FR" priority="2">http://second.example.com/e?a=1&amp;b=2</url>
    <url priority="1"><![CDATA[https://first.example.com/example.ext]]></url>
    <url>http://last.example.com/example.ext</url>
    <metaurl mediatype="torrent" priority="1">http://example.com/example.ext.torrent</metaurl>
  </file>
  <file name="only-ftp"><url>ftp://host/a</url></file>
  <file name="plain"><url>http://host/plain</url></file>
</metalink>"#;

const THREE: &str = r#"<metalink version="3.0" xmlns="http://www.metalinker.org/">
  <files><file name="example.ext">
    <size>100</size>
    <verification>
      <hash type="md5">05c7d97c0e3a16ced35c2d9e4554f906</hash>
      <hash type="sha1">a97fcf6ba9358f8a6f62beee4421863d3e52b080</hash>
      <pieces length="50" type="sha1">
        <hash piece="1">10d68f4b1119014c123da2a0a6baf5c8a6d5ba1e</hash>
        <hash piece="0">d96b9a4b92a899c2099b7b31bddb5ca423bb9b30</hash>
      </pieces>
    </verification>
    <resources>
      <url type="http" location="us" preference="10">http://slow/example.ext</url>
      <url type="bittorrent" preference="100">http://host/example.torrent</url>
      <url type="http" preference="90">http://fast/example.ext</url>
    </resources>
  </file></files>
</metalink>"#;

fn urls(file: &MetalinkFile) -> Vec<String> {
    file.sources.iter().map(|place| place.source.url().to_string()).collect()
}

fn sums(file: &MetalinkFile) -> Vec<String> {
    file.checksums.iter().map(|sum| sum.to_string()[..10].to_owned()).collect()
}

#[test]
fn version_four_is_read() {
    let metalink = Metalink::parse(FOUR.as_bytes()).unwrap();
    let names: Vec<&str> = metalink.files.iter().map(|file| file.name.as_str()).collect();
    assert_eq!(names, ["some/example.ext", "plain"], "what has no place that haul can use is left out");
    let file = &metalink.files[0];
    assert_eq!(file.length, Some(14_471_447));
    assert_eq!(sums(file), ["sha256:f0a"]);
    let (first, second) = ("https://first.example.com/example.ext", "http://second.example.com/e?a=1&b=2");
    assert_eq!(urls(file), [first, second, "http://last.example.com/example.ext"]);
    let details: Vec<_> = file.sources.iter().map(|place| (place.priority, place.location.as_deref())).collect();
    assert_eq!(details, [(1, None), (2, Some("fr")), (999_999, None)]);
    let pieces = file.pieces.as_ref().unwrap();
    assert_eq!((pieces.length, pieces.checksums.len()), (10_000_000, 2));
    assert!(pieces.checksums[1].hex.starts_with("10d68f"));
}

#[test]
fn version_three_is_read() {
    let file = &Metalink::parse(format!("\u{feff}{THREE}").as_bytes()).unwrap().files[0];
    assert_eq!((file.name.as_str(), file.length), ("example.ext", Some(100)));
    assert_eq!(sums(file), ["md5:05c7d9", "sha1:a97fc"]);
    assert_eq!(urls(file), ["http://fast/example.ext", "http://slow/example.ext"], "the preferred first, no torrent");
    assert!(file.pieces.as_ref().unwrap().checksums[0].hex.starts_with("d96b"), "by their numbers");
}

#[test]
fn pieces_that_make_no_sense_are_no_pieces() {
    for (from, to) in [
        ("piece=\"1\"", "piece=\"2\""),
        ("piece=\"1\"", "piece=\"0\""),
        ("length=\"50\"", "length=\"0\""),
        ("length=\"50\"", "length=\"33\""),
        ("length=\"50\" type=\"sha1\"", "length=\"50\" type=\"tiger\""),
        ("10d68f4b", "xxxxxxxx"),
    ] {
        let text = THREE.replace(from, to);
        assert_ne!(text, THREE);
        let file = &Metalink::parse(text.as_bytes()).unwrap().files[0];
        assert_eq!(file.pieces, None, "{to}");
        assert_eq!(file.sources.len(), 2);
    }
}

#[test]
fn what_a_file_is_to_be_compared_with_is_not_passed_over() {
    for (from, to, told) in [
        (
            "05c7d97c0e3a16ced35c2d9e4554f906",
            "05c7d97c",
            "a md5 checksum of \"example.ext\" that is none: \"05c7d97c\"",
        ),
        ("<size>100", "<size>-1", "a size of \"example.ext\" that is none: \"-1\""),
    ] {
        let why = Metalink::parse(THREE.replace(from, to).as_bytes()).unwrap_err();
        assert!(why.contains(told), "{why}");
    }
    // What says nothing, or what haul does not know, is no mistake.
    for (from, to) in
        [("05c7d97c0e3a16ced35c2d9e4554f906", ""), ("type=\"md5\"", "type=\"tiger\""), ("<size>100", "<size>")]
    {
        assert_eq!(Metalink::parse(THREE.replace(from, to).as_bytes()).unwrap().files.len(), 1, "{to}");
    }
}

#[test]
fn what_is_no_metalink_is_refused_with_the_reason() {
    let entities = "<!DOCTYPE m [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;\">]><metalink><file name='&b;'/></metalink>";
    let deep = format!("<metalink>{}", "<a>".repeat(40));
    for (text, reason) in [
        ("", "outermost"),
        ("<html></html>", "outermost"),
        ("<metalink><file name='a'><url>http://h/&other;</url></file></metalink>", "entity"),
        ("<metalink><file name='a'><url>http://h/a</url></file>", "middle"),
        ("<metalink><file></metalink>", "no proper XML"),
        (entities, "document type"),
        (deep.as_str(), "deep"),
    ] {
        let why = Metalink::parse(text.as_bytes()).unwrap_err();
        assert!(why.contains(reason), "{text:.60}: {why}");
    }
    for text in ["<metalink></metalink>", "<metalink><file name='a'><url>ftp://a/b</url></file></metalink>"] {
        assert!(Metalink::parse(text.as_bytes()).unwrap().files.is_empty(), "{text}");
    }
    assert!(Metalink::parse(b"<metalink>\xff\xfe</metalink>").unwrap_err().contains("UTF-8"));
    let file = "<file><url>http://h/a</url></file>";
    let many = |count| Metalink::parse(format!("<metalink>{}</metalink>", file.repeat(count)).as_bytes());
    assert_eq!(many(10_000).unwrap().files.len(), 10_000);
    assert!(many(10_001).unwrap_err().contains("more than 10000 files"), "none of them is dropped in silence");
    assert!(Metalink::parse(&vec![b' '; 9 << 20]).unwrap_err().contains("longer"));
    let long = format!("<metalink><file name='a'><url>http://h/{}</url></file></metalink>", "a".repeat(20_000));
    assert!(Metalink::parse(long.as_bytes()).unwrap_err().contains("text"));
}

#[test]
fn a_metalink_of_many_things_costs_time_in_proportion() {
    // With a check for doubles this one element would take minutes.
    let attributes = (0..400_000).fold(String::new(), |all, number| all + &format!(" a{number}=''"));
    let text = format!("<metalink><file{attributes} name='a'><url>http://h/a</url></file></metalink>");
    assert_eq!(Metalink::parse(text.as_bytes()).unwrap().files[0].name, "a");
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = Metalink::parse(&bytes);
    }

    #[test]
    fn a_damaged_metalink_is_refused_or_read(at in 0..THREE.len(), byte in any::<u8>(), cut in any::<bool>()) {
        let mut bytes = THREE.as_bytes().to_vec();
        bytes[at] = byte;
        if cut {
            bytes.truncate(at);
        }
        if let Ok(metalink) = Metalink::parse(&bytes) {
            prop_assert!(metalink.files.iter().all(|file| !file.sources.is_empty()));
        }
    }
}

#[test]
fn what_is_wrong_is_told_briefly() {
    let why = Metalink::parse(format!("<a></{}>", "b".repeat(100_000)).as_bytes()).unwrap_err();
    assert!(why.starts_with("is no proper XML at byte") && why.len() < 400, "{why}");
}
