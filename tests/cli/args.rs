//! The command line.

use std::path::{Path, PathBuf};
use std::time::Duration;

use haul::cli::{AddArgs, Command, GetArgs, Style};
use haul::config::Settings;
use haul::model::{Priority, Rate, Spec, Sums, WallClock};

use super::support::arguments;
use crate::support::clock::FakeClock;

const URL: &str = "https://example.org/a.iso";

fn get(words: &[&str]) -> Result<GetArgs, String> {
    match arguments(&[&["get"], words].concat())?.command {
        Some(Command::Get(get)) => Ok(get),
        _ => Err("not get".to_owned()),
    }
}

fn add(words: &[&str]) -> Result<AddArgs, String> {
    match arguments(&[&["add"], words].concat())?.command {
        Some(Command::Add(add)) => Ok(add),
        _ => Err("not add".to_owned()),
    }
}

fn specs(words: &[&str]) -> Result<Vec<Spec>, String> {
    specs_of_stdin(words, "")
}

fn specs_of_stdin(words: &[&str], stdin: &str) -> Result<Vec<Spec>, String> {
    get(words)?.specs(Path::new("/here"), stdin.as_bytes()).map(|(specs, _)| specs).map_err(|why| why.to_string())
}

/// The one transfer that these words ask for.
fn one(words: &[&str]) -> Spec {
    let mut specs = specs(&[words, &[URL]].concat()).unwrap();
    assert_eq!(specs.len(), 1);
    specs.remove(0)
}

#[test]
fn what_is_not_said_is_left_to_the_settings() {
    let parsed = arguments(&["get", URL]).unwrap();
    let mut settings = Settings { connections: Some(3), limit: Some(Rate::per_second(5)), ..Settings::default() };
    let before = settings.clone();
    parsed.apply(&mut settings);
    assert_eq!(settings, before);
    assert_eq!(one(&[]), Spec::new(one(&[]).source, PathBuf::from("/here")));
}

#[test]
fn what_is_said_goes_before_the_settings() {
    let words = "-x 16 -j 2 --limit 1.5MiB --retries 0 --retry-wait 0 --connect-timeout 2.5 --timeout 7";
    for command in ["get", "run"] {
        let mut all: Vec<&str> = std::iter::once(command).chain(words.split(' ')).collect();
        if command == "get" {
            all.push(URL);
        }
        let mut settings = Settings::default();
        arguments(&all).unwrap().apply(&mut settings);
        assert_eq!((settings.connections, settings.transfers, settings.retries), (Some(16), Some(2), 0));
        assert_eq!(settings.limit, Some(Rate::per_second(1_572_864)));
        let patience = settings.patience();
        let spans = (patience.wait, patience.connect, patience.stall);
        assert_eq!(spans, (Duration::ZERO, Duration::from_millis(2500), Duration::from_secs(7)));
    }
}

#[test]
fn the_limit_is_over_all_for_get_and_for_each_url_of_add() {
    let words = ["-x", "3", "--limit", "500K", URL];
    let from_get = get(&words).unwrap().specs(Path::new("/here"), &b""[..]).unwrap().0.remove(0);
    assert_eq!((from_get.limits.connections, from_get.limits.rate), (Some(3), None));
    let from_add = add(&words).unwrap().specs(Path::new("/here"), &b""[..]).unwrap().0.remove(0);
    assert_eq!((from_add.limits.connections, from_add.limits.rate), (Some(3), Some(Rate::per_second(512_000))));
    let screen = arguments(&words).unwrap().screen.specs(Path::new("/here"), &b""[..]).unwrap().0.remove(0);
    assert_eq!(screen.limits, from_add.limits);
}

#[test]
fn a_number_that_is_none_is_told_in_words() {
    for (words, told) in [
        (["-x", "many"], "write a number from 1 to 64"),
        (["-x", "65"], "write a number from 1 to 64"),
        (["-s", "8.0"], "write a number from 1 to 64"),
        (["-j", ""], "write a number from 1 to 64"),
        (["--retries", "1e3"], "write a whole number, such as 10"),
        (["--retries", "99999999999"], "write a whole number, such as 10"),
    ] {
        let why = arguments(&[&["get", URL], &words[..]].concat()).map(|_| ()).unwrap_err();
        assert!(why.contains(told), "{words:?}: {why}");
    }
}

