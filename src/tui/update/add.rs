//! Adding: URLs that are pasted anywhere, and the box that takes them. What is no URL is told and, where there is a box
//! to keep it in, kept.

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;

use super::super::{Begin, Effect, Form, Inquiry, Mode, Slot, State, Taken, Tone};
use super::link::linked;
use super::{command, edit, form, toast, transfer, twins};
use crate::ask::{Entry, expand, read_curl};
use crate::config::Addition;
use crate::model::{Header, Limits, Priority, Source, Spec, StartTime, Target, TransferId};

/// A text taken apart.
#[derive(Default)]
struct Sorted {
    entries: Vec<Entry>,
    wrong: Vec<String>,
    /// Why the first wrong one is wrong.
    why: Option<String>,
}

/// Finds the URLs in a text: those of a curl command; or else words parted by blanks, which may be patterns and may stand
/// in quotes or angle brackets.
fn sort(text: &str, literal: bool) -> Sorted {
    let mut sorted = Sorted::default();
    match read_curl(text) {
        Some(Ok(entries)) => sorted.entries = entries,
        Some(Err(why)) => (sorted.wrong, sorted.why) = (vec![text.to_owned()], Some(why)),
        None => {
            for word in text.split_whitespace() {
                match entries(linked(word), literal) {
                    Ok(entries) => sorted.entries.extend(entries),
                    Err(why) => {
                        sorted.why.get_or_insert(why);
                        sorted.wrong.push(word.to_owned());
                    }
                }
            }
        }
    }
    sorted
}

fn entries(word: &str, literal: bool) -> Result<Vec<Entry>, String> {
    let urls = if literal { vec![word.to_owned()] } else { expand(word)? };
    urls.iter().map(|url| Source::parse(url).map(Entry::new)).collect()
}

/// True for a text that is nothing but URLs, or a curl command.
pub fn is_wanted(text: &str) -> bool {
    let sorted = sort(text, false);
    sorted.wrong.is_empty() && !sorted.entries.is_empty()
}

/// A text was pasted: into the box if one is open, else its URLs are added at once. A pattern is shown first, with what it
/// makes.
pub fn pasted(state: &mut State, text: &str, effects: &mut Vec<Effect>) {
    if !matches!(state.mode, Mode::Filter(_)) && put_in(state, text) {
        return;
    }
    let sorted = sort(text, false);
    if matches!(state.mode, Mode::Filter(_)) && sorted.entries.is_empty() {
        return edit::filter_paste(state, text);
    }
    let asks = matches!(state.mode, Mode::Twins(_));
    if !asks && form::ahead(text, false).is_some() && !sorted.entries.is_empty() {
        open(state);
        if let Some(form) = form::open(state) {
            form::paste(form, text);
        }
        return;
    }
    let terms = Terms::usual(&state.folder);
    let batch = batch(sorted.entries, &terms);
    match batch {
        Err(why) => toast::show(state, Tone::Bad, format!("nothing to add: {why}"), effects),
        Ok(batch) if batch.is_empty() => {
            let why = sorted.why.as_deref().unwrap_or("there is no text");
            toast::show(state, Tone::Bad, format!("nothing to add: {why}"), effects);
        }
        Ok(batch) => {
            let (batch, now) = twins::join_batch(state, batch);
            let (batch, repeated) = once(batch);
            let told = told((batch.len(), repeated), &sorted.wrong, sorted.why.as_deref());
            twins::offer(state, (batch, now), told, effects);
        }
    }
}

/// Puts a text where keys are text just now; false where they are orders.
pub fn put_in(state: &mut State, text: &str) -> bool {
    match &mut state.mode {
        Mode::Add(form) | Mode::Send(form) => form::paste(form, text),
        Mode::NewUrl { .. } => transfer::paste_url(state, text),
        Mode::Command(line) => command::paste(line, text),
        Mode::Filter(_) => edit::filter_paste(state, text),
        _ => return false,
    }
    true
}

/// True for a text that says how many were added, whatever else it says.
pub fn tells_of_added(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_digit()) && text.contains(" added")
}

