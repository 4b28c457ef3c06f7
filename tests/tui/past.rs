//! The lines behind `:` from one start to the next: they come back, they are few, and no secret is among them.

use std::os::unix::fs::PermissionsExt;

use haul::tui::{Effect, keep, load, may_be_kept};

use super::stage;

#[test]
fn lines_come_back_once_and_the_newest_last() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("orders");
    assert_eq!(load(&path), [""; 0]);
    for line in ["limit 5M", "sort eta", "limit 5M", "filter æøå"] {
        keep(&path, line).unwrap();
    }
    assert_eq!(load(&path), ["sort eta", "limit 5M", "filter æøå"]);
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn the_file_stays_small_and_damage_costs_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("orders");
    let many: Vec<String> = (0..20_000).map(|number| format!("filter {number:0>20}")).collect();
    std::fs::write(&path, many.join("\n")).unwrap();
    let lines = load(&path);
    assert_eq!((lines.len(), lines[199].as_str()), (200, "filter 00000000000000019999"));
    assert!(std::fs::metadata(&path).unwrap().len() < 10_000);
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(load(&path), lines);
    std::fs::write(&path, b"sort eta\n\xff\xfe\x1b[2J\n\n  \nundo").unwrap();
    assert_eq!(load(&path), ["sort eta", "undo"]);
    std::fs::remove_file(&path).unwrap();
    std::fs::create_dir(&path).unwrap();
    assert_eq!(load(&path), [""; 0]);
    assert!(keep(&path, "undo").is_err());
}

#[test]
fn what_may_hold_a_secret_is_not_kept() {
    for line in [
        "limit 5M",
        "add https://e.org/a.iso?part=2 dir=~/iso",
        "add https://e.org/[01-20].iso",
        "add https://m{1,2}.e.org/x name=\"a b\" mirror=https://m.org/x",
        "url oss://bucket/key?endpoint=oss-cn-hangzhou.aliyuncs.com",
        "!mpv \"$HAUL_PATH\"",
    ] {
        assert!(may_be_kept(line), "{line}");
    }
    for line in [
        "add https://me:pa@e.org/a",
        "add https://me@e.org/a",
        "url https://e.org/a?X-Amz-Signature=abc&X-Amz-Expires=60",
        "url https://e.org/a?sig=abc",
        "url \"https://e.org/a?api_key=abc\"",
        "add https://e.org/a mirror=https://me:pa@m.org/a",
        "add https://me:p[1-3]@m{1,2}.e.org/a",
        "add x,https://me:pa@e.org/",
        "!curl -u me:pa $HAUL_URL",
        "!API_TOKEN=abc upload \"$HAUL_PATH\"",
        "!mysql --password=x",
        "!sshpass -p hunter2 ssh host",
        "!gpg --passphrase x file",
        "!7z x -pSECRET \"$HAUL_PATH\"",
        "",
        "a\u{1b}[2J",
    ] {
        assert!(!may_be_kept(line), "{line}");
    }
    assert!(!may_be_kept(&"x".repeat(3000)));
}

#[test]
fn the_screen_brings_them_back_and_asks_to_keep_what_was_ordered() {
    let mut stage = stage::empty();
    stage.state.past = vec!["limit 5M".to_owned(), "sort eta".to_owned()];
    stage.press(": up up enter");
    assert_eq!(stage.commands(), ["Limit(Some(Rate(5242880)))"]);
    assert!(stage.effects.iter().any(|effect| matches!(effect, Effect::Remember(line) if line == "limit 5M")));
    assert_eq!(stage.state.past, ["sort eta", "limit 5M"]);
    // What could not be read is no order, and is not kept.
    stage.effects.clear();
    stage.press(":").types("limt 5M").press("enter");
    assert!(!stage.effects.iter().any(|effect| matches!(effect, Effect::Remember(_))));
}
