//! The pictures in screenshots/: the real program in a real pty, on a server with fixed names, sizes and rates.
//!
//! `cargo nextest run --run-ignored only screenshots` makes them anew.

mod film;
mod svg;

use std::num::NonZeroU16;
use std::path::PathBuf;
use std::time::Duration;

use film::Film;
use haul::model::Vendor;
use vt100::{Parser, Screen};

use crate::support::server::{Answer, File, Running, Server};
use crate::support::{Exit, Sandbox, Store, Terminal};

const DEBIAN: &str = "http://mirror.example.org/debian/debian-13.1.0-amd64-netinst.iso";
const LINUX: &str = "http://cdn.example.net/linux/linux-6.18.tar.xz";
const MODEL: &str = "http://models.example.com/atlas/model-00001-of-00030.safetensors";
const TOOL: &str = "http://releases.example.net/ripgrep/ripgrep-15.0.0.tar.gz";
const GONE: &str = "http://drivers.example.com/driver.run";
const BACKUP: &str = "http://vault.example.org/backup-2026-11.tar.zst";
const SOUNDS: &str = "http://mirror.example.org/sounds/field-recordings.flac";

/// The server stands in for all of these hosts as their proxy, so that the pictures show names and no port numbers.
fn stage() -> Running {
    let usual = |rate: u64| Answer::new().rate(rate);
    // One connection in eight is slow; its fellows take over its rest.
    let debian = File::new(1, 783_000_000)
        .answer(usual(2_600_000).etag("\"2eb90000-63e1\""))
        .rule(|request| (request.number % 8 == 5).then(|| Answer::new().rate(150_000).etag("\"2eb90000-63e1\"")));
    Server::new()
        .file(DEBIAN, debian)
        .file(LINUX, File::new(2, 147_000_000).answer(usual(2_000_000)))
        .file(MODEL, File::new(3, 490_000_000).answer(usual(5_000_000).no_ranges()))
        .file(TOOL, File::new(4, 1_800_000))
        .file(BACKUP, File::new(5, 1_240_000_000).answer(usual(900_000)))
        .file(SOUNDS, File::new(6, 212_000_000).answer(usual(900_000)))
        .start()
}

fn percent(screen: &Screen, name: &str) -> u64 {
    let row = screen.rows(0, u16::MAX).find(|line| line.contains(name)).unwrap_or_default();
    let before = row.split('%').next().unwrap_or("").trim_end().to_owned();
    before.rsplit(|c: char| !c.is_ascii_digit()).next().and_then(|digits| digits.parse().ok()).unwrap_or(0)
}

fn save(screen: &Screen, name: &str, title: &str) {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("screenshots");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join(format!("{name}.svg")), svg::render(screen, title)).unwrap();
}

#[test]
#[ignore = "makes the pictures in screenshots/ anew"]
fn screenshots() {
    let server = stage();
    let mut sandbox = Sandbox::new();
    sandbox.set("COLORTERM", "truecolor");
    // A path that is the same in every picture; it goes away with this value.
    let downloads = tempfile::Builder::new().prefix("downloads").rand_bytes(0).tempdir_in("/tmp").unwrap();
    let folder = downloads.path();
    let proxy = server.address();
    sandbox.settings(&format!(
        "(folder: {:?}, transfers: 4, retry_wait: 0.2, proxy: \"http://{proxy}\")",
        folder.to_str().unwrap()
    ));
    let urls = [DEBIAN, LINUX, MODEL, TOOL, GONE, BACKUP, SOUNDS];
    let mut terminal = Terminal::start(&sandbox, &urls, (120, 34));
    terminal.wait_for("the kernel to be half done", |screen| percent(screen, "linux-6.18") >= 58);
    terminal.keys("gj ");
    terminal.wait_for_line(&["linux-6.18", "paused"]);
    terminal.keys("g");
    terminal.wait_for("a good part of the first", |screen| percent(screen, "debian-13") >= 30);
    save(&terminal.between_frames(1), "transfers-120x34", "haul with transfers running, paused, done and failed");
    terminal.keys("\r");
    terminal.wait_for("the details alone", |screen| !screen.contents().contains("ripgrep"));
    save(
        &terminal.between_frames(1),
        "details-120x34",
        "haul's details of one transfer, with a bar for each connection",
    );
    terminal.keys("\x1b");
    // A key that follows at once would be read as alt and that key.
    terminal.wait_for("the list again", |screen| screen.contents().contains("ripgrep"));
    terminal.keys("a");
    terminal.keys("https://example.org/next.iso");
    terminal.wait_for_text("next.iso");
    save(&terminal.between_frames(1), "add-120x34", "haul's box for new URLs");
    terminal.keys("\x1b");
    terminal.wait_for("the box to close", |screen| !screen.contents().contains("next.iso"));
    terminal.resize(80, 24);
    // What was drawn for the size before may still come.
    terminal.wait_for("all of it to be drawn anew", |screen| {
        let lines: Vec<String> = screen.rows(0, 80).collect();
        lines[0].starts_with(" haul") && lines[2].contains("Name") && lines[23].starts_with(" a add")
    });
    save(&terminal.between_frames(1), "transfers-80x24", "haul on a terminal of 80 by 24");
    terminal.keys("?");
    terminal.wait_for_text("The selected transfer");
    save(&terminal.between_frames(1), "help-80x24", "haul's keys");
    // Escape and a letter right after it would be that letter with Alt.
    terminal.keys("\x1b");
    terminal.wait_for("the help to close", |screen| !screen.contents().contains("The selected transfer"));
    terminal.leave();
    assert_eq!(terminal.finish(), Exit::Code(0));
}

