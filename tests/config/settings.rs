//! The settings file: the one that haul carries, and the ones that people get wrong.

use std::path::Path;

use haul::config::{DEFAULT_SETTINGS, Settings};
use haul::model::Rate;
use url::Url;

fn mistake(text: &str) -> String {
    Settings::parse(text).expect_err(text)
}

#[test]
fn the_file_that_haul_carries_is_the_defaults() {
    assert_eq!(Settings::parse(DEFAULT_SETTINGS), Ok(Settings::default()));
}

#[test]
fn every_key_in_it_has_a_comment_above() {
    let lines: Vec<&str> = DEFAULT_SETTINGS.lines().collect();
    let is_key = |line: &&str| line.starts_with("    ") && line[4..].starts_with(|c: char| c.is_ascii_lowercase());
    let keys: Vec<usize> = (0..lines.len()).filter(|at| is_key(&lines[*at])).collect();
    assert!(keys.len() >= 11, "only {} keys found", keys.len());
    for at in keys {
        assert!(lines[at - 1].trim_start().starts_with("// "), "no comment above: {}", lines[at]);
    }
}

#[test]
fn every_setting_is_in_it() {
    let written = serde_json::to_value(Settings::default()).unwrap();
    let names: Vec<&String> = written.as_object().unwrap().keys().collect();
    assert!(names.len() >= 11, "{names:?}");
    for name in names {
        assert!(DEFAULT_SETTINGS.contains(&format!("\n    {name}:")), "assets/default.ron does not know {name}");
    }
}

#[test]
fn nothing_at_all_means_the_defaults() {
    let bare =
        ["", "\n\n", "// all of it left out\n", "()", "(\n)\n", "/* a\n b */ // c", "\u{feff}// marked", "\u{feff}()"];
    for text in bare {
        assert_eq!(Settings::parse(text), Ok(Settings::default()), "{text:?}");
    }
    let missing = tempfile::tempdir().unwrap().path().join("none.ron");
    assert_eq!(Settings::load(&missing), Ok(Settings::default()));
}

#[test]
fn a_file_without_an_end_is_not_read_to_it() {
    let why = Settings::load("/dev/zero".as_ref()).unwrap_err();
    assert!(why.starts_with("/dev/zero: is longer than 1048576 bytes"), "{why}");
}

#[test]
fn what_is_written_is_used() {
    let settings = Settings::parse("(connections: 3, limit: \"1.5MiB\", folder: \"/tmp/x\")").unwrap();
    assert_eq!(settings.connections, Some(3));
    assert_eq!(settings.limit, Some(Rate::per_second(3 << 19)));
    assert_eq!(settings.folder, Some("/tmp/x".into()));
    assert_eq!(settings.transfers, Settings::default().transfers);
}

#[test]
fn a_mistake_is_told_with_its_place_and_the_nearest_name() {
    let why = mistake("(\n    conections: 3,\n)");
    assert!(why.starts_with("2:"), "{why}");
    assert!(why.contains("\"conections\"") && why.contains("did you mean \"connections\"?"), "{why}");
    let why = mistake("(\n    keys: {\n        \"q\": Quitt,\n    },\n)");
    assert!(why.starts_with("3:"), "{why}");
    assert!(why.contains("\"Quitt\"") && why.contains("did you mean \"Quit\"?"), "{why}");
    let why = mistake("(\n    parallel: 3,\n)");
    assert!(why.ends_with("there is no setting \"parallel\""), "{why}");
    let why = mistake("(\n    limit: \"fast\",\n)");
    assert!(why.starts_with("2:") && why.contains("500K"), "{why}");
    let why = mistake("(\n    connections: \"three\",\n)");
    assert!(why.starts_with("2:"), "{why}");
    let why = mistake("(\n    keys: { \"hyper-q\": Quit },\n)");
    assert!(why.starts_with("2:") && why.contains("\"hyper-q\""), "{why}");
    let why = mistake("(queue_hours: \"22:00-06:00\")");
    assert!(why.ends_with("a list belongs here, in brackets: [\"...\"]"), "{why}");
    let why = mistake("(\n    connections: 3\n    transfers: 4,\n)");
    assert!(why.starts_with("3:") || why.starts_with("2:"), "{why}");
}

#[test]
fn numbers_out_of_range_are_told_by_name() {
    for (text, name) in [
        ("(connections: 0)", "connections"),
        ("(connections: 65)", "connections"),
        ("(transfers: 0)", "transfers"),
        ("(retry_wait: -1)", "retry_wait"),
        ("(timeout: 0)", "timeout"),
        ("(connect_timeout: 1e9)", "connect_timeout"),
    ] {
        let why = mistake(text);
        assert!(why.starts_with(&format!("1:2: {name} is ")) && why.contains("must be"), "{text}: {why}");
    }
}

#[test]
fn what_is_wrong_with_a_setting_that_could_be_read_is_told_with_its_place() {
    let before = "// transfers: 1\n(\n  folder: \"(\\\"transfers\", /* transfers */ user_agent: r#\"(\"transfers\"#,\n";
    for (text, name) in [
        ("transfers: 0", "transfers is 0"),
        ("hooks: (timeout: 0)", "the hooks' timeout is 0"),
        ("hooks: (failed: [Shell(\" \")])", "a hook names no program"),
        ("columns: [Size]", "columns must hold Name"),
        ("stores: {\"x\": ()}", "stores: \"x\""),
        ("proxy: \"tor://h\"", "proxy holds no"),
        ("theme: \"drak\"", "there is no theme \"drak\"; did you mean \"dark\"? (a file"),
    ] {
        let why = mistake(&format!("{before}  {text},\n)"));
        assert!(why.starts_with(&format!("4:3: {name}")), "{text}: {why}");
    }
    assert!(mistake("(user_agent: \"\\u{7}\")").starts_with("1:2: user_agent"));
    assert!(Settings::parse("(theme: \"mine.ron\")").is_ok(), "a file is looked at by the screen");
}

