//! Plays a scenario: starts its servers, runs the real program, and holds what came of it against what has to come.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Instant;

use rustix::process::Signal;
use serde_json::Value;

use super::acts::{self, is_part};
use super::data::{Act, File, Moment, Run, Scenario, Stop};
use super::reply::{Places, Reply, Rule};
use super::report::Row;
use crate::support::server::{self, Request, Running, Seen, Server, content};
use crate::support::{Output, Process, Sandbox, eventually};

/// Options that a run has where it does not say otherwise: little waits long, and nothing stalls unless it is told to.
const OPTIONS: [[&str; 2]; 5] =
    [["-x", "4"], ["--retry-wait", "0.02"], ["--retries", "3"], ["--connect-timeout", "5"], ["--timeout", "20"]];
/// The kernel's send buffer, so that little is in flight: what lies there when a connection ends counts as sent.
const SEND_BUFFER: u32 = 16 * 1024;

/// The two servers and the folders of one scenario.
struct Stage {
    main: Running,
    other: Running,
    places: Places,
    sandbox: Sandbox,
    /// The files as they are now, by server and path.
    files: BTreeMap<(bool, String), File>,
}

/// What stands in the download folder.
type Folder = BTreeMap<String, Vec<u8>>;

/// Plays it; what is wrong is told in full.
pub fn play(scenario: &Scenario) -> Row {
    let start = Instant::now();
    let mut stage = Stage::set(scenario);
    let mut row = Row::of(scenario);
    for (number, run) in scenario.runs.iter().enumerate() {
        let (output, seen, wrong) = stage.run(run);
        row.add(output.code, &seen, stage.length());
        if !wrong.is_empty() {
            row.wrong = Some(failure(number + 1, &output, &seen, &wrong));
            break;
        }
    }
    row.millis = start.elapsed().as_millis();
    row
}

impl Stage {
    fn set(scenario: &Scenario) -> Self {
        let mut main = Server::new().send_buffer(SEND_BUFFER);
        if let Some(most) = scenario.refuse_beyond {
            main = main.refuse_beyond(most);
        }
        let (main, other) = (main.start(), Server::new().send_buffer(SEND_BUFFER).start());
        let places = Places { main: main.url(""), other: other.url("") };
        let mut stage = Self { main, other, places, sandbox: Sandbox::new(), files: BTreeMap::new() };
        stage.put(&scenario.file);
        scenario.more.iter().for_each(|file| stage.put(file));
        stage
    }

    /// Puts a file on its server, or another in its place.
    fn put(&mut self, file: &File) {
        let places = &self.places;
        let held = server::File::new(file.version, file.length).answer(file.reply.answer(places));
        let held = file.rules.iter().fold(held, |held, rule: &Rule| {
            let (when, answer) = (rule.when.clone(), Reply::answer(&rule.reply, places));
            held.rule(move |request| when.fits(request).then(|| answer.clone()))
        });
        let server = if file.other { &self.other } else { &self.main };
        server.put(&file.at, held);
        self.files.insert((file.other, file.at.clone()), file.clone());
    }

    /// Bytes of the file that the scenario is about.
    fn length(&self) -> u64 {
        self.files.values().map(|file| file.length).max().unwrap_or(0)
    }

    fn run(&mut self, run: &Run) -> (Output, [Seen; 2], Vec<String>) {
        for act in &run.first {
            if let Act::Now(file) = act {
                self.put(file);
            }
            acts::act(act, &self.sandbox);
        }
        self.main.forget();
        self.other.forget();
        let before = self.folder();
        let output = self.haul(run);
        let seen = [self.main.seen(), self.other.seen()];
        let mut wrong = Vec::new();
        self.compare(run, &output, &before, &mut wrong);
        speech(run, &output, &mut wrong);
        traffic(run, &seen, &mut wrong);
        (output, seen, wrong)
    }

