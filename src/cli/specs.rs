//! From arguments to what the engine is asked for.

use std::collections::HashMap;
use std::fmt;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{self, Path, PathBuf};
use std::sync::Arc;

use super::args::{AddArgs, EachArgs, GetArgs, ScreenArgs, TransferArgs};
use crate::ask::{Entry, expand, read_curl, read_entries, read_metalink};
use crate::config::{Paths, SystemClock};
use crate::model::{Header, Limits, ObjectUrl, Source, Spec, StartTime, Target, UnixTime, WallClock, harmless};

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

impl GetArgs {
    /// What to download; `folder` is used where neither -d nor -o says another one. Reads the list of -i, `-` from `stdin`.
    pub fn specs(&self, folder: &Path, stdin: impl BufRead) -> Result<Vec<Spec>, Usage> {
        let limits = Limits { connections: self.whole.connections.count(), rate: None };
        Ok(once(needed("get", self.transfers.specs(folder, limits, stdin)?)?))
    }
}

impl AddArgs {
    /// What to queue; `folder` is used where neither -d nor -o says another one. Reads the list of -i, `-` from `stdin`.
    pub fn specs(&self, folder: &Path, stdin: impl BufRead) -> Result<Vec<Spec>, Usage> {
        let mut specs = self.transfers.specs(folder, self.each.limits(), stdin)?;
        self.transfers.sort(&mut specs, folder);
        needed("add", self.each.settled(specs, &SystemClock::here())?)
    }
}

impl ScreenArgs {
    /// What to queue, which may be nothing; `folder` is used where neither -d nor -o says another one. Reads the list
    /// of -i, `-` from `stdin`.
    pub fn specs(&self, folder: &Path, stdin: impl BufRead) -> Result<Vec<Spec>, Usage> {
        let limits = self.each.limits();
        let each = &self.each;
        let idle = limits == Limits::default()
            && each.priority.is_none()
            && each.at.is_none()
            && !each.paused
            && self.transfers.is_bare();
        let mut specs = self.transfers.specs(folder, limits, stdin)?;
        self.transfers.sort(&mut specs, folder);
        let specs = each.settled(specs, &SystemClock::here())?;
        if specs.is_empty() && !idle {
            let which = "-d, -H, --overwrite, -x, --limit, --priority, --at and --paused belong to the URLs of the same command";
            return Err(Usage::new(format!("{which}, and there are none; the settings file is for all transfers")));
        }
        Ok(specs)
    }
}

impl EachArgs {
    fn limits(&self) -> Limits {
        Limits { connections: self.connections.count(), rate: self.limit }
    }

    /// The transfers with what was said of each of them.
    pub fn settled(&self, mut specs: Vec<Spec>, clock: &dyn WallClock) -> Result<Vec<Spec>, Usage> {
        let start_at = start_at(self.at, clock)?;
        for spec in &mut specs {
            (spec.priority, spec.start_at) = (self.priority.unwrap_or_default(), start_at);
            spec.held = self.paused;
        }
        Ok(specs)
    }
}

/// The moment that `--at` names.
pub(super) fn start_at(at: Option<StartTime>, clock: &dyn WallClock) -> Result<Option<UnixTime>, Usage> {
    let moment =
        |at: StartTime| at.resolve(clock).ok_or_else(|| Usage::new(format!("--at {at}: this is past, or no date")));
    at.map(moment).transpose()
}

