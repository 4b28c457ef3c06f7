//! A line as it is typed behind `:`, in plain mode, or in the settings for a key of one's own.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use super::Paths;
use super::orders::ORDERS;
use super::settings::distance;
use crate::ask::{Entry, Terms};
use crate::model::{
    Categories, Checksum, Limits, Priority, Rate, RateLimit, Source, Spec, StartTime, Target, WallClock,
};

/// What a line orders. `these` are the marked transfers or, without marks, the selected one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Order {
    /// Add transfers.
    Add(Box<Addition>),
    /// Pause these or all.
    Pause(Extent),
    /// Let these or all go on.
    Resume(Extent),
    /// Try these again.
    Retry,
    /// Start these next.
    Start,
    /// Start these at a time, or in their turn.
    At(Option<StartTime>),
    /// Limit all downloads together, or each of these.
    Limit(Extent, Option<Rate>),
    /// Give these a priority.
    Priority(Priority),
    /// Give these a category.
    Category(String),
    /// Move in the queue.
    Up,
    /// Move in the queue.
    Down,
    /// Move in the queue.
    Top,
    /// Move in the queue.
    Bottom,
    /// Remove these; the flag tells whether their data goes too.
    Remove(bool),
    /// Take the last removal back.
    Undo,
    /// Give this one a new URL.
    Url(Source),
    /// Give this one another name.
    Rename(String),
    /// Move these into a folder.
    Move(PathBuf),
    /// Compare finished files.
    Check,
    /// Open this one's file.
    Open,
    /// Open this one's folder.
    Folder,
    /// Copy URLs.
    CopyUrl,
    /// Copy paths.
    CopyPath,
    /// Filter the list; without words, no more.
    Filter(String),
    /// Sort by a column.
    Sort(String),
    /// Mark rows.
    Mark(String),
    /// Show another view.
    View(String),
    /// Change a setting.
    Set(String, String),
    /// Write the list to a file.
    Write(PathBuf),
    /// Show this one's log.
    Log,
    /// Show the help.
    Help,
    /// Leave.
    Quit,
    /// Run a command of the shell.
    Shell(String),
}

/// Which transfers a line speaks of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// The marked ones or the selected one.
    These,
    /// All.
    All,
}

/// What is to be added, and what is said of each of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Addition {
    /// From where: URLs, or patterns of them.
    pub urls: Vec<String>,
    /// Other places of the one file.
    pub mirrors: Vec<Source>,
    /// To which folder.
    pub folder: Option<PathBuf>,
    /// Under which name.
    pub name: Option<String>,
    /// What the file must hash to.
    pub checksum: Option<Checksum>,
    /// What it may use.
    pub limits: Limits,
    /// Its priority.
    pub priority: Priority,
    /// When it starts.
    pub at: Option<StartTime>,
    /// It is paused, and does not start.
    pub held: bool,
    /// Its category.
    pub category: Option<String>,
}

impl Addition {
    /// The transfers of these URLs, which its own ones stand for, in `folder` unless it names one. The error is a sentence,
    /// such as that it is to start in the past.
    pub fn specs(
        self,
        sources: Vec<Source>,
        folder: &Path,
        clock: &dyn WallClock,
        categories: &Categories,
    ) -> Result<Vec<Spec>, String> {
        self.check(sources.len())?;
        // As in the box: what is no whole path is below the folder for downloads.
        let named = self.folder.as_deref().map(|own| Paths::below(folder, own));
        let category = self.category.as_deref().map(|word| categories.chosen(word)).transpose()?.flatten();
        let terms = Terms {
            name: self.name.map(PathBuf::from),
            checksum: self.checksum,
            mirrors: self.mirrors,
            limits: self.limits,
            priority: self.priority,
            start_at: self.at.map(|at| at.resolve(clock)).transpose()?,
            held: self.held,
            sorts: named.is_none(),
            category,
            ..Terms::new(named.as_deref().unwrap_or(folder))
        };
        sources.into_iter().map(|source| Entry::new(source).spec(&terms)).collect()
    }

    /// What is said of one file can't be said of several.
    fn check(&self, count: usize) -> Result<(), String> {
        let one = self.name.is_some() || self.checksum.is_some() || !self.mirrors.is_empty();
        if one && count > 1 {
            return Err("name=, checksum= and mirror= are one file's, and there are several URLs".to_owned());
        }
        Ok(())
    }
}

impl FromStr for Order {
    type Err = String;

