//! `haul get`: where files go, what is refused, what is printed, with what it ends.

use super::{CHECKSUM, MIB, PATH, REFUSED, TAKEN, fetch, file, holds_no_finished_file, holds_only, serve};
use crate::support::server::{Answer, File, Gate, Server, content};
use crate::support::{Sandbox, eventually, is_part_of, names, sha256_of};

#[test]
fn a_file_comes_in_parts_over_no_more_connections_than_asked() {
    let file = File::new(1, 16 * MIB);
    let sum = file.sha256();
    let server = Server::new().file(PATH, file).rate(4_000_000).start();
    let sandbox = Sandbox::new();
    sandbox.get(&["-x", "4", &server.url(PATH)]).ok();
    holds_only(&sandbox, "file.bin", &sum);
    let seen = server.seen();
    assert!((2..=4).contains(&seen.most_answering), "{} connections at once", seen.most_answering);
    assert!(seen.most <= 4, "{} connections at once", seen.most);
    assert!(seen.sent(PATH).twice() < 16 * MIB / 20, "{} bytes sent twice", seen.sent(PATH).twice());
    let checkpoints = sandbox.path("state/checkpoints");
    assert!(!checkpoints.exists() || names(&checkpoints).is_empty(), "{:?}", names(&checkpoints));
}

#[test]
fn no_connection_is_opened_for_less_than_a_mebibyte() {
    let server = Server::new().file(PATH, File::new(1, MIB / 2)).rate(2_000_000).start();
    let sandbox = Sandbox::new();
    sandbox.get(&["-x", "8", &server.url(PATH)]).ok();
    assert_eq!((server.seen().most, server.seen().requests.len()), (1, 1), "the probe's own body is the file");
}

#[test]
fn the_targets_name_holds_nothing_before_the_end() {
    let gate = Gate::new();
    let server = serve(Answer::new().gate(1000, &gate));
    let sandbox = Sandbox::new();
    let process = sandbox.start(&["get", &server.url(PATH)]);
    server.wait("the first bytes", |seen| seen.total() >= 1000);
    eventually("the part file", || !sandbox.names().is_empty());
    let names = sandbox.names();
    assert!(names.len() == 1 && is_part_of(&names[0], "file.bin"), "{names:?}");
    gate.open();
    process.finish().ok();
    holds_only(&sandbox, "file.bin", &file(Answer::new()).sha256());
}

#[test]
fn files_go_where_the_user_says() {
    let server = serve(Answer::new());
    let sandbox = Sandbox::new();
    let sum = file(Answer::new()).sha256();
    let folder = sandbox.path("elsewhere");
    std::fs::create_dir(&folder).unwrap();
    fetch(&sandbox, &server, &["-o", "mine.iso"]).ok();
    holds_only(&sandbox, "mine.iso", &sum);
    fetch(&sandbox, &server, &["-d", folder.to_str().unwrap()]).ok();
    assert_eq!(names(&folder), ["file.bin"]);
    assert_eq!(sha256_of(&folder.join("file.bin")), sum);
}

#[test]
fn a_derived_name_never_meets_an_existing_one() {
    let server = Server::new().file("/a/data.tar.gz", File::new(1, 5000)).file("/b/data.tar.gz", File::new(2, 5000));
    let server = server.start();
    let sandbox = Sandbox::new();
    std::fs::write(sandbox.downloads().join("data.tar.gz"), "mine").unwrap();
    sandbox.get(&[&server.url("/a/data.tar.gz")]).ok();
    sandbox.get(&[&server.url("/b/data.tar.gz")]).ok();
    let names = sandbox.names();
    assert_eq!(names.len(), 3, "{names:?}");
    assert!(
        names.iter().any(|name| name.contains("(1)")) && names.iter().any(|name| name.contains("(2)")),
        "{names:?}"
    );
    assert_eq!(std::fs::read(sandbox.downloads().join("data.tar.gz")).unwrap(), b"mine");
    let contents: Vec<Vec<u8>> =
        names.iter().map(|name| std::fs::read(sandbox.downloads().join(name)).unwrap()).collect();
    assert!(contents.contains(&content(1, 0, 5000)) && contents.contains(&content(2, 0, 5000)));
}

#[test]
fn a_target_that_exists_is_refused_and_replaced_only_on_request() {
    let server = serve(Answer::new());
    let sandbox = Sandbox::new();
    let target = sandbox.downloads().join("mine.iso");
    std::fs::write(&target, "precious").unwrap();
    fetch(&sandbox, &server, &["-o", "mine.iso"]).refused(&["mine.iso", "--overwrite"]).code(TAKEN);
    assert_eq!((std::fs::read(&target).unwrap().as_slice(), sandbox.names().len()), (&b"precious"[..], 1));
    fetch(&sandbox, &server, &["-o", "mine.iso", "--overwrite"]).ok();
    holds_only(&sandbox, "mine.iso", &file(Answer::new()).sha256());
}

