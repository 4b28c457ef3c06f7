//! Part files: one writer, nothing replaced unasked, nothing written through what is no plain file.

use std::fs::{self, OpenOptions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use haul::model::{ByteRange, FaultKind};
use haul::store::{Fragment, Ledger, PartFile, Standing, look, part_name, standing};
use tempfile::TempDir;

fn folder() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("a.iso");
    (folder, target)
}

fn open(target: &Path) -> PartFile {
    PartFile::open(target).unwrap().0
}

fn names(folder: &TempDir) -> Vec<String> {
    let mut names: Vec<String> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn bytes_go_where_they_belong_and_the_name_comes_last() {
    let (folder, target) = folder();
    let (part, existed) = PartFile::open(&target).unwrap();
    assert!(!existed);
    assert_eq!((part.target(), part.path()), (&*target, &*folder.path().join(part_name(&target))));
    part.reserve(10, || true).unwrap();
    part.write_at(b"world", 5).unwrap();
    part.write_at(b"hello", 0).unwrap();
    part.sync().unwrap();
    assert_eq!(standing(&target), Standing::Nothing);
    let mut read = Vec::new();
    assert!(part.read_at(ByteRange::new(3, 7), &mut read).unwrap());
    assert_eq!(read, b"lowo");
    assert!(!part.read_at(ByteRange::new(3, 11), &mut read).unwrap(), "there are only ten");
    part.complete(10).unwrap();
    part.publish(false).unwrap();
    assert_eq!(fs::read(&target).unwrap(), b"helloworld");
    assert_eq!(names(&folder), ["a.iso"]);
    assert!(matches!(standing(&target), Standing::File { length: 10, .. }));
}

#[test]
fn two_pieces_are_written_one_behind_the_other() {
    for pieces in [["abc", "defgh"], ["", "abcdefgh"], ["abcdefgh", ""]] {
        let (_folder, target) = folder();
        let part = open(&target);
        part.write_both_at(pieces.map(str::as_bytes), 1).unwrap();
        part.write_both_at([b"", b""], 5).unwrap();
        part.write_both_at([b"-", b""], 0).unwrap();
        part.complete(9).unwrap();
        part.publish(false).unwrap();
        assert_eq!(fs::read(&target).unwrap(), b"-abcdefgh");
    }
}

#[test]
fn the_length_is_what_it_is_to_be() {
    for (length, expected) in [(3, &b"abc"[..]), (0, b""), (5, b"abcde")] {
        let (_folder, target) = folder();
        let part = open(&target);
        part.write_at(b"abcde", 0).unwrap();
        part.complete(length).unwrap();
        part.publish(false).unwrap();
        assert_eq!(fs::read(&target).unwrap(), expected);
    }
}

/// Links in a circle: nobody can say what is behind them. So it is with a disk that reports an error.
#[test]
fn what_can_not_be_looked_at_is_not_nothing() {
    let (folder, target) = folder();
    let circle = folder.path().join("circle");
    symlink(&circle, &circle).unwrap();
    let behind = circle.join("a.iso");
    assert_eq!(standing(&behind), Standing::Other);
    assert_eq!(look(&behind).unwrap_err().kind, FaultKind::Disk);
    assert!(PartFile::whole(&behind, b"x").unwrap().is_none());
    let part = open(&target);
    for nothing in [folder.path().join("no/a"), part.path().join("a"), folder.path().join("n".repeat(300))] {
        assert_eq!(look(&nothing).unwrap(), Standing::Nothing);
    }
}

/// Every byte was written: a file that is shorter was cut by somebody, and zeros in their place would be wrong bytes.
#[test]
fn a_part_file_that_was_cut_is_not_filled_up_with_zeros() {
    let (_folder, target) = folder();
    let part = open(&target);
    part.write_at(&[7; 5], 0).unwrap();
    assert!(part.is_whole(5) && !part.is_whole(6));
    part.write_at(&vec![7; 100_000], 0).unwrap();
    assert!(part.is_whole(100_000));
    OpenOptions::new().write(true).open(part.path()).unwrap().set_len(5).unwrap();
    part.write_at(&[7; 10_000], 90_000).unwrap();
    assert!(!part.is_whole(100_000), "what was cut away is a hole");
    OpenOptions::new().write(true).open(part.path()).unwrap().set_len(5).unwrap();
    let fault = part.complete(8).unwrap_err();
    assert!(fault.to_string().contains("was cut"), "{fault}");
    assert_eq!(fs::metadata(part.path()).unwrap().len(), 5);
}

/// A cut within the last block takes no block away, and the next write gives the file its length again.
#[test]
fn a_cut_of_a_few_bytes_at_the_end_is_seen_though_what_came_after_it_fills_the_gap() {
    let cut =
        |part: &PartFile, length| OpenOptions::new().write(true).open(part.path()).unwrap().set_len(length).unwrap();
    let ending_in_zeros = [[1; 50], [0; 50]].concat();
    for (first, length, seen) in [
        (vec![1; 100], 99, true),
        (vec![1; 100], 100, false),
        (ending_in_zeros.clone(), 49, true),
        (ending_in_zeros, 50, false),
    ] {
        for (synced, in_two) in [(false, false), (true, false), (false, true)] {
            let (_folder, target) = folder();
            let part = open(&target);
            if in_two {
                part.write_both_at([&first[..30], &first[30..]], 0).unwrap();
            } else {
                part.write_at(&first, 0).unwrap();
            }
            // Zeros alone leave the mark of what is before them.
            part.write_at(&[0; 10], 100).unwrap();
            assert!(part.is_whole(110));
            cut(&part, length);
            part.write_at(&[2; 10], 110).unwrap();
            if synced {
                part.sync().unwrap();
                part.write_at(&[3; 10], 120).unwrap();
            }
            let end = if synced { 130 } else { 120 };
            assert_eq!(part.is_whole(end), !seen, "cut to {length}, synced {synced}, in two {in_two}");
        }
    }
}

#[test]
fn a_cut_is_seen_among_many_ends_and_what_an_earlier_run_wrote_is_watched_once_it_was_compared() {
    let cut =
        |part: &PartFile, length| OpenOptions::new().write(true).open(part.path()).unwrap().set_len(length).unwrap();
    let (_folder, target) = folder();
    let part = open(&target);
    for at in 0..1000 {
        part.write_at(&[1], at).unwrap();
        if at == 500 {
            cut(&part, 500);
        }
    }
    assert!(!part.is_whole(1000));
    drop(part);
    let part = open(&target);
    part.clear().unwrap();
    part.write_at(&[1; 100], 0).unwrap();
    drop(part);
    let part = open(&target);
    let claim = Ledger::sum(1 << 20, 0, &[1; 100], None)[0];
    assert!(part.holds(claim, &mut Vec::new()).unwrap());
    cut(&part, 90);
    part.write_at(&[2; 100], 100).unwrap();
    assert!(!part.is_whole(200));
    part.clear().unwrap();
    part.write_at(&[2; 100], 0).unwrap();
    assert!(part.is_whole(100), "it was begun anew");
}

#[test]
fn what_somebody_has_put_in_the_part_files_place_is_not_taken_for_it() {
    for replaced in [false, true] {
        let (folder, target) = folder();
        let part = open(&target);
        part.write_at(b"ours", 0).unwrap();
        assert!(part.is_in_place());
        fs::remove_file(part.path()).unwrap();
        if replaced {
            fs::write(part.path(), "theirs").unwrap();
        }
        assert!(!part.is_in_place());
        part.complete(4).unwrap();
        let fault = part.publish(true).unwrap_err();
        assert!(fault.to_string().contains("deleted or replaced"), "{fault}");
        assert!(part.reader().is_err() && standing(&target) == Standing::Nothing);
        part.discard();
        assert_eq!(names(&folder).len(), usize::from(replaced), "it is not ours to delete");
    }
}

#[test]
fn a_second_writer_is_refused_until_the_first_lets_go() {
    let (folder, target) = folder();
    let first = open(&target);
    first.write_at(b"mine", 0).unwrap();
    let fault = PartFile::open(&target).unwrap_err();
    assert_eq!(fault.kind, FaultKind::Busy);
    assert!(fault.to_string().contains("a.iso"), "{fault}");
    PartFile::delete(&target);
    assert_eq!(names(&folder).len(), 1, "what somebody writes is not deleted");
    drop(first);
    let (again, existed) = PartFile::open(&target).unwrap();
    assert!(existed && again.path().metadata().unwrap().len() == 4, "what was there is kept");
    again.clear().unwrap();
    assert_eq!(again.path().metadata().unwrap().len(), 0);
}

#[test]
fn deleting_and_discarding() {
    let (folder, target) = folder();
    PartFile::delete(&target);
    open(&target).discard();
    assert!(names(&folder).is_empty());
    drop(open(&target));
    PartFile::delete(&target);
    assert!(names(&folder).is_empty());
    PartFile::delete(&folder.path().join("no/such/folder/a"));
    assert!(names(&folder).is_empty(), "to delete makes no folder");
}

#[test]
fn publishing_replaces_nothing() {
    let (folder, target) = folder();
    let part = open(&target);
    part.write_at(b"new", 0).unwrap();
    fs::write(&target, "theirs").unwrap();
    let fault = part.publish(false).unwrap_err();
    assert_eq!(fault.kind, FaultKind::Exists);
    assert!(fault.to_string().contains("--overwrite"), "{fault}");
    assert_eq!((fs::read(&target).unwrap(), names(&folder).len()), (b"theirs".to_vec(), 2));
    part.complete(3).unwrap();
    fs::set_permissions(&target, fs::Permissions::from_mode(0o600)).unwrap();
    part.publish(true).unwrap();
    assert_eq!((fs::read(&target).unwrap(), names(&folder)), (b"new".to_vec(), vec!["a.iso".to_owned()]));
    assert_eq!(fs::metadata(&target).unwrap().mode() & 0o777, 0o600, "nobody else may read it by that");
    assert_eq!(fs::metadata(open(&target).path()).unwrap().mode() & 0o777, 0o600, "nor what comes for its place");
}

#[test]
fn not_even_overwriting_replaces_what_is_no_plain_file() {
    let outside = tempfile::tempdir().unwrap();
    let theirs = outside.path().join("theirs");
    fs::write(&theirs, "theirs").unwrap();
    for stand in ["folder", "link", "dangling link"] {
        let (folder, target) = folder();
        match stand {
            "folder" => fs::create_dir(&target).unwrap(),
            "link" => symlink(&theirs, &target).unwrap(),
            _ => symlink(outside.path().join("nothing"), &target).unwrap(),
        }
        assert_eq!(standing(&target), Standing::Other, "{stand}");
        for overwrite in [false, true] {
            let part = open(&target);
            part.write_at(b"new", 0).unwrap();
            let fault = part.publish(overwrite).unwrap_err();
            assert_eq!(fault.kind, FaultKind::Exists, "{stand}: {fault}");
            assert_eq!(fault.detail.contains("is a folder"), stand == "folder", "{stand}: {fault}");
            assert!(part.path().exists(), "the bytes are kept");
        }
        assert_eq!(standing(&target), Standing::Other, "{stand}");
        assert_eq!(names(&folder).len(), 2);
        assert!(Standing::Other.fault(&target).to_string().contains("plain files"));
    }
    assert_eq!(fs::read(&theirs).unwrap(), b"theirs");
    assert_eq!(fs::read_dir(&outside).unwrap().count(), 1, "nothing was made through a link");
}

#[test]
fn what_stands_at_the_part_files_name_is_not_written_through() {
    let outside = tempfile::tempdir().unwrap();
    let theirs = outside.path().join("theirs");
    fs::write(&theirs, "theirs").unwrap();
    for link_to in [theirs.clone(), outside.path().join("nothing")] {
        let (folder, target) = folder();
        symlink(link_to, folder.path().join(part_name(&target))).unwrap();
        let fault = PartFile::open(&target).unwrap_err();
        assert_eq!(fault.kind, FaultKind::Disk, "{fault}");
        assert!(fault.detail.contains("where haul's part file belongs; move it away"), "{fault}");
    }
    assert_eq!(fs::read(&theirs).unwrap(), b"theirs");
    let (folder, target) = folder();
    fs::create_dir(folder.path().join(part_name(&target))).unwrap();
    assert_eq!(PartFile::open(&target).unwrap_err().kind, FaultKind::Disk);
    fs::remove_dir(folder.path().join(part_name(&target))).unwrap();
    // Opened, it would look like the file of another haul.
    let pipe = folder.path().join(part_name(&target));
    rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, 0o600.into(), 0).unwrap();
    assert_eq!(PartFile::open(&target).unwrap_err().kind, FaultKind::Disk);
}