    fn from_str(line: &str) -> Result<Self, String> {
        let line = line.trim().trim_start_matches(':').trim_start();
        if let Some(command) = line.strip_prefix('!').map(str::trim).filter(|command| !command.is_empty()) {
            return Ok(Self::Shell(command.to_owned()));
        }
        let (first, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        let word =
            ORDERS.iter().find(|word| word.name == first || word.alias == Some(first)).ok_or_else(|| unknown(first))?;
        let rest = rest.trim();
        match (word.takes, rest) {
            ("", "") => {}
            ("", _) => return Err(format!("{} takes nothing behind it", word.name)),
            (takes, "") if !takes.starts_with('[') => return Err(format!("write :{first} {takes}")),
            _ => {}
        }
        read(word.name, rest).map_err(|why| if why.is_empty() { format!("write :{first} {}", word.takes) } else { why })
    }
}

/// Reads what stands behind a word; an empty mistake means that it is not what the word takes.
fn read(name: &str, rest: &str) -> Result<Order, String> {
    let text = || unquoted(rest).to_owned();
    Ok(match name {
        "add" => Order::Add(Box::new(addition(rest)?)),
        "pause" => Order::Pause(extent(rest)?),
        "resume" => Order::Resume(extent(rest)?),
        "at" if rest == "never" => Order::At(None),
        "at" => Order::At(Some(rest.parse()?)),
        "limit" => limit(rest)?,
        "priority" => Order::Priority(rest.parse()?),
        "category" => Order::Category(text()),
        "remove" => Order::Remove(false),
        "remove!" => Order::Remove(true),
        "url" => Order::Url(Source::parse(unquoted(rest))?),
        "rename" => Order::Rename(text()),
        "move" => Order::Move(text().into()),
        "copy" if rest == "url" => Order::CopyUrl,
        "copy" if rest == "path" => Order::CopyPath,
        "filter" => Order::Filter(text()),
        "sort" => Order::Sort(text()),
        "mark" => Order::Mark(text()),
        "view" => Order::View(text()),
        "set" => rest.split_once(char::is_whitespace).map(set).ok_or_else(String::new)?,
        "write" => Order::Write(text().into()),
        _ => bare(name).ok_or_else(String::new)?,
    })
}

fn bare(name: &str) -> Option<Order> {
    Some(match name {
        "retry" => Order::Retry,
        "start" => Order::Start,
        "up" => Order::Up,
        "down" => Order::Down,
        "top" => Order::Top,
        "bottom" => Order::Bottom,
        "undo" => Order::Undo,
        "check" => Order::Check,
        "open" => Order::Open,
        "folder" => Order::Folder,
        "log" => Order::Log,
        "help" => Order::Help,
        "quit" => Order::Quit,
        _ => return None,
    })
}

fn set((name, value): (&str, &str)) -> Order {
    Order::Set(name.trim_end_matches('=').to_owned(), unquoted(value.trim()).to_owned())
}

fn extent(rest: &str) -> Result<Extent, String> {
    match rest {
        "" => Ok(Extent::These),
        "all" => Ok(Extent::All),
        _ => Err(String::new()),
    }
}

fn limit(rest: &str) -> Result<Order, String> {
    if rest.is_empty() {
        return Err(String::new());
    }
    let (extent, rate) = match rest.strip_prefix("this") {
        Some(rate) if rate.starts_with(char::is_whitespace) => (Extent::These, rate.trim()),
        _ => (Extent::All, rest),
    };
    let RateLimit(rate) = rate.parse()?;
    Ok(Order::Limit(extent, rate))
}

fn addition(rest: &str) -> Result<Addition, String> {
    let mut addition = Addition::default();
    for word in words(rest)? {
        let option = word.split_once('=').filter(|(name, _)| name.chars().all(|c| c.is_ascii_lowercase()));
        match option {
            Some(("dir", "")) => return Err("dir= names no folder".to_owned()),
            Some(("dir", value)) => addition.folder = Some(value.into()),
            Some(("name", value)) => {
                // What is wrong with it stays in the line.
                Target::named(Path::new(""), Path::new(value))?;
                addition.name = Some(value.to_owned());
            }
            Some(("checksum", value)) => addition.checksum = Some(value.parse()?),
            Some(("limit", value)) => addition.limits.rate = value.parse::<RateLimit>()?.0,
            Some(("connections", value)) => {
                let count = Limits::count(value).map_err(|why| format!("connections=: {why}"))?;
                addition.limits.connections = Some(count);
            }
            Some(("priority", value)) => addition.priority = value.parse()?,
            Some(("at", "paused")) => addition.held = true,
            Some(("at", value)) => addition.at = Some(value.parse()?),
            Some(("category", value)) => addition.category = Some(value.to_owned()),
            Some(("mirror", value)) => addition.mirrors.push(Source::parse(value)?),
            Some((name, _)) => return Err(format!("add knows no {name}=")),
            None => addition.urls.push(url(word)?),
        }
    }
    if addition.urls.is_empty() {
        return Err("add needs a URL".to_owned());
    }
    addition.check(addition.urls.len())?;
    Ok(addition)
}

/// A URL; what a pattern stands for is read where it is added.
fn url(word: String) -> Result<String, String> {
    if !word.contains(['[', '{']) {
        Source::parse(&word)?;
    }
    Ok(word)
}

/// The words of a line; what stands in quotes is one word, or what an option is set to. Within a word a quote is a character like
/// any other: a URL may have one.
fn words(line: &str) -> Result<Vec<String>, String> {
    let (mut words, mut word, mut quote, mut begun) = (Vec::new(), String::new(), None, false);
    for c in line.chars() {
        match (c, quote) {
            (c, Some(open)) if c == open => quote = None,
            ('"' | '\'', None) if word.strip_suffix('=').map_or(!begun, is_name) => (quote, begun) = (Some(c), true),
            (c, None) if c.is_whitespace() => {
                if std::mem::take(&mut begun) {
                    words.push(std::mem::take(&mut word));
                }
            }
            (c, _) => {
                word.push(c);
                begun = true;
            }
        }
    }
    if begun {
        words.push(word);
    }
    quote.map_or(Ok(words), |quote| Err(format!("a closing {quote} is missing")))
}

/// True for what an option may be called.
fn is_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_lowercase())
}

/// A text without the quotes around all of it.
fn unquoted(text: &str) -> &str {
    let inner = |quote| text.strip_prefix(quote)?.strip_suffix(quote);
    inner('"').or_else(|| inner('\'')).unwrap_or(text)
}

fn unknown(word: &str) -> String {
    if word.is_empty() {
        return "there is no word; help shows them all".to_owned();
    }
    let nearest = ORDERS.iter().map(|known| (distance(word, known.name), known.name)).min();
    let is_near = |(changes, name): &(usize, &str)| *changes <= 2 && *changes < name.len().min(word.len());
    let hint = nearest.filter(is_near).map(|(_, name)| format!("; did you mean {name}?"));
    format!("there is no {word:?}{}", hint.unwrap_or_default())
}
