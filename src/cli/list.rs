//! `haul list` and the answer of `haul add`.

use std::fmt::Write as _;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::{Serialize, Serializer};

use crate::model::{Source, Status, TransferId, harmless, percent, size};

/// One transfer of the list.
#[derive(Clone, Debug, Serialize)]
pub struct ListItem {
    /// Which.
    #[serde(serialize_with = "as_text")]
    pub id: TransferId,
    /// What it is called.
    #[serde(serialize_with = "as_harmless")]
    pub name: String,
    /// Its URL without secrets.
    #[serde(serialize_with = "as_harmless")]
    pub url: String,
    /// The folder or, once it is known, the file that the bytes go to.
    #[serde(serialize_with = "as_path")]
    pub target: PathBuf,
    /// Where it stands.
    #[serde(serialize_with = "as_word")]
    pub status: Status,
    /// Why it stands so: what went wrong, and the way out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// Its own limit in bytes a second.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<u64>,
    /// Its priority, unless that is the normal one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub priority: Option<String>,
    /// What its category is called, if it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
    /// When it was added, in seconds since 1970, if that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub added: Option<u64>,
    /// When it is to start, in seconds since 1970, if that is still to come.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start_at: Option<u64>,
    /// The same for people.
    #[serde(skip)]
    pub starts: Option<String>,
    /// Bytes of the whole file, where known.
    pub length: Option<u64>,
    /// Bytes on disk.
    pub done: u64,
}

fn as_text<S: Serializer>(value: &impl ToString, out: S) -> Result<S::Ok, S::Error> {
    out.serialize_str(&value.to_string())
}

#[allow(clippy::trivially_copy_pass_by_ref)] // serde asks for a reference
fn as_word<S: Serializer>(value: &Status, out: S) -> Result<S::Ok, S::Error> {
    out.serialize_str(value.word())
}

fn as_harmless<S: Serializer>(value: &str, out: S) -> Result<S::Ok, S::Error> {
    out.serialize_str(&harmless(value))
}

fn as_path<S: Serializer>(value: &Path, out: S) -> Result<S::Ok, S::Error> {
    out.serialize_str(&harmless(&value.to_string_lossy()))
}

/// Prints the list: one JSON document, or a table that is never cut, so that it can be searched.
pub fn write_list(items: &[ListItem], json: bool, mut out: impl Write) -> io::Result<()> {
    let text = if json { document(items)? } else { table(items) };
    out.write_all(text.as_bytes())?;
    out.flush()
}

/// Prints what was queued: an id and its URL a line.
pub fn write_added(added: &[(TransferId, Source)], mut out: impl Write) -> io::Result<()> {
    let mut lines = String::new();
    for (id, source) in added {
        let _ = writeln!(lines, "{id}  {source}");
    }
    out.write_all(lines.as_bytes())?;
    out.flush()
}

/// A JSON array with one object a line.
fn document(items: &[ListItem]) -> io::Result<String> {
    let lines: Vec<String> = items.iter().map(serde_json::to_string).collect::<Result<_, _>>()?;
    Ok(if lines.is_empty() { "[]\n".to_owned() } else { format!("[\n{}\n]\n", lines.join(",\n")) })
}

fn table(items: &[ListItem]) -> String {
    if items.is_empty() {
        return "The queue is empty.\n".to_owned();
    }
    let statuses = items.iter().map(|item| standing(item).len()).max().unwrap_or(0).max(7);
    let mut text = format!("{:<16}  {:<statuses$}  {:>4}  {:>8}  NAME  URL\n", "ID", "STATUS", "DONE", "SIZE");
    for item in items {
        let share = match (item.status, item.length) {
            (Status::Done, _) => "100%".to_owned(),
            (_, Some(length)) => format!("{}%", percent(item.done, length)),
            (_, None) => "-".to_owned(),
        };
        let length = item.length.map_or_else(|| "-".to_owned(), size);
        let status = standing(item);
        let (name, url) = (harmless(&item.name), harmless(&item.url));
        let _ = writeln!(text, "{}  {status:<statuses$}  {share:>4}  {length:>8}  {name}  {url}", item.id);
    }
    text
}

/// Where it stands, with the time that it waits for.
fn standing(item: &ListItem) -> String {
    match &item.starts {
        Some(time) => format!("{} until {time}", item.status),
        None => item.status.to_string(),
    }
}
