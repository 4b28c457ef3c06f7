//! Many small files are made durable by one sync of their disk, and none is lost or wrong if that fails or the power does.

use std::fs;

use rustix::fs::statfs;

use crate::support::power::{Recording, restore};
use crate::support::server::{Answer, File, Gate, Running, Server, content};
use crate::support::strace::{Call, calls, record};
use crate::support::{Process, Sandbox, Strace, names, strace_works};

/// Files that come at one moment, and as many that come after them.
const COUNT: u64 = 24;
/// Bytes of each, so that some 30 go at once.
const LENGTH: u64 = 30_000;

/// A place for many files whose disk can be synced as a whole.
struct Scene {
    sandbox: Sandbox,
    server: Running,
    /// Before it is opened none of the first files comes.
    gate: Gate,
}

impl Scene {
    /// `None` where there is no such disk, or nothing can be traced.
    fn new(count: u64) -> Option<Self> {
        let (sandbox, gate) = (Sandbox::new(), Gate::new());
        let kind = u64::try_from(statfs(sandbox.downloads()).unwrap().f_type).unwrap_or(0);
        if ![0xEF53, 0x5846_5342, 0x9123_683E, 0xF2F5_2010].contains(&kind) {
            eprintln!("skipped: the tests' disk is none that is synced as a whole");
            return None;
        }
        let server = (0..count).fold(Server::new(), |server, number| {
            let answer = if number < COUNT { Answer::new().delay(&gate) } else { Answer::new() };
            server.file(&format!("/{number:02}"), File::new(number, LENGTH + number).answer(answer))
        });
        strace_works().then(|| Self { sandbox, server: server.start(), gate })
    }

    fn arguments(&self, count: u64) -> Vec<String> {
        let usual = ["get", "-q", "-j", "24", "-x", "1", "--retry-wait", "0.1"].map(String::from);
        usual.into_iter().chain((0..count).map(|number| self.server.url(&format!("/{number:02}")))).collect()
    }

    /// Runs it, with the first sync so slow that all files of the gate are there when it is over.
    fn record(&self, count: u64, more: &[&str]) -> (Option<i32>, Vec<Call>) {
        let log = self.sandbox.path("run/strace.log");
        let arguments = self.arguments(count);
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let slow = ["-e", "inject=fsync:delay_enter=700ms:when=1"];
        let process = record(&self.sandbox, &log, &[&slow, more].concat(), &arguments);
        (self.let_in(process), calls(&log))
    }

    fn let_in(&self, process: Process) -> Option<i32> {
        self.server.wait("all requests", |seen| seen.requests.len() as u64 >= COUNT);
        self.gate.open();
        process.finish().code
    }

    /// Each file that has its name is whole.
    fn wrong(&self) -> Vec<String> {
        let is_right = |name: &str, number| {
            fs::read(self.sandbox.downloads().join(name)).unwrap() == content(number, 0, LENGTH + number)
        };
        let is_wrong = |name: &String| name.parse().is_ok_and(|number| !is_right(name, number));
        names(&self.sandbox.downloads()).into_iter().filter(is_wrong).collect()
    }

    /// All are there and right, and nothing else is.
    #[track_caller]
    fn check(&self, count: u64, what: &str) {
        let all: Vec<String> = (0..count).map(|number| format!("{number:02}")).collect();
        assert_eq!(names(&self.sandbox.downloads()), all, "{what}");
        assert_eq!(self.wrong(), [""; 0], "{what}");
    }
}

fn count(calls: &[Call], name: &str) -> u64 {
    calls.iter().filter(|call| call.name == name).count() as u64
}

#[test]
fn many_small_files_are_synced_at_once_and_none_is_named_before_it_is_durable() {
    let Some(scene) = Scene::new(COUNT) else { return };
    let (code, calls) = scene.record(COUNT, &[]);
    assert_eq!(code, Some(0));
    scene.check(COUNT, "a run without troubles");
    assert!(count(&calls, "syncfs") > 0);
    let root = scene.sandbox.path("");
    let recording = Recording::of(&root, &calls);
    let files = recording.renames().iter().filter(|renamed| renamed.to.parent() == Some(&scene.sandbox.downloads()));
    let mut named = 0;
    for renamed in files {
        let number: u64 = renamed.to.file_name().unwrap().to_str().unwrap().parse().unwrap();
        let whole = content(number, 0, LENGTH + number);
        assert!(recording.durable(renamed, renamed.began) == whole, "{number} was named before it was durable");
        assert!(recording.named(renamed) < usize::MAX, "the name of {number} is not durable");
        named += 1;
    }
    assert_eq!(named, COUNT);
    let mut random = fastrand::Rng::with_seed(5);
    let places = [scene.sandbox.downloads(), scene.sandbox.path("state")];
    for moment in recording.moments() {
        restore(&places, &recording.image(moment, 0.5, &mut random));
        assert_eq!(scene.wrong(), [""; 0], "a power cut at {moment}");
    }
}

#[test]
fn where_the_sync_of_all_fails_each_file_is_synced_by_itself() {
    let Some(scene) = Scene::new(COUNT) else { return };
    let (code, calls) = scene.record(COUNT, &["-e", "inject=syncfs:error=EIO"]);
    assert_eq!(code, Some(0));
    scene.check(COUNT, "without syncs of all");
    assert!(count(&calls, "syncfs") > 0 && count(&calls, "fsync") > COUNT);
}

#[test]
fn a_kill_while_all_are_synced_costs_nothing_but_these() {
    let Some(scene) = Scene::new(COUNT) else { return };
    let arguments = scene.arguments(COUNT);
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    scene.let_in(Strace::kill("syncfs", 1).start(&scene.sandbox, &arguments));
    assert_eq!(scene.wrong(), [""; 0]);
    scene.sandbox.run(&arguments).ok();
    scene.check(COUNT, "after the kill");
}

#[test]
fn a_disk_that_has_much_else_to_write_is_not_synced_as_a_whole_again_and_again() {
    let all = 3 * COUNT;
    let Some(scene) = Scene::new(all) else { return };
    let (code, calls) = scene.record(all, &["-e", "inject=syncfs:delay_enter=2500ms"]);
    assert_eq!(code, Some(0));
    scene.check(all, "with a slow disk");
    assert_eq!(count(&calls, "syncfs"), 1);
}
