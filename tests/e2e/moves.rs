//! SIGKILL on the way into each system call of a move, to another folder and to another disk, and of a removal: what was on
//! disk is in one place, the queue knows which, nothing else is left, and the same order can be given again.

use std::fs;
use std::path::{Path, PathBuf};

use haul::model::{Source, Spec, Status, TransferId};
use haul::store::{Checkpoint, Item, Journal, part_name};
use rustix::process::Signal;
use tempfile::TempDir;

use crate::support::begun::begin;
use crate::support::power::{Image, image_of, restore};
use crate::support::server::{File, Server, content};
use crate::support::{Sandbox, Strace, eventually, names, strace_works};

pub(super) const LENGTH: u64 = 70_000;

/// The calls that change the disk, with how often one thread makes them in a move at most.
const CALLS: [(&str, usize); 6] =
    [("rename", 4), ("renameat2", 3), ("fsync", 9), ("unlink", 5), ("mkdir", 2), ("write", 5)];

/// A transfer whose file, or the first bytes of it, is to go elsewhere.
pub(super) struct Scene {
    pub(super) sandbox: Sandbox,
    pub(super) elsewhere: TempDir,
    pub(super) is_done: bool,
    pub(super) image: Image,
}

impl Scene {
    pub(super) fn new(elsewhere: TempDir, is_done: bool) -> Self {
        let mut scene = Self { sandbox: Sandbox::new(), elsewhere, is_done, image: Image::new() };
        let (id, state) = (TransferId::from_bits(7), scene.sandbox.path("state"));
        let (old, _) = scene.targets();
        let spec = Spec::new(Source::parse("http://127.0.0.1:9/a.bin").unwrap(), scene.sandbox.downloads());
        let mut item = Item::new(id, spec, 0);
        item.status = if is_done { Status::Done } else { Status::Paused };
        (item.target, item.length) = (Some(old.as_path().into()), Some(LENGTH));
        fs::create_dir_all(&state).unwrap();
        Journal::open_to_append(&state).unwrap().append(&[item.record()]).unwrap();
        if is_done {
            fs::write(&old, content(7, 0, LENGTH)).unwrap();
        } else {
            begin(&state, id, &old, "http://127.0.0.1:9/a.bin", (&content(7, 0, LENGTH), LENGTH + 9));
        }
        scene.image = image_of(&scene.folders());
        scene
    }

    pub(super) fn targets(&self) -> (PathBuf, PathBuf) {
        (self.sandbox.downloads().join("a.bin"), self.elsewhere.path().join("new/a.bin"))
    }

    pub(super) fn folders(&self) -> [PathBuf; 3] {
        [self.sandbox.downloads(), self.sandbox.path("state"), self.elsewhere.path().to_path_buf()]
    }

    /// Orders the move, under strace. True if the program was killed.
    pub(super) fn moves(&self, how: &Strace) -> bool {
        self.order(how, &self.move_order(), &[": move:", ": deny:"])
    }

    pub(super) fn move_order(&self) -> String {
        format!("1 move {}\n", self.elsewhere.path().join("new").display())
    }

    /// Gives an order, under strace, and waits until one of these is said. True if the program was killed.
    fn order(&self, how: &Strace, order: &str, said: &[&str]) -> bool {
        let (process, orders) = how.start_open(&self.sandbox, &["--plain"], order);
        let is_said = || said.iter().any(|word| process.stdout().contains(word) || process.stderr().contains(word));
        eventually(order, || process.is_over() || is_said());
        drop(orders);
        process.finish().code.is_none()
    }

    /// Everything is in one place, of which the queue knows. True if that is the new one.
    #[track_caller]
    pub(super) fn check(&self, what: &str) -> bool {
        let state = self.sandbox.path("state");
        let item = Journal::peek(&state).unwrap().remove(0);
        let target = item.target.as_deref().unwrap().to_path_buf();
        let (old, new) = self.targets();
        let file = if self.is_done { target.clone() } else { part(&target) };
        assert!(target == old || target == new, "{what}: {}", target.display());
        assert!(fs::read(&file).is_ok_and(|bytes| bytes == content(7, 0, LENGTH)), "{what}: {}", file.display());
        let folders = [old.parent().unwrap(), new.parent().unwrap()];
        let there: Vec<_> = folders.iter().filter(|folder| folder.exists()).flat_map(|folder| names(folder)).collect();
        assert_eq!(there, [file.file_name().unwrap().to_str().unwrap()], "{what}");
        let notes = state.join("checkpoints");
        let mut notes = if notes.exists() { names(&notes) } else { Vec::new() };
        // What was being written goes with the next one.
        notes.retain(|name| Path::new(name).extension() != Some("new".as_ref()));
        if self.is_done {
            assert_eq!(notes, [""; 0], "{what}");
        } else {
            assert_eq!(notes, [format!("{}.ron", item.id)], "{what}");
            let checkpoint = Checkpoint::load(&state, item.id).unwrap().unwrap();
            assert_eq!((&checkpoint.target, checkpoint.ledger.done().total()), (&target, LENGTH), "{what}");
        }
        target == new
    }

