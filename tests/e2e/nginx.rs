//! A real server, over HTTP and over HTTPS with an authority of its own.

use std::collections::HashSet;

use super::journey::{percent, row};
use super::{MIB, holds_no_finished_file, holds_only};
use crate::support::{Exit, Nginx, Sandbox, Strace, Terminal, eventually, strace_works};

#[test]
fn parts_over_http_and_https() {
    let Some(nginx) = Nginx::start("") else { return };
    let sum = nginx.file("a.iso", 4, 32 * MIB);
    let authority = nginx.authority();
    for url in [nginx.http("a.iso"), nginx.https("a.iso")] {
        let sandbox = Sandbox::new();
        sandbox.get(&["-x", "8", "--ca-cert", authority.to_str().unwrap(), &url]).ok();
        holds_only(&sandbox, "a.iso", &sum);
    }
    let log = nginx.log();
    assert!(log.lines().filter(|line| line.starts_with("206 ")).count() > 2, "{log}");
    assert!(log.lines().all(|line| line.ends_with("HTTP/1.1")), "parts need a connection each: {log}");
}

#[test]
fn small_files_share_a_connection_and_large_ones_do_not() {
    let Some(nginx) = Nginx::start("") else { return };
    let sandbox = Sandbox::new();
    let names: Vec<String> = (0..100).map(|number| format!("{number}.bin")).collect();
    let small: Vec<String> = names.iter().zip(1..).map(|(name, seed)| nginx.file(name, seed, 16 << 10)).collect();
    let large = nginx.file("large.iso", 99, 32 * MIB);
    let urls: Vec<String> =
        names.iter().map(String::as_str).chain(["large.iso"]).map(|name| nginx.https(name)).collect();
    let authority = nginx.authority();
    let told = ["--ca-cert", authority.to_str().unwrap()].into_iter().chain(urls.iter().map(String::as_str));
    sandbox.get(&told.collect::<Vec<_>>()).ok();
    for (name, sum) in names.iter().zip(&small).chain([(&"large.iso".to_owned(), &large)]) {
        assert_eq!(sandbox.sha256(name), *sum, "{name}");
    }
    let log = nginx.log();
    let shared: Vec<&str> = log.lines().filter(|line| line.ends_with("HTTP/2.0")).collect();
    assert!(!shared.is_empty(), "{log}");
    let connection = |line: &&str| line.rsplit(' ').nth(1).unwrap().to_owned();
    let connections: HashSet<String> = shared.iter().map(connection).collect();
    assert_eq!(connections.len(), 1, "{log}");
    let sent = |line: &&str| line.split(' ').nth(1).unwrap().parse::<u64>().unwrap();
    let most = shared.iter().map(sent).max().unwrap();
    assert!(most < 8 * MIB, "the large file came on connections of its own: {log}");
}

#[test]
fn small_files_share_a_connection_however_slow_the_disk_is() {
    let Some(nginx) = Nginx::start("").filter(|_| strace_works()) else { return };
    let sandbox = Sandbox::new();
    let urls: Vec<String> = (1..=6)
        .map(|seed| {
            let name = format!("{seed}.bin");
            nginx.file(&name, seed, 16 << 10);
            nginx.https(&name)
        })
        .collect();
    let authority = nginx.authority();
    let told = ["get", "--ca-cert", authority.to_str().unwrap()].into_iter().chain(urls.iter().map(String::as_str));
    let slow = Strace::delay("fsync,fdatasync,syncfs", 2);
    slow.start(&sandbox, &told.collect::<Vec<_>>()).finish().ok();
    let log = nginx.log();
    assert!(log.lines().any(|line| line.ends_with("HTTP/2.0")), "{log}");
}

#[test]
fn ssl_cert_file_is_honoured() {
    let Some(nginx) = Nginx::start("") else { return };
    let sum = nginx.file("a.iso", 4, MIB);
    let mut sandbox = Sandbox::new();
    sandbox.set("SSL_CERT_FILE", nginx.authority());
    sandbox.get(&[&nginx.https("a.iso")]).ok();
    holds_only(&sandbox, "a.iso", &sum);
}

#[test]
fn a_redirect_from_https_to_http_is_followed_only_where_that_is_allowed() {
    let Some(plain) = Nginx::start("") else { return };
    let away = format!("if ($scheme = https) {{ return 302 {}; }}", plain.http("a.iso"));
    let Some(nginx) = Nginx::start_with("", &away) else { return };
    let authority = nginx.authority();
    let sandbox = Sandbox::new();
    sandbox.get(&["--ca-cert", authority.to_str().unwrap(), &nginx.https("a.iso")]).refused(&["https", "--allow-http"]);
    holds_no_finished_file(&sandbox);
    let sum = plain.file("a.iso", 5, MIB);
    sandbox.get(&["--allow-http", "--ca-cert", authority.to_str().unwrap(), &nginx.https("a.iso")]).ok();
    holds_only(&sandbox, "a.iso", &sum);
}

#[test]
fn a_limit_of_connections_is_learnt() {
    let limits = "limit_conn_zone $binary_remote_addr zone=all:1m; limit_conn all 2; limit_rate 2m;";
    let Some(nginx) = Nginx::start(limits) else { return };
    let sum = nginx.file("a.iso", 4, 12 * MIB);
    let sandbox = Sandbox::new();
    sandbox.get(&["-x", "8", "--retry-wait", "0.1", &nginx.http("a.iso")]).ok();
    holds_only(&sandbox, "a.iso", &sum);
    let refused = nginx.log().lines().filter(|line| line.starts_with("503 ")).count();
    assert!(refused < 40, "{refused} refusals");
}

/// Pastes three URLs, pauses and resumes one, leaves, starts again, and compares all three.
fn screen_journey(url: impl Fn(&Nginx, &str) -> String) {
    let Some(nginx) = Nginx::start("limit_rate 350k;") else { return };
    let names = ["alpha.iso", "beta.iso", "gamma.iso"];
    let sums: Vec<String> = names.iter().zip(1..).map(|(name, seed)| nginx.file(name, seed, 4 * MIB)).collect();
    let sandbox = Sandbox::new();
    let authority = nginx.authority();
    let arguments = ["--ca-cert", authority.to_str().unwrap()];
    let mut terminal = Terminal::start(&sandbox, &arguments, (120, 34));
    terminal.paste(&names.map(|name| url(&nginx, name)).join("\r"));
    for name in names {
        terminal.wait_for("the parts to fill", |screen| percent(screen, name).is_some_and(|done| done > 0));
    }
    terminal.keys("g ");
    terminal
        .wait_for("the first to be paused", |screen| row(screen, names[0]).is_some_and(|row| row.contains("paused")));
    terminal.keys(" ");
    terminal.wait_for("the first to go on", |screen| row(screen, names[0]).is_some_and(|row| !row.contains("paused")));
    terminal.leave();
    assert_eq!(terminal.finish(), Exit::Code(0));
    let mut terminal = Terminal::start(&sandbox, &arguments, (120, 34));
    eventually("all three files", || sandbox.names() == names);
    for (name, sum) in names.iter().zip(&sums) {
        assert_eq!(&sandbox.sha256(name), sum, "{name}");
    }
    terminal.leave();
    assert_eq!(terminal.finish(), Exit::Code(0));
}

#[test]
fn the_screen_over_http() {
    screen_journey(Nginx::http);
}

#[test]
fn the_screen_over_https() {
    screen_journey(Nginx::https);
}
