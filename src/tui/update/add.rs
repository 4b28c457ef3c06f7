//! Adding: URLs that are pasted anywhere, and the box that takes them. What is no URL is told and, where there is a box
//! to keep it in, kept.

use std::path::Path;

use super::super::{Begin, Effect, Form, Inquiry, Mode, Slot, State, Taken, Tone};
use super::link::linked;
use super::{command, edit, form, toast, transfer, twins};
use crate::ask::{Entry, Single, Terms, added, expand, once, read_pasted};
use crate::config::{Addition, Paths};
use crate::model::{Header, Limits, Source, Spec, StartTime, Target, TransferId, lay_over};

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
    match read_pasted(text) {
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
    match batch(sorted.entries, &Taken::default(), &usual(&state.folder)) {
        Err(why) => toast::show(state, Tone::Bad, format!("nothing to add: {why}")),
        Ok(batch) if batch.is_empty() => {
            let why = sorted.why.as_deref().unwrap_or("there is no text");
            toast::show(state, Tone::Bad, format!("nothing to add: {why}"));
        }
        Ok(batch) => {
            let (batch, now) = twins::join_batch(state, batch);
            let (batch, repeated) = apart(batch);
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
    if wrong.is_empty() {
        return (Tone::Good, added(good, repeated));
    }
    let twice = if repeated > 0 { format!(", {repeated} repeated") } else { String::new() };
    let why = why.unwrap_or("it is no URL");
    (Tone::Warning, format!("{good} added{twice}, {} not understood: {why}", wrong.len()))
}

/// What is named again for the same place is one transfer; and how many were left out for that.
pub fn apart(mut batch: Vec<(TransferId, Spec)>) -> (Vec<(TransferId, Spec)>, usize) {
    let count = batch.len();
    once(&mut batch, |entry| &entry.1);
    let left_out = count - batch.len();
    (batch, left_out)
}

/// Opens the box.
pub fn open(state: &mut State) {
    let mut form = Form::new(&Slot::DOWNLOAD);
    form.put(Slot::Folder, usual_folder(state));
    form.opened();
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

/// What is said of all where nothing is said.
fn usual(folder: &Path) -> Terms {
    Terms { home: Paths::home(), sorts: true, ..Terms::new(folder) }
}

/// What the box says of all its files; an error names the line that is wrong.
fn terms(state: &State, form: &Form) -> Result<Terms, (Slot, String)> {
    let headers = form.value(Slot::Headers).split(" | ").map(str::trim).filter(|text| !text.is_empty());
    let headers = headers.map(Header::given).collect::<Result<_, _>>();
    let mirrors = form.value(Slot::Mirrors).split_whitespace().map(Source::parse).collect::<Result<_, _>>();
    let checksum = given(form, Slot::Checksum).map(str::parse).transpose();
    let category = form.category.as_deref().map(|word| state.categories.chosen(word)).transpose();
    let name = given(form, Slot::Name).map(Path::new);
    let named = name.map(|name| Target::named(Path::new(""), name)).transpose();
    let typed = form.value(Slot::Folder);
    let limits = limits(form)?;
    named.map_err(|why| (Slot::Name, why))?;
    Ok(Terms {
        name: name.map(Path::to_path_buf),
        limits,
        checksum: checksum.map_err(|why| (Slot::Checksum, why))?,
        headers: headers.map_err(|why| (Slot::Headers, why))?,
        mirrors: mirrors.map_err(|why| (Slot::Mirrors, why))?,
        priority: form.priority,
        sorts: typed.is_empty() || typed == usual_folder(state).trim(),
        category: category.map_err(|why| (Slot::Urls, why))?.flatten(),
        ..usual(&folder_of(state, form))
    })
}

/// What is said of one file can't be said of several.
fn check(terms: &Terms, count: usize) -> Result<(), (Slot, String)> {
    let (slot, what) = match terms.single() {
        Some(Single::Name) if count > 1 => (Slot::Name, "a name"),
        Some(Single::Checksum) if count > 1 => (Slot::Checksum, "a checksum"),
        Some(Single::Mirrors) if count > 1 => (Slot::Mirrors, "a mirror"),
        _ => return Ok(()),
    };
    Err((slot, format!("{what} belongs to one file, but there are {count} URLs")))
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
    Paths::below(&state.folder, Path::new(text))
}

/// How much of the line each may use.
pub fn limits(form: &Form) -> Result<Limits, (Slot, String)> {
    let connections = given(form, Slot::Connections).map(Limits::count).transpose();
    let rate = given(form, Slot::Limit).map(str::parse).transpose();
    Ok(Limits {
        connections: connections.map_err(|why| (Slot::Connections, why))?,
        rate: rate.map_err(|why| (Slot::Limit, why))?,
    })
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
            Ok(Begin::At(time.resolve(&*state.clock).map_err(wrong)?))
        }
    }
}

/// Transfers of the entries, on these terms. Headers of pasted commands go with the URLs of their own hosts, below what is
/// said of all.
fn batch(entries: Vec<Entry>, taken: &Taken, terms: &Terms) -> Result<Vec<(TransferId, Spec)>, String> {
    let spec = |mut entry: Entry| {
        let mut headers = taken.of(&entry.source).to_vec();
        lay_over(&mut headers, terms.headers.clone());
        lay_over(&mut headers, entry.headers);
        entry.headers = headers;
        Ok((TransferId::mint(), entry.spec(terms)?))
    };
    entries.into_iter().map(spec).collect()
}

/// Enter: what is in the box is added, once a list that it names has been read.
pub fn submit(state: &mut State, effects: &mut Vec<Effect>) {
    let Mode::Add(form) = &mut state.mode else { return };
    if form.waits {
        return;
    }
    match given(form, Slot::List) {
        None if form.is_untouched() => state.mode = Mode::Browse,
        None if form.value(Slot::Urls).is_empty() => form.complain(Slot::Urls, "paste or type a URL"),
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
    let is_listed = !listed.is_empty();
    sorted.entries.extend(listed);
    let of_entries = if is_listed { Slot::List } else { Slot::Urls };
    let made = terms(state, form).and_then(|terms| {
        check(&terms, sorted.entries.len())?;
        let begin = begin(state, form)?;
        Ok((batch(sorted.entries, &form.taken, &terms).map_err(|why| (of_entries, why))?, begin))
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
    let (mut batch, repeated) = apart(batch);
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
