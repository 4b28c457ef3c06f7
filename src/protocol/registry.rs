//! Which driver fetches from which kind of URL.

use std::sync::Arc;

use super::Fetch;
use crate::model::{Fault, FaultKind, Source};

/// The drivers by scheme.
#[derive(Clone, Default)]
pub struct Registry {
    drivers: Vec<(&'static str, Arc<dyn Fetch>)>,
}

impl Registry {
    /// This registry with a driver for a scheme.
    #[must_use]
    pub fn with(mut self, scheme: &'static str, driver: Arc<dyn Fetch>) -> Self {
        self.drivers.push((scheme, driver));
        self
    }

    /// The driver for a source.
    pub fn driver(&self, source: &Source) -> Result<Arc<dyn Fetch>, Fault> {
        let scheme = source.url().scheme();
        let found = self.drivers.iter().find(|(known, _)| *known == scheme);
        found.map(|(_, driver)| driver.clone()).ok_or_else(|| {
            Fault::new(FaultKind::Request, source, format!("haul knows no {scheme}: URLs, only http: and https:"))
        })
    }
}
