//! Lists of URLs, from a file or from stdin.

use std::io::{self, BufRead, Read};
use std::path::PathBuf;

use crate::model::{Checksum, Header, LONGEST_METALINK, Metalink, MetalinkFile, Source};

/// Longer lines are no URLs; without a bound, `-i /dev/zero` would fill the memory.
const LONGEST_LINE: u64 = 64 * 1024;

/// A URL of a list with what its indented lines say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Where the bytes come from.
    pub source: Source,
    /// Other places of the same file: after it on its line, divided by tabs, or `mirror=`.
    pub mirrors: Vec<Source>,
    /// What a metalink says of it.
    pub described: Option<MetalinkFile>,
    /// `out=`: the file's name, perhaps with folders before it.
    pub output: Option<PathBuf>,
    /// A name that is not the user's word, as that of a pasted command: where it is taken, the file has another.
    pub suggested: Option<String>,
    /// `dir=`: the folder.
    pub folder: Option<PathBuf>,
    /// `checksum=`.
    pub checksum: Option<Checksum>,
    /// `header=`, as often as wanted.
    pub headers: Vec<Header>,
}

impl Entry {
    /// A URL with nothing said about it.
    pub fn new(source: Source) -> Self {
        Self {
            source,
            mirrors: Vec::new(),
            described: None,
            output: None,
            suggested: None,
            folder: None,
            checksum: None,
            headers: Vec::new(),
        }
    }

    /// Reads a line of URLs, divided by tabs: the first and its mirrors. Brackets in it are no patterns.
    pub fn parse(line: &str) -> Result<Self, String> {
        let mut urls = line.split('\t').map(str::trim).filter(|url| !url.is_empty()).map(Source::parse);
        let mut entry = Self::new(urls.next().unwrap_or_else(|| Source::parse(line))?);
        entry.mirrors = urls.collect::<Result<_, _>>()?;
        Ok(entry)
    }

    /// Takes in one indented line.
    fn set(&mut self, line: &str) -> Result<(), String> {
        let known = "an indented line is out=NAME, dir=DIR, checksum=ALGO:SUM, mirror=URL or header=Name: value";
        let (key, value) = line.split_once('=').ok_or(known)?;
        let (key, value) = (key.trim_end(), value.trim_start());
        if value.is_empty() {
            return Err("nothing stands after the =".to_owned());
        }
        match key {
            "out" => self.output = Some(PathBuf::from(value)),
            "dir" => self.folder = Some(PathBuf::from(value)),
            "checksum" => self.checksum = Some(value.parse()?),
            "mirror" => self.mirrors.push(Source::parse(value)?),
            "header" => self.headers.push(Header::given(value)?),
            _ => return Err(known.to_owned()),
        }
        Ok(())
    }
}

/// Reads a metalink: an entry for each of its files that can be had, and a sentence if there are others. Both that and an error
/// begin with `name`.
pub fn read_metalink(name: &str, from: impl Read) -> Result<(Vec<Entry>, Option<String>), String> {
    let mut bytes = Vec::new();
    let read = from.take(LONGEST_METALINK as u64 + 1).read_to_end(&mut bytes);
    read.map_err(|why| format!("{name}: it can't be read: {why}"))?;
    let Metalink { files, left_out } = Metalink::parse(&bytes).map_err(|why| format!("{name} {why}"))?;
    if files.is_empty() {
        return Err(format!("{name} {}", Metalink::NOTHING));
    }
    let source = |file: &MetalinkFile| Some(file.sources.first()?.source.clone());
    let entry = |file: MetalinkFile| Some(Entry { described: Some(file.clone()), ..Entry::new(source(&file)?) });
    let left = match left_out {
        0 => None,
        1 => Some(format!("{name}: one of its files is left out: it can't be had over http or https")),
        more => Some(format!("{name}: {more} of its files are left out: they can't be had over http or https")),
    };
    Ok((files.into_iter().filter_map(entry).collect(), left))
}

/// Reads a list: a URL a line, with its mirrors behind it where tabs divide them; blank lines and lines that begin with # are skipped; indented lines belong to the URL
/// above them, as in aria2's lists. An error begins with `name` and the line's number.
pub fn read_entries(name: &str, mut from: impl BufRead) -> Result<Vec<Entry>, String> {
    let mut entries: Vec<Entry> = Vec::new();
    let mut buffer = Vec::new();
    for number in 1_usize.. {
        let at = |why: String| format!("{name}, line {number}: {why}");
        if !read_line(&mut from, &mut buffer).map_err(at)? {
            break;
        }
        let line = std::str::from_utf8(&buffer).map_err(|_| at("this is not UTF-8".to_owned()))?;
        // Editors of another system begin a file with a byte order mark.
        let line = if number == 1 { line.trim_start_matches('\u{feff}') } else { line };
        let text = line.trim();
        if text.is_empty() || text.starts_with('#') {
            continue;
        }
        let scheme = text.split_once("://").map_or("", |(scheme, _)| scheme);
        let is_url = !scheme.is_empty() && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric());
        let indented = line.starts_with([' ', '\t']) && !is_url;
        if !indented {
            entries.push(Entry::parse(text).map_err(at)?);
        } else if let Some(last) = entries.last_mut() {
            last.set(text).map_err(at)?;
        } else {
            return Err(at("an indented line belongs to the URL above it, but there is none".to_owned()));
        }
    }
    Ok(entries)
}

/// The next line into `buffer`; false at the end.
fn read_line(from: &mut impl BufRead, buffer: &mut Vec<u8>) -> Result<bool, String> {
    buffer.clear();
    let read = |why: io::Error| format!("it can't be read: {why}");
    from.by_ref().take(LONGEST_LINE).read_until(b'\n', buffer).map_err(read)?;
    if buffer.len() as u64 == LONGEST_LINE {
        return Err(format!("it is longer than {LONGEST_LINE} bytes, so it is no URL"));
    }
    Ok(!buffer.is_empty())
}
