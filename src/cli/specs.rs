//! From arguments to what the engine is asked for.

use std::collections::HashSet;
use std::fmt;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use super::args::{AddArgs, EachArgs, GetArgs, ScreenArgs, TransferArgs};
use crate::ask::{Entry, Single, Terms, expand, once, read_curl, read_entries, read_metalink};
use crate::config::{Paths, SystemClock, nearest};
use crate::model::{Header, Limits, RateLimit, Source, Spec, StartTime, Target, UnixTime, WallClock, harmless};

/// A mistake of the user, as one harmless sentence; haul ends with code 2.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Usage(String);

impl Usage {
    /// A mistake in these words.
    pub fn new(sentence: impl AsRef<str>) -> Self {
        Self(harmless(sentence.as_ref()).into_owned())
    }
}

impl fmt::Display for Usage {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl std::error::Error for Usage {}

/// haul's commands, of which a misspelt one means the nearest.
const COMMANDS: [&str; 9] = ["get", "put", "ls", "presign", "add", "list", "run", "demo", "completions"];

/// What is asked for, and a sentence on what of a metalink is left out.
pub type Asked = (Vec<Spec>, Option<String>);

impl GetArgs {
    /// What to download; `folder` is used where neither -d nor -o says another one. Reads the list of -i, `-` from `stdin`.
    pub fn specs(&self, folder: &Path, stdin: impl BufRead) -> Result<Asked, Usage> {
        let limits = Limits { connections: self.whole.connections.count(), rate: None };
        let (mut specs, left) = self.transfers.specs(Terms { limits, ..Terms::new(folder) }, stdin)?;
        once(&mut specs, |spec| spec);
        one_way(&specs)?;
        one_place(&specs)?;
        Ok((needed("get", specs)?, left))
    }
}

impl AddArgs {
    /// What to queue; `folder` is used where neither -d nor -o says another one. Reads the list of -i, `-` from `stdin`.
    pub fn specs(&self, folder: &Path, stdin: impl BufRead) -> Result<Asked, Usage> {
        let (specs, left) = self.transfers.specs(self.each.terms(folder, &SystemClock::here())?, stdin)?;
        Ok((needed("add", specs)?, left))
    }
}

impl ScreenArgs {
    /// What to queue, which may be nothing; `folder` is used where neither -d nor -o says another one. Reads the list
    /// of -i, `-` from `stdin`.
    pub fn specs(&self, folder: &Path, stdin: impl BufRead) -> Result<Asked, Usage> {
        check_command(&self.transfers.urls)?;
        let each = &self.each;
        let idle = each.limits() == Limits::default()
            && each.priority.is_none()
            && each.at.is_none()
            && !each.paused
            && self.transfers.is_bare();
        let (specs, left) = self.transfers.specs(each.terms(folder, &SystemClock::here())?, stdin)?;
        if specs.is_empty() && !idle {
            let which = "-d, -H, --overwrite, -x, --limit, --priority, --at and --paused belong to the URLs of the same command";
            return Err(Usage::new(format!("{which}, and there are none; the settings file is for all transfers")));
        }
        Ok((specs, left))
    }
}

impl EachArgs {
    fn limits(&self) -> Limits {
        Limits { connections: self.connections.count(), rate: self.limit.and_then(|RateLimit(rate)| rate) }
    }