#[test]
fn what_aria2s_users_type_means_connections_and_is_never_more_than_either_allows() {
    for (words, count) in
        [(&["-s", "4"][..], 4), (&["-c", "-x", "16", "-s", "4"], 4), (&["--split=9", "-x3", "--continue"], 3)]
    {
        assert_eq!(one(words).limits.connections, Some(count), "{words:?}");
    }
}

#[test]
fn what_is_queued_without_a_folder_may_go_to_its_categorys() {
    let queued = |words: &[&str]| {
        let specs = add(&[words, &[URL]].concat()).unwrap().specs(Path::new("/down"), &b""[..]);
        specs.unwrap().0.remove(0)
    };
    assert!(queued(&[]).sorts && !queued(&[]).held);
    for named in [&["-d", "/srv"][..], &["-d", "/down"], &["-o", "x.bin"], &["-o", "/down/x.bin"]] {
        assert!(!queued(named).sorts, "{named:?}");
    }
    assert!(!one(&[]).sorts, "what is fetched now comes where one is");
    let screen = arguments(&[URL]).unwrap().screen.specs(Path::new("/down"), &b""[..]).unwrap().0.remove(0);
    assert!(screen.sorts);
    assert!(queued(&["--paused"]).held);
    assert!(add(&["--paused", "--at", "in 2h", URL]).is_err());
    assert!(arguments(&["--paused"]).unwrap().screen.specs(Path::new("/down"), &b""[..]).is_err());
}

#[test]
fn priority_and_start_are_of_each_url_of_add() {
    let words = ["--priority", "high", "--at", "in 2h", URL];
    let clock = FakeClock::start();
    let from_add = add(&words).unwrap().each.terms(Path::new("/here"), &clock).unwrap();
    assert_eq!(
        (from_add.priority, from_add.start_at),
        (Priority::High, Some(clock.now().after(Duration::from_secs(7200))))
    );
    let screen = arguments(&words).unwrap().screen.specs(Path::new("/here"), &b""[..]).unwrap().0.remove(0);
    assert!(screen.priority == Priority::High && screen.start_at.is_some());
    let past = add(&["--at", "2020-01-01 08:00", URL]).unwrap().specs(Path::new("/here"), &b""[..]);
    assert_eq!(past.unwrap_err().to_string(), "--at 2020-01-01 08:00 is past, or no date");
    for wrong in [["--at", "soon"], ["--priority", "urgent"]] {
        assert!(add(&[&wrong[..], &[URL]].concat()).is_err());
        assert!(get(&[&wrong[..], &[URL]].concat()).is_err(), "what is fetched now waits for nothing");
    }
}

#[test]
fn places_stand_before_or_after_the_command() {
    for words in [
        ["--config", "c", "--state", "s", "--log", "l", "list"],
        ["list", "--config", "c", "--state", "s", "--log", "l"],
    ] {
        let parsed = arguments(&words).unwrap();
        assert!(matches!(parsed.command, Some(Command::List(_))));
        let places = (parsed.places.config, parsed.places.state, parsed.places.log);
        assert_eq!(places, (Some("c".into()), Some("s".into()), Some("l".into())));
    }
}

#[test]
fn an_empty_place_is_one_that_is_not_said() {
    let paths = |words: &[&str]| arguments(&[&["list"], words].concat()).unwrap().places.paths();
    assert_eq!(paths(&["--config", "", "--state", ""]), paths(&[]));
    assert_eq!(paths(&["--state", "/srv/state"]).state, Path::new("/srv/state"));
}

