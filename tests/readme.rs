//! What the README says, held against the code.

use std::collections::BTreeSet;
use std::path::Path;

fn readme() -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap()
}

/// The cells of every table row whose first cell is a number.
fn numbered_rows(text: &str) -> Vec<(u8, String)> {
    let row = |line: &str| {
        let mut cells = line.trim().strip_prefix('|')?.strip_suffix('|')?.split('|').map(str::trim);
        Some((cells.next()?.trim_matches('`').parse().ok()?, cells.next()?.to_owned()))
    };
    text.lines().filter_map(row).collect()
}

#[test]
fn the_exit_codes_are_those_of_the_code() {
    let code: Vec<(u8, String)> =
        haul::cli::EXIT_CODES.iter().map(|(code, meaning)| (*code, (*meaning).to_owned())).collect();
    assert_eq!(numbered_rows(&readme()), code);
}

#[test]
fn every_picture_is_shown_and_every_shown_one_is_there() {
    let readme = readme();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("screenshots");
    let names = crate::support::names(&folder);
    assert!(names.len() >= 2, "{names:?}");
    for name in &names {
        assert!(readme.contains(&format!("screenshots/{name}")), "the README does not show {name}");
    }
    for shown in readme.split("screenshots/").skip(1).filter_map(|rest| rest.split([')', '"', ' ']).next()) {
        let is_picture = shown.strip_suffix(".svg").is_some();
        assert!(!is_picture || names.iter().any(|name| name == shown), "the README shows {shown}, which is not there");
    }
}

fn file(path: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

/// What stands in a text between each of the first marks and the next of the second ones, if it is a word of such characters.
fn words(text: &str, (begin, end): (&str, &str), is_one: fn(char) -> bool) -> BTreeSet<String> {
    let rests = text.match_indices(begin).map(|(at, _)| &text[at + begin.len()..]);
    let candidates = rests.filter_map(|rest| Some(rest.split_once(end)?.0));
    candidates.filter(|word| word.len() > 1 && word.chars().all(is_one)).map(str::to_owned).collect()
}

fn is_small(c: char) -> bool {
    c.is_ascii_lowercase() || c == '_'
}

/// The README's part for scripts.
fn for_scripts() -> String {
    let readme = readme();
    let (_, rest) = readme.split_once("### For scripts").unwrap();
    rest.split("\n## ").next().unwrap().to_owned()
}

#[test]
fn every_event_of_json_and_every_field_and_word_of_it_is_told_and_no_other() {
    let code = file("src/cli/json.rs");
    let (fields, rest) = code.split_once("/// The line for what happened.").unwrap();
    let (lines, faults) = rest.split_once("fn word(").unwrap();
    let mut events = words(lines, ("(\"", "\", "), is_small);
    events.insert("stopped".to_owned());
    assert!(events.len() >= 30, "{events:?}");
    let table = for_scripts();
    let row = |line: &str| Some(line.strip_prefix("| `")?.split(" | ").next()?.to_owned());
    let told: BTreeSet<String> =
        table.lines().filter_map(row).flat_map(|cell| words(&format!("`{cell}"), ("`", "`"), is_small)).collect();
    assert_eq!(told, events);
    let all = words(&table, ("`", "`"), is_small);
    let field = |line: &str| {
        let (name, _) = line.trim().split_once(": ")?;
        name.chars().all(is_small).then(|| name.to_owned())
    };
    let fields: BTreeSet<String> =
        fields.lines().filter_map(field).filter(|name| name != "detail" && name != "trouble").collect();
    assert!(fields.len() >= 25, "{fields:?}");
    assert_eq!(fields.difference(&all).collect::<Vec<_>>(), [""; 0], "fields that the README does not tell");
    let faults = words(faults, ("=> \"", "\","), is_small);
    assert!(faults.len() >= 26 && faults.is_subset(&all), "{:?}", faults.difference(&all));
}

#[test]
fn the_fields_of_lists_are_told() {
    use haul::model::Status::{DiskFull, Done, Expired, Failed, Paused, Queued, Running};
    let all = words(&for_scripts(), ("`", "`"), is_small);
    for status in [Queued, Running, Paused, Done, Failed, Expired, DiskFull] {
        assert!(all.contains(status.word()), "{}", status.word());
    }
    for (path, begin) in [("src/cli/list.rs", "pub struct ListItem {"), ("src/cli/ls.rs", "struct Line<'a> {")] {
        let code = file(path);
        let (_, rest) = code.split_once(begin).unwrap();
        let body = rest.split("\n}").next().unwrap();
        let skipped = "#[serde(skip)]\n    pub starts: ";
        let body = body.replace(skipped, "");
        let names = body.lines().filter_map(|line| line.trim().trim_start_matches("pub ").split_once(": "));
        let names: Vec<&str> = names.map(|(name, _)| name).filter(|name| name.chars().all(is_small)).collect();
        assert!(names.len() >= 6, "{names:?}");
        assert!(names.iter().all(|name| all.contains(*name)), "{path}: {names:?}");
    }
}

#[test]
fn every_variable_of_the_environment_is_told() {
    let readme = readme();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
    let mut found = BTreeSet::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
            if entry.file_type().unwrap().is_dir() {
                folders.push(entry.path());
                continue;
            }
            let text = std::fs::read_to_string(entry.path()).unwrap();
            let is_one = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
            found.extend(words(&text, ("\"", "\""), is_one));
        }
    }
    let ours = ["HAUL_", "AWS_", "OSS_", "TOS_", "ALIBABA_CLOUD_", "VOLCENGINE_"];
    found.retain(|name| ours.iter().any(|begin| name.strip_prefix(begin).is_some_and(|rest| !rest.is_empty())));
    assert!(found.len() >= 40, "{found:?}");
    let missing: Vec<&String> = found.iter().filter(|name| !readme.contains(&format!("`{name}`"))).collect();
    assert_eq!(missing, [""; 0]);
}