    fn haul(&self, run: &Run) -> Output {
        let url = self.places.fill(&run.url);
        let file = &self.files[&(false, "/file.bin".to_owned())];
        let sum = || server::sha256(file.version, file.length);
        let sums =
            |word: &String| if word.contains("{sha256}") { word.replace("{sha256}", &sum()) } else { word.clone() };
        let more: Vec<String> = run.args.iter().map(|word| self.places.fill(&sums(word))).collect();
        let said = |option: &&[&str; 2]| more.iter().any(|word| word == option[0]);
        let mut words = vec!["get", "--json"];
        words.extend(OPTIONS.iter().filter(|option| !said(option)).flatten());
        words.extend(more.iter().map(String::as_str));
        words.push(&url);
        let process = self.sandbox.start(&words);
        if let Some((moment, act)) = &run.during {
            wait(&process, moment);
            acts::act(act, &self.sandbox);
        }
        if let Some((stop, moment)) = &run.stop {
            wait(&process, moment);
            process.signal(match stop {
                Stop::Kill => Signal::KILL,
                Stop::Term => Signal::TERM,
                Stop::Int => Signal::INT,
                Stop::Hup => Signal::HUP,
            });
        }
        let output = process.finish();
        // What a connection that was cut by the client still wrote is counted too.
        for server in [&self.main, &self.other] {
            server.wait("the end of all connections", |seen| seen.open == 0);
        }
        output
    }

    /// What stands in the download folder; a part file or a folder without its bytes.
    fn folder(&self) -> Folder {
        let read = |name: String| {
            let path = self.sandbox.downloads().join(&name);
            let is_read = !is_part(&name) && path.is_file();
            let held = if is_read { std::fs::read(path).unwrap() } else { Vec::new() };
            (name, held)
        };
        self.sandbox.names().into_iter().map(read).collect()
    }

    /// The finished file is right to its last byte or it is not there, and nothing else has changed.
    fn compare(&self, run: &Run, output: &Output, before: &Folder, wrong: &mut Vec<String>) {
        if output.code != run.exit {
            wrong.push(format!("it ended with {:?}, not with {:?}", output.code, run.exit));
        }
        let (parts, mut after): (Folder, Folder) = self.folder().into_iter().partition(|(name, _)| is_part(name));
        let checkpoints = acts::checkpoints(&self.sandbox);
        if run.part && (parts.len() != 1 || checkpoints.is_empty()) {
            wrong.push(format!("nothing is left to go on with: {parts:?}, {checkpoints:?}"));
        }
        let is_clean = parts.is_empty() && checkpoints.is_empty();
        let is_clean = is_clean || (run.stale && parts.is_empty());
        if !run.part && !is_clean {
            wrong.push(format!("something was left: {:?}, {checkpoints:?}", parts.keys()));
        }
        let mut held: Folder =
            before.iter().filter(|(name, _)| !is_part(name)).map(|(name, held)| (name.clone(), held.clone())).collect();
        if let Some((_, Act::Write(name, text))) = &run.during {
            held.insert(name.clone(), text.clone().into_bytes());
        }
        if run.exit == Some(0) {
            held.remove(&run.name);
            match after.remove(&run.name) {
                None => wrong.push(format!("{} is not there", run.name)),
                Some(bytes) => wrong.extend(differs(&bytes, &self.expected(run))),
            }
        }
        for name in &run.also {
            if after.remove(name).is_none() {
                wrong.push(format!("{name} is not there"));
            }
        }
        if held.keys().ne(after.keys()) {
            wrong.push(format!("the folder should hold {:?} besides, and holds {:?}", held.keys(), after.keys()));
        } else if held != after {
            wrong.push("a file was changed that haul has no business with".to_owned());
        }
        let beside = crate::support::names(&self.sandbox.path(""));
        if beside != ["config", "downloads", "home", "run", "state"] {
            wrong.push(format!("something was written beside the folder: {beside:?}"));
        }
    }

    fn expected(&self, run: &Run) -> Vec<u8> {
        if let Some(text) = &run.text {
            return text.clone().into_bytes();
        }
        let url = self.places.fill(&run.url);
        let path = url.split('/').skip(3).fold(String::new(), |path, segment| path + "/" + segment);
        let holds = run.holds.clone().unwrap_or(path);
        let (other, path) = holds.strip_prefix("other:").map_or((false, holds.as_str()), |path| (true, path));
        let file = self.files.get(&(other, path.to_owned())).expect("the file that the run is to fetch");
        content(run.version.unwrap_or(file.version), 0, file.length)
    }
}

fn wait(process: &Process, moment: &Moment) {
    eventually("the moment of the run", || match moment {
        Moment::Done(bytes) => done(&process.stdout()).is_some_and(|done| done >= *bytes),
        Moment::Said(words) => process.stdout().contains(words) || process.stderr().contains(words),
    });
}

/// How far haul says that it is.
fn done(stdout: &str) -> Option<u64> {
    let lines = stdout.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    lines.filter_map(|line| line["done"].as_u64()).max()
}

