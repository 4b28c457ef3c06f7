//! What haul has finished, and who owns a state folder.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use haul::model::{Source, TransferId, Validator};
use haul::store::{Finished, History, Standing, StateLock, standing};
use tempfile::TempDir;

struct Bench {
    state: TempDir,
    folder: TempDir,
}

impl Bench {
    fn new() -> Self {
        Self { state: tempfile::tempdir().unwrap(), folder: tempfile::tempdir().unwrap() }
    }

    fn history(&self) -> History {
        History::of(&self.state.path().join("sub"))
    }

    fn path(&self) -> PathBuf {
        self.state.path().join("sub/history.ron")
    }

    /// A file that was just finished.
    fn finish(&self, name: &str, url: &str) -> Finished {
        let target = self.folder.path().join(name);
        fs::write(&target, "12345").unwrap();
        let validator = Validator { etag: Some("\"v\"".to_owned()), last_modified: None };
        let (modified, by) = (modified(&target), Some(TransferId::from_bits(7)));
        let finished = Finished { target, validator, length: 5, by };
        self.history().add(&[(&source(url), &finished, modified)]).unwrap();
        finished
    }

    fn find(&self, url: &str, name: Option<&str>) -> Option<Finished> {
        self.history().find(&source(url), self.folder.path(), name).unwrap()
    }
}

fn modified(target: &Path) -> (i64, i64) {
    let Standing::File { modified, .. } = standing(target) else { panic!("no file at {}", target.display()) };
    modified
}

fn source(url: &str) -> Source {
    Source::parse(url).unwrap()
}

const URL: &str = "https://me:secret@host/a?token=hidden";

#[test]
fn a_finished_file_is_found_while_it_is_as_it_was_left() {
    let bench = Bench::new();
    assert_eq!(bench.find(URL, None), None);
    let finished = bench.finish("a 日本%.iso", URL);
    for name in [None, Some("a 日本%.iso")] {
        assert_eq!(bench.find(URL, name).as_ref(), Some(&finished), "{name:?}");
    }
    assert_eq!(bench.find(URL, Some("b")), None);
    assert_eq!(bench.find("https://host/a", None), None);
    assert_eq!(bench.history().find(&source(URL), Path::new("/elsewhere"), None), Ok(None));
    fs::write(&finished.target, "54321!").unwrap();
    assert_eq!(bench.find(URL, None), None, "it was changed");
    fs::remove_file(&finished.target).unwrap();
    assert_eq!(bench.find(URL, None), None, "it is gone");
}

#[test]
fn the_newest_that_is_still_there_is_found() {
    let bench = Bench::new();
    let first = bench.finish("a", URL);
    let second = bench.finish("a (1)", URL);
    assert_eq!(bench.find(URL, None), Some(second.clone()));
    assert_eq!(bench.find(URL, Some("a")), Some(first.clone()));
    fs::remove_file(second.target).unwrap();
    assert_eq!(bench.find(URL, None), Some(first));
}

