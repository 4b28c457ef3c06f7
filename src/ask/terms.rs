//! What is said of all that is asked for at once, and the transfers that come of it. Both faces make them here, so that a
//! list means the same wherever it is read.

use std::collections::HashMap;
use std::path::{self, Path, PathBuf};
use std::sync::Arc;

use super::{Entry, seen_from};
use crate::model::{
    Checksum, Described, Header, Limits, ObjectUrl, Priority, Source, Spec, Sums, Target, UnixTime, lay_over,
};

/// What is said of all entries. What an entry says of itself goes before it.
#[derive(Clone, Debug)]
pub struct Terms {
    /// The folder of what names none.
    pub folder: Arc<Path>,
    /// What the folder of an entry is seen from, where it is no whole path; an empty path is the current folder.
    pub base: PathBuf,
    /// What `~` stands for in the folder of an entry, which no shell has read.
    pub home: Option<PathBuf>,
    /// The one file's name, perhaps with folders before it. It must be one that `Target::named` takes.
    pub name: Option<PathBuf>,
    /// Headers for the hosts of all.
    pub headers: Vec<Header>,
    /// Other places of the one file.
    pub mirrors: Vec<Source>,
    /// What the one file must hash to.
    pub checksum: Option<Checksum>,
    /// Where a list of checksums is.
    pub sums: Option<Sums>,
    /// Compare with what servers announce.
    pub digests: bool,
    /// What each may use.
    pub limits: Limits,
    /// Their priority.
    pub priority: Priority,
    /// They start at this time and not before.
    pub start_at: Option<UnixTime>,
    /// They are paused.
    pub held: bool,
    /// What names no folder goes to that of its category, if that has one.
    pub sorts: bool,
    /// Their category.
    pub category: Option<Arc<str>>,
    /// Replace files that exist.
    pub overwrite: bool,
}

/// What belongs to one file and can't be said of several.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Single {
    /// Its name.
    Name,
    /// Its checksum.
    Checksum,
    /// Its mirrors.
    Mirrors,
}

impl Terms {
    /// Nothing but a folder, which those of the entries are seen from too. It may be one that can't be told, as the current
    /// one sometimes can't: that is an error of the entries that are to go there, and of no others.
    pub fn new(folder: &Path) -> Self {
        Self {
            folder: absolute(folder).unwrap_or_else(|_| folder.to_path_buf()).into(),
            base: folder.to_path_buf(),
            home: None,
            name: None,
            headers: Vec::new(),
            mirrors: Vec::new(),
            checksum: None,
            sums: None,
            digests: true,
            limits: Limits::default(),
            priority: Priority::default(),
            start_at: None,
            held: false,
            sorts: false,
            category: None,
            overwrite: false,
        }
    }

    /// What of this belongs to one file.
    pub fn single(&self) -> Option<Single> {
        let said = [
            (Single::Name, self.name.is_some()),
            (Single::Checksum, self.checksum.is_some()),
            (Single::Mirrors, !self.mirrors.is_empty()),
        ];
        said.into_iter().find_map(|(what, is_said)| is_said.then_some(what))
    }

    /// Where an entry's file goes.
    fn target(&self, entry: &Entry) -> Result<Target, String> {
        let folder = match &entry.folder {
            Some(own) => absolute(&seen_from(own, &self.base, self.home.as_deref()))?.into(),
            None => self.folder.clone(),
        };
        let target = match (&entry.output, &self.name) {
            (Some(output), _) => Target::named(&folder, output).map_err(|why| format!("out={why}"))?,
            (None, Some(name)) => Target::named(&folder, name)?,
            (None, None) => Target { folder, name: None },
        };
        // All that go to one folder have its path once.
        let is_settled = target.folder == self.folder && target.folder.is_absolute();
        Ok(if is_settled { target } else { Target { folder: absolute(&target.folder)?.into(), ..target } })
    }
}

impl Entry {
    /// The transfer of this entry, on these terms. An error is a sentence.
    pub fn spec(self, terms: &Terms) -> Result<Spec, String> {
        self.check(terms)?;
        let target = terms.target(&self)?;
        let mut headers = terms.headers.clone();
        lay_over(&mut headers, self.headers);
        let mut spec = Spec {
            sorts: terms.sorts && self.folder.is_none() && target.folder == terms.folder,
            target,
            headers: headers.into(),
            checksum: self.checksum.or_else(|| terms.checksum.clone()).map(Box::new),
            sums: terms.sums.clone(),
            digests: terms.digests,
            limits: terms.limits,
            priority: terms.priority,
            start_at: terms.start_at,
            held: terms.held,
            category: terms.category.clone(),
            overwrite: terms.overwrite,
            ..Spec::new(self.source, PathBuf::new())
        };
        if self.suggested.is_some() {
            spec.described = Described { name: self.suggested, ..Described::default() }.shared();
        }
        let mut listed = Vec::new();
        if let Some(file) = &self.described {
            spec.describe(file);
            listed.extend(Spec::of_metalink(file, PathBuf::new()).into_iter().flat_map(|described| described.mirrors));
        }
        spec.mirrors = terms.mirrors.iter().cloned().chain(self.mirrors).chain(listed).collect();
        Ok(spec)
    }

    /// A store's folder is no file: what belongs to one file can't be said of it.
    fn check(&self, terms: &Terms) -> Result<(), String> {
        let own = self.output.is_some() || self.checksum.is_some() || !self.mirrors.is_empty();
        let is_folder = || ObjectUrl::of(&self.source).is_some_and(|url| url.is_prefix());
        if (own || terms.single().is_some()) && is_folder() {
            return Err(format!(
                "{} is a folder, with any number of files below it: say in which folder they go; a name, a checksum and \
                 mirrors belong to one file",
                self.source
            ));
        }
        Ok(())
    }
}

/// Leaves out what is the same as one before it: what is named twice is one transfer, and no mistake.
pub fn once<T>(batch: &mut Vec<T>, spec: impl Fn(&T) -> &Spec) {
    let mut seen: HashMap<(&Source, &Target), &Spec> = HashMap::with_capacity(batch.len());
    let is_new = batch.iter().map(&spec).map(|spec| {
        let before = seen.insert((&spec.source, &spec.target), spec);
        before.is_none_or(|before| before != spec)
    });
    let mut is_new = is_new.collect::<Vec<bool>>().into_iter();
    batch.retain(|_| is_new.next().unwrap_or(true));
}

/// How many were added, in words, and how many were not since they had been named before.
pub fn added(count: usize, repeated: usize) -> String {
    let urls = if count == 1 { "URL" } else { "URLs" };
    let twice = if repeated > 0 { format!(", {repeated} repeated") } else { String::new() };
    format!("{count} {urls} added{twice}")
}

fn absolute(folder: &Path) -> Result<PathBuf, String> {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    path::absolute(folder).map_err(|why| {
        let which = if folder == Path::new(".") { "the current folder".into() } else { folder.display().to_string() };
        format!("{which}: {why}")
    })
}
