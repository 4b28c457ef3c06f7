//! What hosts were found to bear, on disk: read back, shared by several processes, and never in the way.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::PathBuf;
use std::sync::LazyLock;

use haul::model::HostLimit;
use haul::store::{HostLimits, Unreadable};
use proptest::prelude::*;
use tempfile::TempDir;

fn limit(host: &str, allowed: u16, at: u64) -> HostLimit {
    HostLimit { host: host.to_owned(), allowed, at }
}

fn some() -> Vec<HostLimit> {
    vec![limit("example.org", 3, 1_800_000_000), limit("[::1]:8080", 1, 0), limit("odd \"name\"\\\n", 65_535, u64::MAX)]
}

/// A state folder that does not exist yet, with its file of hosts.
fn bench() -> (TempDir, HostLimits, PathBuf) {
    let home = tempfile::tempdir().unwrap();
    let state = home.path().join("state");
    (home, HostLimits::of(&state), state.join("hosts.ron"))
}

#[test]
fn what_is_written_is_read_by_its_owner_alone() {
    let (_home, hosts, path) = bench();
    assert_eq!(hosts.load(), []);
    assert!(!path.parent().unwrap().exists(), "reading makes nothing");
    hosts.update(|known| {
        assert_eq!(known, []);
        some()
    });
    assert_eq!(hosts.load(), some());
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(fs::metadata(path.parent().unwrap()).unwrap().permissions().mode() & 0o777, 0o700);
    hosts.update(|known| known[..1].to_vec());
    assert_eq!(hosts.load(), some()[..1]);
    assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1, "nothing is left beside it");
}

#[test]
fn one_who_stopped_with_the_lock_holds_nobody_up() {
    let (_home, hosts, path) = bench();
    hosts.update(|_| some());
    let held = fs::File::open(path.parent().unwrap()).unwrap();
    held.lock().unwrap();
    hosts.update(|_| panic!("it is not ours to change"));
    assert_eq!(hosts.load(), some(), "reading needs no lock");
    drop(held);
    hosts.update(|known| known[..1].to_vec());
    assert_eq!(hosts.load(), some()[..1]);
}

#[test]
fn a_write_that_was_cut_short_is_in_nobodys_way() {
    let (_home, hosts, path) = bench();
    hosts.update(|_| some());
    fs::write(path.with_extension("new"), "// haul hos").unwrap();
    assert_eq!(hosts.load(), some());
    hosts.update(|known| known[..1].to_vec());
    assert_eq!(hosts.load(), some()[..1]);
    assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
}

#[test]
fn writers_at_once_lose_nothing() {
    let (_home, hosts, _) = bench();
    std::thread::scope(|scope| {
        for writer in 0..8 {
            let hosts = &hosts;
            scope.spawn(move || {
                for number in 0..5 {
                    // One that finds the others at it for too long writes nothing, and is told nothing.
                    let mut done = false;
                    while !done {
                        hosts.update(|mut known| {
                            done = true;
                            known.push(limit(&format!("{writer}.{number}"), 1, 1));
                            known
                        });
                    }
                }
            });
        }
    });
    assert_eq!(hosts.load().len(), 40);
}

#[test]
fn what_can_t_be_used_counts_as_nothing_and_is_replaced() {
    let (_home, hosts, path) = bench();
    hosts.update(|_| some());
    let whole = fs::read(&path).unwrap();
    let damages: [Vec<u8>; 7] = [
        Vec::new(),
        vec![0; whole.len()],
        whole[..whole.len() / 2].to_vec(),
        whole[..whole.len() - 1].to_vec(),
        b"[]".to_vec(),
        b"\xff\xfe".to_vec(),
        vec![b'x'; 1 << 20],
    ];
    for damage in damages {
        fs::write(&path, &damage).unwrap();
        assert_eq!(hosts.load(), []);
        hosts.update(|known| {
            assert_eq!(known, []);
            some()
        });
        assert_eq!(hosts.load(), some());
    }
}

#[test]
fn one_of_a_later_haul_is_not_used_and_left_alone() {
    let (_home, hosts, path) = bench();
    let later = "// haul hosts, version 2, sealed in another way\n{}\n";
    assert_eq!(HostLimits::parse(later.as_bytes()), Err(Unreadable::Newer(2)));
    fs::create_dir(path.parent().unwrap()).unwrap();
    fs::write(&path, later).unwrap();
    assert_eq!(hosts.load(), []);
    hosts.update(|_| some());
    assert_eq!(fs::read_to_string(&path).unwrap(), later);
}

#[test]
fn a_folder_a_link_or_no_right_in_its_place_costs_nothing() {
    let (home, hosts, path) = bench();
    fs::create_dir_all(&path).unwrap();
    assert_eq!(hosts.load(), []);
    hosts.update(|_| some());
    assert!(path.is_dir());
    fs::remove_dir(&path).unwrap();
    let outside = home.path().join("outside");
    fs::write(&outside, "not ours").unwrap();
    symlink(&outside, &path).unwrap();
    assert_eq!(hosts.load(), []);
    hosts.update(|_| some());
    assert_eq!(hosts.load(), some());
    assert_eq!(fs::read_to_string(&outside).unwrap(), "not ours");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_damage_is_believed(at in any::<usize>(), bit in 0..8_u32, cut in any::<usize>()) {
        static WHOLE: LazyLock<Vec<u8>> = LazyLock::new(|| {
            let (_home, hosts, path) = bench();
            hosts.update(|_| some());
            fs::read(path).unwrap()
        });
        let whole = &*WHOLE;
        let mut damaged = whole.clone();
        damaged[at % whole.len()] ^= 1 << bit;
        prop_assert!(HostLimits::parse(&damaged).is_err() || damaged.eq_ignore_ascii_case(whole));
        prop_assert!(HostLimits::parse(&whole[..cut % whole.len()]).is_err());
    }
}