#[test]
fn a_part_file_that_went_away_is_not_taken_for_ours() {
    let (folder, target) = folder();
    let first = open(&target);
    fs::remove_file(first.path()).unwrap();
    let second = open(&target);
    second.write_at(b"second", 0).unwrap();
    second.complete(6).unwrap();
    second.publish(false).unwrap();
    assert_eq!((fs::read(&target).unwrap(), names(&folder)), (b"second".to_vec(), vec!["a.iso".to_owned()]));
}

#[test]
fn a_whole_file_is_begun_only_where_nothing_stands_and_nothing_is_on_its_way() {
    let (folder, target) = folder();
    let whole = |target: &Path| PartFile::whole(target, b"all of it").unwrap();
    let part = whole(&target).expect("nothing stands there");
    assert!(whole(&target).is_none(), "one is on its way");
    part.complete(9).unwrap();
    part.publish(false).unwrap();
    assert!(whole(&target).is_none(), "it stands there");
    assert_eq!((fs::read(&target).unwrap(), names(&folder)), (b"all of it".to_vec(), vec!["a.iso".to_owned()]));
    let left = folder.path().join("left");
    drop(open(&left));
    assert!(whole(&left).is_none(), "an earlier run may have left it");
    assert!(whole(&folder.path().join("no/folder")).is_none());
    assert!(!folder.path().join("no").exists());
}

