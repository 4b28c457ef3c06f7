//! Bad code for every rule, so that each is known to be able to fail.

use super::rules::{self, Plan};
use super::scan::{Source, blank_out};

const LIB: &str = "//! ```text\n//! model  -> (nothing)\n//! plan   -> model\n//! tui    -> model plan\n//! ```\n";

fn plan() -> Plan {
    rules::floor_plan(LIB)
}

fn imports(path: &str, code: &str) -> usize {
    rules::imports(&plan(), &Source::new(path, code)).len()
}

#[test]
fn the_plan_is_read_from_a_doc_comment() {
    assert_eq!(plan()["tui"], ["model", "plan"]);
    assert!(plan()["model"].is_empty());
    assert_eq!(plan().len(), 3);
    let circle = "//!\n//! model -> plan\n//! plan -> model\n";
    assert_eq!(rules::plan_has_no_circle(circle).len(), 1);
    assert_eq!(rules::plan_has_no_circle(&format!("//!\n{LIB}")).len(), 0);
}

#[test]
fn rooms_that_are_missing_or_too_many_are_found() {
    let files = [Source::new("model/mod.rs", ""), Source::new("plan.rs", ""), Source::new("attic/mod.rs", "")];
    let wrong = rules::rooms_match(&plan(), &files);
    assert_eq!(wrong.len(), 2, "{wrong:?}");
    assert!(wrong[0].contains("tui") && wrong[1].contains("attic"));
}

#[test]
fn an_import_that_the_plan_does_not_allow_is_found() {
    assert_eq!(imports("plan/a.rs", "use crate::model::Rate;"), 0);
    assert_eq!(imports("plan/a.rs", "use crate::tui::State;"), 1);
    assert_eq!(imports("model/a.rs", "use crate::{model::Rate, plan::Plan, tui::{State, Row as Line}};"), 3);
    assert_eq!(imports("model/a.rs", "fn f() -> u64 {\n crate::plan::Plan::new().total() }"), 1);
    assert_eq!(imports("model/a.rs", "use crate::{\n  plan,\n};"), 1);
    assert_eq!(imports("model/a.rs", "pub(crate) fn f() {}"), 0);
    assert_eq!(imports("model/a.rs", "// crate::plan::Plan\nconst A: &str = \"crate::plan::Plan\";"), 0);
    assert_eq!(imports("main.rs", "use crate::tui::State;"), 0);
}

#[test]
fn an_import_that_reaches_inside_a_room_is_found() {
    assert_eq!(imports("tui/a.rs", "use crate::plan::segment::Plan;"), 1);
    assert_eq!(imports("tui/a.rs", "use crate::plan::{Plan, segment::{Lease, Gap}};"), 2);
    assert_eq!(imports("tui/a.rs", "let a = crate::plan::Verdict::Again;"), 0);
    assert_eq!(imports("tui/a.rs", "let a = crate::plan::verdict(1);"), 0);
    assert_eq!(imports("tui/a.rs", "use crate::plan::{self, Plan};"), 0);
    assert_eq!(imports("plan/a.rs", "use crate::plan::segment::Plan;"), 0);
}

#[test]
fn imports_of_everything_and_around_the_corner_are_found() {
    assert_eq!(imports("plan/a.rs", "use crate::*;"), 1);
    assert_eq!(imports("plan/a.rs", "use super::*;"), 1);
    assert_eq!(imports("plan/a.rs", "use super::Plan;"), 0);
    assert_eq!(imports("plan/a.rs", "use super::super::tui::State;"), 1);
    assert_eq!(imports("plan/mod.rs", "pub use super::tui::State;"), 1);
    assert_eq!(imports("plan/deep/a.rs", "use super::super::Plan;"), 0);
}

#[test]
fn code_in_a_mod_file_is_found() {
    let wrong = |code: &str| rules::tables_of_contents(&Source::new("plan/mod.rs", code)).len();
    assert_eq!(wrong("//! Docs.\n\nmod a;\n#[cfg(unix)]\npub mod b;\npub use a::{A, B};\npub(crate) use b::C;\n"), 0);
    assert_eq!(wrong("mod a;\nuse a::A;\n"), 1);
    assert_eq!(wrong("mod a;\nconst A: u8 = 1;\n"), 1);
    assert_eq!(wrong("mod a { fn f() {} }\n"), 1);
    assert_eq!(wrong("pub fn f() {}\n"), 1);
}

#[test]
fn crates_in_the_wrong_room_are_found() {
    let wrong = |path: &str, code: &str| rules::kept_crates(&Source::new(path, code)).len();
    assert_eq!(wrong("tui/view/list.rs", "use ratatui::Frame;"), 0);
    assert_eq!(wrong("engine/a.rs", "use ratatui::Frame;"), 1);
    assert_eq!(wrong("cli/a.rs", "fn f() { crossterm::terminal::size(); }"), 1);
    assert_eq!(wrong("protocol/http/fetch.rs", "use reqwest::Client;"), 0);
    assert_eq!(wrong("protocol/http.rs", "use reqwest::Client;"), 0);
    assert_eq!(wrong("protocol/ftp/fetch.rs", "use reqwest::Client;"), 1);
    assert_eq!(wrong("engine/a.rs", "use ron;"), 1);
    assert_eq!(wrong("engine/a.rs", "let ron = 1; a.ron();"), 0);
    assert_eq!(wrong("application/a.rs", "use color_eyre::Result;"), 1);
    assert_eq!(wrong("app.rs", "use color_eyre::Result;"), 0);
}

