//! Headers that came with pasted commands. They open doors, so they go to the hosts that they were given for and to no other.

use std::collections::HashMap;

use crate::ask::Entry;
use crate::model::{Header, Source};

/// Headers of pasted commands, apart by the origins of their URLs.
#[derive(Clone, Debug, Default)]
pub struct Taken(Vec<Origin>);

#[derive(Clone, Debug)]
struct Origin {
    /// One of its URLs.
    source: Source,
    /// What each URL came with.
    headers: HashMap<Source, Vec<Header>>,
    /// What the last one came with: for URLs that were typed or changed by hand.
    latest: Vec<Header>,
    /// What all of these are called, each once.
    names: Vec<String>,
}

impl Origin {
    fn new(source: Source) -> Self {
        Self { source, headers: HashMap::new(), latest: Vec::new(), names: Vec::new() }
    }

    fn add(&mut self, source: Source, headers: Vec<Header>) {
        for header in &headers {
            if !self.names.contains(&header.name) {
                self.names.push(header.name.clone());
            }
        }
        self.latest.clone_from(&headers);
        self.headers.insert(source, headers);
    }
}

impl Taken {
    /// Keeps what URLs came with.
    pub fn add(&mut self, entries: Vec<Entry>) {
        for Entry { source, headers, .. } in entries {
            let at = self.0.iter().position(|origin| origin.source.shares_origin(&source));
            let at = at.unwrap_or_else(|| {
                self.0.push(Origin::new(source.clone()));
                self.0.len() - 1
            });
            self.0[at].add(source, headers);
        }
    }

    /// What goes with a request for this URL.
    pub fn of(&self, source: &Source) -> &[Header] {
        let origin = self.0.iter().find(|origin| origin.source.shares_origin(source));
        origin.map_or(&[], |origin| origin.headers.get(source).unwrap_or(&origin.latest))
    }

    /// Forgets what came with URLs of which no word of a text is any more, nor another one of their origin.
    pub fn keep(&mut self, text: &str) {
        if self.0.is_empty() {
            return;
        }
        let left: Vec<Source> = text.split_whitespace().filter_map(|word| Source::parse(word).ok()).collect();
        self.0.retain(|origin| left.iter().any(|source| source.shares_origin(&origin.source)));
    }

    /// What the headers are called, each once. Their values are not shown.
    pub fn names(&self) -> Vec<&str> {
        let mut names: Vec<&str> = Vec::new();
        for name in self.0.iter().flat_map(|origin| &origin.names) {
            if !names.contains(&name.as_str()) {
                names.push(name);
            }
        }
        names
    }
}