fn told((good, repeated): (usize, usize), wrong: &[String], why: Option<&str>) -> (Tone, String) {
    let twice = if repeated > 0 { format!(", {repeated} repeated") } else { String::new() };
    match (good, wrong.len(), why) {
        (1, 0, _) => (Tone::Good, format!("1 URL added{twice}")),
        (_, 0, _) => (Tone::Good, format!("{good} URLs added{twice}")),
        (_, bad, why) => {
            (Tone::Warning, format!("{good} added{twice}, {bad} not understood: {}", why.unwrap_or("it is no URL")))
        }
    }
}

/// What is named again for the same place is one transfer; and how many were left out for that.
fn once(batch: Vec<(TransferId, Spec)>) -> (Vec<(TransferId, Spec)>, usize) {
    let count = batch.len();
    let mut seen = HashSet::new();
    let mut batch = batch;
    batch.retain(|(_, spec)| seen.insert((spec.source.clone(), spec.target.clone())));
    let left_out = count - batch.len();
    (batch, left_out)
}

/// Opens the box.
pub fn open(state: &mut State) {
    let mut form = Form::new(&Slot::DOWNLOAD);
    form.put(Slot::Folder, usual_folder(state));
    state.mode = Mode::Add(Box::new(form));
}

/// What the box begins with where it asks for a folder: nothing where that depends on the category.
fn usual_folder(state: &State) -> String {
    if state.categories.has_folders() { String::new() } else { state.folder.to_string_lossy().into_owned() }
}

/// Opens the box with what an order says.
pub fn open_with(state: &mut State, addition: Addition) {
    open(state);
    let Mode::Add(form) = &mut state.mode else { return };
    let mirrors: Vec<&str> = addition.mirrors.iter().map(|mirror| mirror.url().as_str()).collect();
    let texts = [
        (Slot::Urls, Some(addition.urls.join(" "))),
        (Slot::Folder, addition.folder.map(|folder| folder.to_string_lossy().into_owned())),
        (Slot::Name, addition.name),
        (Slot::Start, addition.at.map(|at| at.to_string()).or_else(|| addition.held.then(|| "paused".to_owned()))),
        (Slot::Connections, addition.limits.connections.map(|count| count.to_string())),
        (Slot::Limit, addition.limits.rate.map(|rate| rate.bytes().to_string())),
        (Slot::Checksum, addition.checksum.map(|checksum| checksum.to_string())),
        (Slot::Mirrors, Some(mirrors.join(" ")).filter(|text| !text.is_empty())),
    ];
    for (slot, text) in texts {
        if let Some(text) = text {
            form.put(slot, text);
        }
    }
    (form.priority, form.category) = (addition.priority, addition.category);
    form::look_ahead(form);
}

/// What the box says of all its files.
struct Terms {
    folder: std::path::PathBuf,
    name: Option<String>,
    limits: Limits,
    checksum: Option<crate::model::Checksum>,
    /// Headers of pasted commands, each for its own URLs,
    taken: Taken,
    /// and those for all of them.
    headers: Vec<Header>,
    mirrors: Vec<Source>,
    begin: Begin,
    priority: Priority,
    /// The folder is the category's, if that has one.
    sorts: bool,
    category: Option<Arc<str>>,
}

impl Terms {
    fn usual(folder: &Path) -> Self {
        Self {
            folder: folder.to_path_buf(),
            name: None,
            limits: Limits::default(),
            checksum: None,
            taken: Taken::default(),
            headers: Vec::new(),
            mirrors: Vec::new(),
            begin: Begin::Turn,
            priority: Priority::default(),
            sorts: true,
            category: None,
        }
    }

