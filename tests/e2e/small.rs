//! Files that come in one answer: many of them, of one name, cut, killed at each step, and slow ones.

use std::fs;

use rustix::process::Signal;

use super::{PATH, fetch, holds_only};
use crate::support::server::{Answer, Ending, File, Gate, Running, Server};
use crate::support::{Sandbox, Strace, eventually, strace_works};

/// Bytes of a small file.
const SMALL: u64 = 16_000;

fn small(answer: Answer) -> File {
    File::new(51, SMALL).answer(answer)
}

fn serve(answer: Answer) -> Running {
    Server::new().file(PATH, small(answer)).start()
}

#[test]
fn files_of_one_name_each_get_a_name_of_their_own() {
    const COUNT: u64 = 40;
    let files = (0..COUNT).map(|number| {
        let answer = Answer::new().disposition("attachment; filename=\"same.bin\"");
        (format!("/{number}"), File::new(number, 100 + number * 1000).answer(answer))
    });
    let server = files.fold(Server::new(), |server, (path, file)| server.file(&path, file)).start();
    let sandbox = Sandbox::new();
    let urls: Vec<String> = (0..COUNT).map(|number| server.url(&format!("/{number}"))).collect();
    let urls: Vec<&str> = urls.iter().map(String::as_str).collect();
    sandbox.get(&[&["-q", "-j", "16"], urls.as_slice()].concat()).ok();
    let names = sandbox.names();
    let mut found: Vec<String> = names.iter().map(|name| sandbox.sha256(name)).collect();
    let mut wanted: Vec<String> = (0..COUNT).map(|number| File::new(number, 100 + number * 1000).sha256()).collect();
    found.sort();
    wanted.sort();
    assert_eq!(found, wanted, "{names:?}");
    // The same once more: all of them are known, and no name is added.
    sandbox.get(&[&["-q", "-j", "16"], urls.as_slice()].concat()).ok();
    assert_eq!(sandbox.names(), names);
}

#[test]
fn what_stands_there_stays() {
    let (sandbox, server) = (Sandbox::new(), serve(Answer::new()));
    fs::write(sandbox.downloads().join("file.bin"), "mine").unwrap();
    fetch(&sandbox, &server, &[]).ok();
    assert_eq!(fs::read_to_string(sandbox.downloads().join("file.bin")).unwrap(), "mine");
    assert_eq!(sandbox.sha256("file (1).bin"), small(Answer::new()).sha256());
    fetch(&sandbox, &server, &["-o", "file.bin"]).refused(&["exists"]);
    fetch(&sandbox, &server, &["-o", "file.bin", "--overwrite"]).ok();
    assert_eq!(sandbox.sha256("file.bin"), small(Answer::new()).sha256());
    let file = sandbox.downloads().join("not/there/yet.bin");
    fetch(&sandbox, &server, &["-o", file.to_str().unwrap()]).ok();
    assert_eq!(fs::metadata(file).unwrap().len(), SMALL);
}

#[test]
fn one_that_is_cut_goes_on_from_where_it_was_cut() {
    for ending in [Ending::Cut, Ending::Reset] {
        let (sandbox, server) = (Sandbox::new(), serve(Answer::new().ending(9_000, ending)));
        fetch(&sandbox, &server, &["-q"]).ok();
        holds_only(&sandbox, "file.bin", &small(Answer::new()).sha256());
        // A reset may take bytes with it that had come.
        let most = if ending == Ending::Cut { SMALL } else { SMALL + 9_000 };
        assert!(server.seen().sent(PATH).total <= most, "{:?}", server.seen().sent(PATH));
    }
}

#[test]
fn a_slow_one_is_not_kept_in_memory() {
    let gate = Gate::new();
    let (sandbox, server) = (Sandbox::new(), serve(Answer::new().gate(9_000, &gate)));
    let haul = sandbox.start(&["get", "-q", &server.url(PATH)]);
    let part = sandbox.downloads().join(haul::store::part_name(&sandbox.downloads().join("file.bin")));
    eventually("the first bytes on disk", || fs::metadata(&part).is_ok_and(|meta| meta.len() >= 9_000));
    haul.signal(Signal::INT);
    haul.finish().code(130);
    gate.open();
    server.forget();
    fetch(&sandbox, &server, &["-q"]).ok();
    holds_only(&sandbox, "file.bin", &small(Answer::new()).sha256());
    assert_eq!(server.seen().sent(PATH).total, SMALL - 9_000, "what was on disk is not sent again");
}

#[test]
fn one_that_is_killed_or_refused_at_any_step_leaves_nothing_in_the_way() {
    if !strace_works() {
        return;
    }
    for call in ["pwrite64", "fsync", "renameat2", "flock", "unlink", "fdatasync"] {
        for number in 1..=3 {
            for strace in [Strace::kill(call, number), Strace::refuse(call, "EIO", &format!("{number}"))] {
                let (sandbox, server) = (Sandbox::new(), serve(Answer::new()));
                let url = server.url(PATH);
                strace.start(&sandbox, &["get", "-q", "--retry-wait=0.1", &url]).finish();
                if let Ok(held) = fs::read(sandbox.downloads().join("file.bin")) {
                    assert_eq!(held.len() as u64, SMALL, "{call} {number}");
                }
                fetch(&sandbox, &server, &["-q"]).ok();
                holds_only(&sandbox, "file.bin", &small(Answer::new()).sha256());
            }
        }
    }
}
