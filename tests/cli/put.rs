//! What `haul put` makes of its arguments.

use std::fs;
use std::path::Path;

use haul::cli::Command;
use haul::model::{Rate, Spec};

use super::support::arguments;

fn specs(words: &[&str]) -> Result<Vec<Spec>, String> {
    let Some(Command::Put(put)) = arguments(words)?.command else { panic!("{words:?}") };
    put.specs().map(|(specs, _)| specs).map_err(|usage| usage.to_string())
}

fn places(specs: &[Spec]) -> Vec<String> {
    specs.iter().map(|spec| spec.source.url().to_string()).collect()
}

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir_all(folder.path().join("in/deep/er")).unwrap();
    for name in ["a b.bin", "in/ü.txt", "in/deep/er/100%.bin"] {
        fs::write(folder.path().join(name), name).unwrap();
    }
    folder
}

fn text(path: &Path) -> String {
    path.to_str().unwrap().to_owned()
}

#[test]
fn one_file_goes_to_the_very_url_or_below_it() {
    let folder = folder();
    let file = text(&folder.path().join("a b.bin"));
    let exact = specs(&["put", &file, "http://store/bucket/other.bin"]).unwrap();
    assert_eq!(places(&exact), ["http://store/bucket/other.bin"]);
    let upload = exact[0].upload.as_ref().unwrap();
    assert_eq!((&upload.file, upload.unless_equal), (&folder.path().join("a b.bin"), false));
    let below = specs(&["put", &file, "http://store/bucket/dir/?endpoint=x"]).unwrap();
    assert_eq!(places(&below), ["http://store/bucket/dir/a%20b.bin?endpoint=x"]);
}

#[test]
fn a_folder_goes_with_all_that_lies_in_it() {
    let folder = folder();
    let all = specs(&["put", &text(&folder.path().join("in")), "http://store/bucket"]).unwrap();
    assert_eq!(places(&all), ["http://store/bucket/deep/er/100%25.bin", "http://store/bucket/%C3%BC.txt"]);
    assert!(all.iter().all(|spec| spec.upload.as_ref().unwrap().unless_equal), "an earlier run may have sent some");
    let one = specs(&["put", &text(&folder.path().join("in/deep")), "http://store/bucket"]).unwrap();
    assert!(one.len() == 1 && one[0].upload.as_ref().unwrap().unless_equal, "of one file in it too");
    let both =
        specs(&["put", &text(&folder.path().join("in")), &text(&folder.path().join("a b.bin")), "http://store/b"]);
    assert_eq!(places(&both.unwrap()).last().unwrap(), "http://store/b/a%20b.bin");
}

#[test]
fn a_circle_of_links_is_a_mistake_and_no_endless_walk() {
    let folder = folder();
    std::os::unix::fs::symlink(folder.path(), folder.path().join("in/up")).unwrap();
    let why = specs(&["put", &text(folder.path()), "http://store/b"]).unwrap_err();
    assert!(why.contains("too deep"), "{why}");
}

#[test]
fn options_reach_the_upload() {
    let folder = folder();
    let file = text(&folder.path().join("a b.bin"));
    let words = "--part-size 8M --threshold 0 --storage-class IA --content-type text/plain --no-clobber -x 3 --limit 1M \
                 --traffic-limit 2M -H x-amz-acl:private";
    let words: Vec<&str> = ["put"].into_iter().chain(words.split(' ')).chain([&*file, "oss://store/b"]).collect();
    let spec = specs(&words).unwrap().remove(0);
    let upload = spec.upload.unwrap();
    assert_eq!((upload.part_size, upload.threshold, upload.keep), (Some(8 << 20), Some(0), true));
    assert_eq!((upload.storage_class.as_deref(), upload.content_type.as_deref()), (Some("IA"), Some("text/plain")));
    assert_eq!(upload.traffic_limit, Some(Rate::per_second(2 << 20)));
    assert_eq!((spec.limits.connections, spec.limits.rate), (Some(3), None), "the limit is over all of them");
    assert_eq!((spec.headers[0].name.as_str(), spec.headers[0].value.as_str()), ("x-amz-acl", "private"));
}

#[test]
fn an_upload_may_start_later_and_has_no_place_in_a_queue() {
    let folder = folder();
    let file = text(&folder.path().join("a b.bin"));
    let spec = specs(&["put", "--at", "in 2h", &file, "http://store/b"]).unwrap().remove(0);
    assert!(spec.start_at.is_some());
    let why = specs(&["put", "--at", "2020-01-01 00:00", &file, "http://store/b"]).unwrap_err();
    assert!(why.contains("is past"), "{why}");
    for option in [&["--paused"][..], &["--priority", "high"]] {
        assert!(arguments(&[&["put"], option, &[&*file, "http://store/b"]].concat()).is_err(), "{option:?}");
    }
}

#[test]
fn mistakes_are_told() {
    let folder = folder();
    let file = text(&folder.path().join("a b.bin"));
    for (words, told) in [
        (vec!["put", "/nowhere/at/all", "http://store/b"], "No such file"),
        (vec!["put", &file, "nonsense"], "not a URL"),
        (vec!["put", "-", "http://store/b/"], "no name"),
        (vec!["put", &file, "http://store/b", "-H", "Content-Length: 5"], "set by haul itself"),
    ] {
        let why = specs(&words).unwrap_err();
        assert!(why.contains(told), "{why}");
    }
    let nothing = tempfile::tempdir().unwrap();
    assert!(specs(&["put", &text(nothing.path()), "http://store/b"]).unwrap_err().contains("no file"));
    assert!(arguments(&["put"]).is_err(), "a place is needed");
    let dash = specs(&["put", "-", "http://store/b"]).unwrap();
    assert_eq!(dash[0].upload.as_ref().unwrap().file, Path::new("/dev/stdin"));
}

#[test]
fn what_can_not_be_sent_is_told_with_how_it_can() {
    let folder = folder();
    let file = text(&folder.path().join("a b.bin"));
    for (words, says) in [
        (&["s3://b/k", &*file][..], "the place that files go to comes last"),
        (&[&*file], "there is no URL: write haul put FILE... URL"),
        (&["s3://b/k"], "there is no file: write haul put FILE... URL"),
        (&[&*file, "ftp://h/x"], "haul can't send to ftp: URLs, only to s3:, oss:, tos:, chunk+http: and chunk+https:"),
        (&[&*file, "chunk+ftp://h/x"], "haul can't send to chunk+ftp: URLs, only to s3:"),
        (&[&*file, &*file], "files go to s3://bucket/key"),
        (&[&*file, "s3:/b/k"], "names no bucket: write s3://bucket/key"),
        (&["-", "chunk+http://h/u?filename=x"], "needs to know the length beforehand"),
        (&["--traffic-limit", "1M", &*file, "s3://b/k"], "OSS and TOS alone"),
        (&["--traffic-limit", "1M", &*file, "chunk+http://h/u"], "OSS and TOS alone"),
        (&["--traffic-limit", "10K", &*file, "oss://b/k"], "take 100K to 100M"),
        (&["--traffic-limit", "101M", &*file, "tos://b/k"], "take 100K to 100M"),
    ] {
        let why = specs(&[&["put"], words].concat()).unwrap_err();
        assert!(why.contains(says), "{words:?}: {why}");
    }
    for limit in ["100K", "100M"] {
        assert!(specs(&["put", "--traffic-limit", limit, &file, "oss://b/k"]).is_ok(), "{limit}");
    }
}
