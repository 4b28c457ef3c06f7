//! The floor plan and the design's other rules, held against the code. The plan is read from `src/lib.rs` itself.

mod counterexamples;
mod rules;
mod scan;

use std::path::{Path, PathBuf};

use scan::Source;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn read(file: &str) -> String {
    std::fs::read_to_string(root().join(file)).unwrap()
}

fn sources() -> Vec<Source> {
    let files = Source::all(&root().join("src"));
    assert!(files.len() > 20, "only {} files found in src", files.len());
    files
}

/// Runs a rule over every file in `src` and tells all that is wrong at once.
fn hold(rule: impl Fn(&Source) -> Vec<String>) {
    let wrong: Vec<String> = sources().iter().flat_map(rule).collect();
    none(&wrong);
}

fn none(wrong: &[String]) {
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

#[test]
fn the_plan_has_no_circle_and_is_the_house() {
    let lib = read("src/lib.rs");
    let plan = rules::floor_plan(&lib);
    assert!(plan.len() >= 10, "the floor plan in src/lib.rs can't be read: {plan:?}");
    none(&rules::plan_has_no_circle(&lib));
    none(&rules::rooms_match(&plan, &sources()));
    for room in plan.keys() {
        assert!(lib.contains(&format!("\npub mod {room};")), "src/lib.rs does not open the room {room}");
        assert!(lib.contains(&format!("`{room}`")), "src/lib.rs does not say what {room} is for");
    }
}

#[test]
fn rooms_import_only_what_the_plan_allows() {
    let plan = rules::floor_plan(&read("src/lib.rs"));
    hold(|file| rules::imports(&plan, file));
}

#[test]
fn only_the_screen_names_keys() {
    hold(rules::keys);
}

#[test]
fn mod_files_are_tables_of_contents() {
    hold(rules::tables_of_contents);
}

#[test]
fn some_crates_belong_in_some_rooms() {
    hold(rules::kept_crates);
}

#[test]
fn no_forbidden_words() {
    hold(rules::forbidden_words);
}

#[test]
fn files_and_functions_are_short_and_say_what_they_are_for() {
    hold(|file| rules::sizes(file, "src"));
    let tests = Source::all(Path::new(&root().join("tests")));
    none(&tests.iter().flat_map(|file| rules::sizes(file, "tests")).collect::<Vec<_>>());
}

#[test]
fn what_is_named_as_a_question_changes_nothing() {
    hold(rules::predicates);
}

#[test]
fn every_dependency_says_why_it_is_there() {
    none(&rules::dependencies_say_why(&read("Cargo.toml")));
}
