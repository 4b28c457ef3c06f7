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
        let scheme = place.url().scheme();
        let found = self.listers.iter().find(|(known, _)| *known == scheme);
        found.map(|(_, driver)| driver.clone()).ok_or_else(|| {
            Fault::new(FaultKind::Request, place, format!("haul can't list what lies below {scheme}: URLs"))
        })
    }

    /// The driver for uploads to a place.
    pub fn taker(&self, place: &Source) -> Result<Arc<dyn Put>, Fault> {
        let scheme = place.url().scheme();
        let found = self.takers.iter().find(|(known, _)| *known == scheme);
        found.map(|(_, driver)| driver.clone()).ok_or_else(|| {
            let known: Vec<String> = self.takers.iter().map(|(scheme, _)| format!("{scheme}:")).collect();
            let detail = format!("haul can't send to {scheme}: URLs, only to {}", known.join(", "));
            Fault::new(FaultKind::Request, place, detail)
        })
    }

    /// The driver for a source.
    pub fn driver(&self, source: &Source) -> Result<Arc<dyn Fetch>, Fault> {
        let scheme = source.url().scheme();
        let found = self.drivers.iter().find(|(known, _)| *known == scheme);
        found.map(|(_, driver)| driver.clone()).ok_or_else(|| {
            let known: Vec<String> = self.drivers.iter().map(|(scheme, _)| format!("{scheme}:")).collect();
            let detail = format!("haul can't fetch {scheme}: URLs, only {}", known.join(", "));
            Fault::new(FaultKind::Request, source, detail)
        })
    }
}
