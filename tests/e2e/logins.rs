//! Logins and cookies in the real program: which files it takes them from, that a resume has them again, and that they
//! stand nowhere else.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use rustix::process::Signal;

use super::{MIB, PATH, REFUSED, file, holds_only, serve};
use crate::support::guard::Guard;
use crate::support::server::{Answer, File, Running, Server};
use crate::support::{Nginx, Sandbox, eventually};

const SECRET: &str = "hunter2";
const USAGE: i32 = 2;

/// A server that lets in `me` with the secret, by Basic.
fn closed() -> Running {
    let asks = Answer::status(401).header("WWW-Authenticate", "Basic realm=\"x\"");
    let knows = |value: &str| value == "Basic bWU6aHVudGVyMg==";
    let file = file(Answer::new());
    let file = file.rule(move |request| (!request.header("authorization").is_some_and(knows)).then(|| asks.clone()));
    Server::new().file(PATH, file).start()
}

fn write(path: &Path, text: &str, mode: u32) {
    std::fs::write(path, text).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

fn netrc() -> String {
    format!("machine 127.0.0.1 login me password {SECRET}\n")
}

#[test]
fn netrc_is_found_where_the_user_has_it() {
    let server = closed();
    let url = server.url(PATH);
    let mut sandbox = Sandbox::new();
    write(&sandbox.path("home/.netrc"), &netrc(), 0o600);
    sandbox.get(&[&url, "-o", "home"]).ok();
    sandbox.get(&[&url, "-o", "none", "--no-netrc"]).refused(&["401", "login"]).code(REFUSED);
    write(&sandbox.path("mine"), &netrc(), 0o600);
    std::fs::remove_file(sandbox.path("home/.netrc")).unwrap();
    let mine = sandbox.path("mine");
    sandbox.get(&[&url, "-o", "named", "--netrc", mine.to_str().unwrap()]).ok();
    sandbox.settings(&format!("(netrc: {mine:?})"));
    sandbox.get(&[&url, "-o", "set"]).ok();
    sandbox.settings("()");
    sandbox.get(&[&url, "-o", "none"]).refused(&["401"]).code(REFUSED);
    sandbox.set("NETRC", &mine);
    sandbox.get(&[&url, "-o", "variable"]).ok();
    assert_eq!(sandbox.names(), ["home", "named", "set", "variable"]);
}

#[test]
fn a_netrc_that_others_can_read_is_refused() {
    let server = closed();
    let url = server.url(PATH);
    let sandbox = Sandbox::new();
    let (mine, log) = (sandbox.path("home/.netrc"), sandbox.path("log"));
    write(&mine, &netrc(), 0o644);
    let (mine, log) = (mine.to_str().unwrap(), log.to_str().unwrap());
    sandbox.get(&[&url, "--netrc", mine]).refused(&[mine, "chmod 600"]).code(USAGE);
    assert_eq!(server.seen().requests.len(), 0, "a mistake is told before anything is asked for");
    sandbox.get(&[&url, "--log", log]).refused(&["401", mine, "chmod 600"]).code(REFUSED);
    let logged = std::fs::read_to_string(log).unwrap();
    assert!(logged.contains("WARN") && logged.contains("chmod 600") && !logged.contains(SECRET), "{logged}");
    assert_eq!(server.seen().requests.len(), 1);
    sandbox.get(&[&url, "--netrc", "/nowhere/netrc"]).refused(&["/nowhere/netrc"]).code(USAGE);
    write(&sandbox.path("odd"), "machine x\nlogin \"y", 0o600);
    sandbox.get(&[&url, "--netrc", sandbox.path("odd").to_str().unwrap()]).refused(&["odd", "line 2"]).code(USAGE);
}

#[test]
fn cookies_come_from_a_file_that_is_one() {
    let away = Answer::redirect(302, "/login");
    let guarded = file(Answer::new())
        .rule(move |request| request.header("cookie").is_none_or(|value| value != "session=1").then(|| away.clone()));
    let server = Server::new().file(PATH, guarded).file("/login", File::new(1, 0).answer(Answer::status(403))).start();
    let url = server.url(PATH);
    let sandbox = Sandbox::new();
    let text = "# Netscape HTTP Cookie File\n\n#HttpOnly_127.0.0.1\tFALSE\t/\tFALSE\t4102444800\tsession\t1\n";
    let jar = sandbox.path("cookies.txt");
    std::fs::write(&jar, text).unwrap();
    let path = jar.to_str().unwrap();
    sandbox.get(&[&url, "-o", "none"]).refused(&["403"]);
    sandbox.get(&[&url, "-o", "named", "--load-cookies", path]).ok();
    sandbox.settings(&format!("(cookies: {jar:?})"));
    sandbox.get(&[&url, "-o", "set"]).ok();
    assert_eq!(sandbox.names(), ["named", "set"]);
    assert_eq!(std::fs::read_to_string(&jar).unwrap(), text, "it is never written");
    std::fs::write(&jar, format!("{text}session={SECRET}\n")).unwrap();
    let output = sandbox.get(&[&url]).refused(&[path, "line 4", "tabs"]).code(USAGE);
    assert!(!output.stderr.contains(SECRET), "{output:#?}");
}

#[test]
fn a_server_that_wants_digests_is_asked_once_and_served_over_many_connections() {
    let offer = "Digest realm=\"r\", qop=\"auth\", algorithm=SHA-256, nonce=\"{nonce}\", opaque=\"o\\\"p\"{stale}";
    let whole = File::new(5, 16 * MIB);
    let sum = whole.sha256();
    for (uses, most) in [(usize::MAX, 1), (3, 40)] {
        let guard = Guard::new(&["Basic realm=\"r\"", offer]).uses(uses);
        let server = Server::new().file(PATH, guard.before(whole.clone())).rate(4_000_000).start();
        let sandbox = Sandbox::new();
        write(&sandbox.path("home/.netrc"), &netrc(), 0o600);
        sandbox.get(&["-x", "4", &server.url(PATH)]).ok();
        holds_only(&sandbox, "file.bin", &sum);
        let seen = server.seen();
        let digests = |request: &&crate::support::server::Request| {
            request.header("authorization").is_some_and(|value| value.starts_with("Digest "))
        };
        let others = seen.requests.len() - seen.requests.iter().filter(digests).count();
        assert_eq!(others, 1, "Basic is shown once, and never again: {:#?}", seen.requests);
        assert!(seen.requests.len() <= most + 30 && seen.most_answering > 1, "{} requests", seen.requests.len());
    }
}

#[test]
fn a_wrong_password_ends_it_with_a_sentence_and_leaves_nothing() {
    let offer = "Digest realm=\"r\", qop=\"auth\", nonce=\"{nonce}\", opaque=\"o\\\"p\"{stale}";
    let server = Server::new().file(PATH, Guard::new(&[offer]).before(File::new(5, MIB))).start();
    let sandbox = Sandbox::new();
    let url = server.url(PATH).replace("http://", "http://me:wrong7@");
    let output = sandbox.get(&[&url]).refused(&["127.0.0.1", "login", "401"]).code(REFUSED);
    assert!(!(output.stderr + &output.stdout).contains("wrong7"));
    assert_eq!((server.seen().requests.len(), sandbox.names().len()), (2, 0));
}

#[test]
fn a_password_never_leaves_tls() {
    let plain = serve(Answer::new());
    let away = format!("if ($scheme = https) {{ return 302 {}; }}", plain.url(PATH));
    let Some(nginx) = Nginx::start_with("", &away) else { return };
    let authority = nginx.authority();
    let sandbox = Sandbox::new();
    write(&sandbox.path("home/.netrc"), &netrc(), 0o600);
    let url = nginx.https("a.iso").replace("https://", &format!("https://me:{SECRET}@"));
    sandbox.get(&["--ca-cert", authority.to_str().unwrap(), &url]).refused(&["https"]);
    assert_eq!(plain.seen().requests.len(), 0);
}

/// Every file below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

/// The names of files that hold the secret although others can read them.
#[track_caller]
fn no_other_can_read_a_secret(sandbox: &Sandbox) {
    for path in files(&sandbox.path("")) {
        let text = String::from_utf8_lossy(&std::fs::read(&path).unwrap()).into_owned();
        let mode = std::fs::metadata(&path).unwrap().permissions().mode() & 0o777;
        let secret = text.contains(SECRET) || text.contains("aHVudGVyMg");
        assert!(!secret || mode.trailing_zeros() >= 6, "{} has mode {mode:o}", path.display());
    }
}

#[test]
fn a_resume_has_all_of_them_again_and_they_stand_nowhere_but_in_files_of_ones_own() {
    let offer = "Digest realm=\"r\", qop=\"auth\", nonce=\"{nonce}\", opaque=\"o\\\"p\"{stale}";
    let forbids = Answer::status(403);
    let whole = File::new(5, 8 * MIB).answer(Answer::new().header("Set-Cookie", "set=hunter2; Path=/"));
    let sum = whole.sha256();
    let guarded = Guard::new(&[offer]).before(whole);
    let has = |request: &crate::support::server::Request| {
        request.header("cookie").is_some_and(|value| value.contains("jar=hunter2"))
            && request.header("x-key") == Some("hunter2")
    };
    let guarded = guarded.rule(move |request| (!has(request)).then(|| forbids.clone()));
    let server = Server::new().file("/file.bin?token=hunter2", guarded).rate(1_000_000).start();
    let mut sandbox = Sandbox::new();
    sandbox.set("HAUL_LOG", "trace");
    sandbox.set("RUST_LOG", "trace");
    let (jar, log) = (sandbox.path("cookies.txt"), sandbox.path("log"));
    write(&jar, "127.0.0.1\tFALSE\t/\tFALSE\t0\tjar\thunter2\n", 0o600);
    let url = server.url("/file.bin?token=hunter2").replace("http://", "http://me:hunter2@");
    let key = format!("X-Key: {SECRET}");
    let words = ["-x", "2", "-H", &key, "--load-cookies", jar.to_str().unwrap(), "--log", log.to_str().unwrap()];
    let arguments = [&["get", "--json", "-o", "file.bin", url.as_str()], &words[..]].concat();
    let process = sandbox.start(&arguments);
    server.wait("the first mebibyte", |seen| seen.total() > MIB);
    eventually("the checkpoint", || !files(&sandbox.path("state")).is_empty());
    process.signal(Signal::INT);
    let stopped = process.finish().code(130);
    no_other_can_read_a_secret(&sandbox);
    server.forget();
    let ended = sandbox.run(&arguments).ok();
    holds_only(&sandbox, "file.bin", &sum);
    assert!(server.seen().total() < 8 * MIB, "it goes on where it was");
    no_other_can_read_a_secret(&sandbox);
    let logged = std::fs::read_to_string(&log).unwrap();
    assert!(logged.contains("TRACE"), "the log tells all that it can: {logged}");
    for text in [logged, stopped.stdout, stopped.stderr, ended.stdout, ended.stderr] {
        assert!(!text.contains(SECRET) && !text.contains("aHVudGVyMg"), "{text}");
    }
}
