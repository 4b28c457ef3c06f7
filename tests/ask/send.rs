//! Where each file goes.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};

use haul::ask::{Sending, placed};
use haul::model::Source;

fn folder(names: &[&str]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for name in names {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, name).unwrap();
    }
    folder
}

fn sent(files: &[&Path], url: &str) -> Result<Vec<Sending>, String> {
    let files: Vec<PathBuf> = files.iter().map(|file| file.to_path_buf()).collect();
    placed(&files, &Source::parse(url).unwrap()).map(|gathered| gathered.files)
}

#[test]
fn two_files_do_not_go_to_one_place() {
    let folder = folder(&["one/x", "two/x", "two/y"]);
    let path = |name: &str| folder.path().join(name);
    for url in ["s3://bucket/dir/", "chunk+http://host/upload"] {
        for files in [["one", "two"], ["one/x", "two/x"], ["one", "two/x"]] {
            let why = sent(&[&path(files[0]), &path(files[1])], url).unwrap_err();
            assert!(why.contains("one/x and ") && why.contains("two/x would both go to "), "{why}");
        }
        assert_eq!(sent(&[&path("one"), &path("two/y")], url).unwrap().len(), 2);
    }
}

#[test]
fn a_name_that_a_url_would_change_is_refused() {
    for name in ["a\tb", "a\nb", "a\rb", "a\u{1}b"] {
        let folder = folder(&["in/plain", &format!("in/{name}")]);
        let why = sent(&[&folder.path().join("in")], "s3://bucket/dir/").unwrap_err();
        assert!(why.contains("control character") && why.contains("in/a"), "{why}");
        // The object's name is the user's own then.
        assert_eq!(sent(&[&folder.path().join("in").join(name)], "s3://bucket/dir/key").unwrap().len(), 1);
    }
}

#[test]
fn a_file_in_a_folder_goes_to_the_very_url_that_it_has_by_itself() {
    let name = "it's (1)! 100%.bin";
    let folder = folder(&[&format!("in/{name}")]);
    let in_folder = sent(&[&folder.path().join("in")], "s3://bucket/dir/").unwrap();
    let itself = sent(&[&folder.path().join("in").join(name)], &format!("s3://bucket/dir/{name}")).unwrap();
    assert_eq!(in_folder[0].place.url().as_str(), itself[0].place.url().as_str());
}

#[test]
fn a_link_that_leads_round_is_told_before_it_is_walked() {
    let folder = folder(&["in/x", "in/deep/y"]);
    symlink(".", folder.path().join("in/again")).unwrap();
    let why = sent(&[&folder.path().join("in")], "s3://bucket/dir/").unwrap_err();
    assert!(why.contains("in/again: ") && why.contains("round in a circle"), "{why}");
    fs::remove_file(folder.path().join("in/again")).unwrap();
    // One that leads to a folder beside it is no circle.
    symlink("deep", folder.path().join("in/twin")).unwrap();
    assert_eq!(sent(&[&folder.path().join("in")], "s3://bucket/dir/").unwrap().len(), 3);
}

#[test]
fn what_can_not_be_looked_at_is_told() {
    let folder = folder(&["in/x"]);
    symlink("nowhere", folder.path().join("in/broken")).unwrap();
    let why = sent(&[&folder.path().join("in")], "s3://bucket/dir/").unwrap_err();
    assert!(why.contains("in/broken: it is a link that leads nowhere"), "{why}");
    fs::remove_file(folder.path().join("in/broken")).unwrap();
    // Names that are too long for a look are there all the same, and so are those in a folder without its x.
    symlink("n".repeat(300), folder.path().join("in/long")).unwrap();
    let why = sent(&[&folder.path().join("in")], "s3://bucket/dir/").unwrap_err();
    assert!(why.contains("in/long: it can't be looked at"), "{why}");
    fs::remove_file(folder.path().join("in/long")).unwrap();
    fs::create_dir(folder.path().join("in/shut")).unwrap();
    fs::set_permissions(folder.path().join("in/shut"), fs::Permissions::from_mode(0o700)).unwrap();
    assert_eq!(sent(&[&folder.path().join("in")], "s3://bucket/dir/").unwrap().len(), 1);
}

#[test]
fn a_file_that_is_named_twice_is_sent_once() {
    let folder = folder(&["a", "b"]);
    let (one, two) = (folder.path().join("a"), folder.path().join("b"));
    let found = sent(&[&one, &two, &one], "s3://bucket/dir/").unwrap();
    assert_eq!(found.into_iter().map(|sending| sending.file).collect::<Vec<_>>(), [one, two]);
}

#[test]
fn what_is_no_file_is_passed_over_and_told() {
    let folder = folder(&["in/x"]);
    let place = Source::parse("s3://bucket/dir/").unwrap();
    let all = || placed(&[folder.path().join("in")], &place);
    assert_eq!(all().unwrap().passed_over, None);
    let _socket = UnixListener::bind(folder.path().join("in/a")).unwrap();
    let one = all().unwrap();
    assert_eq!(one.files.len(), 1);
    assert!(one.passed_over.is_some_and(|why| why.contains("in/a: it is a pipe, a socket or a device")));
    let _more = ["b", "c"].map(|name| UnixListener::bind(folder.path().join("in").join(name)).unwrap());
    assert!(all().unwrap().passed_over.is_some_and(|why| why.contains("in/a: it and 2 more are pipes")));
    fs::remove_file(folder.path().join("in/x")).unwrap();
    let why = all().unwrap_err();
    assert!(why.contains("no file in what you named") && why.contains("in/a"), "{why}");
}
