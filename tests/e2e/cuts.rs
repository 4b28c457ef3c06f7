//! Power cuts in a move, to another folder and to another disk, and in a removal: what a disk may hold is rebuilt for each
//! moment, and haul goes on from there. What was on disk is in one place, the queue knows which, nothing else is left, and
//! the same order can be given again. The rules are in `support::power`.

use std::fs::{File, remove_file};
use std::path::Path;
use std::time::SystemTime;

use haul::store::{Journal, part_name};

use super::moves::Scene;
use crate::support::power::{Image, Recording, restore};
use crate::support::strace::{calls, record_open};
use crate::support::{Strace, eventually, names, strace_works};

/// How much of what was not synced is there, and how often that is tried.
const SHARES: [(f64, usize); 3] = [(0.0, 1), (0.5, 2), (1.0, 1)];
/// After so many images the same order is given again.
const AGAIN: usize = 5;

/// A recorded order.
struct Cuts {
    scene: Scene,
    recording: Recording,
    modified: SystemTime,
}

impl Cuts {
    /// Records an order until each of these was said, and the end of the program.
    fn of(scene: Scene, order: &str, said: &[&str]) -> Self {
        let (old, _) = scene.targets();
        let file = if scene.is_done { old } else { old.with_file_name(part_name(&old)) };
        let modified = file.metadata().unwrap().modified().unwrap();
        let mut recording = Recording::default();
        recording.present(scene.sandbox.path("").as_path(), &scene.image);
        recording.present(scene.elsewhere.path(), &scene.image);
        let log = scene.sandbox.path("run/strace.log");
        let (process, orders) = record_open(&scene.sandbox, &log, &["--plain"], order);
        eventually(order, || process.is_over() || said.iter().all(|word| process.stdout().contains(word)));
        drop(orders);
        process.finish().ok();
        recording.take(scene.sandbox.path("").as_path(), &calls(&log));
        remove_file(log).unwrap();
        Self { scene, recording, modified }
    }

    /// Every image that the disks may hold, once, with words for it.
    fn images(&self) -> Vec<(String, Image)> {
        let mut random = fastrand::Rng::with_seed(7);
        let mut images: Vec<(String, Image)> = Vec::new();
        for moment in self.recording.all_moments() {
            for (share, times) in SHARES {
                for _ in 0..times {
                    let image = self.recording.image(moment, share, &mut random);
                    if images.iter().all(|(_, known)| *known != image) {
                        images.push((format!("moment {moment}, {share} of what was not synced"), image));
                    }
                }
            }
        }
        println!("{} images", images.len());
        images
    }

    /// Puts an image on the disks, and starts haul.
    fn starts(&self, image: &Image) {
        restore(&self.scene.folders(), image);
        // By that a file is known again.
        for path in
            image.keys().filter(|path| path.file_name().is_some_and(|name| name.to_str().unwrap().starts_with("a.bin")))
        {
            File::options().write(true).open(path).unwrap().set_modified(self.modified).unwrap();
        }
        self.scene.sandbox.start_with_input(&["--plain"], "list\n").finish().ok();
    }
}

fn move_is_cut(elsewhere: &Path, is_done: bool) {
    if !strace_works() || !elsewhere.is_dir() {
        return;
    }
    let scene = Scene::new(tempfile::tempdir_in(elsewhere).unwrap(), is_done);
    let order = scene.move_order();
    let cuts = Cuts::of(scene, &order, &[": move:"]);
    for (index, (what, image)) in cuts.images().into_iter().enumerate() {
        cuts.starts(&image);
        let what = format!("{what}: {:#?}", image.keys());
        cuts.scene.check(&what);
        if index % AGAIN == 0 {
            assert!(!cuts.scene.moves(&Strace::default()), "{what}");
            assert!(cuts.scene.check(&what), "{what}: not moved by the same order");
        }
    }
    // Once it was told that it is there, it is.
    cuts.starts(&cuts.recording.image(usize::MAX, 0.0, &mut fastrand::Rng::with_seed(1)));
    assert!(cuts.scene.check("the end"), "a move that was told was lost");
}

#[test]
fn a_power_cut_at_any_moment_of_a_move_loses_and_leaves_nothing() {
    move_is_cut(&std::env::temp_dir(), true);
}

#[test]
fn a_power_cut_at_any_moment_of_a_move_of_a_part_loses_and_leaves_nothing() {
    move_is_cut(&std::env::temp_dir(), false);
}

#[test]
fn a_power_cut_at_any_moment_of_a_move_to_another_disk_loses_and_leaves_nothing() {
    move_is_cut(Path::new("/dev/shm"), true);
}

#[test]
fn a_power_cut_at_any_moment_of_a_move_of_a_part_to_another_disk_loses_and_leaves_nothing() {
    move_is_cut(Path::new("/dev/shm"), false);
}

#[test]
fn a_power_cut_at_any_moment_of_a_removal_keeps_all_or_nothing() {
    if !strace_works() {
        return;
    }
    for (order, said) in [("1 remove!\n", &[": gone:"][..]), ("1 remove!\nundo\n", &[": gone:", ": back:"])] {
        let scene = Scene::new(tempfile::tempdir().unwrap(), false);
        let cuts = Cuts::of(scene, order, said);
        let state = cuts.scene.sandbox.path("state");
        for (what, image) in cuts.images() {
            cuts.starts(&image);
            let what = format!("{order:?}, {what}: {:#?}", image.keys());
            if Journal::peek(&state).unwrap().is_empty() {
                let left = (cuts.scene.sandbox.names(), names(&state.join("checkpoints")));
                // An undo that the queue had not heard of yet: the same URL goes on with it.
                let undone = left.1 == ["0000000000000007.ron"] && order.contains("undo");
                assert!(undone || left == (Vec::new(), Vec::new()), "{what} {left:?}");
            } else {
                cuts.scene.check(&what);
            }
        }
    }
}
