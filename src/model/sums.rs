//! Lists of checksums beside a file, such as SHA256SUMS: what they say of one name.

use std::str::FromStr;

use url::Url;

use super::{Algorithm, Checksum, ObjectUrl, Source};

/// Where a list of checksums is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sums {
    /// Beside the file, under one of the usual names.
    Beside,
    /// There.
    At(Source),
}

/// The usual names of lists of a whole folder, the best first.
const LISTS: [&str; 6] = ["SHA256SUMS", "SHA512SUMS", "sha256sum.txt", "sha512sum.txt", "SHA1SUMS", "MD5SUMS"];
/// The usual endings of a list of one file, the best first.
const ENDINGS: [&str; 6] = ["sha256", "sha512", "sha256sum", "sha512sum", "sha1", "md5"];
/// So many of these are asked for before a list of the folder: each that is not there costs a request.
const BEST: usize = 2;

impl Sums {
    /// As the user wrote it, the URL with its secrets: for files of mode 0600.
    pub fn text(&self) -> String {
        match self {
            Self::Beside => "auto".to_owned(),
            Self::At(list) => list.url().to_string(),
        }
    }

    /// The places to look at for the list of a source's file, the best first.
    pub fn places(&self, source: &Source) -> Vec<Source> {
        let Self::Beside = self else {
            return if let Self::At(list) = self { vec![list.clone()] } else { Vec::new() };
        };
        let mut bare = source.url().clone();
        bare.set_query(None);
        bare.set_fragment(None);
        // What stands behind the question mark of a store's URL says where the bucket is, and holds for all that lies in it.
        let newest = ObjectUrl::of(source).and_then(|url| url.with_key(&url.key).source().ok());
        let query = newest.as_ref().and_then(|newest| newest.url().query());
        let there = |mut url: Url| {
            url.set_query(query);
            Source::from(url)
        };
        let beside = |ending: &&str| {
            let mut url = bare.clone();
            url.set_path(&format!("{}.{ending}", bare.path()));
            there(url)
        };
        let in_folder = |name: &&str| bare.join(name).ok().map(there);
        ENDINGS
            .iter()
            .take(BEST)
            .map(beside)
            .chain(LISTS.iter().filter_map(in_folder))
            .chain(ENDINGS.iter().skip(BEST).map(beside))
            .collect()
    }
}

impl FromStr for Sums {
    type Err = String;

    /// Reads `auto` or a URL.
    fn from_str(text: &str) -> Result<Self, String> {
        if text == "auto" { Ok(Self::Beside) } else { Source::parse(text).map(Self::At) }
    }
}

/// One line of a list.
struct Entry {
    /// `None` if the line holds nothing but a checksum.
    name: Option<String>,
    checksum: Checksum,
}

/// What a list says of a file: in the formats of sha256sum and its kin, of BSD's tools (`SHA256 (name) = hex`) and of
/// openssl, or one bare checksum. Folders before a name don't matter, unless two lines differ only in them. `list` is
/// the list's own name, which tells the algorithm where the number of digits does not. `None` if nothing is said of
/// the name, or two things that contradict each other.
pub fn find_sum(text: &str, list: &str, name: &str) -> Option<Checksum> {
    let entries: Vec<Entry> =
        text.trim_start_matches('\u{feff}').lines().filter_map(|line| entry(line, list)).collect();
    // Of checksums by several algorithms the one that proves most; two by the same one contradict each other.
    let only = |found: Vec<&Entry>| {
        let best = *found.iter().max_by_key(|entry| entry.checksum.algorithm)?;
        let of_its_kind = |entry: &Entry| found.iter().find(|one| one.checksum.algorithm == entry.checksum.algorithm);
        let agrees = |entry: &&Entry| {
            let is_same = of_its_kind(entry).is_none_or(|first| first.checksum == entry.checksum);
            is_same && (entry.checksum.algorithm == best.checksum.algorithm || entry.name == best.name)
        };
        found.iter().all(agrees).then(|| best.checksum.clone())
    };
    let named = |wanted: &str| entries.iter().filter(|entry| entry.name.as_deref() == Some(wanted)).collect::<Vec<_>>();
    let last = |entry: &&Entry| {
        entry.name.as_deref().is_some_and(|full| full.rsplit(['/', '\\']).next().unwrap_or(full) == name)
    };
    let exact = named(name);
    if !exact.is_empty() {
        return only(exact);
    }
    let loose: Vec<&Entry> = entries.iter().filter(last).collect();
    if !loose.is_empty() {
        return only(loose);
    }
    match &entries[..] {
        [Entry { name: None, checksum }] => Some(checksum.clone()),
        _ => None,
    }
}

fn entry(line: &str, list: &str) -> Option<Entry> {
    let line = line.trim_end_matches(['\r', '\n', ' ', '\t']);
    let (escaped, line) = line.strip_prefix('\\').map_or((false, line), |rest| (true, rest));
    let name = |name: &str| if escaped { unescaped(name) } else { name.to_owned() };
    if let Some((head, hex)) = line.rsplit_once('=')
        && let Some((algorithm, rest)) = head.trim_end().split_once('(')
        && let Some(file) = rest.strip_suffix(')')
    {
        let checksum = Checksum::of_hex(Algorithm::named(algorithm)?, hex)?;
        return Some(Entry { name: Some(name(file)), checksum });
    }
    let line = line.trim_start();
    let (hex, rest) = line.split_once([' ', '\t']).unwrap_or((line, ""));
    let checksum = Checksum::of_hex(algorithm(hex.len(), list)?, hex)?;
    // One blank or a star tells text from binary, which is the same here.
    let file = rest.strip_prefix([' ', '*']).unwrap_or(rest).trim_start();
    Some(Entry { name: Some(name(file)).filter(|name| !name.is_empty()), checksum })
}

/// The algorithm of a checksum with so many hex digits.
fn algorithm(digits: usize, list: &str) -> Option<Algorithm> {
    let list = list.to_ascii_lowercase();
    if list.contains("b2") || list.contains("blake2") || list.contains("sha3") {
        return None;
    }
    let blake3 = list.contains("b3") || list.contains("blake3");
    match digits {
        32 => Some(Algorithm::Md5),
        40 => Some(Algorithm::Sha1),
        56 => Some(Algorithm::Sha224),
        64 if blake3 => Some(Algorithm::Blake3),
        64 => Some(Algorithm::Sha256),
        96 => Some(Algorithm::Sha384),
        128 => Some(Algorithm::Sha512),
        _ => None,
    }
}

/// A name as sha256sum escapes it: `\n`, `\r` and `\\`.
fn unescaped(name: &str) -> String {
    let mut plain = String::with_capacity(name.len());
    let mut characters = name.chars();
    while let Some(character) = characters.next() {
        plain.push(match character {
            '\\' => match characters.next() {
                Some('n') => '\n',
                Some('r') => '\r',
                Some(other) => other,
                None => '\\',
            },
            other => other,
        });
    }
    plain
}
