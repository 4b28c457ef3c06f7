//! The design's rules. Each takes what it judges as an argument and returns what is wrong, so that a test can show it
//! something bad.

use std::collections::BTreeMap;

use super::scan::Source;

/// Lines that a file may have.
const FILE_LINES: usize = 400;
/// Lines of code that a function may have, from `fn` to its closing brace.
const FUNCTION_LINES: usize = 80;
/// Lines that `main.rs` may have.
const MAIN_LINES: usize = 30;
/// Lines of dependencies for which one comment may speak.
const DEPENDENCIES_A_COMMENT: usize = 4;

/// How the names of functions begin that answer a question and change nothing.
const PREDICATES: [&str; 4] = ["is_", "has_", "was_", "may_"];

/// What each room may import from.
pub type Plan = BTreeMap<String, Vec<String>>;

/// Reads the table of lines `room -> other rooms` out of a crate's doc comment.
pub fn floor_plan(lib: &str) -> Plan {
    let lines = lib.lines().filter_map(|line| line.strip_prefix("//! ")?.split_once(" -> "));
    let rooms = |names: &str| match names.trim() {
        "(nothing)" => Vec::new(),
        names => names.split_whitespace().map(str::to_owned).collect(),
    };
    lines.map(|(room, names)| (room.trim().to_owned(), rooms(names))).collect()
}

/// A line of the plan may name only rooms above it.
pub fn plan_has_no_circle(lib: &str) -> Vec<String> {
    let plan = floor_plan(lib);
    let place = |room: &str| lib.find(&format!("\n//! {room} ")).unwrap_or(usize::MAX);
    let circles = |(room, others): (&String, &Vec<String>)| {
        let below: Vec<&String> = others.iter().filter(|other| place(other) >= place(room)).collect();
        (!below.is_empty()).then(|| format!("the floor plan's line for {room} names {below:?}, not above it"))
    };
    plan.iter().filter_map(circles).collect()
}

/// Every room of the plan stands in `src`, and every room in `src` is in the plan.
pub fn rooms_match(plan: &Plan, files: &[Source]) -> Vec<String> {
    let built = |room: &&String| !files.iter().any(|file| file.room() == Some(room));
    let missing = plan.keys().filter(built).map(|room| format!("the plan's room {room} is not in src"));
    let unplanned = files.iter().filter(|file| file.room().is_some_and(|room| !plan.contains_key(room)));
    missing.chain(unplanned.map(|file| format!("src/{} is in no room of the plan", file.path))).collect()
}

/// A room imports only from the rooms on its line, and only what those show at their door.
pub fn imports(plan: &Plan, file: &Source) -> Vec<String> {
    let Some(room) = file.room() else { return Vec::new() };
    let allowed = plan.get(room).map_or(&[][..], Vec::as_slice);
    let mut wrong = Vec::new();
    for (line, path) in file.paths("crate") {
        let Some(other) = path.get(1).filter(|other| *other != room) else { continue };
        let shown = path.join("::");
        if other == "*" {
            wrong.push(at(file, line, "brings in everything"));
        } else if !allowed.contains(other) {
            wrong.push(at(file, line, &format!("{room} may not use {shown}")));
        } else if path.len() > 3 && path[2].starts_with(char::is_lowercase) {
            wrong.push(at(file, line, &format!("{shown} reaches inside {other}: two segments at most")));
        }
    }
    for (line, path) in file.paths("super") {
        let up = path.iter().take_while(|segment| *segment == "super").count();
        if up >= file.depth() {
            wrong.push(at(file, line, &format!("{} leaves the room: write crate::", path.join("::"))));
        }
        if path.get(up).is_some_and(|segment| segment == "*") {
            wrong.push(at(file, line, "brings in everything"));
        }
    }
    wrong
}