    /// Reads the box; an error names the line that is wrong.
    fn read(state: &State, form: &Form) -> Result<Self, (Slot, String)> {
        let mut headers = Vec::new();
        for text in form.value(Slot::Headers).split(" | ").map(str::trim).filter(|text| !text.is_empty()) {
            let header = Header::parse(text).map_err(|why| (Slot::Headers, why))?;
            if header.is_own() {
                return Err((Slot::Headers, format!("the header {} is set by haul itself", header.name)));
            }
            lay_over(&mut headers, [header]);
        }
        let mirrors = form.value(Slot::Mirrors).split_whitespace().map(Source::parse).collect::<Result<_, _>>();
        let checksum = given(form, Slot::Checksum).map(str::parse).transpose();
        let category = form.category.as_deref().map(|word| state.categories.chosen(word)).transpose();
        let typed = form.value(Slot::Folder);
        Ok(Self {
            folder: folder_of(state, form),
            name: given(form, Slot::Name).map(str::to_owned),
            limits: limits(form)?,
            checksum: checksum.map_err(|why| (Slot::Checksum, why))?,
            taken: form.taken.clone(),
            headers,
            mirrors: mirrors.map_err(|why| (Slot::Mirrors, why))?,
            begin: begin(state, form)?,
            priority: form.priority,
            sorts: typed.is_empty() || typed == usual_folder(state).trim(),
            category: category.map_err(|why| (Slot::Urls, why))?.flatten(),
        })
    }

    /// What is said of one file can't be said of several.
    fn check(&self, count: usize) -> Result<(), (Slot, String)> {
        let single = [
            (Slot::Name, "a name", self.name.is_some()),
            (Slot::Checksum, "a checksum", self.checksum.is_some()),
            (Slot::Mirrors, "a mirror", !self.mirrors.is_empty()),
        ];
        match single.into_iter().find(|entry| entry.2) {
            Some((slot, what, _)) if count > 1 => {
                Err((slot, format!("{what} belongs to one file, but there are {count} URLs")))
            }
            _ => Ok(()),
        }
    }
}

fn given(form: &Form, slot: Slot) -> Option<&str> {
    Some(form.value(slot)).filter(|text| !text.is_empty())
}

fn folder_of(state: &State, form: &Form) -> std::path::PathBuf {
    let text = form.value(Slot::Folder);
    // Not read back from the line: a path need not be text.
    if text.is_empty() || text == usual_folder(state).trim() {
        return state.folder.clone();
    }
    let typed = Path::new(text);
    if typed.starts_with("~") { crate::config::Paths::of_setting(typed) } else { state.folder.join(typed) }
}

/// How much of the line each may use.
pub fn limits(form: &Form) -> Result<Limits, (Slot, String)> {
    let wrong = || (Slot::Connections, "write a number from 1 to 64".to_owned());
    let connections = given(form, Slot::Connections)
        .map(|text| text.parse().ok().filter(|count| (1..=64).contains(count)).ok_or_else(wrong));
    let rate = given(form, Slot::Limit).map(str::parse).transpose().map_err(|why| (Slot::Limit, why))?;
    Ok(Limits { connections: connections.transpose()?, rate })
}

/// When they begin.
pub fn begin(state: &State, form: &Form) -> Result<Begin, (Slot, String)> {
    let wrong = |why: String| (Slot::Start, why);
    match given(form, Slot::Start) {
        None => Ok(Begin::Turn),
        Some("now") => Ok(Begin::Now),
        Some("paused" | "later") => Ok(Begin::Paused),
        Some(text) => {
            let time: StartTime = text.parse().map_err(|why| wrong(format!("{why}, now or paused")))?;
            let at = time.resolve(&*state.clock).ok_or_else(|| wrong(format!("{text}: this is past, or no date")))?;
            Ok(Begin::At(at))
        }
    }
}

/// Transfers of the entries, on these terms. What a list says of an entry goes before what the box says of all.
fn batch(entries: Vec<Entry>, terms: &Terms) -> Result<Vec<(TransferId, Spec)>, String> {
    entries.into_iter().map(|entry| Ok((TransferId::mint(), spec(entry, terms)?))).collect()
}

