//! A machine with a home, and a store as its proxy.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use haul::model::{Fault, StoreOptions, Vendor};
use haul::protocol::{Asked, Http, HttpOptions, Stores, Surroundings};

use crate::protocol::driver::{ask, options, question};
use crate::support::Store;

/// A driver with these settings, variables, and files in its home; over the store as a proxy, so that the vendors' own
/// hosts can be asked.
pub struct Room {
    home: tempfile::TempDir,
    settings: BTreeMap<String, StoreOptions>,
    variables: Vec<(String, String)>,
}

impl Room {
    pub fn new() -> Self {
        Self { home: tempfile::tempdir().unwrap(), settings: BTreeMap::new(), variables: Vec::new() }
    }

    pub fn with_login(store: &Store) -> Self {
        Self { variables: store.variables(), ..Self::new() }
    }

    pub fn file(self, name: &str, text: &str) -> Self {
        let path = self.home.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
        self
    }

    pub fn variable(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    pub fn setting(mut self, name: &str, options: StoreOptions) -> Self {
        self.settings.insert(name.to_owned(), options);
        self
    }

    pub fn home(&self) -> &Path {
        self.home.path()
    }

    pub fn ask(&self, store: &Store, url: &str) -> Result<Vec<u8>, Fault> {
        let proxy = Some(store.endpoint().into());
        let http = Arc::new(Http::new(HttpOptions { proxy, ..options() }));
        let around = Surroundings::new(self.variables.clone(), Some(self.home().to_path_buf()));
        let driver = Stores::new(http, self.settings.clone(), around);
        ask(&driver, question(url, Asked::From(0))).map(|got| got.bytes)
    }

    #[track_caller]
    pub fn reads(&self, store: &Store, url: &str) {
        assert_eq!(self.ask(store, url).unwrap_or_else(|fault| panic!("{url}: {fault}")), b"read");
    }
}

pub fn store(vendor: Vendor) -> Store {
    let store = Store::start(vendor);
    store.put("a", b"read".to_vec());
    store
}

pub fn region(name: &str) -> StoreOptions {
    StoreOptions { region: Some(name.to_owned()), ..StoreOptions::default() }
}

pub fn host(store: &Store) -> String {
    store.requests().pop().unwrap().header("host").unwrap().to_owned()
}
