//! SIGKILL on the way into each system call that changes the disk: the next run ends right, nothing wrong ever stands at
//! the target's name, and what was on disk is used.

use std::fs;
use std::path::PathBuf;

use haul::store::Checkpoint;
use rustix::process::Signal;

use super::{MIB, PATH};
use crate::support::power::{Image, image_of, restore};
use crate::support::server::{Answer, File, Gate, Running, Seen, Server, content};
use crate::support::{Sandbox, Strace, strace_works};

const SEED: u64 = 23;
const LENGTH: u64 = 3 * MIB + 777;

/// The calls that change the disk, with how often one thread makes them in a download at most.
const CALLS: [(&str, usize); 11] = [
    ("mkdir", 4),
    ("fallocate", 1),
    ("pwrite64", 4),
    ("pwritev", 4),
    ("fdatasync", 2),
    ("fsync", 8),
    ("rename", 3),
    ("renameat2", 1),
    ("unlink", 4),
    ("write", 12),
    ("ftruncate", 1),
];

struct Scene {
    sandbox: Sandbox,
    server: Running,
}

impl Scene {
    fn new() -> Self {
        let server = Server::new().file(PATH, File::new(SEED, LENGTH)).start();
        Self { sandbox: Sandbox::new(), server }
    }

    fn places(&self) -> [PathBuf; 2] {
        [self.sandbox.downloads(), self.sandbox.path("state")]
    }

    /// Bytes that a checkpoint claims.
    fn kept(&self) -> u64 {
        let target = self.sandbox.downloads().join("file.bin");
        let (_, checkpoint) = Checkpoint::find(&self.sandbox.path("state"), &target).unwrap().expect("a checkpoint");
        assert!(!checkpoint.ledger.is_empty());
        checkpoint.ledger.done().total()
    }

    /// Puts an image on the disk and runs haul, killed on its way into a call. True if it was killed.
    #[track_caller]
    fn killed(&self, image: &Image, arguments: &[&str], call: &str, number: usize) -> bool {
        restore(&self.places(), image);
        self.server.forget();
        let output = Strace::kill(call, number).start(&self.sandbox, arguments).finish();
        assert!(matches!(output.code, None | Some(0)), "{call} {number}: {output:?}");
        let target = self.sandbox.downloads().join("file.bin");
        let right = || fs::read(&target).unwrap() == content(SEED, 0, LENGTH);
        assert!(!target.exists() || right(), "{call} {number}: a wrong file at the target's name");
        output.code.is_none()
    }

    /// Runs haul to its end and compares; at most so many bytes may be fetched.
    #[track_caller]
    fn goes_on(&self, arguments: &[&str], most: u64, what: &str) {
        let before = self.sandbox.names();
        self.server.wait("the dead connections", |seen| seen.open == 0);
        self.server.forget();
        // One connection: what two have in the kernel's buffers when they share the rest is sent twice.
        let output = self.sandbox.run(&[arguments, &["-x", "1"]].concat());
        assert_eq!(output.code, Some(0), "{what}: {output:?}\n{before:?}");
        assert_eq!(self.sandbox.names(), ["file.bin"], "{what}: {before:?}");
        let right = fs::read(self.sandbox.downloads().join("file.bin")).unwrap() == content(SEED, 0, LENGTH);
        assert!(right, "{what}: a wrong file");
        let sent = self.server.seen().sent(PATH).total;
        assert!(sent <= most, "{what}: {sent} bytes were fetched, at most {most} were missing");
    }
}

/// Kills at every call of a run that starts from an image.
#[track_caller]
fn kills_everywhere(scene: &Scene, image: &Image, arguments: &[&str], most: u64) {
    let mut kills = 0;
    for (call, times) in CALLS {
        for number in 1..=times {
            if !scene.killed(image, arguments, call, number) {
                // No thread makes this call so often.
                scene.goes_on(arguments, most, &format!("{call} {number}, not killed"));
                break;
            }
            kills += 1;
            scene.goes_on(arguments, most, &format!("killed at {call} {number}"));
        }
    }
    println!("{kills} kills");
    assert!(kills >= 12, "only {kills} kills");
}

#[test]
fn a_kill_between_any_two_system_calls_of_a_download_costs_little() {
    if !strace_works() {
        return;
    }
    let scene = Scene::new();
    let url = scene.server.url(PATH);
    kills_everywhere(&scene, &Image::new(), &["get", "-q", &url], LENGTH);
}

#[test]
fn a_kill_between_any_two_system_calls_of_a_resume_costs_what_was_on_its_way() {
    if !strace_works() {
        return;
    }
    let scene = Scene::new();
    let url = scene.server.url(PATH);
    let arguments = ["get", "-q", url.as_str()];
    let gate = Gate::new();
    scene.server.change(PATH, |file| file.answer = Answer::new().gate(1_000_000, &gate));
    let process = scene.sandbox.start(&[&arguments[..], &["-x", "2"]].concat());
    scene.server.wait("the gates", |seen| seen.sent(PATH).total == 2_000_000);
    process.signal(Signal::TERM);
    process.finish().code(143);
    scene.server.change(PATH, |file| file.answer = Answer::new());
    let image = image_of(&scene.places());
    // What was on disk at the start is never fetched again.
    let missing = LENGTH - scene.kept();
    kills_everywhere(&scene, &image, &arguments, missing);
}

#[test]
fn a_kill_between_any_two_system_calls_of_a_queue_loses_no_transfer() {
    if !strace_works() {
        return;
    }
    let scene = Scene::new();
    let url = scene.server.url(PATH);
    scene.sandbox.run(&["add", &url]).ok();
    let image = image_of(&scene.places());
    kills_everywhere(&scene, &image, &["run", "-q"], LENGTH);
    scene.server.forget();
    scene.sandbox.run(&["run", "-q"]).ok();
    assert_eq!(scene.server.seen().requests.len(), 0, "it is done");
}

#[test]
fn a_kill_while_a_stop_is_saved_costs_nothing_that_was_written() {
    if !strace_works() {
        return;
    }
    let scene = Scene::new();
    let url = scene.server.url(PATH);
    let arguments = ["get", "-q", url.as_str()];
    let two = [&arguments[..], &["-x", "2"]].concat();
    let gate = Gate::new();
    let held = |position: u64| scene.server.change(PATH, |file| file.answer = Answer::new().gate(position, &gate));
    held(500_000);
    let process = scene.sandbox.start(&two);
    scene.server.wait("the gates", |seen| seen.sent(PATH).total == 1_000_000);
    process.signal(Signal::TERM);
    process.finish().code(143);
    let image = image_of(&scene.places());
    let missing = LENGTH - scene.kept();
    let mut kills = 0;
    for (call, number) in [("fdatasync", 1), ("unlink", 1), ("fsync", 1), ("rename", 1), ("rename", 2), ("fsync", 2)] {
        restore(&scene.places(), &image);
        scene.server.wait("the dead connections", |seen| seen.open == 0);
        scene.server.forget();
        held(500_000);
        let process = Strace::kill(call, number).start(&scene.sandbox, &two);
        // On a slow machine the save of each second may come first, and the kill with it.
        let over = |seen: &Seen| seen.open == 0 && !seen.requests.is_empty();
        scene.server.wait("the gates", |seen| seen.sent(PATH).total == 1_000_000 || over(seen));
        process.signal_child(Signal::TERM);
        kills += usize::from(process.finish().code.is_none());
        scene.server.change(PATH, |file| file.answer = Answer::new());
        scene.goes_on(&arguments, missing, &format!("killed at {call} {number} of a stop"));
    }
    assert!(kills >= 5, "only {kills} kills");
}