    fn is_killed_everywhere(&self) {
        let mut kills = 0;
        for (call, times) in CALLS {
            for number in 1..=times {
                restore(&self.folders(), &self.image);
                if !self.moves(&Strace::kill(call, number)) {
                    assert!(self.check(call), "{call} {number}: not killed, and not moved");
                    break;
                }
                kills += 1;
                let what = format!("killed at {call} {number}");
                self.sandbox.start_with_input(&["--plain"], "list\n").finish().ok();
                self.check(&what);
                assert!(!self.moves(&Strace::default()), "{what}");
                assert!(self.check(&what), "{what}: not moved by the same order");
            }
        }
        println!("{kills} kills");
        assert!(kills >= 8, "only {kills} kills");
    }
}

/// Kills at every call of an order that removes what has come, with what is said at its end. Then the transfer is there with
/// all that it had, or nothing is left of it.
fn removal_is_killed_everywhere(order: &str, said: &str) {
    let scene = Scene::new(tempfile::tempdir().unwrap(), false);
    let mut kills = 0;
    for (call, times) in CALLS {
        for number in 1..=times {
            restore(&scene.folders(), &scene.image);
            if !scene.order(&Strace::kill(call, number), order, &[said]) {
                break;
            }
            kills += 1;
            scene.sandbox.start_with_input(&["--plain"], "list\n").finish().ok();
            if Journal::peek(&scene.sandbox.path("state")).unwrap().is_empty() {
                let left = (scene.sandbox.names(), names(&scene.sandbox.path("state/checkpoints")));
                let undone = left.1 == ["0000000000000007.ron"] && order.contains("undo");
                // An undo that the queue had not heard of yet: the same URL goes on with it.
                assert!(undone || left == (Vec::new(), Vec::new()), "killed at {call} {number}: {left:?}");
            } else {
                scene.check(&format!("killed at {call} {number}"));
            }
        }
    }
    println!("{kills} kills");
    assert!(kills >= 8, "only {kills} kills");
}

fn part(target: &Path) -> PathBuf {
    target.with_file_name(part_name(target))
}

#[test]
fn a_kill_between_any_two_system_calls_of_a_move_loses_and_leaves_nothing() {
    if strace_works() {
        Scene::new(tempfile::tempdir().unwrap(), false).is_killed_everywhere();
        Scene::new(tempfile::tempdir().unwrap(), true).is_killed_everywhere();
    }
}

#[test]
fn a_kill_between_any_two_system_calls_of_a_move_to_another_disk_loses_and_leaves_nothing() {
    let memory = Path::new("/dev/shm");
    if strace_works() && memory.is_dir() {
        Scene::new(tempfile::tempdir_in(memory).unwrap(), false).is_killed_everywhere();
        Scene::new(tempfile::tempdir_in(memory).unwrap(), true).is_killed_everywhere();
    }
}

#[test]
fn a_kill_between_any_two_system_calls_of_a_removal_keeps_all_or_nothing() {
    if strace_works() {
        removal_is_killed_everywhere("1 remove!\n", ": gone:");
        removal_is_killed_everywhere("1 remove!\nundo\n", ": back:");
    }
}

#[test]
fn a_move_that_was_cut_short_to_a_disk_that_hangs_keeps_no_other_transfer_waiting() {
    if !strace_works() {
        return;
    }
    let scene = Scene::new(tempfile::tempdir().unwrap(), false);
    let is_noted = |number| {
        restore(&scene.folders(), &scene.image);
        scene.moves(&Strace::kill("renameat2", number));
        names(&scene.sandbox.path("state/checkpoints")).iter().any(|name| name.ends_with(".moving"))
    };
    assert!((1..=3).any(is_noted), "no kill left a note");
    let server = Server::new().file("/other", File::new(8, LENGTH)).start();
    scene.sandbox.run(&["add", &server.url("/other")]).ok();
    let (_, new) = scene.targets();
    let hangs = Strace::delay("statx", 3600).on(&[&new, &part(&new)]);
    let haul = hangs.start(&scene.sandbox, &["run", "-q"]);
    eventually("the other one", || scene.sandbox.names().contains(&"other".to_owned()));
    haul.signal_child(Signal::KILL);
    // strace itself would wait for the end of the delay.
    haul.signal(Signal::KILL);
    haul.finish();
}