/// A key can be given another meaning, and half of those who read a fault have no screen: only the screen says what to press.
pub fn keys(file: &Source) -> Vec<String> {
    if matches!(file.room(), None | Some("tui" | "config" | "demo")) {
        return Vec::new();
    }
    let says = |line: &(usize, &str)| line.1.contains("press ") && !line.1.trim_start().starts_with("//");
    let lines = file.text.lines().enumerate().filter(says);
    lines.map(|(number, _)| at(file, number + 1, "names a key: write :word")).collect()
}

/// A `mod.rs` holds docs, `mod`, `pub use` and their attributes, and nothing else.
pub fn tables_of_contents(file: &Source) -> Vec<String> {
    if !file.path.ends_with("mod.rs") {
        return Vec::new();
    }
    let mut wrong = Vec::new();
    for statement in file.code.split(';') {
        let mut item = statement.trim();
        while let Some(attribute) = item.strip_prefix('#') {
            item = attribute.split_once(']').map_or("", |(_, rest)| rest.trim_start());
        }
        let visible = item.strip_prefix("pub").map_or(item, str::trim_start);
        let visible = visible.strip_prefix('(').and_then(|rest| rest.split_once(')')).map_or(visible, |(_, rest)| rest);
        let visible = visible.trim_start();
        let module = visible.strip_prefix("mod ").is_some_and(|name| !name.contains('{'));
        let shown = item.starts_with("pub") && visible.starts_with("use ");
        if !(item.is_empty() || module || shown) {
            let first = item.lines().next().unwrap_or("");
            wrong.push(format!("src/{}: holds more than docs, mod and pub use: {first}", file.path));
        }
    }
    wrong
}

/// Crates and clocks that only some rooms may know. A place is a path below `src` or the beginning of one.
const KEPT: [(&str, &[&str]); 7] = [
    ("ratatui", &["tui"]),
    ("crossterm", &["tui"]),
    ("tui_input", &["tui"]),
    ("reqwest", &["protocol/http", "protocol/object"]),
    ("httpdate", &["protocol"]),
    ("ron", &["config", "store"]),
    ("color_eyre", &["app", "cli"]),
];

/// Some crates are known only to some rooms.
pub fn kept_crates(file: &Source) -> Vec<String> {
    let words = file.words();
    let mut wrong = Vec::new();
    for (name, places) in KEPT {
        let within = |place: &&str| file.path.strip_prefix(*place).is_some_and(|rest| rest.starts_with(['/', '.']));
        if places.iter().any(within) {
            continue;
        }
        for (index, (line, word)) in words.iter().enumerate() {
            let next = words.get(index + 1).map_or("", |next| next.1);
            let before = index.checked_sub(1).map_or("", |before| words[before].1);
            // As the head of a path, and not as somebody's module or field of the same name.
            let head = (next == "::" || before == "use" || before == "crate") && before != "::";
            if *word == name && head {
                wrong.push(at(file, *line, &format!("{name} belongs in {}", places.join(" and "))));
            }
        }
    }
    wrong
}

/// Runs of words that may not stand anywhere in `src`, with the reason.
const FORBIDDEN: [(&[&str], &str); 10] = [
    (&["unbounded_channel"], "every channel has a bound"),
    (&["UnboundedSender"], "every channel has a bound"),
    (&["UnboundedReceiver"], "every channel has a bound"),
    (&["mpsc", "::", "channel", "(", ")"], "every channel has a bound (std's is sync_channel)"),
    (&["static", "mut"], "no mutable static"),
    (&["todo", "!"], "nothing is left to do"),
    (&["unimplemented", "!"], "nothing is left to do"),
    (&[".", "unwrap", "("], "an error is told, not thrown"),
    (&[".", "expect", "("], "an error is told, not thrown"),
    (&["extern", "crate"], "imports go through use"),
];

/// Runs of words that may not stand where all is pure: in the pure rooms and folders, and in files that say so of themselves.
const IMPURE: [(&[&str], &str); 5] = [
    (&["Instant", "::", "now"], "time is an argument"),
    (&["SystemTime", "::", "now"], "time is an argument"),
    (&["tokio"], "this room has no tasks"),
    (&["std", "::", "fs"], "this room has no files"),
    (&["std", "::", "net"], "this room has no sockets"),
];

