//! The drivers for all that haul can fetch from and send to.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::config::Paths;
use crate::model::Vendor;
use crate::protocol::{Http, Registry, Stores, Surroundings};

/// Every driver under its scheme.
pub(super) fn registry(http: &Arc<Http>) -> Registry {
    let stores = Arc::new(Stores::new(http.clone(), BTreeMap::new(), Surroundings::of_process(Paths::home())));
    let web = Registry::default().with("http", http.clone()).with("https", http.clone());
    let schemes = Vendor::ALL.map(Vendor::scheme);
    let both = |registry: Registry, scheme| registry.with(scheme, stores.clone()).with_put(scheme, stores.clone());
    schemes.into_iter().fold(web, both)
}
