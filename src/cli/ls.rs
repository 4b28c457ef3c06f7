//! `haul ls` and `haul presign`: what is in a store, and URLs that are good by themselves.

use std::fmt::Write as _;
use std::time::Duration;

use clap::{Args, ValueEnum, ValueHint};
use serde::Serialize;

use super::network::NetworkArgs;
use super::specs::{Usage, headers};
use crate::api::Happening;
use crate::model::{Header, Listed, Source, date_and_time, harmless, size};

/// `haul ls`.
#[derive(Args)]
pub struct LsArgs {
    /// A bucket, a folder, or the beginning of names: s3://bucket/dir/
    #[arg(value_name = "URL", value_hint = ValueHint::Url)]
    pub url: String,
    /// All that lies below it, however deep
    #[arg(short, long)]
    pub recursive: bool,
    /// Print one JSON object a line
    #[arg(long)]
    pub json: bool,
    /// Send this header to the store ('Name: value'); may be repeated
    #[arg(short = 'H', long = "header", value_name = "HEADER")]
    pub headers: Vec<String>,
    /// How servers are dealt with.
    #[command(flatten)]
    pub network: NetworkArgs,
}

impl LsArgs {
    /// What is listed.
    pub fn place(&self) -> Result<Source, Usage> {
        Source::parse(&self.url).map_err(Usage::new)
    }

    /// The headers that go with it.
    pub fn headers(&self) -> Result<Vec<Header>, Usage> {
        headers(&self.headers)
    }
}

/// What a signed URL is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "UPPER")]
pub enum Method {
    /// To download the object.
    Get,
    /// To upload it.
    Put,
    /// To ask what it is.
    Head,
    /// To delete it.
    Delete,
}

impl Method {
    /// As HTTP has it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Put => "PUT",
            Self::Head => "HEAD",
            Self::Delete => "DELETE",
        }
    }
}

/// `haul presign`.
#[derive(Args)]
pub struct PresignArgs {
    /// An object: s3://bucket/key
    #[arg(value_name = "URL", value_hint = ValueHint::Url)]
    pub url: String,
    /// How long it is good for: 90s, 30m, 12h or 7d
    #[arg(long, value_name = "SPAN", default_value = "1h", value_parser = span)]
    pub expires: Duration,
    /// What it is good for
    #[arg(long, value_name = "METHOD", default_value = "GET", ignore_case = true)]
    pub method: Method,
}

impl PresignArgs {
    /// What is signed.
    pub fn place(&self) -> Result<Source, Usage> {
        Source::parse(&self.url).map_err(Usage::new)
    }
}

/// Seconds of a leap year, which is longer than any store's signed URL is good for.
const LONGEST: u64 = 366 * 86_400;

/// Reads a span of time.
fn span(text: &str) -> Result<Duration, String> {
    let wrong = || "write a span of time such as 90s, 30m, 12h or 7d".to_owned();
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let each = match &text[digits.len()..] {
        "" | "s" => 1,
        "m" => 60,
        "h" => 3600,
        "d" => 86_400,
        _ => return Err(wrong()),
    };
    let count: u64 = digits.parse().map_err(|_| wrong())?;
    let seconds = count.checked_mul(each).filter(|seconds| (1..=LONGEST).contains(seconds));
    seconds.map(Duration::from_secs).ok_or_else(|| "a signed URL is good for 1s to 366d".to_owned())
}

/// A line of `--json`.
#[derive(Serialize)]
struct Line<'a> {
    name: &'a str,
    url: Option<String>,
    folder: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    size: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    modified: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    etag: Option<&'a str>,
}

/// What stands above the columns.
pub const LISTED_HEAD: &str = "    SIZE  MODIFIED (UTC)       NAME\n";

/// The line that tells what happened to a list, as it is told of any transfer.
pub fn told_line(place: &Source, happening: &Happening) -> String {
    let said = happening.sentence_about(&place.to_string());
    format!("{:<5} {}  {}\n", happening.word(), harmless(&place.to_string()), harmless(&said))
}

/// The lines of one page.
pub fn listed_lines(entries: &[Listed], json: bool) -> String {
    entries.iter().map(|entry| if json { document(entry) } else { columns(entry) }).collect()
}

fn columns(entry: &Listed) -> String {
    let length = entry.length.filter(|_| !entry.is_folder).map_or_else(|| "-".to_owned(), size);
    let modified = entry.modified.map_or_else(|| "-".to_owned(), date_and_time);
    let mut line = String::new();
    // Writing to a string can't fail.
    let _ = writeln!(line, "{length:>8}  {modified:<19}  {}", harmless(&entry.name));
    line
}

fn document(entry: &Listed) -> String {
    let modified = entry.modified.map(|time| date_and_time(time).replace(' ', "T") + "Z");
    let line = Line {
        name: &harmless(&entry.name),
        url: entry.source.as_ref().map(ToString::to_string),
        folder: entry.is_folder,
        size: entry.length.filter(|_| !entry.is_folder),
        modified,
        etag: entry.etag.as_deref(),
    };
    // Strings and numbers always have a JSON form.
    serde_json::to_string(&line).map_or_else(|_| String::new(), |text| text + "\n")
}