/// What a list names twice is one file, and no mistake.
fn once(mut specs: Vec<Spec>) -> Vec<Spec> {
    let mut seen: HashMap<(&Source, &Target), &Spec> = HashMap::with_capacity(specs.len());
    let is_new =
        specs.iter().map(|spec| seen.insert((&spec.source, &spec.target), spec).is_none_or(|before| before != spec));
    let mut is_new = is_new.collect::<Vec<bool>>().into_iter();
    specs.retain(|_| is_new.next().unwrap_or(true));
    specs
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

    fn specs(&self, folder: &Path, limits: Limits, stdin: impl BufRead) -> Result<Vec<Spec>, Usage> {
        let entries = self.entries(stdin)?;
        self.check_single(entries.len())?;
        self.check_folders(&entries)?;
        let headers = headers(&self.headers)?;
        let folder = absolute(self.dir.as_deref().unwrap_or(folder)).map(Arc::from);
        entries.into_iter().map(|entry| self.spec(entry, &folder, &headers, limits)).collect()
    }

    /// Where nobody has named a folder, a file goes to that of its category.
    fn sort(&self, specs: &mut [Spec], usual: &Path) {
        for spec in specs.iter_mut().filter(|_| self.dir.is_none() && self.output.is_none()) {
            spec.sorts = *spec.target.folder == *usual;
        }
    }

    fn entries(&self, stdin: impl BufRead) -> Result<Vec<Entry>, Usage> {
        let mut entries = Vec::new();
        for url in &self.urls {
            entries.extend(self.entries_of(url).map_err(Usage::new)?);
        }
        for metalink in &self.metalinks {
            let name = metalink.display().to_string();
            let file = File::open(metalink).map_err(|why| Usage::new(format!("{name}: {why}")))?;
            entries.extend(read_metalink(&name, file).map_err(Usage::new)?);
        }
        let listed = match &self.input {
            None => return Ok(entries),
            Some(list) if list.as_os_str() == "-" => read_entries("stdin", stdin),
            Some(list) => {
                let name = list.display().to_string();
                let file = File::open(list).map_err(|why| Usage::new(format!("{name}: {why}")))?;
                read_entries(&name, BufReader::new(file))
            }
        };
        entries.extend(listed.map_err(Usage::new)?);
        Ok(entries)
    }

    /// What a word of the command line stands for: a URL, a pattern of URLs, or a whole curl command.
    fn entries_of(&self, word: &str) -> Result<Vec<Entry>, String> {
        if let Some(entries) = read_curl(word) {
            return entries;
        }
        let urls = if self.globoff { vec![word.to_owned()] } else { expand(word)? };
        urls.iter().map(|url| Source::parse(url).map(Entry::new)).collect()
    }

    /// A name and a checksum belong to one file.
    fn check_single(&self, count: usize) -> Result<(), Usage> {
        let given = [
            ("-o names one file", self.output.is_some()),
            ("--checksum is one file's", self.checksum.is_some()),
            ("--mirror is one file's", !self.mirrors.is_empty()),
        ];
        match given.into_iter().find(|entry| entry.1) {
            Some((what, _)) if count != 1 => {
                let instead = "in a list (-i), out=, checksum= and mirror= stand below their URL";
                Err(Usage::new(format!("{what}, but there are {count} URLs; {instead}")))
            }
            _ => Ok(()),
        }
    }

    /// A store's folder is no file: what belongs to one file can't be said of it.
    fn check_folders(&self, entries: &[Entry]) -> Result<(), Usage> {
        let is_folder = |source: &Source| ObjectUrl::of(source).is_some_and(|url| url.is_prefix());
        let is_single = |entry: &&Entry| {
            self.output.is_some()
                || self.checksum.is_some()
                || !self.mirrors.is_empty()
                || entry.output.is_some()
                || entry.checksum.is_some()
                || !entry.mirrors.is_empty()
        };
        match entries.iter().find(|entry| is_folder(&entry.source) && is_single(entry)) {
            Some(entry) => Err(Usage::new(format!(
                "{} is a folder, with any number of files below it: say with -d where they go; a name, a checksum and mirrors \
                 belong to one file",
                entry.source
            ))),
            None => Ok(()),
        }
    }

    /// One transfer. What a list says of an entry goes before what the command line says of all.
    /// `folder` may be one that can't be told, where all others are named.
    fn spec(
        &self,
        entry: Entry,
        folder: &Result<Arc<Path>, Usage>,
        headers: &[Header],
        limits: Limits,
    ) -> Result<Spec, Usage> {
        // No shell has read the list.
        let own = entry
            .folder
            .as_deref()
            .map(|own| if own.starts_with("~") { Ok(Paths::of_setting(own)) } else { absolute(own) });
        let own = own.transpose()?;
        let folder = || own.map_or_else(|| folder.clone(), |own| Ok(own.into()));
        let target = match (&entry.output, &self.output) {
            (Some(output), _) => named(&folder()?, output, "out=")?,
            (None, Some(output)) => named(Path::new(""), output, "-o ")?,
            (None, None) => Target { folder: folder()?, name: None },
        };
        let headers: Vec<Header> = headers.iter().cloned().chain(entry.headers).collect();
        check_headers(&headers)?;
        let given = self.mirrors.iter().map(|url| Source::parse(url)).collect::<Result<Vec<_>, _>>();
        let given = given.map_err(|why| Usage::new(format!("--mirror: {why}")))?;
        let mut spec = Spec {
            target,
            headers: headers.into(),
            checksum: entry.checksum.or_else(|| self.checksum.clone()).map(Box::new),
            sums: self.checksums_from.clone(),
            digests: !self.no_digests,
            limits,
            overwrite: self.overwrite,
            ..Spec::new(entry.source, PathBuf::new())
        };
        let mut listed = Vec::new();
        if let Some(file) = &entry.described {
            spec.describe(file);
            listed.extend(Spec::of_metalink(file, PathBuf::new()).into_iter().flat_map(|described| described.mirrors));
        }
        spec.mirrors = given.into_iter().chain(entry.mirrors).chain(listed).collect();
        Ok(spec)
    }
}

/// The headers that stand on the command line.
pub(super) fn headers(texts: &[String]) -> Result<Vec<Header>, Usage> {
    let headers = texts.iter().map(|text| Header::parse(text)).collect::<Result<Vec<_>, _>>();
    let headers = headers.map_err(|why| Usage::new(format!("-H: {why}")))?;
    check_headers(&headers)?;
    Ok(headers)
}

fn check_headers(headers: &[Header]) -> Result<(), Usage> {
    match headers.iter().find(|header| header.is_own()) {
        Some(header) => Err(Usage::new(format!("the header {} is set by haul itself", header.name))),
        None => Ok(()),
    }
}

/// The folder and the name of a file that the user named in words that begin with `option`.
fn named(folder: &Path, output: &Path, option: &str) -> Result<Target, Usage> {
    let target = Target::named(folder, output).map_err(|why| Usage::new(format!("{option}{why}")))?;
    Ok(Target { folder: absolute(&target.folder)?.into(), ..target })
}

fn absolute(folder: &Path) -> Result<PathBuf, Usage> {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    path::absolute(folder).map_err(|why| {
        let which = if folder == Path::new(".") { "the current folder".into() } else { folder.display().to_string() };
        Usage::new(format!("{which}: {why}"))
    })
}
