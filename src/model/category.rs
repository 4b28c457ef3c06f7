//! Categories: kinds of files, by the endings of their names and by their hosts, each perhaps with a folder of its own.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::Spec;

/// So many endings of a name are looked at: `gz`, `tar.gz` and one more.
const ENDINGS: usize = 3;

/// A kind of files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Category {
    /// What it is called.
    pub name: Arc<str>,
    /// Endings of names, in lower case and without the dot; none for any.
    pub extensions: Vec<String>,
    /// Hosts, in lower case; `*.example.org` is that host and all below it; none for any.
    pub hosts: Vec<String>,
    /// Where its files go, absolute; `None` for where all others go.
    pub folder: Option<Arc<Path>>,
}

impl Category {
    fn is_of_host(&self, host: &str) -> bool {
        self.hosts.iter().any(|wanted| match wanted.strip_prefix("*.") {
            Some(above) => host == above || host.strip_suffix(above).is_some_and(|rest| rest.ends_with('.')),
            None => host == wanted,
        })
    }
}

/// All categories.
#[derive(Clone, Debug, Default)]
pub struct Categories {
    all: Vec<Category>,
    /// Those with hosts, which go before the others,
    hosted: Vec<usize>,
    /// and for each ending the first of those without.
    by_extension: HashMap<String, usize>,
}

impl Categories {
    /// These; where a file fits several, one that names hosts goes before one that names none, and then the first.
    pub fn new(all: Vec<Category>) -> Self {
        let mut by_extension = HashMap::new();
        for (at, category) in all.iter().enumerate().filter(|entry| entry.1.hosts.is_empty()) {
            for extension in &category.extensions {
                by_extension.entry(extension.clone()).or_insert(at);
            }
        }
        let hosted = (0..all.len()).filter(|at| !all[*at].hosts.is_empty()).collect();
        Self { all, hosted, by_extension }
    }

    /// What they are called.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.all.iter().map(|category| &*category.name)
    }

    /// The one of this name, however it is capitalised.
    pub fn named(&self, name: &str) -> Option<&Category> {
        self.all.iter().find(|category| category.name.eq_ignore_ascii_case(name))
    }

    /// True if one of them has a folder of its own.
    pub fn has_folders(&self) -> bool {
        self.all.iter().any(|category| category.folder.is_some())
    }

    /// The one that a file of this name from this host belongs to.
    pub fn of(&self, name: &str, host: &str) -> Option<&Category> {
        let mut endings: Vec<&str> = name.rmatch_indices('.').take(ENDINGS).map(|(at, _)| &name[at + 1..]).collect();
        // The longest one says most.
        endings.reverse();
        let fits = |category: &Category| {
            let any = category.extensions.is_empty();
            any || endings.iter().any(|ending| category.extensions.iter().any(|own| own.eq_ignore_ascii_case(ending)))
        };
        let hosted = self.hosted.iter().map(|at| &self.all[*at]);
        let mut hosted = hosted.filter(|category| category.is_of_host(host));
        hosted.find(|category| fits(category)).or_else(|| {
            let known = |ending: &&str| self.by_extension.get(&ending.to_ascii_lowercase());
            endings.iter().find_map(known).map(|at| &self.all[*at])
        })
    }

    /// What a person means by a word: a category, `auto` for the one that a file belongs to (which is `None`), or `none`.
    pub fn chosen(&self, word: &str) -> Result<Option<Arc<str>>, String> {
        match word {
            "auto" => Ok(None),
            "none" => Ok(Some("".into())),
            _ => self.named(word).map(|category| Some(category.name.clone())).ok_or_else(|| {
                let known: Vec<&str> = self.names().chain(["auto", "none"]).collect();
                format!("there is no category {word:?}: {}", known.join(", "))
            }),
        }
    }

    /// What the category of a transfer is called, whose file has this name: the one that the user gave it, or else the one
    /// that it belongs to.
    pub fn name_of(&self, spec: &Spec, name: &str) -> Option<Arc<str>> {
        match &spec.category {
            Some(given) => Some(given.clone()).filter(|given| !given.is_empty()),
            None => self.of(name, host(spec)).map(|category| category.name.clone()),
        }
    }

    /// The folder of a transfer whose file has this name: its category's, unless the user has named one.
    pub fn folder_of(&self, spec: &Spec, name: &str) -> Arc<Path> {
        let category = match (&spec.category, spec.sorts) {
            (_, false) => None,
            (Some(given), true) => self.named(given),
            (None, true) => self.of(name, host(spec)),
        };
        category.and_then(|category| category.folder.clone()).unwrap_or_else(|| spec.target.folder.clone())
    }
}

/// What a transfer's file is called and where it goes, as far as that can be said before it is there.
#[derive(Clone, Debug)]
pub struct Guess {
    /// What it is called.
    pub name: String,
    /// The folder that it goes to.
    pub folder: Arc<Path>,
    /// The file, if its name is more than a guess.
    pub target: Option<PathBuf>,
}

impl Categories {
    /// Of a transfer whose target is this, if that is settled.
    pub fn guess(&self, spec: &Spec, target: Option<&Path>) -> Guess {
        let settled = target.and_then(|target| Some(target.file_name()?.to_string_lossy().into_owned()));
        let name = settled.or_else(|| spec.target.name.clone()).or_else(|| spec.source.last_segment());
        let name = name.unwrap_or_else(|| spec.source.host());
        let folder = self.folder_of(spec, &name);
        let target = target.map(Path::to_path_buf).or_else(|| Some(folder.join(spec.target.name.as_ref()?)));
        Guess { name, folder, target }
    }
}

fn host(spec: &Spec) -> &str {
    spec.source.url().host_str().unwrap_or("")
}
