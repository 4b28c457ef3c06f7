//! File names: those that servers choose made safe, those that are taken numbered, and part files named.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::Path;

use unicode_segmentation::UnicodeSegmentation;

use super::atomic::folder_of;
use super::room::nearest;
use crate::model::TransferId;

/// The longest name that a server may choose, in bytes; it leaves room for ` (12)` and for the part file's ending.
const MAX_NAME: usize = 200;
/// The longest name that file systems take, in bytes: most of them this,
const MAX_COMPONENT: usize = 255;
/// and all of them this (eCryptfs, which puts more into the name on the disk below).
const SURE_COMPONENT: usize = 143;
/// Bytes that a name may get for its number.
const NUMBER: usize = " (9999)".len();
/// What a name becomes that has nothing usable in it.
const NAMELESS: &str = "download";
/// First endings of pairs that belong together, as in `.tar.gz`.
const PAIRED: [&str; 2] = ["tar", "cpio"];

/// A name from outside made safe for any folder: its last path segment, without control, bidi, invisible and path
/// characters, not hidden, no option, no device of Windows, at most 200 bytes with its extension kept (RFC 6266,
/// section 4.3).
pub fn safe_name(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).find(|part| !part.trim().is_empty()).unwrap_or("");
    let shown = crate::model::harmless(last);
    let kept: String = shown.chars().filter(|c| *c != '\u{fffd}').map(plain).collect();
    let trimmed = kept.trim().trim_start_matches(['.', '-', ' ']).trim_end_matches(['.', ' ']);
    if trimmed.is_empty() {
        return NAMELESS.to_owned();
    }
    let name = shortened(trimmed, MAX_NAME);
    if is_device(&name) { format!("_{}", shortened(trimmed, MAX_NAME - 1)) } else { name }
}

/// True if every file system takes a name of this length, with a number too: then none is asked.
pub fn fits_anywhere(name: &str) -> bool {
    name.len() + NUMBER <= SURE_COMPONENT
}

/// A name that is safe anywhere, cut where the folder's file system takes none so long. Blocking, for a long one.
pub fn name_for(folder: &Path, name: &str) -> String {
    let limit = longest(folder, name.len() + NUMBER);
    if name.len() + NUMBER > limit { shortened(name, limit - NUMBER) } else { name.to_owned() }
}

/// The longest name that a folder's file system takes, in bytes; it is asked only for one of which that is in doubt.
fn longest(folder: &Path, wanted: usize) -> usize {
    if wanted <= SURE_COMPONENT {
        return MAX_COMPONENT;
    }
    let told = rustix::fs::statvfs(nearest(folder)).map_or(0, |disk| usize::try_from(disk.f_namemax).unwrap_or(0));
    // Some tell nothing, and some count in other units.
    if (SURE_COMPONENT..MAX_COMPONENT).contains(&told) { told } else { MAX_COMPONENT }
}

/// The same name with a number before its extension: `name (1).tar.gz`.
pub fn numbered(name: &str, number: u32) -> String {
    let (stem, extension) = split(name);
    format!("{stem} ({number}){extension}")
}

/// The part file's name for a target: `<name>.<16 hex digits>.part`. The digits follow from the target's path, so
/// that every process finds the same part file for the same target, and its lock guards the target.
pub fn part_name(target: &Path) -> OsString {
    hash_name(target, "part")
}

/// Where a copy of the part file is made that takes its place then.
pub(super) fn copy_name(target: &Path) -> OsString {
    hash_name(target, "copy")
}

fn hash_name(target: &Path, extension: &str) -> OsString {
    let hash = blake3::hash(target.as_os_str().as_bytes()).to_hex();
    beside(target, &format!(".{}.{extension}", &hash[..16]))
}

/// The name beside a target that belongs to one transfer alone: `<name>.<its id>.<extension>`.
pub(super) fn id_name(target: &Path, id: TransferId, extension: &str) -> OsString {
    beside(target, &format!(".{id}.{extension}"))
}

/// A target's name with another ending, cut where it would be too long.
fn beside(target: &Path, ending: &str) -> OsString {
    let name = target.file_name().unwrap_or(OsStr::new(NAMELESS));
    let room = longest(folder_of(target), name.len() + ending.len()) - ending.len();
    let mut name = match name.to_str() {
        Some(text) => cut(text, room).as_bytes().to_vec(),
        None => name.as_bytes()[..name.len().min(room)].to_vec(),
    };
    name.extend_from_slice(ending.as_bytes());
    OsString::from_vec(name)
}

/// Characters that some file system forbids become an underscore; odd blanks become blanks.
fn plain(c: char) -> char {
    match c {
        '<' | '>' | ':' | '"' | '|' | '?' | '*' => '_',
        c if c.is_whitespace() => ' ',
        c => c,
    }
}

/// Names that Windows keeps for devices, whatever their extension.
fn is_device(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or("").trim_end().to_ascii_uppercase();
    let digit = |rest: &str| matches!(rest, "¹" | "²" | "³") || matches!(rest.as_bytes(), [b'1'..=b'9']);
    let numbered = |prefix| stem.strip_prefix(prefix).is_some_and(digit);
    matches!(stem.as_str(), "CON" | "PRN" | "AUX" | "NUL" | "CONIN$" | "CONOUT$") || numbered("COM") || numbered("LPT")
}

/// A name in its stem and its extension (with the dot); the extension may be a pair such as `.tar.gz`.
fn split(name: &str) -> (&str, &str) {
    let short = |ending: &str| !ending.is_empty() && ending.len() <= 12 && !ending.contains(' ');
    match name.rsplit_once('.') {
        Some((stem, ending)) if !stem.is_empty() && short(ending) => {
            let pair = stem.rsplit_once('.').filter(|(rest, first)| !rest.is_empty() && PAIRED.contains(first));
            let stem = pair.map_or(stem, |(rest, _)| rest);
            name.split_at(stem.len())
        }
        _ => (name, ""),
    }
}

/// The name cut before its extension. What is left may end in what counts as an extension now, so it is looked at again.
fn shortened(name: &str, limit: usize) -> String {
    let (stem, extension) = split(name);
    let stem = cut(stem, limit.saturating_sub(extension.len()));
    let stem = if extension.is_empty() { stem.trim_end_matches(['.', ' ']) } else { stem.trim_end() };
    let short = format!("{stem}{extension}");
    if short == name { short } else { shortened(&short, limit) }
}

/// The longest beginning of at most so many bytes that does not cut a character (as people see them) in two; one that
/// is longer than that by itself, with hundreds of marks, has to be cut all the same.
fn cut(text: &str, limit: usize) -> &str {
    let fits = |(at, grapheme): &(usize, &str)| at + grapheme.len() <= limit;
    let end = text.grapheme_indices(true).take_while(fits).last().map_or(0, |(at, grapheme)| at + grapheme.len());
    if end == 0 {
        let whole = text.char_indices().map(|(at, c)| at + c.len_utf8()).take_while(|end| *end <= limit);
        return &text[..whole.last().unwrap_or(0)];
    }
    &text[..end]
}
