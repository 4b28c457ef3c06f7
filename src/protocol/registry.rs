//! Which driver serves which kind of URL.

use std::sync::Arc;

use super::{Fetch, List, Put};
use crate::model::{Fault, FaultKind, Source};

/// The drivers by scheme.
#[derive(Clone, Default)]
pub struct Registry {
    drivers: Vec<(&'static str, Arc<dyn Fetch>)>,
    takers: Vec<(&'static str, Arc<dyn Put>)>,
    listers: Vec<(&'static str, Arc<dyn List>)>,
}

impl Registry {
    /// This registry with a driver for a scheme.
    #[must_use]
    pub fn with(mut self, scheme: &'static str, driver: Arc<dyn Fetch>) -> Self {
        self.drivers.push((scheme, driver));
        self
    }

    /// This registry with a driver for uploads to a scheme.
    #[must_use]
    pub fn with_put(mut self, scheme: &'static str, driver: Arc<dyn Put>) -> Self {
        self.takers.push((scheme, driver));
        self
    }

    /// This registry with a driver for lists of a scheme.
    #[must_use]
    pub fn with_list(mut self, scheme: &'static str, driver: Arc<dyn List>) -> Self {
        self.listers.push((scheme, driver));
        self
    }

    /// The driver for lists of what lies below a place.
    pub fn lister(&self, place: &Source) -> Result<Arc<dyn List>, Fault> {
        found(&self.listers, place, "list what lies below")
    }

    /// The driver for uploads to a place.
    pub fn taker(&self, place: &Source) -> Result<Arc<dyn Put>, Fault> {
        found(&self.takers, place, "send to")
    }

    /// The driver for a source.
    pub fn driver(&self, source: &Source) -> Result<Arc<dyn Fetch>, Fault> {
        found(&self.drivers, source, "fetch")
    }
}

/// The driver for a URL among those by their schemes.
fn found<T: ?Sized>(drivers: &[(&'static str, Arc<T>)], source: &Source, doing: &str) -> Result<Arc<T>, Fault> {
    let scheme = source.url().scheme();
    drivers.iter().find(|(known, _)| *known == scheme).map(|(_, driver)| driver.clone()).ok_or_else(|| {
        let known: Vec<String> = drivers.iter().map(|(scheme, _)| format!("{scheme}:")).collect();
        let detail = format!("haul can't {doing} {scheme}: URLs, only {}", known.join(", "));
        Fault::new(FaultKind::Request, source, detail)
    })
}