#[test]
fn space_is_reserved_beside_what_is_written_and_no_further_than_is_wanted() {
    let (_folder, target) = folder();
    let part = open(&target);
    part.write_at(b"here", 1000).unwrap();
    part.reserve(100 << 20, || false).unwrap();
    assert_eq!(part.path().metadata().unwrap().len(), 1004, "nobody wants it any more");
    part.reserve(40 << 20, || true).unwrap();
    let length = part.path().metadata().unwrap().len();
    assert!([1004, 40 << 20].contains(&length), "all of it, or nothing where there is no way: {length}");
    let mut kept = Vec::new();
    assert!(part.read_at(ByteRange::new(998, 1004), &mut kept).unwrap());
    assert_eq!(kept, b"\0\0here");
}

#[test]
fn nothing_is_reserved_in_memory_where_it_would_be_written_twice() {
    let in_memory = rustix::fs::statfs("/dev/shm").is_ok_and(|system| system.f_type == 0x0102_1994);
    let Some(folder) = TempDir::new_in("/dev/shm").ok().filter(|_| in_memory) else {
        eprintln!("skipped: no file system in memory here");
        return;
    };
    let part = open(&folder.path().join("a.iso"));
    part.write_at(b"here", 0).unwrap();
    part.reserve(1 << 20, || true).unwrap();
    assert_eq!(part.path().metadata().unwrap().len(), 4);
}