fn differs(held: &[u8], expected: &[u8]) -> Option<String> {
    let at = held.iter().zip(expected).position(|(a, b)| a != b);
    match at {
        Some(at) => Some(format!("byte {at} of the file is wrong")),
        None if held.len() == expected.len() => None,
        None => Some(format!("the file has {} bytes, not {}", held.len(), expected.len())),
    }
}

/// What it said.
fn speech(run: &Run, output: &Output, wrong: &mut Vec<String>) {
    let lines: Vec<Value> = output.stdout.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    if lines.len() != output.stdout.lines().count() && run.stop.is_none() {
        wrong.push("stdout holds more than JSON lines".to_owned());
    }
    let all = (output.stdout.clone() + &output.stderr).to_lowercase();
    if all.contains("panicked") || all.chars().any(|c| c.is_control() && c != '\n') {
        wrong.push("it panicked, or printed control characters".to_owned());
    }
    let lacks = run.says.iter().filter(|words| !all.contains(&words.to_lowercase()));
    wrong.extend(lacks.map(|words| format!("it did not say {words:?}")));
    let has = run.silent.iter().filter(|words| all.contains(&words.to_lowercase()));
    wrong.extend(has.map(|words| format!("it said {words:?}")));
    let told = |event: &&String| lines.iter().any(|line| line["event"] == **event);
    let missing = run.events.iter().filter(|event| !told(event));
    wrong.extend(missing.map(|event| format!("it told of no event {event:?}")));
    let extra = run.no_events.iter().filter(told);
    wrong.extend(extra.map(|event| format!("it told of an event {event:?}")));
    let failed = !matches!(output.code, Some(0) | None) && run.stop.is_none();
    if failed && output.stderr.trim().is_empty() {
        wrong.push("it failed without a word on stderr".to_owned());
    }
}

/// What the servers saw and sent.
fn traffic(run: &Run, seen: &[Seen; 2], wrong: &mut Vec<String>) {
    let requests: Vec<&Request> = seen.iter().flat_map(|seen| &seen.requests).collect();
    if !run.requests.holds(requests.len() as u64) {
        wrong.push(format!("{} requests, not {}..{}", requests.len(), run.requests.from, run.requests.to));
    }
    let wire: u64 = seen.iter().map(|seen| seen.wire).sum();
    if wire > run.kib << 10 {
        wrong.push(format!("{} KiB were sent, at most {} are allowed", wire.div_ceil(1024), run.kib));
    }
    let most = seen.iter().map(|seen| seen.most).max().unwrap_or(0);
    if run.connections.is_some_and(|allowed| most > allowed) {
        wrong.push(format!("{most} connections at once"));
    }
    for (name, words) in &run.sends {
        if !requests.iter().any(|request| request.header(name).is_some_and(|value| value.contains(words.as_str()))) {
            wrong.push(format!("no request had {name}: {words}"));
        }
    }
    for name in &run.never_sends {
        let (among, name) = match name.strip_prefix("other:") {
            Some(name) => (&seen[1..], name),
            None => (&seen[..], name.as_str()),
        };
        if among.iter().flat_map(|seen| &seen.requests).any(|request| request.header(name).is_some()) {
            wrong.push(format!("a request had {name}"));
        }
    }
}

/// All that helps to find out why.
fn failure(number: usize, output: &Output, seen: &[Seen; 2], wrong: &[String]) -> String {
    let mut text = format!("run {number}:\n");
    for line in wrong {
        let _ = writeln!(text, "  WRONG {line}");
    }
    for (seen, server) in seen.iter().zip(["main", "other"]) {
        for (index, request) in seen.requests.iter().enumerate() {
            let header = |name| request.header(name).map_or_else(String::new, |value| format!(" {name}={value}"));
            let fields = header("range") + &header("if-range") + &header("if-none-match");
            let (connection, method, path) = (request.connection, &request.method, &request.path);
            let _ = writeln!(text, "  {server} {:3} on {connection}: {method} {path}{fields}", index + 1);
        }
    }
    for (stream, name) in [(&output.stdout, "stdout"), (&output.stderr, "stderr")] {
        let lines: Vec<&str> = stream.lines().collect();
        // The first lines and the last ones: a run that goes wrong may say the same very often.
        for (index, line) in lines.iter().enumerate().filter(|(index, _)| *index < 25 || index + 10 >= lines.len()) {
            let _ = writeln!(text, "  {name} {:3}: {line}", index + 1);
        }
    }
    text
}