#[test]
#[ignore = "makes the picture of uploads in screenshots/ anew"]
fn uploads() {
    let store = Store::start(Vendor::S3);
    store.put("models/atlas-00001.safetensors", vec![7; 64 << 20]);
    store.faults(|faults| faults.rate = Some(1_500_000));
    let mut sandbox = Sandbox::new();
    sandbox.set("COLORTERM", "truecolor");
    for (name, value) in store.variables() {
        sandbox.set(&name, &value);
    }
    let folder = tempfile::Builder::new().prefix("work").rand_bytes(0).tempdir_in("/tmp").unwrap();
    let file = |name: &str, mib: usize| {
        let path = folder.path().join(name);
        std::fs::write(&path, vec![1; mib << 20]).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let (backup, film) = (file("backup-2026-11.tar.zst", 96), file("holiday.mov", 160));
    let proxy = store.endpoint();
    let endpoint = "(endpoint: \"http://objects.example.org\", region: \"us-east-1\", addressing: virtual)";
    sandbox.settings(&format!(
        "(folder: {:?}, connections: 4, proxy: {proxy:?}, stores: {{\"s3://\": {endpoint}}})",
        folder.path().to_str().unwrap()
    ));
    let mut terminal = Terminal::start(&sandbox, &["s3://bkt/models/atlas-00001.safetensors"], (120, 34));
    terminal.wait_for_text("atlas-00001");
    terminal.upload(&backup, "s3://bkt/backups/");
    terminal.upload(&film, "s3://bkt/films/");
    terminal.wait_for("a good part of the backup", |screen| percent(screen, "backup-2026") >= 45);
    terminal.keys("gj\x1b[C");
    terminal.wait_for_text("at the store");
    save(&terminal.between_frames(1), "uploads-120x34", "haul with uploads and a download, and the map of an upload");
    terminal.leave();
    assert_eq!(terminal.finish(), Exit::Code(0));
}

#[test]
#[ignore = "makes the moving picture in screenshots/ anew; needs rsvg-convert, ImageMagick and gifsicle"]
fn film() {
    let server = stage();
    let mut sandbox = Sandbox::new();
    sandbox.set("COLORTERM", "truecolor");
    let downloads = tempfile::Builder::new().prefix("film").rand_bytes(0).tempdir_in("/tmp").unwrap();
    let (folder, proxy) = (downloads.path().to_str().unwrap(), server.address());
    sandbox.settings(&format!("(folder: {folder:?}, transfers: 4, proxy: \"http://{proxy}\")"));
    let terminal = Terminal::start(&sandbox, &[], (100, 28));
    terminal.wait_for_text("Paste a URL");
    let mut film = Film::new(&terminal);
    terminal.paste(&[DEBIAN, LINUX, TOOL, BACKUP].join("\r"));
    let moment = Duration::from_millis(1500);
    film.until(&terminal, |screen| percent(screen, "linux-6.18") >= 25);
    terminal.keys("j ");
    film.until(&terminal, |screen| screen.contents().contains("paused"));
    film.watch(&terminal, moment);
    terminal.keys(" k");
    film.watch(&terminal, moment);
    for _ in 0..2 {
        terminal.keys("\x1b[C");
        film.watch(&terminal, 2 * moment);
    }
    terminal.keys("\x1b[D\x1b[D");
    film.watch(&terminal, moment);
    for letter in ["/", "b", "a", "c", "k"] {
        terminal.keys(letter);
        film.watch(&terminal, moment / 5);
    }
    film.watch(&terminal, moment);
    terminal.keys("\x1b");
    film.until(&terminal, |screen| percent(screen, "linux-6.18") == 100);
    terminal.leave();
    let frames = tempfile::tempdir().unwrap();
    let target = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("screenshots/haul.gif");
    film.save(frames.path(), &target, "haul");
}

#[test]
fn a_screen_becomes_shapes_and_text() {
    let mut parser = Parser::new(NonZeroU16::new(3).unwrap(), NonZeroU16::new(12).unwrap(), 0);
    parser.process("\x1b[?25l\x1b[1;31ma<b\x1b[0m ██▌\r\n\x1b[44m──┐\x1b[0m⣿ 漢x\r\n\x1b[38;2;1;2;3m░▟".as_bytes());
    let drawn = svg::render(parser.screen(), "a & b");
    for part in [
        "<title>a &amp; b</title>",
        "fill=\"#e06c75\" font-weight=\"bold\">a&lt;b</text>",
        // Two full blocks are one rectangle, and the half is one of its own.
        "<rect x=\"36.12\" y=\"0.00\" width=\"18.06\" height=\"18.00\"",
        "<rect x=\"54.18\" y=\"0.00\" width=\"4.51\"",
        "textLength=\"18.06\">漢</text>",
        "fill-opacity=\"0.25\"",
        "fill=\"#010203\"",
    ] {
        assert!(drawn.contains(part), "no {part} in\n{drawn}");
    }
    assert_eq!(drawn.matches("<circle").count(), 8);
    assert_eq!(drawn.matches("<text").count(), 3);
    assert!(!drawn.contains('█') && !drawn.contains('─'));
}