#[test]
fn folders_are_made_and_other_faults_are_sentences() {
    let (folder, target) = folder();
    drop(open(&folder.path().join("b/c/d.iso")));
    assert!(folder.path().join("b/c").is_dir());
    fs::write(&target, "").unwrap();
    let fault = PartFile::open(&target.join("under/a file")).unwrap_err();
    assert_eq!(fault.kind, FaultKind::Disk);
    assert!(fault.to_string().contains("a.iso is there already, and is no folder"), "{fault}");
    let long = folder.path().join("x".repeat(255));
    let part = open(&long);
    part.complete(0).unwrap();
    part.publish(false).unwrap();
    assert!(long.is_file());
}

#[test]
fn claims_are_compared_with_what_the_file_holds() {
    let (_folder, target) = folder();
    let part = open(&target);
    let bytes: Vec<u8> = (0..3_u32 << 20).map(|at| (at % 251) as u8).collect();
    part.write_at(&bytes, 0).unwrap();
    let mut buffer = Vec::new();
    let mut holds = |claim: Fragment| part.holds(claim, &mut buffer).unwrap();
    let block = 4 << 20;
    let whole = Ledger::sum(block, 0, &bytes, None)[0];
    let some = Ledger::sum(block, 777, &bytes[777..2_000_000], None)[0];
    assert!(holds(whole) && holds(some));
    assert!(!holds(Fragment { crc: some.crc ^ 1, ..some }) && !holds(Fragment { start: 778, ..some }));
    assert!(!holds(Fragment { len: whole.len + 1, ..whole }), "the file ends before");
    assert!(!holds(Fragment { len: 1 << 60, ..whole }), "not even a buffer of that size is tried");
    part.write_at(&[0], 1_500_000).unwrap();
    assert!(!part.holds(some, &mut Vec::new()).unwrap());
}