#[test]
fn a_limit_of_the_settings_is_lifted_for_one_run() {
    let mut settings = Settings { limit: Some(Rate::per_second(5)), ..Settings::default() };
    arguments(&["get", "--limit", "none", URL]).unwrap().apply(&mut settings);
    assert_eq!(settings.limit, None);
    let mut settings = Settings { upload_limit: Some(Rate::per_second(5)), ..Settings::default() };
    arguments(&["run", "--limit", "5M"]).unwrap().apply(&mut settings);
    let of_run = (settings.limit, settings.upload_limit);
    assert_eq!(of_run, (Some(Rate::per_second(5 << 20)), Some(Rate::per_second(5 << 20))), "and uploads of the queue");
    arguments(&["put", "--limit", "0", "f", "s3://b/k"]).unwrap().apply(&mut settings);
    assert_eq!((settings.limit, settings.upload_limit), (Some(Rate::per_second(5 << 20)), None));
}

#[test]
fn the_home_folder_in_a_list_is_the_users() {
    let spec = specs_of_stdin(&["-i", "-"], "https://example.org/1\n dir=~/x\n").unwrap().remove(0);
    let home = haul::config::Paths::home().unwrap();
    assert_eq!(*spec.target.folder, *home.join("x"));
}

#[test]
fn without_a_command_it_is_the_screen() {
    let parsed = arguments(&[URL, "https://example.org/b", "-d", "/srv", "-j", "9", "-k"]).unwrap();
    assert!(parsed.command.is_none());
    let mut settings = Settings::default();
    parsed.apply(&mut settings);
    assert_eq!((settings.transfers, parsed.screen.network.insecure), (Some(9), true));
    let (specs, _) = parsed.screen.specs(Path::new("/here"), &b""[..]).unwrap();
    assert_eq!(specs.len(), 2);
    assert!(specs.iter().all(|spec| spec.target.folder.as_ref() == Path::new("/srv")));
    let bare = arguments(&[]).unwrap();
    assert_eq!(bare.screen.specs(Path::new("/here"), &b""[..]).unwrap(), (Vec::new(), None));
}

#[test]
fn an_option_that_belongs_to_urls_needs_them() {
    for words in [&["-x", "3"][..], &["--limit", "1M"], &["-d", "/srv"], &["--overwrite"], &["-H", "A: b"]] {
        let parsed = arguments(words).unwrap();
        let why = parsed.screen.specs(Path::new("/here"), &b""[..]).unwrap_err().to_string();
        assert!(why.contains("belong to the URLs"), "{why}");
    }
}

#[test]
fn output_names_a_file_and_perhaps_a_folder() {
    let here = std::env::current_dir().unwrap();
    let table = [
        ("a.iso", here.clone(), "a.iso"),
        ("./-", here.clone(), "-"),
        ("sub/a.iso", here.join("sub"), "a.iso"),
        ("/srv/files/a b", PathBuf::from("/srv/files"), "a b"),
        ("/a", PathBuf::from("/"), "a"),
        ("...", here, "..."),
    ];
    for (output, folder, name) in table {
        let target = one(&["-o", output]).target;
        assert_eq!((target.folder.to_path_buf(), target.name.as_deref()), (folder, Some(name)), "{output}");
    }
}

#[test]
fn output_that_names_no_file_is_refused() {
    for output in ["-", "", "/", "sub/", "..", "sub/..", ".", "sub/.", "a\nb", "a\u{1b}b", &"n".repeat(256)] {
        let why = specs(&["-o", output, URL]).unwrap_err();
        assert!(why.contains("-o") || why.contains("--output"), "{output:?}: {why}");
        assert!(why.trim_end().chars().all(|c| c == '\n' || !c.is_control()), "{why:?}");
    }
}

#[test]
fn what_is_asked_for_twice_is_fetched_once() {
    let list = format!("{URL}\n{URL}\n  out=b\n{URL}\n{URL}\n  out=b\n");
    let specs = specs_of_stdin(&["-i", "-"], &list).unwrap();
    assert_eq!(specs.iter().map(|spec| spec.target.name.as_deref()).collect::<Vec<_>>(), [None, Some("b")]);
}

#[test]
fn a_name_and_a_checksum_are_for_one_url() {
    let sum = format!("sha256:{}", "0".repeat(64));
    for option in [["-o", "x"], ["--checksum", &sum]] {
        let why = specs(&[&option[..], &[URL, URL]].concat()).unwrap_err();
        assert!(why.contains("there are 2 URLs"), "{why}");
    }
    assert_eq!(one(&["--checksum", &sum]).checksum.unwrap().to_string(), sum);
}

