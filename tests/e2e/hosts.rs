//! What a host was found to bear, from one run of the program to the next.

use std::fs;
use std::time::Instant;

use haul::plan::CALM;

use super::{MIB, holds_only};
use crate::support::server::{Answer, File, Running, Server};
use crate::support::{Sandbox, names};

/// The connections that the server bears.
const BORNE: usize = 2;
const SMALL: usize = 6;

/// A server that answers two requests at once and refuses all others. Of the first four, those that it answers are held
/// until all four have come: so exactly two are refused, however fast either side is. From then on it bears them all.
fn meagre(status: u16, path: &str) -> Running {
    let held = File::new(1, 4 * MIB).answer(Answer::new()).rule(move |request| match request.number {
        5.. => None,
        _ if request.answering >= BORNE => Some(Answer::busy(status, 1)),
        _ => Some(Answer::new().until(1 << 16, 4)),
    });
    let mut server = Server::new().file(path, held);
    for number in 0..SMALL {
        // One request each, and its answer is counted until its last byte is written, which is before haul has it. So long
        // takes each that a haul that knows nothing would ask for the next ones meanwhile.
        let file = File::new(number as u64, 200_000).answer(Answer::new().rate(1_000_000).until(1 << 16, BORNE));
        let busy = Answer::busy(status, 1);
        let file = file.rule(move |request| (request.answering >= BORNE).then(|| busy.clone()));
        server = server.file(&format!("/small{number}"), file);
    }
    server.start()
}

/// Fetches the small files, all at once as far as haul itself is concerned.
#[track_caller]
fn fetch_small(sandbox: &Sandbox, server: &Running) {
    server.forget();
    let urls: Vec<String> = (0..SMALL).map(|number| server.url(&format!("/small{number}"))).collect();
    let arguments: Vec<&str> = ["-j", "6", "--overwrite"].into_iter().chain(urls.iter().map(String::as_str)).collect();
    sandbox.get(&arguments).ok();
    for number in 0..SMALL {
        let name = format!("small{number}");
        assert_eq!(sandbox.sha256(&name), File::new(number as u64, 200_000).sha256());
    }
}

#[test]
fn a_second_run_opens_no_more_than_the_first_has_learnt() {
    for status in [503, 429] {
        let began = Instant::now();
        let sandbox = Sandbox::new();
        let path = "/file.bin?token=geheim";
        let server = meagre(status, path);
        let url = server.url(path).replace("://", "://me:geheim@");
        sandbox.get(&["-x", "4", &url]).ok();
        holds_only(&sandbox, "file.bin", &File::new(1, 4 * MIB).sha256());

        let kept = fs::read_to_string(sandbox.path("state/hosts.ron")).unwrap();
        assert!(kept.contains(&format!("(\"{}\",", server.address())), "{status}: {kept}");
        assert!(!kept.contains("geheim") && !kept.contains("file"), "{kept}");
        fetch_small(&sandbox, &server);
        if began.elapsed() >= CALM {
            // So slow a machine that one connection more was tried, as it should be.
            continue;
        }
        assert!(kept.contains(&format!("\",{BORNE},")), "{status}: {kept}");
        let seen = server.seen();
        assert_eq!((seen.most_answering, seen.requests.len()), (BORNE, SMALL), "{status}: {seen:#?}");
    }
}

#[test]
fn a_memory_that_cant_be_used_costs_nothing() {
    let damages: [&[u8]; 4] = [
        b"",
        b"\0\0\0\0",
        b"// haul hosts, version 1, crc64 0000000000000000\n[\n]\n",
        b"// haul hosts, version 9, new\n",
    ];
    for damage in damages {
        let sandbox = Sandbox::new();
        let path = sandbox.path("state/hosts.ron");
        fs::write(&path, damage).unwrap();
        let server = meagre(503, "/file.bin");
        let run = sandbox.get(&["-x", "4", &server.url("/file.bin")]);
        assert!(!run.stderr.contains("hosts.ron"), "{}", run.stderr);
        run.ok();
        holds_only(&sandbox, "file.bin", &File::new(1, 4 * MIB).sha256());
        let is_newer = damage.ends_with(b"new\n");
        assert_eq!(fs::read(&path).unwrap() == damage, is_newer, "replaced, unless a newer haul wrote it");
        assert!(!names(&sandbox.path("state")).iter().any(|name| name == "hosts.new"));
    }
}