#[test]
fn what_is_to_be_replaced_stays_until_the_end() {
    let gate = Gate::new();
    let server = serve(Answer::new().gate(1000, &gate));
    let sandbox = Sandbox::new();
    let target = sandbox.downloads().join("mine.iso");
    std::fs::write(&target, "precious").unwrap();
    let process = sandbox.start(&["get", "--overwrite", "-o", "mine.iso", &server.url(PATH)]);
    eventually("the part file", || sandbox.names().len() == 2);
    assert_eq!(std::fs::read(&target).unwrap(), b"precious");
    gate.open();
    process.finish().ok();
    holds_only(&sandbox, "mine.iso", &file(Answer::new()).sha256());
}

#[test]
fn folders_and_links_at_the_target_are_refused() {
    let server = serve(Answer::new());
    let sandbox = Sandbox::new();
    std::fs::create_dir(sandbox.downloads().join("folder")).unwrap();
    std::os::unix::fs::symlink(sandbox.path("outside"), sandbox.downloads().join("link")).unwrap();
    for name in ["folder", "link"] {
        fetch(&sandbox, &server, &["-o", name]).refused(&[name]);
    }
    assert!(!sandbox.path("outside").exists());
}

#[test]
fn what_was_finished_before_and_is_unchanged_is_complete() {
    let server = serve(Answer::new().rate(8_000_000));
    let sandbox = Sandbox::new();
    for more in [&["-o", "mine.iso"][..], &[]] {
        fetch(&sandbox, &server, more).ok();
        let names = sandbox.names();
        server.forget();
        let output = fetch(&sandbox, &server, &[more, &["--json"]].concat()).ok();
        assert_eq!(sandbox.names(), names);
        assert!(output.json().iter().any(|line| line["unchanged"] == true), "{output:#?}");
        assert!(server.seen().total() < 2 * MIB, "{} bytes sent for a file that is there", server.seen().total());
    }
}

#[test]
fn what_was_finished_before_and_has_changed_is_not_replaced_unasked() {
    let server = serve(Answer::new());
    let sandbox = Sandbox::new();
    fetch(&sandbox, &server, &["-o", "mine.iso"]).ok();
    server.put(PATH, File::new(99, 2 * MIB).answer(Answer::new().etag("\"v2\"")));
    fetch(&sandbox, &server, &["-o", "mine.iso"]).refused(&["mine.iso"]);
    holds_only(&sandbox, "mine.iso", &file(Answer::new()).sha256());
    fetch(&sandbox, &server, &["-o", "mine.iso", "--overwrite"]).ok();
    holds_only(&sandbox, "mine.iso", &File::new(99, 2 * MIB).sha256());
}

#[test]
fn a_checksum_decides() {
    let server = serve(Answer::new());
    let sandbox = Sandbox::new();
    let sum = file(Answer::new()).sha256();
    let wrong = format!("sha256:{}", "0".repeat(64));
    fetch(&sandbox, &server, &["--checksum", &wrong, "-o", "wrong.bin"]).refused(&["wrong.bin"]).code(CHECKSUM);
    assert!(!sandbox.names().iter().any(|name| name == "wrong.bin"), "{:?}", sandbox.names());
    fetch(&sandbox, &server, &["--checksum", &format!("sha256:{sum}"), "-o", "right.bin"]).ok();
    assert_eq!(sandbox.sha256("right.bin"), sum);
}

#[test]
fn json_is_one_object_a_line_and_nothing_else() {
    let server = serve(Answer::new().rate(4_000_000));
    let sandbox = Sandbox::new();
    let output = fetch(&sandbox, &server, &["--json"]).ok();
    let lines = output.json();
    assert!(lines.iter().all(|line| line["event"].is_string() && line["url"] == server.url(PATH)), "{output:#?}");
    let last = lines.iter().rfind(|line| line["event"] == "completed").expect("a completed line");
    assert_eq!(last["bytes"], 4 * MIB);
    assert!(last["target"].as_str().unwrap().ends_with("/file.bin"), "{last}");
}

#[test]
fn quiet_is_silent() {
    let server = serve(Answer::new());
    let output = fetch(&Sandbox::new(), &server, &["-q"]).ok();
    assert_eq!((output.stdout.as_str(), output.stderr.as_str()), ("", ""));
}

#[test]
fn plain_lines_hold_no_escape_sequences() {
    let server = serve(Answer::new());
    let output = fetch(&Sandbox::new(), &server, &[]).ok();
    assert!(output.stderr.contains("file.bin"), "{output:#?}");
    let all = output.stdout + &output.stderr;
    assert!(all.chars().all(|c| c == '\n' || !c.is_control()), "{all:?}");
}

#[test]
fn a_file_that_is_not_there_leaves_nothing_and_is_asked_for_once() {
    for status in [401, 403, 404, 410] {
        let server = serve(Answer::status(status));
        let sandbox = Sandbox::new();
        fetch(&sandbox, &server, &[]).refused(&[&status.to_string()]).code(REFUSED);
        assert_eq!(sandbox.names(), [""; 0]);
        assert!(server.seen().requests.len() <= 2, "{} requests for a {status}", server.seen().requests.len());
    }
}