#[test]
fn a_limit_may_be_a_number_or_none() {
    for (text, limit) in [("5000000", Some(5_000_000)), ("\"5M\"", Some(5 << 20)), ("0", None), ("\"none\"", None)] {
        let settings = Settings::parse(&format!("(limit: {text}, upload_limit: {text})")).unwrap();
        assert_eq!((settings.limit, settings.upload_limit), (limit.map(Rate::per_second), limit.map(Rate::per_second)));
    }
    let why = mistake("(\n  limit: true)");
    assert!(why.starts_with("2:") && why.contains("\"500K\""), "{why}");
}

/// The HTTP library would go past a proxy whose scheme it doesn't know.
#[test]
fn a_proxy_that_haul_can_not_go_through_is_a_mistake() {
    let wrong = ["socks://h:1", "sock5h://h:1", "tor://h:1", "ftp://h:1", "file:///h", "http://", "::::", "", "h p:1"];
    for proxy in wrong {
        let why = mistake(&format!("(proxy: {proxy:?})"));
        assert!(why.contains("proxy holds no proxy's URL") && why.contains("socks5h://host:port"), "{proxy}: {why}");
    }
    for proxy in ["h", "h:1", "http://me:pw@h:1/", " https://h ", "SOCKS5://[::1]:9", "socks4a://h", "socks5h://h:1"] {
        assert!(Settings::parse(&format!("(proxy: {proxy:?})")).is_ok(), "{proxy}");
    }
}

#[test]
fn a_file_that_is_wrong_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mine.ron");
    std::fs::write(&path, "(\n  connection: 1)").unwrap();
    let why = Settings::load(&path).unwrap_err();
    assert!(why.starts_with(&format!("{}:2:", path.display())), "{why}");
    let why = Settings::load(folder.path()).unwrap_err();
    assert!(why.contains(&folder.path().display().to_string()), "{why}");
}

#[test]
fn stores_are_named_by_bucket_or_by_vendor() {
    let text = r#"(stores: {
        "oss://photos": (endpoint: "oss-cn-hangzhou.aliyuncs.com", signature: v1),
        "s3://": (profile: "work", addressing: path, anonymous: true, credentials: "get-login"),
    })"#;
    let stores = Settings::parse(text).unwrap().stores;
    assert_eq!(stores["oss://photos"].endpoint.as_deref(), Some("oss-cn-hangzhou.aliyuncs.com"));
    assert_eq!(stores["s3://"].credentials.as_deref(), Some("get-login"));
    for (text, word) in [
        ("(stores: {\"photos\": ()})", "names no store"),
        ("(stores: {\"oss://photos/dir\": ()})", "names no store"),
        ("(stores: {\"http://\": ()})", "names no store"),
        ("(stores: {\"oss://\": (endpont: \"x\")})", "did you mean \"endpoint\"?"),
        ("(stores: {\"oss://\": (addressing: paht)})", "there is no \"paht\" here; did you mean \"path\"?"),
    ] {
        assert!(mistake(text).contains(word), "{}", mistake(text));
    }
}

#[test]
fn a_usual_place_that_can_not_be_looked_at_is_no_reason_not_to_start() {
    let folder = tempfile::tempdir().unwrap();
    let circle = folder.path().join("circle");
    std::os::unix::fs::symlink(&circle, &circle).unwrap();
    let hidden = circle.join("config.ron");
    let (settings, remark) = Settings::load_usual(&hidden).unwrap();
    assert!(settings == Settings::default() && remark.unwrap().contains("circle/config.ron"));
    assert!(Settings::load(&hidden).is_err(), "one that is named is wanted");
    let file = folder.path().join("file");
    std::fs::write(&file, "(transfers: 0)").unwrap();
    for nothing in [folder.path().join("none"), file.join("config.ron")] {
        assert_eq!(Settings::load_usual(&nothing).unwrap(), (Settings::default(), None));
    }
    assert!(Settings::load_usual(&file).is_err());
}

#[test]
fn a_user_agent_that_no_header_can_hold_is_told() {
    for text in ["haul\\nX-Key: 1", "\\u{7}"] {
        let why = mistake(&format!("(user_agent: \"{text}\")"));
        assert!(why.contains("user_agent"), "{why}");
    }
}

#[test]
fn a_category_is_found_however_it_is_capitalised_and_its_hosts_as_urls_write_them() {
    let text = r#"(categories: {"Video": (folder: "films"), "books": (hosts: ["bücher.example", "*.Ä.example"])})"#;
    let categories = Settings::parse(text).unwrap().categories.categories(Path::new("/d"), false);
    assert_eq!(categories.names().filter(|name| name.eq_ignore_ascii_case("video")).count(), 1);
    let category = |url: &str, name: &str| {
        let url = Url::parse(url).unwrap();
        categories.of(name, url.host_str().unwrap()).map(|category| category.name.to_string())
    };
    assert_eq!(category("https://x/", "a.mkv").map(|name| name.to_lowercase()).as_deref(), Some("video"));
    assert_eq!(categories.named("video").unwrap().folder.as_deref(), Some(Path::new("/d/films")));
    assert_eq!(category("https://bücher.example/", "a.xyz").as_deref(), Some("books"));
    assert_eq!(category("https://b.ä.example/", "a.xyz").as_deref(), Some("books"));
}
