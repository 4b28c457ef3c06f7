//! File names that servers choose, made safe; names of part files.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use haul::store::{numbered, part_name, safe_name};
use proptest::prelude::*;

#[test]
fn names_from_outside_are_made_safe() {
    for (name, safe) in [
        ("a.iso", "a.iso"),
        ("日本語 é 🎉.zip", "日本語 é 🎉.zip"),
        ("../../etc/passwd", "passwd"),
        ("..\\..\\windows\\win.ini", "win.ini"),
        ("/etc/cron.d/", "cron.d"),
        ("C:\\a\\b.txt", "b.txt"),
        ("a/..", "download"),
        ("..", "download"),
        (".", "download"),
        ("", "download"),
        (" \t ", "download"),
        ("///", "download"),
        ("\u{202e}\u{200b}", "download"),
        (".bashrc", "bashrc"),
        ("...hidden", "hidden"),
        ("-rf", "rf"),
        (".-. -a", "a"),
        ("a.", "a"),
        ("a. . ", "a"),
        ("a\u{202e}gpj.exe", "agpj.exe"),
        ("a\u{0}b\nc\u{1b}[2J\u{9b}d", "abc[2Jd"),
        ("\u{fffd}a\u{fffd}", "a"),
        ("a<b>c:d\"e|f?g*h", "a_b_c_d_e_f_g_h"),
        ("a\u{3000}b\u{a0}c", "a b c"),
        ("CON", "_CON"),
        ("con.txt", "_con.txt"),
        ("nul .tar.gz", "_nul.tar.gz"),
        ("COM1", "_COM1"),
        ("lpt9.log", "_lpt9.log"),
        ("COM0", "COM0"),
        ("CONSOLE", "CONSOLE"),
        ("com10", "com10"),
        ("COM¹.txt", "_COM¹.txt"),
        ("CONOUT$", "_CONOUT$"),
    ] {
        assert_eq!(safe_name(name), safe, "{name:?}");
    }
}

#[test]
fn long_names_keep_their_extension_and_whole_characters() {
    let long = "a".repeat(300);
    assert_eq!(safe_name(&format!("{long}.tar.gz")), format!("{}.tar.gz", "a".repeat(193)));
    assert_eq!(safe_name(&format!("{long}.zip")), format!("{}.zip", "a".repeat(196)));
    assert_eq!(safe_name(&long), "a".repeat(200));
    assert_eq!(safe_name(&format!("{}.{}", "a".repeat(250), "b".repeat(40))), "a".repeat(200));
    let flag = "🇩🇪";
    let cut = safe_name(&format!("x{}.zip", flag.repeat(30)));
    assert_eq!(cut, format!("x{}.zip", flag.repeat(195 / flag.len())));
}

#[test]
fn what_is_left_of_a_long_name_is_still_a_name() {
    // One character as people see it, of a hundred marks: it can't be kept whole.
    let zalgo = format!("a{}", "\u{301}".repeat(150));
    for name in [zalgo.clone(), format!("{zalgo}.txt"), format!("{zalgo}.tar.gz")] {
        let safe = safe_name(&name);
        assert!(safe.starts_with('a') && safe.len() <= 200, "{safe:?}");
    }
    // Names that end, once they are cut, where no name may end.
    assert_eq!(safe_name(&format!("{}.{}", "a".repeat(199), "b".repeat(40))), "a".repeat(199));
    assert_eq!(safe_name(&format!("{} .{}", "a".repeat(198), "b".repeat(40))), "a".repeat(198));
    // What is left ends in an extension that was none before.
    assert_eq!(safe_name(&format!("{} .zip b{}", "a".repeat(195), "c".repeat(20))), format!("{}.zip", "a".repeat(195)));
    // A device's name with as many bytes as a name may have.
    assert!(safe_name(&format!("con.{}", "a".repeat(300))).len() <= 200);
}

#[test]
fn numbers_go_before_the_extension() {
    for (name, number, expected) in [
        ("a.iso", 1, "a (1).iso"),
        ("a.tar.gz", 12, "a (12).tar.gz"),
        ("a", 2, "a (2)"),
        ("a.b c", 1, "a.b c (1)"),
        (".hidden", 1, ".hidden (1)"),
        ("v1.2.3.deb", 3, "v1.2.3 (3).deb"),
    ] {
        assert_eq!(numbered(name, number), expected);
    }
}

/// The bytes of a part file's name in front of its ending; panics if the ending is not as it should be.
fn stem(part: &OsStr) -> &[u8] {
    let bytes = part.as_bytes();
    let (stem, ending) = bytes.split_at(bytes.len() - 22);
    assert!(ending.starts_with(b".") && ending.ends_with(b".part"), "{}", part.display());
    assert!(ending[1..17].iter().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')), "{}", part.display());
    stem
}

#[test]
fn a_part_file_is_named_after_its_target() {
    assert_eq!(stem(&part_name(Path::new("/d/a.iso"))), b"a.iso");
    assert_eq!(part_name(Path::new("/d/a.iso")), part_name(Path::new("/d/a.iso")));
    assert_ne!(part_name(Path::new("/d/a.iso")), part_name(Path::new("/e/a.iso")));
    let long = "x".repeat(255);
    let part = part_name(&Path::new("/d").join(&long));
    assert_eq!((part.len(), stem(&part)), (255, &long.as_bytes()[..233]));
    let raw = OsStr::from_bytes(b"\xff\xfe name");
    assert_eq!(stem(&part_name(&Path::new("/d").join(raw))), raw.as_bytes());
    let cut = part_name(&Path::new("/d").join("é".repeat(127)));
    assert_eq!(stem(&cut).len(), 232, "no character is cut in two");
}

/// Pieces of which names go wrong.
fn nasty() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        any::<char>().prop_map(String::from),
        "[a-z]{1,80}",
        Just("\u{301}".repeat(120)),
        Just("👨‍👩‍👧‍👦".repeat(5)),
        proptest::sample::select(vec![
            "..", "/", "\\", ".", "-", " ", "\u{202e}", "\u{1b}", "\0", ".tar.gz", "con", "NUL", "%2f", ":", "\u{feff}"
        ])
        .prop_map(str::to_owned),
    ];
    proptest::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_name_does_harm(name in nasty()) {
        let safe = safe_name(&name);
        prop_assert!(!safe.is_empty() && safe.len() <= 200, "{} bytes", safe.len());
        prop_assert!(!safe.starts_with(['.', '-', ' ']), "{safe:?}");
        prop_assert!(!safe.ends_with(['.', ' ']), "{safe:?}");
        prop_assert!(!safe.contains(|c: char| c.is_control() || "/\\:*?\"<>|".contains(c)), "{safe:?}");
        prop_assert!(haul::model::harmless(&safe) == safe, "{safe:?}");
        let part = part_name(&Path::new("/d").join(&safe));
        prop_assert!(part.len() <= 255);
        stem(&part);
        prop_assert!(numbered(&safe, 9999).len() <= 255);
    }

    #[test]
    fn every_part_file_has_a_name_that_fits(bytes in proptest::collection::vec(1..=255_u8, 1..300)) {
        let bytes: Vec<u8> = bytes.into_iter().map(|byte| if byte == b'/' { b'_' } else { byte }).collect();
        let part = part_name(&Path::new("/d").join(OsStr::from_bytes(&bytes)));
        prop_assert!(part.len() <= 255 && !part.as_bytes().contains(&b'/'));
        stem(&part);
    }
}