fn spec(entry: Entry, terms: &Terms) -> Result<Spec, String> {
    let has_folder =
        entry.folder.is_some() || entry.output.as_ref().is_some_and(|output| output.components().count() > 1);
    let sorts = terms.sorts && !has_folder;
    let folder = entry.folder.map_or_else(|| terms.folder.clone(), |folder| terms.folder.join(folder));
    let output = entry.output.as_deref().or(terms.name.as_deref().map(Path::new));
    let target = match output {
        Some(output) => Target::named(&folder, output)?,
        None => Target { folder: folder.into(), name: None },
    };
    let mut headers = terms.taken.of(&entry.source).to_vec();
    lay_over(&mut headers, terms.headers.iter().cloned());
    lay_over(&mut headers, entry.headers);
    let mut spec = Spec {
        target,
        headers: headers.into(),
        limits: terms.limits,
        priority: terms.priority,
        sorts,
        category: terms.category.clone(),
        checksum: entry.checksum.or_else(|| terms.checksum.clone()).map(Box::new),
        ..Spec::new(entry.source, terms.folder.clone())
    };
    let mut listed = Vec::new();
    if let Some(file) = &entry.described {
        spec.describe(file);
        listed.extend(Spec::of_metalink(file, terms.folder.clone()).into_iter().flat_map(|found| found.mirrors));
    }
    spec.mirrors = terms.mirrors.iter().cloned().chain(entry.mirrors).chain(listed).collect();
    Ok(spec)
}

/// Puts headers in the place of those that are called the same.
fn lay_over(headers: &mut Vec<Header>, others: impl IntoIterator<Item = Header>) {
    for other in others {
        headers.retain(|header| !header.name.eq_ignore_ascii_case(&other.name));
        headers.push(other);
    }
}

/// Enter: what is in the box is added, once a list that it names has been read.
pub fn submit(state: &mut State, effects: &mut Vec<Effect>) {
    let Mode::Add(form) = &mut state.mode else { return };
    if form.waits {
        return;
    }
    match given(form, Slot::List) {
        None if form.value(Slot::Urls).is_empty() => state.mode = Mode::Browse,
        None => finish(state, Vec::new(), effects),
        Some(list) => {
            effects.push(Effect::Ask(Inquiry::Read(list.into())));
            form.waits = true;
        }
    }
}

/// A list has been read. One that another box asked for, which was left since, is nobody's.
pub fn listed(state: &mut State, list: &Path, result: Result<Vec<Entry>, String>, effects: &mut Vec<Effect>) {
    let Mode::Add(form) = &mut state.mode else { return };
    if Path::new(form.value(Slot::List)) != list || !std::mem::take(&mut form.waits) {
        return;
    }
    match result {
        Ok(entries) if entries.is_empty() => form.complain(Slot::List, "there is no URL in this list"),
        Ok(entries) => finish(state, entries, effects),
        Err(why) => form.complain(Slot::List, why),
    }
}

/// Adds what can be added, all in one command, and says how it went.
fn finish(state: &mut State, listed: Vec<Entry>, effects: &mut Vec<Effect>) {
    let Mode::Add(form) = &state.mode else { return };
    let mut sorted = sort(form.value(Slot::Urls), form.literal);
    sorted.entries.extend(listed);
    let made = Terms::read(state, form).and_then(|terms| {
        terms.check(sorted.entries.len())?;
        Ok((batch(sorted.entries, &terms).map_err(|why| (Slot::Name, why))?, terms.begin))
    });
    let Mode::Add(form) = &mut state.mode else { return };
    let (batch, begin) = match made {
        Ok(made) => made,
        Err((slot, why)) => return form.complain(slot, why),
    };
    let why = sorted.why.as_deref();
    if batch.is_empty() {
        return form.complain(Slot::Urls, format!("nothing to add: {}", why.unwrap_or("there is no text")));
    }
    let (mut batch, repeated) = once(batch);
    let told = told((batch.len(), repeated), &sorted.wrong, why);
    if sorted.wrong.is_empty() {
        state.mode = Mode::Browse;
    } else {
        // What was not understood stays in the box, so that it can be mended.
        let rest = sorted.wrong.join(" ");
        form.taken.keep(&rest);
        form.put(Slot::Urls, rest);
        form.put(Slot::List, "");
        form.complain(Slot::Urls, told.1.as_str());
    }
    let now = twins::begin_so(&mut batch, begin);
    twins::offer(state, (batch, now), told, effects);
}