#[test]
fn several_at_once_and_one_that_fails_does_not_stop_the_others() {
    let server = Server::new().file("/a", File::new(1, MIB)).file("/c", File::new(3, MIB)).start();
    let sandbox = Sandbox::new();
    let [a, b, c] = ["/a", "/b", "/c"].map(|path| server.url(path));
    let output = sandbox.get(&[&a, &b, &c]).refused(&["404"]);
    assert_ne!(output.code, Some(0));
    assert_eq!(sandbox.names(), ["a", "c"]);
    assert_eq!([sandbox.sha256("a"), sandbox.sha256("c")], [1, 3].map(|seed| File::new(seed, MIB).sha256()));
}

#[test]
fn lists_come_from_a_file_or_from_stdin() {
    let server = Server::new().file("/a", File::new(1, 1000)).file("/b", File::new(2, 1000)).start();
    let list = format!("# two of them\n{}\n\n{}\n", server.url("/a"), server.url("/b"));
    let sandbox = Sandbox::new();
    std::fs::write(sandbox.path("list"), &list).unwrap();
    sandbox.get(&["-i", sandbox.path("list").to_str().unwrap()]).ok();
    assert_eq!(sandbox.names(), ["a", "b"]);
    let other = Sandbox::new();
    other.start_with_input(&["get", "-j", "1", "-i", "-"], &list).finish().ok();
    assert_eq!(other.names(), ["a", "b"]);
    let order: Vec<String> = server.seen().requests[2..].iter().map(|request| request.path.clone()).collect();
    assert_eq!(order, ["/a", "/b"], "-j 1 runs one after the other");
}

#[test]
fn a_limit_is_kept() {
    let server = serve(Answer::new());
    let start = std::time::Instant::now();
    fetch(&Sandbox::new(), &server, &["--limit", "2M"]).ok();
    // 4 MiB at 2 MiB a second, less what a bucket may hold at the start.
    assert!(start.elapsed().as_millis() > 900, "{:?}", start.elapsed());
}

#[test]
fn an_empty_file_is_a_file() {
    let server = Server::new().file(PATH, File::new(1, 0)).start();
    let sandbox = Sandbox::new();
    sandbox.get(&[&server.url(PATH)]).ok();
    assert_eq!(sandbox.names(), ["file.bin"]);
    assert_eq!(std::fs::read(sandbox.downloads().join("file.bin")).unwrap(), b"");
    // What refuses a range of it does not tell what it is known by, and still it is known again.
    let again = sandbox.get(&[&server.url(PATH)]).ok();
    assert!(again.stderr.contains("unchanged"), "{}", again.stderr);
    assert_eq!(sandbox.names(), ["file.bin"]);
}

#[test]
fn a_current_folder_that_is_gone_is_missed_only_where_it_is_needed() {
    let server = serve(Answer::new());
    let sandbox = Sandbox::new();
    let (gone, target) = (sandbox.path("gone"), sandbox.downloads().join("b.bin"));
    let (target, folder) = (target.to_str().unwrap(), sandbox.downloads());
    let run = |words: &[&str]| {
        std::fs::create_dir(&gone).unwrap();
        let first = format!("cd '{0}' && rmdir '{0}'", gone.display());
        sandbox.run_within(&first, &[&["get", "-q"], words, &[&server.url(PATH)]].concat())
    };
    run(&["-o", target]).ok();
    run(&["-d", folder.to_str().unwrap()]).ok();
    assert_eq!(sandbox.names(), ["b.bin", "file.bin"]);
    run(&[]).refused(&["the current folder"]);
}

#[test]
fn mistakes_are_told_before_anything_is_done() {
    let sandbox = Sandbox::new();
    for arguments in
        [&["get"][..], &["get", "ftp://host/a"], &["get", "host/a"], &["get", "--limit", "fast", "http://h/a"]]
    {
        sandbox.run(arguments).refused(&[]).code(2);
    }
    sandbox.settings("(\n  conections: 3,\n)");
    sandbox.get(&["http://127.0.0.1:9/a"]).refused(&["config.ron:2:", "connections"]).code(2);
    holds_no_finished_file(&sandbox);
}

#[test]
fn the_users_headers_go_to_the_urls_own_origin_and_nowhere_else() {
    let other = serve(Answer::new());
    let answer = Answer::redirect(302, &other.url(PATH));
    let server = Server::new().file("/moved", File::new(1, 0).answer(answer)).file(PATH, file(Answer::new())).start();
    let sandbox = Sandbox::new();
    for url in [server.url("/moved"), server.url(PATH)] {
        sandbox.get(&["-H", "Authorization: Bearer hunter2", "-H", "X-Mine: 1", &url]).ok();
    }
    for request in server.seen().requests {
        assert_eq!(request.header("authorization"), Some("Bearer hunter2"));
    }
    for request in other.seen().requests {
        assert_eq!((request.header("authorization"), request.header("x-mine")), (None, None));
    }
}
