//! Power cuts: every operation on files is recorded with its data, what a disk may hold is rebuilt for each moment, and
//! haul goes on from there. The rules are in `support::power`.

use std::fs::{self, File as OnDisk};
use std::path::PathBuf;
use std::time::SystemTime;

use haul::model::ByteRange;
use haul::store::{Checkpoint, Fragment};
use rustix::process::Signal;

use super::{MIB, PATH};
use crate::support::power::{Image, Recording, image_of, restore};
use crate::support::server::{Answer, File, Gate, Running, Server, content};
use crate::support::strace::{calls, record};
use crate::support::{Process, Sandbox, is_part_of, names, strace_works};

const SEED: u64 = 31;
/// Bytes with a checksum of their own.
const BLOCK: u64 = 1 << 20;
const LENGTH: u64 = 3 * MIB + 12_345;
const NAME: &str = "file.bin";

/// A recorded download and what is needed to go on from its images.
struct Scene {
    sandbox: Sandbox,
    server: Running,
    recording: Recording,
    modified: Option<SystemTime>,
}

impl Scene {
    /// State and downloads in folders that are not there yet.
    fn new(server: Running) -> Self {
        let mut sandbox = Sandbox::new();
        let state = sandbox.path("state/not/there");
        sandbox.set("HAUL_STATE", state);
        Self { sandbox, server, recording: Recording::default(), modified: None }
    }

    fn folder(&self) -> PathBuf {
        self.sandbox.path("downloads/not/there")
    }

    fn target(&self) -> PathBuf {
        self.folder().join(NAME)
    }

    fn state(&self) -> PathBuf {
        self.sandbox.path("state/not/there")
    }

    fn places(&self) -> [PathBuf; 2] {
        [self.sandbox.path("downloads"), self.sandbox.path("state")]
    }

    fn arguments(&self, connections: &str) -> Vec<String> {
        let folder = self.folder().to_str().unwrap().to_owned();
        ["get", "-q", "-x", connections, "--retry-wait", "0.1", "-d", &folder, &self.server.url(PATH)]
            .map(String::from)
            .to_vec()
    }

    /// Records a run to its end, or until `stop` says that it is to be ended.
    fn record(&mut self, more: &[&str], arguments: &[&str], stop: impl FnOnce(&Running, &Process)) -> Option<i32> {
        let log = self.sandbox.path("run/strace.log");
        let process = record(&self.sandbox, &log, more, arguments);
        stop(&self.server, &process);
        let output = process.finish();
        self.recording.take(self.sandbox.path("").as_path(), &calls(&log));
        self.modified = fs::metadata(self.target()).and_then(|meta| meta.modified()).ok().or(self.modified);
        output.code
    }

    /// The download in two runs: the first is ended half-way.
    fn download(&mut self) {
        let gate = Gate::new();
        let arguments = self.arguments("2");
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        self.server.change(PATH, |file| file.answer = Answer::new().gate(800_000, &gate));
        let half = |server: &Running, process: &Process| {
            server.wait("the gates", |seen| seen.sent(PATH).total == 1_600_000);
            process.signal_child(Signal::TERM);
        };
        assert_eq!(self.record(&[], &arguments, half), Some(143));
        self.server.change(PATH, |file| file.answer = Answer::new());
        assert_eq!(self.record(&[], &arguments, |_, _| {}), Some(0));
    }

    /// Puts an image on the disk.
    fn restore(&self, image: &Image) {
        restore(&self.places(), image);
        if let (Ok(target), Some(modified)) = (OnDisk::options().write(true).open(self.target()), self.modified) {
            target.set_modified(modified).unwrap();
        }
        self.server.forget();
    }

    /// Bytes of the part file that a checkpoint claims and that are right.
    fn kept(&self) -> u64 {
        let Some((_, checkpoint)) = Checkpoint::find(&self.state(), &self.target()).unwrap() else { return 0 };
        let part = names(&self.folder()).into_iter().find(|name| is_part_of(name, NAME));
        let held = part.map(|part| fs::read(self.folder().join(part)).unwrap()).unwrap_or_default();
        let right =
            |start: u64, end: u64| held.get(start as usize..end as usize) == Some(&content(SEED, start, end)[..]);
        checkpoint
            .ledger
            .fragments()
            .map(Fragment::range)
            .filter(|piece| right(piece.start, piece.end))
            .map(ByteRange::len)
            .sum()
    }