/// Words that the design forbids.
pub fn forbidden_words(file: &Source) -> Vec<String> {
    let words = file.words();
    let folders = ["model/", "plan/", "tui/update/", "tui/view/"];
    let says_so = || file.text.lines().take_while(|line| line.starts_with("//!")).any(|line| line.contains("Pure"));
    let pure = folders.iter().any(|folder| file.path.starts_with(folder)) || says_so();
    let runs = FORBIDDEN.iter().chain(IMPURE.iter().filter(|_| pure));
    let mut wrong = Vec::new();
    for (run, reason) in runs {
        for window in words.windows(run.len()) {
            if window.iter().map(|word| word.1).eq(run.iter().copied()) {
                wrong.push(at(file, window[0].0, &format!("{}: {reason}", run.concat())));
            }
        }
    }
    wrong
}

/// A file says at its top what it is for, and it and its functions are short.
pub fn sizes(file: &Source, folder: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    let place = format!("{folder}/{}", file.path);
    let lines = file.text.lines().count();
    if !file.text.starts_with("//! ") {
        wrong.push(format!("{place}: begins without a //! line that says what it is for"));
    }
    if lines > FILE_LINES {
        wrong.push(format!("{place}: has {lines} lines, at most {FILE_LINES} are allowed"));
    }
    if file.path == "main.rs" && lines > MAIN_LINES {
        wrong.push(format!("{place}: has {lines} lines, at most {MAIN_LINES} are allowed"));
    }
    for (name, line, length) in file.functions() {
        if length > FUNCTION_LINES {
            wrong.push(format!("{place}:{line}: fn {name} has {length} lines, at most {FUNCTION_LINES} are allowed"));
        }
    }
    wrong
}

/// Each dependency, or a few that belong together, has a comment above it that says what it is for.
pub fn dependencies_say_why(manifest: &str) -> Vec<String> {
    let section = manifest.split("\n[dependencies]\n").nth(1).unwrap_or("").split("\n[").next().unwrap_or("");
    let mut wrong = Vec::new();
    let mut covered = 0;
    for line in section.lines() {
        if line.starts_with('#') {
            covered = DEPENDENCIES_A_COMMENT;
        } else if line.trim().is_empty() {
            covered = 0;
        } else if line.starts_with(|c: char| c.is_alphanumeric()) {
            if covered == 0 {
                wrong.push(format!("Cargo.toml: no comment says what this is for: {line}"));
            }
            covered = covered.saturating_sub(1);
        }
    }
    wrong
}

/// A function that is named as a question gives a `bool`, if need be in an `Option` or a `Result`, and changes nothing of its own.
pub fn predicates(file: &Source) -> Vec<String> {
    let words = file.words();
    let mut wrong = Vec::new();
    for (begin, (line, _)) in words.iter().enumerate().filter(|(_, word)| word.1 == "fn") {
        let Some((_, name)) = words.get(begin + 1) else { continue };
        if !PREDICATES.iter().any(|prefix| name.starts_with(prefix)) {
            continue;
        }
        let told = words[begin..].iter().map(|word| word.1).take_while(|word| !matches!(*word, "{" | ";" | "where"));
        let told: Vec<&str> = told.collect();
        // What an argument gives stands in brackets.
        let behind = told.iter().rposition(|word| *word == ")").map_or(&[][..], |end| &told[end..]);
        if !(behind.contains(&"->") && behind.contains(&"bool")) {
            wrong.push(at(file, *line, &format!("{name} is named as a question and gives no bool")));
        }
        if told.windows(3).any(|words| words == ["&", "mut", "self"]) {
            wrong.push(at(file, *line, &format!("{name} is named as a question and may change what it asks")));
        }
    }
    wrong
}

fn at(file: &Source, line: usize, what: &str) -> String {
    format!("src/{}:{line}: {what}", file.path)
}