#[test]
fn lists_come_from_stdin_and_from_files() {
    let list = "https://example.org/1\n  out=sub/one\n  header=B: 2\nhttps://example.org/2\n  dir=/other\n";
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("urls");
    std::fs::write(&path, list).unwrap();
    let from_file = specs(&["-d", "/srv", "-H", "A: 1", "-i", path.to_str().unwrap()]).unwrap();
    let from_stdin = specs_of_stdin(&["-d", "/srv", "-H", "A: 1", "-i", "-"], list).unwrap();
    assert_eq!(from_file, from_stdin);
    let targets: Vec<_> =
        from_file.iter().map(|spec| (spec.target.folder.as_ref(), spec.target.name.as_deref())).collect();
    assert_eq!(targets, [(Path::new("/srv/sub"), Some("one")), (Path::new("/other"), None)]);
    let names: Vec<_> = from_file[0].headers.iter().map(|header| header.name.as_str()).collect();
    assert_eq!(names, ["A", "B"]);
}

#[test]
fn what_a_list_says_of_a_url_goes_before_what_is_said_of_all() {
    let list = "https://example.org/1\n  header=authorization: Bearer list\n  header=X-A: 1\n  header=X-A: 2\n";
    let words = ["-H", "Authorization: Bearer line", "-H", "X-B: 1", "-H", "X-B: 2", "-i", "-"];
    let spec = specs_of_stdin(&words, list).unwrap().remove(0);
    let sent: Vec<_> = spec.headers.iter().map(|header| (header.name.as_str(), header.value.as_str())).collect();
    // One that is given twice in one place is meant to be sent twice.
    let wanted = [("X-B", "1"), ("X-B", "2"), ("authorization", "Bearer list"), ("X-A", "1"), ("X-A", "2")];
    assert_eq!(sent, wanted);
}

#[test]
fn a_folder_of_a_store_has_no_name_and_no_checksum() {
    for words in [["-o", "x"], ["--mirror", URL]] {
        let why = specs(&[&words[..], &["s3://bucket/dir/"]].concat()).unwrap_err();
        assert!(why.contains("s3://bucket/dir/ is a folder"), "{why}");
    }
}

#[test]
fn mistakes_are_told_in_a_sentence() {
    let table: [(&[&str], &str, &str); 10] = [
        (&[], "", "there is no URL"),
        (&["-i", "-"], "# nothing\n", "there is no URL"),
        (&["-i", "/does/not/exist"], "", "/does/not/exist: "),
        (&["-i", "-"], "https://a.example\nx\n", "stdin, line 2: "),
        (&["-i", "-"], "https://a.example\n out=-\n", "out=-: haul writes files only"),
        (&["ftp://example.org/"], "", "haul knows no ftp"),
        (&["nonsense"], "", "write https://host/path"),
        (&["-H", "Range: bytes=0-1", URL], "", "the header Range is set by haul itself"),
        (&["-H", "if-none-match: \"v1\"", URL], "", "the header if-none-match is set by haul itself"),
        (&["-H", "Cookie secret=1", URL], "", "-H: a header is written"),
    ];
    for (words, stdin, wanted) in table {
        let why = specs_of_stdin(words, stdin).unwrap_err();
        assert!(why.contains(wanted), "{words:?}: {why}");
        assert!(!why.contains("secret"), "{why}");
    }
}

#[test]
fn where_checksums_come_from_is_taken_over() {
    let plain = one(&[]);
    assert!(plain.sums.is_none() && plain.digests);
    let spec = one(&["--checksums-from", "auto", "--no-digests"]);
    assert_eq!((spec.sums, spec.digests), (Some(Sums::Beside), false));
    let spec = one(&["--checksums-from", "https://example.org/SHA256SUMS"]);
    assert!(matches!(spec.sums, Some(Sums::At(list)) if list.url().path() == "/SHA256SUMS"));
}

