//! The lines that were typed behind `:`, kept from one start to the next: a small file for its owner alone, without lines
//! that may hold a secret.

use std::fs::{self, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use crate::model::Source;

/// So many lines can be had back.
pub const REMEMBERED: usize = 200;
/// A longer line is not kept,
const LONGEST: usize = 2048;
/// and a file of more bytes is begun anew with its newest lines.
const LARGE: usize = 256 * 1024;
/// A line with one of these may hold a password or a key, above all a command of the shell.
const TELLING: [&str; 16] = [
    "pass",
    // Also with the password right behind it, as 7z and mysql take it.
    " -p",
    "pwd",
    "secret",
    "token",
    "authorization",
    "bearer",
    "cookie",
    "credential",
    "signature",
    "apikey",
    "api_key",
    "api-key",
    "access_key",
    " -u ",
    "--user",
];

/// The lines that are kept, the newest last. None, if there are none or they can't be read: nothing depends on them.
pub fn load(path: &Path) -> Vec<String> {
    let Ok(file) = fs::File::open(path) else { return Vec::new() };
    let mut bytes = Vec::new();
    // Far more than haul ever leaves there.
    if file.take(4 * LARGE as u64).read_to_end(&mut bytes).is_err() {
        return Vec::new();
    }
    let text = String::from_utf8_lossy(&bytes);
    let mut lines: Vec<String> = Vec::new();
    for line in text.lines().filter(|line| may_be_kept(line)) {
        remember(&mut lines, line);
    }
    if bytes.len() > LARGE
        && let Err(why) = replace(path, &lines)
    {
        tracing::warn!("{}: not made shorter: {why}", path.display());
    }
    lines
}

/// Puts a line at the end, once.
pub fn remember(lines: &mut Vec<String>, line: &str) {
    lines.retain(|before| before != line);
    lines.push(line.to_owned());
    if lines.len() > REMEMBERED {
        lines.remove(0);
    }
}

/// Keeps a line for the next start.
pub fn keep(path: &Path, line: &str) -> io::Result<()> {
    let mut file = OpenOptions::new().append(true).create(true).mode(0o600).open(path)?;
    file.write_all(format!("{line}\n").as_bytes())
}

fn replace(path: &Path, lines: &[String]) -> io::Result<()> {
    let beside = path.with_extension("new");
    let _ = fs::remove_file(&beside);
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&beside)?;
    file.write_all((lines.join("\n") + "\n").as_bytes())?;
    fs::rename(beside, path)
}

/// True for a line that holds nothing that must not be on the disk in clear, as far as can be told: in doubt it does.
pub fn may_be_kept(line: &str) -> bool {
    let lower = line.to_lowercase();
    let is_short = !line.trim().is_empty() && line.len() <= LONGEST && !line.chars().any(char::is_control);
    is_short && !TELLING.iter().any(|word| lower.contains(word)) && line.split_whitespace().all(is_open)
}

/// True for a word that is no URL, or one without a login, a signature or anything else that is not shown.
fn is_open(word: &str) -> bool {
    let mut rest = word;
    while let Some(at) = rest.find("://") {
        let before = rest[..at].rfind(|c: char| !(c.is_ascii_alphanumeric() || "+-.".contains(c)));
        let url = rest[before.map_or(0, |at| at + 1)..].trim_end_matches(['"', '\'', ',', ';']);
        let plain = match Source::parse(url) {
            Ok(source) => !source.is_passing() && source.to_string() == source.url().as_str(),
            // A pattern, perhaps; or something that only looks like a URL.
            Err(_) => !url.contains(['@', '?', '#']),
        };
        if !plain {
            return false;
        }
        rest = &rest[at + 3..];
    }
    true
}
