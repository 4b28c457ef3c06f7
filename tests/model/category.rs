//! Categories: which a file belongs to, and where it goes then.

use std::path::Path;

use haul::config::Settings;
use haul::model::{Categories, Source, Spec};

fn categories(written: &str) -> Categories {
    let settings = Settings::parse(written).unwrap();
    settings.categories.categories(Path::new("/down"), settings.category_folders)
}

fn usual() -> Categories {
    categories("()")
}

fn name(categories: &Categories, name: &str, host: &str) -> String {
    categories.of(name, host).map_or_else(String::new, |category| category.name.to_string())
}

#[test]
fn endings_say_what_a_file_is() {
    let usual = usual();
    for (file, category) in [
        ("a.mp4", "video"),
        ("a.MKV", "video"),
        ("a.tar.gz", "archives"),
        ("a.b.c.d.flac", "music"),
        ("report.pdf", "documents"),
        ("x.jpeg", "images"),
        ("setup.exe", "programs"),
        ("mp4", ""),
        ("a.", ""),
        ("", ""),
        ("...", ""),
        ("README", ""),
        ("a.mp4.part.x.y", ""),
    ] {
        assert_eq!(name(&usual, file, "e.org"), category, "{file}");
    }
    assert!(!usual.has_folders());
}

#[test]
fn hosts_go_before_endings_and_both_count_where_both_are_given() {
    let own = categories(
        r#"(categories: {
            "work": (hosts: ["*.Corp.example"], folder: "work"),
            "talks": (hosts: ["media.example"], extensions: [".MP4"]),
            "logs": (extensions: ["log.gz"]),
        })"#,
    );
    for (file, host, category) in [
        ("a.mp4", "corp.example", "work"),
        ("a.mp4", "a.b.corp.example", "work"),
        ("a.mp4", "xcorp.example", "video"),
        ("a.mp4", "media.example", "talks"),
        ("a.zip", "media.example", "archives"),
        ("a.mp4", "x.media.example", "video"),
        // The longest ending says most.
        ("a.log.gz", "e.org", "logs"),
        ("a.txt.gz", "e.org", "archives"),
    ] {
        assert_eq!(name(&own, file, host), category, "{file} from {host}");
    }
}

#[test]
fn a_file_goes_to_its_categorys_folder_unless_the_user_named_one() {
    let own = categories(r#"(categories: { "video": (folder: "films"), "music": (folder: "/srv/music") })"#);
    assert!(own.has_folders());
    let mut spec = Spec::new(Source::parse("https://e.org/x").unwrap(), "/down".into());
    assert_eq!(*own.folder_of(&spec, "a.mp4"), *Path::new("/down"), "named by the user");
    spec.sorts = true;
    for (file, folder) in [("a.mp4", "/down/films"), ("a.mp3", "/srv/music"), ("a.zip", "/down"), ("a", "/down")] {
        assert_eq!(*own.folder_of(&spec, file), *Path::new(folder), "{file}");
    }
    spec.category = own.chosen("Music").unwrap();
    assert_eq!(*own.folder_of(&spec, "a.mp4"), *Path::new("/srv/music"));
    assert_eq!(own.name_of(&spec, "a.mp4").as_deref(), Some("music"));
    spec.category = own.chosen("none").unwrap();
    assert_eq!((own.name_of(&spec, "a.mp4"), &*own.folder_of(&spec, "a.mp4")), (None, Path::new("/down")));
    // One that the settings do not name any more.
    spec.category = Some("gone".into());
    assert_eq!(own.name_of(&spec, "a.mp4").as_deref(), Some("gone"));
    assert_eq!(*own.folder_of(&spec, "a.mp4"), *Path::new("/down"));
    assert!(own.chosen("film").unwrap_err().contains("archives, documents"), "{:?}", own.chosen("film"));
}

#[test]
fn what_is_written_is_laid_over_what_haul_has() {
    let each =
        categories(r#"(category_folders: true, categories: { "video": (folder: "~/v"), "music": (extensions: []) })"#);
    let folder = |name: &str| each.named(name).and_then(|category| category.folder.clone()).unwrap();
    assert_eq!(*folder("images"), *Path::new("/down/images"));
    assert!(folder("video").ends_with("v") && !folder("video").starts_with("/down"));
    assert_eq!(name(&each, "a.mp3", ""), "", "its endings were taken away");
    assert_eq!(name(&each, "a.mp4", ""), "video");
    for (wrong, said) in [
        (r#"(categories: { "my films": () })"#, "one word"),
        (r#"(categories: { "auto": () })"#, "other than auto"),
        (r#"(categories: { "x": (hosts: ["https://e.org/"]) })"#, "is no host"),
        (r#"(categories: { "x": (host: ["e.org"]) })"#, "did you mean \"hosts\"?"),
    ] {
        let why = Settings::parse(wrong).unwrap_err();
        assert!(why.contains(said), "{why}");
    }
}
