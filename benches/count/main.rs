//! Instructions that haul's inner parts need: `cargo bench --bench count`. They are the same on a busy machine, so that a change of
//! one in a hundred shows. valgrind counts (`apt-get install valgrind`); without it nothing is measured, and that is said.

#![allow(clippy::expect_used, clippy::print_stdout, clippy::print_stderr)]

mod cases;

use std::env;
use std::process::{Command, Stdio};

use cases::CASES;

/// How often a case is done: what it needs without any is taken off.
const TIMES: u64 = 200;

fn main() {
    let words: Vec<String> = env::args().skip(1).filter(|word| word != "--bench").collect();
    if let [flag, name, times] = &words[..]
        && flag == "--case"
    {
        let case = CASES.iter().find(|case| case.name == *name).expect("a case");
        return (case.run)(times.parse().expect("a number"));
    }
    if !is_there() {
        return eprintln!("skipped: valgrind is not installed (apt-get install valgrind)");
    }
    println!("| case | instructions each |\n|---|---|");
    for case in
        CASES.iter().filter(|case| words.is_empty() || words.iter().any(|word| case.name.contains(word.as_str())))
    {
        let each = count(case.name, TIMES).saturating_sub(count(case.name, 0)) / TIMES;
        println!("| {} ({}) | {each} |", case.what, case.name);
    }
}

fn is_there() -> bool {
    Command::new("valgrind").arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok()
}

/// The instructions of a process that does a case so many times.
fn count(name: &str, times: u64) -> u64 {
    let own = env::current_exe().expect("the bench's own path");
    let mut command = Command::new("valgrind");
    command.args(["--tool=callgrind", "--callgrind-out-file=/dev/null"]).arg(own);
    let output = command.args(["--case", name]).arg(times.to_string()).output().expect("valgrind runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    let line = said.lines().find_map(|line| line.split_once("Collected : "));
    line.and_then(|(_, count)| count.trim().parse().ok()).expect("valgrind's count")
}
