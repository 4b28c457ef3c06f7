//! Names that a server chooses: they never leave the folder, never hide, never steer a terminal.

use super::{MIB, PATH, fetch, serve};
use crate::support::server::{Answer, File, Gate, Server};
use crate::support::{Sandbox, Strace, names, strace_works};

/// Fetches the file and returns the one name that it got.
#[track_caller]
fn named(path: &str, answer: Answer) -> String {
    let file = File::new(11, MIB / 4).answer(answer);
    let sum = file.sha256();
    let server = Server::new().file(path, file).start();
    let sandbox = Sandbox::new();
    let before = names(&sandbox.path(""));
    sandbox.get(&[&server.url(path)]).ok();
    assert_eq!(names(&sandbox.path("")), before, "something was written beside the download folder");
    let mut names = sandbox.names();
    assert_eq!(names.len(), 1, "{names:?}");
    assert_eq!(sandbox.sha256(&names[0]), sum);
    names.remove(0)
}

#[test]
fn content_disposition_gives_a_name() {
    for (header, name) in [
        ("attachment; filename=\"b c.iso\"", "b c.iso"),
        ("attachment; filename=plain.iso", "plain.iso"),
        ("attachment; filename=plain.iso;", "plain.iso"),
        ("inline; filename=\"a\"; filename*=UTF-8''%e2%82%ac%20rates.pdf", "€ rates.pdf"),
        ("attachment; filename*=UTF-8''na%C3%AFve.txt; filename=\"other\"", "naïve.txt"),
        ("attachment; foo=bar; filename=\"it's.iso\"", "it's.iso"),
        ("attachment; FILENAME=\"up.iso\"; size=3", "up.iso"),
    ] {
        assert_eq!(named(PATH, Answer::new().disposition(header)), name, "{header}");
    }
}

#[test]
fn a_header_without_a_name_leaves_it_to_the_url() {
    for header in ["attachment", "attachment; filename=\"\"", "attachment; filename=\"..\"", ";;;", "\u{ff}\u{fe}"] {
        let name = named("/real.iso", Answer::new().disposition(header));
        assert!(name == "real.iso" || name == "download", "{header}: {name}");
    }
}

#[test]
fn no_name_leaves_the_folder_or_hides() {
    for name in [
        "../../evil",
        "/etc/evil",
        "..\\..\\evil",
        "C:\\evil",
        ".bashrc",
        "..",
        ".",
        "a/../../evil",
        "%2e%2e%2fevil",
        "....//evil",
        "-rf",
        " ",
        "~/evil",
        "con\u{202e}gpj.exe",
        "a\tb",
    ] {
        let got = named(PATH, Answer::new().disposition(&format!("attachment; filename=\"{name}\"")));
        assert!(!got.starts_with('.') && !got.contains(['/', '\\']), "{name:?} became {got:?}");
        assert!(!got.chars().any(|c| c.is_control() || c == '\u{202e}'), "{name:?} became {got:?}");
    }
}

#[test]
fn encoded_control_characters_are_dropped() {
    for name in ["a%1b%5b2Jb", "a%00b", "a%0ab", "a%c2%9b31mb", "..%2f..%2fevil", "%e2%80%aegpj.exe"] {
        let got = named(PATH, Answer::new().disposition(&format!("attachment; filename*=UTF-8''{name}")));
        assert!(!got.starts_with('.') && !got.contains(['/', '\\']), "{name:?} became {got:?}");
        assert!(!got.chars().any(|c| c.is_control() || c == '\u{202e}'), "{name:?} became {got:?}");
    }
}

#[test]
fn names_from_urls_are_made_safe_too() {
    for path in
        ["/a/..%2f..%2fevil", "/%2e%2e%2f%2e%2e%2fetc%2fpasswd", "/a/.hidden", "/a%00b", "/a%1b%5b2J", "/", "/a/"]
    {
        let got = named(path, Answer::new());
        assert!(!got.starts_with('.') && !got.contains(['/', '\\']), "{path:?} became {got:?}");
        assert!(!got.chars().any(char::is_control), "{path:?} became {got:?}");
    }
}

#[test]
fn long_names_are_cut_and_keep_their_extension() {
    for letter in ["x", "é", "漢"] {
        let long = format!("/{}.tar.gz", letter.repeat(if letter == "x" { 400 } else { 150 }));
        let got = named(&percent(&long), Answer::new());
        assert!(got.len() <= 255 && got.strip_suffix(".gz").is_some(), "{} bytes: {got}", got.len());
    }
    // A name that fits, but has no room for the part file's digits beside it, may be kept or cut.
    let name = "y".repeat(250);
    let got = named(&format!("/{name}"), Answer::new());
    assert!(name.starts_with(&got) && got.len() >= 100, "{got}");
}

fn percent(path: &str) -> String {
    use std::fmt::Write as _;
    path.bytes().fold(String::new(), |mut text, byte| {
        if byte.is_ascii() {
            text.push(char::from(byte));
        } else {
            write!(text, "%{byte:02X}").unwrap();
        }
        text
    })
}

#[test]
fn a_name_that_the_user_gives_may_be_as_long_as_names_can_be() {
    let server = serve(Answer::new());
    let sandbox = Sandbox::new();
    let name = "n".repeat(255);
    fetch(&sandbox, &server, &["-o", &name]).ok();
    assert_eq!(sandbox.names(), [name]);
}

/// The answer of eCryptfs, which takes names of 143 bytes: kind, block size, blocks, free ones of all and of this user, inodes,
/// free ones, the disk's number, the longest name.
#[cfg(target_arch = "x86_64")]
#[test]
fn a_disk_that_takes_only_short_names_gets_no_longer_ones() {
    if !strace_works() {
        return;
    }
    let told: [u64; 9] = [0xF15F, 4096, 1 << 28, 1 << 27, 1 << 27, 1 << 24, 1 << 23, 7, 143];
    let bytes: Vec<u8> = told.iter().flat_map(|word| word.to_ne_bytes()).collect();
    let (gate, path) = (Gate::new(), format!("/{}.bin", "n".repeat(180)));
    let server = Server::new().file(&path, File::new(1, 3 << 20).answer(Answer::new().gate(1 << 20, &gate))).start();
    let sandbox = Sandbox::new();
    let haul = Strace::answer("statfs", 2, &bytes).start(&sandbox, &["get", "-q", "-x", "1", &server.url(&path)]);
    server.wait("the gate", |seen| seen.sent(&path).total == 1 << 20);
    let fits = |name: &String| name.len() <= 143;
    assert!(sandbox.names().iter().all(fits), "{:?}", sandbox.names());
    gate.open();
    haul.finish().ok();
    assert!(sandbox.names().len() == 1 && sandbox.names().iter().all(fits), "{:?}", sandbox.names());
    assert!(sandbox.names()[0].ends_with("n.bin"));
}
