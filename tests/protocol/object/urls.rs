//! URLs of objects.

use haul::model::{Addressing, ObjectUrl, Signature, Source, Vendor};

fn mistake(text: &str) -> String {
    Source::parse(text).expect_err(text)
}

#[test]
fn all_of_it_is_read_and_written_in_one_way() {
    let text = "oss://bkt/dir/a b+%2B?%20.bin?region=cn-x&endpoint=https%3A%2F%2Fhost:9&versionId=v/1&anonymous";
    assert!(mistake(text).contains("there is no option"), "a question mark in a key is written %3F");
    let text = "OSS://bkt/dir/a b+%2B%3F#1.bin?region=cn-x&endpoint=https%3A%2F%2Fhost:9&versionId=v/1&anonymous";
    let url = ObjectUrl::parse(text).unwrap();
    assert_eq!((url.vendor, url.bucket.as_str(), url.key.as_str()), (Vendor::Oss, "bkt", "dir/a b++?#1.bin"));
    assert_eq!(url.version.as_deref(), Some("v/1"));
    assert_eq!(url.options.endpoint.as_deref(), Some("https://host:9"));
    assert_eq!(url.options.anonymous, Some(true));
    let source = url.source().unwrap();
    let written = "oss://bkt/dir/a%20b%2B%2B%3F%231.bin?endpoint=https://host:9&region=cn-x&anonymous=1&versionId=v/1";
    assert_eq!(source.url().as_str(), written);
    assert_eq!(ObjectUrl::of(&source), Some(url));
    assert_eq!(Source::parse(written).unwrap(), source);
}

#[test]
fn which_signature_is_made_is_no_secret() {
    for text in ["oss://bkt/a?signature=v1", "oss://bkt/a?region=cn-x&signature=v1&versionId=3"] {
        let source = Source::parse(text).unwrap();
        assert_eq!(Source::parse(&source.to_string()), Ok(source));
    }
    let signed = Source::parse("https://bkt.example.org/a?Signature=v1&b").unwrap();
    assert_eq!(signed.to_string(), "https://bkt.example.org/a?Signature=***&b");
}

#[test]
fn a_folder_is_told_from_an_object() {
    for (text, is_folder) in [("s3://bkt", true), ("s3://bkt/", true), ("s3://bkt/dir/", true), ("s3://bkt/dir", false)]
    {
        assert_eq!(ObjectUrl::parse(text).unwrap().is_prefix(), is_folder, "{text}");
    }
}

#[test]
fn options_that_make_no_sense_are_told() {
    for (text, words) in [
        ("s3://bkt/a?size=3", "there is no option \"size\""),
        ("s3://bkt/a?region=", "nothing stands after region="),
        ("s3://bkt/a?addressing=odd", "path, virtual or cname"),
        ("oss://bkt/a?signature=v3", "v1 or v4"),
        ("s3://bkt/a?credentials=rm", "there is no option \"credentials\""),
        ("s3://bkt/a/../b", "a segment of its key is . or .."),
        ("s3://b!kt/a", "a bucket's name"),
        ("s3:///a", "a bucket's name"),
        ("s3://bkt/%FF", "not UTF-8"),
        ("s3://bkt/a\u{7}", "control characters"),
    ] {
        assert!(mistake(text).contains(words), "{text}: {}", mistake(text));
    }
}

#[test]
fn a_login_in_the_url_is_refused_and_not_repeated() {
    let why = mistake("s3://id:hunter2@bkt/a");
    assert!(why.contains("the environment") && !why.contains("hunter2"), "{why}");
}

#[test]
fn words_of_options_are_read() {
    let url = ObjectUrl::parse("oss://bkt/a?addressing=virtual&signature=v1&profile=work").unwrap();
    assert_eq!(url.options.addressing, Some(Addressing::Virtual));
    assert_eq!(url.options.signature, Some(Signature::V1));
    assert_eq!(url.options.profile.as_deref(), Some("work"));
}