    /// What is said of each transfer that is queued. Where nobody names a folder, a file goes to that of its category.
    pub fn terms(&self, folder: &Path, clock: &dyn WallClock) -> Result<Terms, Usage> {
        Ok(Terms {
            limits: self.limits(),
            priority: self.priority.unwrap_or_default(),
            start_at: start_at(self.at, clock)?,
            held: self.paused,
            sorts: true,
            ..Terms::new(folder)
        })
    }
}

/// The moment that `--at` names.
pub(super) fn start_at(at: Option<StartTime>, clock: &dyn WallClock) -> Result<Option<UnixTime>, Usage> {
    let moment = |at: StartTime| at.resolve(clock).map_err(|why| Usage::new(format!("--at {why}")));
    at.map(moment).transpose()
}

/// One file can't be had in two ways at once.
fn one_way(specs: &[Spec]) -> Result<(), Usage> {
    let mut seen = HashSet::with_capacity(specs.len());
    match specs.iter().find(|spec| !seen.insert((&spec.source, &spec.target, &spec.described.name))) {
        Some(spec) => {
            let how = "is asked for twice for the same place, with other options";
            Err(Usage::new(format!(
                "{} {how}: leave one out, or give each a name of its own (out= in a list)",
                spec.source
            )))
        }
        None => Ok(()),
    }
}

/// Two files can't both be at one place; where servers choose the names, the second gets another one.
fn one_place(specs: &[Spec]) -> Result<(), Usage> {
    let mut seen = HashSet::with_capacity(specs.len());
    match specs.iter().filter(|spec| spec.target.name.is_some()).find(|spec| !seen.insert(&spec.target)) {
        Some(Spec { source, target, .. }) => {
            let path = target.folder.join(target.name.as_deref().unwrap_or_default());
            let how = "another URL before it is to be there too; give each a name of its own (out= in a list)";
            Err(Usage::new(format!("{source} is to be {}, and {how}", path.display())))
        }
        None => Ok(()),
    }
}

/// What is no URL, and looks like a command, was meant as one.
fn check_command(urls: &[String]) -> Result<(), Usage> {
    let Some(word) = urls.first().filter(|word| word.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-'))
    else {
        return Ok(());
    };
    let nearest = match word.as_str() {
        "cp" | "copy" | "upload" => "; did you mean \"put\"?".to_owned(),
        "fetch" | "download" => "; did you mean \"get\"?".to_owned(),
        "version" => "; did you mean --version?".to_owned(),
        _ => match COMMANDS.iter().find(|name| letters(name) == letters(word)) {
            Some(turned) => format!("; did you mean {turned:?}?"),
            None => nearest(word, &COMMANDS),
        },
    };
    Err(Usage::new(format!("there is no command {word:?}{nearest} (haul --help lists them)")))
}

fn letters(word: &str) -> Vec<u8> {
    let mut letters = word.as_bytes().to_vec();
    letters.sort_unstable();
    letters
}

fn needed(command: &str, specs: Vec<Spec>) -> Result<Vec<Spec>, Usage> {
    if specs.is_empty() {
        return Err(Usage::new(format!("there is no URL: write haul {command} URL, or -i LIST with URLs in it")));
    }
    Ok(specs)
}

impl TransferArgs {
    /// True if nothing is said that needs a URL.
    fn is_bare(&self) -> bool {
        let plain = !self.overwrite && !self.no_digests && self.checksums_from.is_none() && self.mirrors.is_empty();
        self.dir.is_none() && self.headers.is_empty() && plain
    }

    fn specs(&self, terms: Terms, stdin: impl BufRead) -> Result<Asked, Usage> {
        let (entries, left) = self.entries(stdin)?;
        let terms = self.terms(terms)?;
        check_single(&terms, entries.len())?;
        let specs = entries.into_iter().map(|entry| entry.spec(&terms).map_err(Usage::new));
        Ok((specs.collect::<Result<_, _>>()?, left))
    }

    /// The terms with what is said here. A file's name, and the folders of a list, are seen from the current folder.
    fn terms(&self, terms: Terms) -> Result<Terms, Usage> {
        let named = self.output.as_deref().map(|output| Target::named(Path::new(""), output)).transpose();
        named.map_err(|why| Usage::new(format!("-o {why}")))?;
        let own = self.dir.as_deref().or(self.output.is_some().then_some(Path::new("")));
        let mirrors = self.mirrors.iter().map(|url| Source::parse(url)).collect::<Result<_, _>>();
        Ok(Terms {
            folder: own.map_or(terms.folder, |own| Terms::new(own).folder),
            base: PathBuf::new(),
            home: Paths::home(),
            name: self.output.clone(),
            headers: headers(&self.headers)?,
            mirrors: mirrors.map_err(|why| Usage::new(format!("--mirror: {why}")))?,
            checksum: self.checksum.clone(),
            sums: self.checksums_from.clone(),
            digests: !self.no_digests,
            sorts: terms.sorts && own.is_none(),
            overwrite: self.overwrite,
            ..terms
        })
    }

    fn entries(&self, stdin: impl BufRead) -> Result<(Vec<Entry>, Option<String>), Usage> {
        let (mut entries, mut left) = (Vec::new(), Vec::new());
        for url in &self.urls {
            entries.extend(self.entries_of(url).map_err(Usage::new)?);
        }
        for metalink in &self.metalinks {
            let name = metalink.display().to_string();
            let file = File::open(metalink).map_err(|why| Usage::new(format!("{name}: {why}")))?;
            let (files, others) = read_metalink(&name, file).map_err(Usage::new)?;
            entries.extend(files);
            left.extend(others);
        }
        let left = (!left.is_empty()).then(|| left.join("; "));
        let listed = match &self.input {
            None => return Ok((entries, left)),
            Some(list) if list.as_os_str() == "-" => read_entries("stdin", stdin),
            Some(list) => {
                let name = list.display().to_string();
                let file = File::open(list).map_err(|why| Usage::new(format!("{name}: {why}")))?;
                read_entries(&name, BufReader::new(file))
            }
        };
        entries.extend(listed.map_err(Usage::new)?);
        Ok((entries, left))
    }

    /// What a word of the command line stands for: a URL, a pattern of URLs, or a whole curl command.
    fn entries_of(&self, word: &str) -> Result<Vec<Entry>, String> {
        if let Some(entries) = read_curl(word) {
            return entries;
        }
        let urls = if self.globoff { vec![word.to_owned()] } else { expand(word)? };
        urls.iter().map(|url| Source::parse(url).map(Entry::new)).collect()
    }
}

/// A name and a checksum belong to one file.
fn check_single(terms: &Terms, count: usize) -> Result<(), Usage> {
    let what = match terms.single() {
        Some(Single::Name) if count != 1 => "-o names one file",
        Some(Single::Checksum) if count != 1 => "--checksum is one file's",
        Some(Single::Mirrors) if count != 1 => "--mirror is one file's",
        _ => return Ok(()),
    };
    let instead = "in a list (-i), out=, checksum= and mirror= stand below their URL";
    Err(Usage::new(format!("{what}, but there are {count} URLs; {instead}")))
}

/// The headers that stand on the command line.
pub(super) fn headers(texts: &[String]) -> Result<Vec<Header>, Usage> {
    texts
        .iter()
        .map(|text| Header::given(text))
        .collect::<Result<_, _>>()
        .map_err(|why| Usage::new(format!("-H: {why}")))
}
