//! Downloads that end together: each gets its name or its own sentence, and the history knows those that have one.

use std::fs;

use haul::model::{FaultKind, Source, Validator};
use haul::store::{Commit, Committed, Disks, Finished, History, PartFile, Together, Uncommitted, commit, part_name};

#[test]
fn what_becomes_of_one_is_not_anothers_matter() {
    let (state, folder) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let validator = Validator { etag: Some("\"v\"".to_owned()), last_modified: None };
    // One is right, one's target was taken meanwhile, one was cut by somebody, one is too long, one has no byte.
    let cases = [("right", 5, 5), ("taken", 5, 5), ("cut", 3, 5), ("long", 9, 5), ("empty", 0, 0)];
    let parts = cases.map(|(name, written, _)| {
        let (part, _) = PartFile::open(&folder.path().join(name)).unwrap();
        part.write_at(&b"123456789"[..written], 0).unwrap();
        part
    });
    fs::write(folder.path().join("taken"), "another's").unwrap();
    let sources = cases.map(|(name, ..)| Source::parse(&format!("https://host/{name}")).unwrap());
    let finished = cases.map(|(name, _, length)| Finished {
        target: folder.path().join(name),
        validator: validator.clone(),
        length,
        by: None,
    });
    let downloads: Vec<Commit<'_>> = (0..cases.len())
        .map(|at| Commit {
            part: &parts[at],
            source: &sources[at],
            finished: &finished[at],
            overwrite: false,
            checkpointed: false,
            fresh: false,
        })
        .collect();
    let Committed { ends, unnoted } = commit(state.path(), &downloads, &Disks::none(&Together::default()));
    assert!(unnoted.is_none());
    let told: Vec<Result<(), (FaultKind, bool)>> =
        ends.into_iter().map(|end| end.map_err(|Uncommitted { fault, synced }| (fault.kind, synced))).collect();
    let expected = [Ok(()), Err((FaultKind::Exists, true)), Err((FaultKind::Disk, false)), Ok(()), Ok(())];
    assert_eq!(told, expected);
    let read = |name: &str| fs::read_to_string(folder.path().join(name)).ok();
    let texts = cases.map(|(name, ..)| read(name));
    let wanted = [Some("12345"), Some("another's"), None, Some("12345"), Some("")];
    assert_eq!(texts.each_ref().map(Option::as_deref), wanted);
    for (at, (name, ..)) in cases.into_iter().enumerate() {
        let known = History::of(state.path()).find(&sources[at], folder.path(), Some(name)).unwrap().is_some();
        assert_eq!(known, expected[at].is_ok(), "{name}");
        let part = folder.path().join(part_name(&folder.path().join(name)));
        assert_eq!(part.exists(), expected[at].is_err(), "the bytes of one that has no name are kept: {name}");
    }
}

#[test]
fn nothing_to_commit_writes_nothing() {
    let state = tempfile::tempdir().unwrap();
    assert!(commit(&state.path().join("none"), &[], &Disks::none(&Together::default())).ends.is_empty());
    assert_eq!(fs::read_dir(state.path()).unwrap().count(), 0);
}