#[test]
fn clap_refuses_with_code_2() {
    let table: [&[&str]; 19] = [
        &["get", URL, "-x", "0"],
        &["get", URL, "-x", "65"],
        &["get", URL, "-j", "0"],
        &["get", URL, "--limit", "fast"],
        &["get", URL, "--timeout", "0"],
        &["get", URL, "--timeout", "nan"],
        &["get", URL, "--retry-wait=-1"],
        &["get", URL, "--retry-wait", "inf"],
        &["get", URL, "--checksum", "crc:12"],
        &["get", URL, "-o", "a", "-d", "b"],
        &["get", URL, "--checksums-from", "SHA256SUMS"],
        &["get", URL, "--checksums-from", "auto", "--checksum", "crc32:00000000"],
        &["get", URL, "--frobnicate"],
        &["run", URL],
        &["add", URL, "-k"],
        &["list", URL],
        &["completions", "cmd.exe"],
        &["-x", "3", "run"],
        &[URL, "get", "\u{1b}]0;x\u{7}", "--no"],
    ];
    for words in table {
        let why = arguments(words).map(|_| ()).expect_err(&words.join(" "));
        assert!(why.starts_with("2: "), "{words:?}: {why}");
        assert!(why.chars().all(|c| c == '\n' || !c.is_control()), "{why:?}");
    }
}

#[test]
fn help_is_no_mistake_and_holds_what_it_promises() {
    let help = arguments(&["get", "--help"]).map(|_| ()).unwrap_err();
    assert!(help.starts_with("0: "), "{help}");
    for word in
        "-o -d -x -j -i --limit -H --checksum --checksums-from --no-digests --retries --retry-wait --connect-timeout --timeout --overwrite -k \
        --insecure --ca-cert --allow-http --json -q --config --state --log Examples: stdout"
            .split_whitespace()
    {
        assert!(help.contains(word), "{word} is not in: {help}");
    }
    let main = arguments(&["--help"]).map(|_| ()).unwrap_err();
    for word in ["get", "add", "list", "run", "demo", "completions", "HAUL_CONFIG", "HAUL_STATE", "Exit codes:"] {
        assert!(main.contains(word), "{word} is not in: {main}");
    }
    let version = arguments(&["--version"]).map(|_| ()).unwrap_err();
    assert!(version.contains(env!("CARGO_PKG_VERSION")));
}

#[test]
fn json_goes_before_quiet_and_quiet_before_the_terminal() {
    let style = |words: &[&str], terminal| get(&[words, &[URL]].concat()).unwrap().output.style(terminal);
    assert_eq!(style(&[], true), Style::Live);
    assert_eq!(style(&[], false), Style::Plain);
    assert_eq!(style(&["-q"], true), Style::Quiet);
    assert_eq!(style(&["-q", "--json"], true), Style::Json);
}

#[test]
fn two_files_for_one_place_are_a_mistake() {
    let list = |first: &str, second: &str| format!("{URL}\n  {first}\n{URL}?2\n  {second}\n");
    let why = specs_of_stdin(&["-i", "-"], &list("out=same", "out=same")).unwrap_err();
    assert!(why.contains("/same, and another URL before it is to be there too"), "{why}");
    assert_eq!(specs_of_stdin(&["-i", "-"], &list("out=same", "out=other")).unwrap().len(), 2);
    assert_eq!(specs_of_stdin(&["-i", "-"], &list("dir=a", "dir=a")).unwrap().len(), 2, "the server names them");
}

#[test]
fn one_url_for_one_place_in_two_ways_is_a_mistake() {
    let list = format!("{URL}\n{URL}\n  checksum=md5:{:032}\n", 0);
    let why = specs_of_stdin(&["-i", "-"], &list).unwrap_err();
    assert!(why.contains(URL) && why.contains("asked for twice for the same place"), "{why}");
    assert_eq!(specs_of_stdin(&["-i", "-"], &format!("{URL}\n{URL}\n")).unwrap().len(), 1);
    assert_eq!(specs_of_stdin(&["-i", "-"], &format!("{URL}\n{URL}\n  out=b\n")).unwrap().len(), 2);
}
