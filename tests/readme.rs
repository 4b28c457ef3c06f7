//! What the README says, held against the code.

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