    /// Goes on from what is on the disk, and compares.
    #[track_caller]
    fn goes_on(&self, what: &str) {
        let finished = self.target().exists();
        if finished {
            assert!(
                fs::read(self.target()).unwrap() == content(SEED, 0, LENGTH),
                "{what}: a wrong file at the target's name"
            );
        }
        let kept = if finished { LENGTH } else { self.kept() };
        let before: Vec<PathBuf> = image_of(&self.places()).into_keys().collect();
        // One connection: what two have in the kernel's buffers when they share the rest is sent twice.
        let arguments = self.arguments("1");
        let output = self.sandbox.run(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
        assert_eq!(output.code, Some(0), "{what}: {output:?} {before:#?}");
        assert_eq!(names(&self.folder()), [NAME], "{what}: {before:#?}");
        assert!(fs::read(self.target()).unwrap() == content(SEED, 0, LENGTH), "{what}: a wrong file");
        let sent = self.server.seen().sent(PATH).total;
        // What comes while a claim is still being compared may carry on the sum of one that turns out to be wrong: their
        // block then comes again as a whole.
        let most = LENGTH - kept + BLOCK;
        assert!(sent <= most, "{what}: {sent} bytes were fetched though {kept} of {LENGTH} were kept");
    }
}

fn serve() -> Running {
    Server::new().file(PATH, File::new(SEED, LENGTH)).start()
}

#[test]
fn a_power_cut_at_any_moment_of_a_download_costs_only_what_was_not_synced() {
    if !strace_works() {
        return;
    }
    let mut scene = Scene::new(serve());
    scene.download();
    let mut random = fastrand::Rng::with_seed(7);
    let moments = scene.recording.moments();
    assert!(moments.len() >= 9, "{} syncs", moments.len());
    for moment in moments {
        for share in [0.0, 0.4, 0.95] {
            scene.restore(&scene.recording.image(moment, share, &mut random));
            scene.goes_on(&format!("moment {moment}, {share} of what was not synced"));
        }
    }
    // Once it was told that the file is there, it is.
    scene.restore(&scene.recording.image(usize::MAX, 0.0, &mut random));
    assert!(scene.target().exists(), "a finished file was lost");
}

#[test]
fn nothing_is_claimed_before_it_is_durable() {
    if !strace_works() {
        return;
    }
    let mut scene = Scene::new(serve());
    scene.download();
    let recording = &scene.recording;
    let whole = content(SEED, 0, LENGTH);
    let part = recording.renames().iter().find(|renamed| renamed.to == scene.target()).expect("the final rename");
    assert!(recording.durable(part, part.began) == whole, "the file was named before it was durable");
    let named = recording.named(part);
    let mut saves = 0;
    for renamed in recording.renames().iter().filter(|renamed| renamed.from.extension().is_some_and(|new| new == "new"))
    {
        let folder = tempfile::tempdir().unwrap();
        let id = renamed.to.file_stem().unwrap().to_str().unwrap().parse().unwrap();
        let copy = Checkpoint::path(folder.path(), id);
        fs::create_dir_all(copy.parent().unwrap()).unwrap();
        fs::write(&copy, recording.durable(renamed, renamed.began)).unwrap();
        let checkpoint =
            Checkpoint::load(folder.path(), id).unwrap().expect("a checkpoint was named before it was durable");
        let held = recording.durable(part, renamed.began);
        for claim in checkpoint.ledger.fragments() {
            let (start, end) = (claim.start as usize, (claim.start + claim.len) as usize);
            assert!(held.get(start..end) == whole.get(start..end), "{claim:?} was claimed before it was durable");
        }
        saves += usize::from(!checkpoint.ledger.is_empty());
        let gone = recording.taken(&renamed.to).expect("a checkpoint that has done its work goes");
        assert!(named < gone, "the checkpoint went before the file's name was durable");
    }
    assert!(saves > 0, "no checkpoint with a claim was seen");
}

/// A sync that fails has dropped what it covered: a later one that succeeds says nothing of these bytes.
#[test]
fn what_a_failed_sync_covered_is_fetched_again() {
    if !strace_works() {
        return;
    }
    // The sync of a stop, of a save while the download runs and of the end.
    for (call, number) in [("fdatasync", 1), ("fsync", 1), ("fsync", 2), ("fsync", 3), ("fsync", 4)] {
        let mut scene = Scene::new(serve());
        let arguments = scene.arguments("2");
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let inject = format!("inject={call}:error=EIO:when={number}");
        let gate = Gate::new();
        if call == "fdatasync" {
            scene.server.change(PATH, |file| file.answer = Answer::new().gate(800_000, &gate));
        }
        let stop = |server: &Running, process: &Process| {
            if call == "fdatasync" {
                server.wait("the gates", |seen| seen.sent(PATH).total == 1_600_000);
                process.signal_child(Signal::TERM);
            }
        };
        let first = scene.record(&["-e", &inject], &arguments, stop);
        scene.server.change(PATH, |file| file.answer = Answer::new());
        if first != Some(0) {
            // One whose name alone is not durable has it.
            let is_whole = || fs::read(scene.target()).unwrap() == content(SEED, 0, LENGTH);
            assert!(!scene.target().exists() || is_whole(), "{call} {number}: a failure left a wrong file");
            assert_eq!(scene.record(&[], &arguments, |_, _| {}), Some(0), "{call} {number}");
        }
        let image = scene.recording.image(usize::MAX, 0.0, &mut fastrand::Rng::with_seed(1));
        scene.restore(&image);
        assert!(scene.target().exists(), "{call} {number}: a finished file was lost");
        scene.goes_on(&format!("{call} {number} failed"));
    }
}

#[test]
fn what_was_added_is_there_after_a_power_cut_and_what_was_finished_is_not_fetched_again() {
    if !strace_works() {
        return;
    }
    let paths = ["/a.bin", "/b.bin", "/c.bin"];
    let mut server = Server::new();
    for (seed, path) in (1..).zip(paths) {
        server = server.file(path, File::new(seed, 50_000 * seed));
    }
    let mut scene = Scene::new(server.start());
    let urls = paths.map(|path| scene.server.url(path));
    let folder = scene.folder().to_str().unwrap().to_owned();
    assert_eq!(scene.record(&[], &["add", "-d", &folder, &urls[0], &urls[1], &urls[2]], |_, _| {}), Some(0));
    let added = scene.recording.moments().len() - 1;
    assert_eq!(scene.record(&[], &["run", "-q"], |_, _| {}), Some(0));
    let modified: Vec<SystemTime> =
        paths.map(|path| fs::metadata(scene.folder().join(&path[1..])).unwrap().modified().unwrap()).to_vec();
    let mut random = fastrand::Rng::with_seed(9);
    let right = |name: &str, seed: u64| fs::read(scene.folder().join(name)).unwrap() == content(seed, 0, 50_000 * seed);
    for moment in scene.recording.moments().into_iter().skip(added - 1) {
        for share in [0.0, 0.5] {
            restore(&scene.places(), &scene.recording.image(moment, share, &mut random));
            let mut there = Vec::new();
            for ((seed, path), modified) in (1..).zip(paths).zip(&modified) {
                let Ok(file) = OnDisk::options().write(true).open(scene.folder().join(&path[1..])) else { continue };
                assert!(right(&path[1..], seed), "moment {moment}, {share}: {path} is wrong");
                file.set_modified(*modified).unwrap();
                there.push(path);
            }
            scene.server.forget();
            let output = scene.sandbox.run(&["run", "-q"]);
            assert_eq!(output.code, Some(0), "moment {moment}, {share}: {output:?}");
            assert_eq!(names(&scene.folder()), ["a.bin", "b.bin", "c.bin"], "moment {moment}, {share}");
            assert!((1..).zip(paths).all(|(seed, path)| right(&path[1..], seed)), "moment {moment}, {share}");
            for path in there {
                assert_eq!(
                    scene.server.seen().sent(path).total,
                    0,
                    "moment {moment}, {share}: {path} was fetched again"
                );
            }
        }
    }
}
