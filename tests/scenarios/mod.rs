//! Scenarios: servers, disks and users as they are, as data (`*.ron` beside this file), played with the real program over
//! loopback. Each asserts the exact bytes or that nothing is there, the exit code, and bounds on requests and on bytes sent.
//!
//! One test plays one file, a few scenarios at once. The table of all of them is printed (`cargo test scenarios:: --
//! --nocapture`) and stands in `target/tmp/scenarios/`. `HAUL_SCENARIO=part-of-a-name` plays some of them only.

mod acts;
mod data;
mod reply;
mod report;
mod run;

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::Mutex;

use data::{Scenario, read};
use report::{Row, tell};

/// How many scenarios of a file are played at once; they wait more than they work.
const AT_ONCE: usize = 4;
/// Fewer than this would not do.
const ENOUGH: usize = 150;

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios")
}

fn scenarios(topic: &str) -> Vec<Scenario> {
    read(&folder().join(format!("{topic}.ron")))
}

/// Plays one; a panic within is that scenario's failure and no other's.
fn played(scenario: &Scenario) -> Row {
    catch_unwind(AssertUnwindSafe(|| run::play(scenario))).unwrap_or_else(|why| {
        let text = why.downcast_ref::<String>().cloned();
        let text = text.or_else(|| why.downcast_ref::<&str>().map(|text| (*text).to_owned()));
        let mut row = Row::of(scenario);
        row.wrong = Some(text.unwrap_or_else(|| "it panicked".to_owned()));
        row
    })
}

fn play(topic: &str) {
    let wanted = std::env::var("HAUL_SCENARIO").unwrap_or_default();
    let all: Vec<Scenario> = scenarios(topic).into_iter().filter(|scenario| scenario.name.contains(&wanted)).collect();
    let (next, rows) = (Mutex::new(0..all.len()), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                loop {
                    let Some(index) = next.lock().unwrap().next() else { return };
                    let row = played(&all[index]);
                    rows.lock().unwrap().push((index, row));
                }
            });
        }
    });
    let mut rows = rows.into_inner().unwrap();
    rows.sort_by_key(|row| row.0);
    let rows: Vec<Row> = rows.into_iter().map(|row| row.1).collect();
    tell(topic, &rows);
    let failed: Vec<String> = rows.iter().filter(|row| row.is_failure()).map(|row| format!("{row}")).collect();
    assert!(failed.is_empty(), "{} of {} scenarios failed:\n\n{}", failed.len(), rows.len(), failed.join("\n"));
}

macro_rules! topics {
    ($($topic:ident)+) => {
        const TOPICS: &[&str] = &[$(stringify!($topic)),+];
        $(#[test]
        fn $topic() {
            play(stringify!($topic));
        })+
    };
}

topics! { ranges framing trouble versions redirects names urls disk integrity mirrors }

#[test]
fn every_file_is_played_and_there_are_enough() {
    let files: BTreeSet<String> = crate::support::names(&folder())
        .iter()
        .filter_map(|name| name.strip_suffix(".ron").map(str::to_owned))
        .collect();
    assert_eq!(files, TOPICS.iter().map(|topic| (*topic).to_owned()).collect());
    let all: Vec<Scenario> = TOPICS.iter().flat_map(|topic| scenarios(topic)).collect();
    let names: BTreeSet<&String> = all.iter().map(|scenario| &scenario.name).collect();
    assert_eq!(names.len(), all.len(), "two scenarios are called the same");
    for scenario in &all {
        assert!(scenario.what.ends_with('.') && !scenario.runs.is_empty(), "{} proves nothing", scenario.name);
    }
    let count = all.iter().filter(|scenario| scenario.pending.is_none()).count();
    println!("{count} scenarios, and {} that haul does not do yet", all.len() - count);
    assert!(count >= ENOUGH, "only {count} scenarios");
}
