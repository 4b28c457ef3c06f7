//! The drivers for all that haul can fetch from and send to.

use std::sync::Arc;

use crate::model::Vendor;
use crate::protocol::{Chunks, Http, Registry, Stores};

/// Every driver under its scheme.
pub(super) fn registry(http: &Arc<Http>, stores: &Arc<Stores>) -> Registry {
    let web = Registry::default().with("http", http.clone()).with("https", http.clone());
    let chunks = Arc::new(Chunks::new(http.clone()));
    let web = web.with_put("chunk+http", chunks.clone()).with_put("chunk+https", chunks);
    Vendor::ALL.map(Vendor::scheme).into_iter().fold(web, |registry, scheme| {
        registry.with(scheme, stores.clone()).with_put(scheme, stores.clone()).with_list(scheme, stores.clone())
    })
}
