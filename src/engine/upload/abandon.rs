//! The end of an upload that the user gives up: the store frees what was sent, and its checkpoint goes.

use std::sync::Arc;

use super::super::download::blocking;
use super::super::orders::Shared;
use super::watch::answered;
use crate::model::{Fault, Spec};
use crate::plan::{Verdict, verdict};
use crate::protocol::Place;
use crate::store::{UploadCheckpoint, UploadLock};

/// Frees the parts of an upload that does not run any more. Nobody waits for it; what can't be freed is told to the log,
/// and its checkpoint stays.
pub(in crate::engine) async fn abandon(shared: Arc<Shared>, spec: Spec) {
    if let Err(fault) = free(&shared, spec).await {
        tracing::warn!("the parts of an upload could not be freed: {fault}");
    }
}

async fn free(shared: &Arc<Shared>, spec: Spec) -> Result<(), Fault> {
    let upload = spec.upload.unwrap_or_default();
    let path = UploadCheckpoint::path(&shared.state, spec.source.url().as_str(), &upload.file);
    let (found, locked) = (path.clone(), path.clone());
    // One that another haul sends just now is that one's.
    let Some(_lock) = blocking(move || UploadLock::take(&locked)).await? else { return Ok(()) };
    let Some(kept) = blocking(move || UploadCheckpoint::load(&found)).await? else { return Ok(()) };
    let driver = shared.registry.taker(&spec.source)?;
    let place = Place { source: spec.source, headers: spec.headers, upload };
    let mut failures = 0;
    loop {
        let request = driver.abort(&place, &kept.upload);
        let Err(fault) = answered(request, &place.source, shared.patience.stall).await else { break };
        failures += 1;
        let Verdict::Again { after } = verdict(&fault, failures, false, &shared.patience, fastrand::f64()) else {
            return Err(fault);
        };
        tokio::time::sleep(after).await;
    }
    blocking(move || {
        UploadCheckpoint::remove(&path);
        Ok(())
    })
    .await
}