#[test]
fn it_tells_no_secret_and_only_its_owner_can_read_it() {
    use std::os::unix::fs::PermissionsExt;
    let bench = Bench::new();
    bench.finish("a", URL);
    let text = fs::read_to_string(bench.path()).unwrap();
    assert!(!text.contains("secret") && !text.contains("hidden") && !text.contains("host"), "{text}");
    assert_eq!(fs::metadata(bench.path()).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn damage_costs_only_the_line_that_it_hit() {
    let bench = Bench::new();
    let first = bench.finish("a", URL);
    for bad in [&b"rubbish\n"[..], b"\0\0\0\n", b"\xff\xfe\n", b"(url:\"torn"] {
        OpenOptions::new().append(true).open(bench.path()).unwrap().write_all(bad).unwrap();
    }
    assert_eq!(bench.find(URL, None), Some(first));
    let second = bench.finish("b", URL);
    assert_eq!(bench.find(URL, None), Some(second), "it is not glued to a torn line");
}

#[test]
fn a_file_that_is_gone_already_and_a_folder_that_cannot_be_written_cost_nothing() {
    let bench = Bench::new();
    let validator = Validator::default();
    let gone = Finished { target: bench.folder.path().join("gone"), validator, length: 5, by: None };
    bench.history().add(&[(&source(URL), &gone, (1, 2))]).unwrap();
    assert_eq!(bench.find(URL, None), None);
    fs::remove_dir_all(bench.state.path().join("sub")).unwrap();
    fs::write(bench.state.path().join("sub"), "in the way").unwrap();
    let why = bench.history().add(&[(&source(URL), &gone, (1, 2))]).unwrap_err();
    assert!(why.subject.ends_with("sub/history.ron") && why.detail.contains("fetched again next time"), "{why}");
}

#[test]
fn a_history_that_cannot_be_read_is_no_empty_one() {
    let bench = Bench::new();
    let find = |url: &str| bench.history().find(&source(url), bench.folder.path(), None);
    assert_eq!(find(URL), Ok(None), "there is none yet");
    let first = bench.finish("a", URL);
    let whole = fs::read_to_string(bench.path()).unwrap();
    for harmless in [&whole[..whole.len() - 9], "\0\0\0\n", "\n", "(\n", "(url:\n"] {
        fs::write(bench.path(), harmless).unwrap();
        assert_eq!(find(URL), Ok(None), "a crash may leave {harmless:?}");
    }
    for bad in ["rubbish\n".to_owned(), whole.replace("length", "l\u{1}ngth")] {
        fs::write(bench.path(), &bad).unwrap();
        let why = find(URL).unwrap_err().to_string();
        assert!(why.contains("history.ron: what was complete before") && why.contains("1 line is damaged"), "{why}");
        fs::write(bench.path(), bad + &whole).unwrap();
        assert_eq!(find(URL), Ok(Some(first.clone())), "what is looked for is there");
    }
    fs::remove_file(bench.path()).unwrap();
    fs::create_dir(bench.path()).unwrap();
    let why = find(URL).unwrap_err().to_string();
    assert!(why.contains("history.ron: what was complete before may not be known"), "{why}");
}

#[test]
fn downloads_that_finish_at_once_are_all_known_though_the_file_is_cut_under_them() {
    let bench = Bench::new();
    fs::create_dir_all(bench.path().parent().unwrap()).unwrap();
    fs::write(bench.path(), "an old line\n".repeat(1_500_000)).unwrap();
    let names: Vec<String> = (0..32).map(|number| format!("file {number}")).collect();
    let urls: Vec<String> = (0..32).map(|number| format!("https://host/{number}")).collect();
    std::thread::scope(|scope| {
        for (name, url) in names.iter().zip(&urls) {
            scope.spawn(|| bench.finish(name, url));
        }
    });
    let lost = names.iter().zip(&urls).filter(|(name, url)| bench.find(url, Some(name)).is_none()).count();
    assert_eq!(lost, 0);
    assert!(fs::metadata(bench.path()).unwrap().len() < 10_000_000);
}

#[test]
fn one_engine_owns_a_state_folder() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("made/for/it");
    let first = StateLock::take(&state).unwrap().unwrap();
    let second = StateLock::take(&state).unwrap();
    assert_eq!(second.err(), Some(Some(std::process::id())), "the second is told who has it");
    drop(first);
    assert!(StateLock::take(&state).unwrap().is_ok());
    fs::write(state.join("engine.lock"), "what a longer number left behind").unwrap();
    let again = StateLock::take(&state).unwrap();
    let text = fs::read_to_string(state.join("engine.lock")).unwrap();
    assert!(text.starts_with(&format!("{}\n", std::process::id())) && text.lines().count() == 2, "{text:?}");
    drop(again);
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    assert!(StateLock::take(&file).unwrap_err().to_string().contains("state folder"));
}