#[test]
fn forbidden_words_are_found() {
    let wrong = |path: &str, code: &str| rules::forbidden_words(&Source::new(path, code)).len();
    for code in [
        "let (a, b) = tokio::sync::mpsc::unbounded_channel();",
        "let (a, b) = mpsc::channel();",
        "static mut A: u8 = 1;",
        "fn f() { todo!() }",
        "fn f() { unimplemented!(\"x\") }",
        "a.unwrap();",
        "a\n  .expect(\"x\");",
    ] {
        assert_eq!(wrong("engine/a.rs", code), 1, "{code}");
    }
    for code in ["mpsc::channel(64)", "a.unwrap_or(1)", "#[expect(unused)]", "// todo!()", "let a = \"todo!()\";"] {
        assert_eq!(wrong("engine/a.rs", code), 0, "{code}");
    }
    assert_eq!(wrong("engine/a.rs", "Instant::now()"), 0);
    assert_eq!(wrong("plan/a.rs", "Instant::now()"), 1);
    assert_eq!(wrong("model/a.rs", "SystemTime::now()"), 1);
    assert_eq!(
        (wrong("ask/a.rs", "//! A. Pure.\nInstant::now()"), wrong("ask/a.rs", "//! A.\nInstant::now()")),
        (1, 0)
    );
    assert_eq!(wrong("plan/a.rs", "use tokio::sync::watch;"), 1);
}

#[test]
fn long_files_and_functions_are_found() {
    let wrong = |path: &str, code: &str| rules::sizes(&Source::new(path, code), "src").len();
    assert_eq!(wrong("plan/a.rs", "fn f() {}\n"), 1);
    assert_eq!(wrong("plan/a.rs", &format!("//! A.\n{}", "\n".repeat(399))), 0);
    assert_eq!(wrong("plan/a.rs", &format!("//! A.\n{}", "\n".repeat(400))), 1);
    assert_eq!(wrong("main.rs", &format!("//! A.\n{}", "\n".repeat(30))), 1);
    let function = |lines: usize| format!("//! A.\nfn f(a: [u8; 2]) {{\n{}}}\n", "g('{', \"}\");\n".repeat(lines));
    assert_eq!(wrong("plan/a.rs", &function(78)), 0);
    assert_eq!(wrong("plan/a.rs", &function(79)), 1);
    let commented = function(78).replace("fn f", "/* { */\nfn f").replace(") {", ") {\n// {\n\n");
    assert_eq!(wrong("plan/a.rs", &commented), 0);
    assert_eq!(wrong("plan/a.rs", &format!("//! A.\ntrait T {{ fn f(&self);\n{} }}", "\n".repeat(99))), 0);
}

#[test]
fn a_dependency_without_a_reason_is_found() {
    let wrong =
        |section: &str| rules::dependencies_say_why(&format!("[package]\n\n[dependencies]\n{section}\n[x]\na = 1\n"));
    assert_eq!(wrong("# Why.\na = \"1\"\nb = \"1\"\n").len(), 0);
    assert_eq!(wrong("a = \"1\"\n# Why.\nb = \"1\"\n").len(), 1);
    assert_eq!(wrong("# Why.\na = \"1\"\n\nb = \"1\"\n").len(), 1);
}

#[test]
fn literals_and_comments_are_blanked_out() {
    let blank = |text: &str| blank_out(text).split_whitespace().collect::<Vec<_>>().join(" ");
    assert_eq!(blank("a // b\nc /* d /* e */ f */ g"), "a c g");
    assert_eq!(blank(r##"a("b\"c", 'd', '\'', b"e", r#"f"g"#, 'h')"##), "a( , , , , , )");
    assert_eq!(
        blank("fn f<'a>(a: &'a str) { 'l: loop { break 'l } }"),
        "fn f<'a>(a: &'a str) { 'l: loop { break 'l } }"
    );
    assert_eq!(blank_out("a\n\"b\nc\"\nd").lines().count(), 4);
    assert_eq!(blank("let r#type = br\"x\"; '\u{e9}'"), "let r#type = ;");
}

#[test]
fn a_key_outside_of_the_screen_is_found() {
    let keys = |path: &str| rules::keys(&Source::new(path, "// press x\nlet a = \"press u for more\";")).len();
    assert_eq!((keys("engine/a.rs"), keys("tui/a.rs")), (1, 0));
}

#[test]
fn a_question_that_changes_something_or_gives_no_bool_is_found() {
    let wrong = |code: &str| rules::predicates(&Source::new("model/a.rs", code)).len();
    assert_eq!(
        wrong("fn is_done(&self) -> bool { true }\nfn has_come(go: impl Fn() -> bool) -> Result<bool, Fault> {"),
        0
    );
    assert_eq!(wrong("fn is_done(&mut self) -> bool { true }"), 1);
    assert_eq!(wrong("fn was_told(&self, go: impl Fn() -> bool) {\n}"), 1);
    assert_eq!(wrong("fn may_go(&mut self) -> Option<usize>;"), 2);
}
