//! The end of an upload that the user gives up: the store frees what was sent, and its checkpoint goes.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::super::blocking::blocking;
use super::super::orders::Shared;
use super::super::patiently::in_time;
use super::super::report::{Report, What};
use crate::api::Happening;
use crate::model::{Fault, FaultKind, Lock, Spec, TransferId};
use crate::plan::again_after;
use crate::protocol::Place;
use crate::store::{UploadCheckpoint, UploadLock};

/// How long a store that was asked may still take when haul is left, or when the upload is wanted again.
const LAST_CALL: Duration = Duration::from_secs(2);

/// The uploads that are being freed, by their checkpoints. Who wants one again calls that off.
#[derive(Debug, Default)]
pub(in crate::engine) struct Abandons(Lock<HashMap<PathBuf, Begun>>);

#[derive(Clone, Debug)]
struct Begun {
    stop: CancellationToken,
    over: CancellationToken,
}

/// One of them, until this is dropped.
pub(in crate::engine) struct Abandoning {
    shared: Arc<Shared>,
    path: PathBuf,
    begun: Begun,
    /// Haul is left.
    leaving: CancellationToken,
}

impl Abandons {
    /// The upload with this checkpoint is wanted again: ends with its freeing, which does not go on.
    pub(super) async fn call_off(&self, path: &Path) {
        let begun = self.0.lock().get(path).cloned();
        if let Some(Begun { stop, over }) = begun {
            stop.cancel();
            over.cancelled().await;
        }
    }
}

impl Abandoning {
    /// The upload with this checkpoint is being freed from now on, until `stop`; `None` if it is already.
    pub(in crate::engine) fn begin(shared: Arc<Shared>, path: PathBuf, stop: &CancellationToken) -> Option<Self> {
        let begun = Begun { stop: stop.child_token(), over: CancellationToken::new() };
        match shared.abandons.0.lock().entry(path.clone()) {
            Entry::Occupied(_) => return None,
            Entry::Vacant(free) => free.insert(begun.clone()),
        };
        Some(Self { shared, path, begun, leaving: stop.clone() })
    }
}

impl Drop for Abandoning {
    fn drop(&mut self) {
        self.shared.abandons.0.lock().remove(&self.path);
        self.begun.over.cancel();
    }
}

/// Frees the parts of an upload that does not run any more. Nobody waits for it; what comes of it is told of the transfer with
/// this id, which is out of the list. What can't be freed keeps its checkpoint and its mark: the next run tries it again.
pub(in crate::engine) async fn abandon(this: Abandoning, id: TransferId, spec: Spec, reports: mpsc::Sender<Report>) {
    let happening = match free(&this, spec).await {
        Ok(true) => Happening::UploadAborted,
        Ok(false) => return,
        Err(fault) => Happening::UploadLeft(fault),
    };
    // Whoever wants the upload again need not wait for this to be heard.
    drop(this);
    let _ = reports.send(Report { id, what: What::Happened(happening) }).await;
}

/// True if parts were freed; false if none were there, or somebody wants them.
async fn free(this: &Abandoning, spec: Spec) -> Result<bool, Fault> {
    let (shared, stop) = (&this.shared, &this.begun.stop);
    let (path, found, locked) = (this.path.clone(), this.path.clone(), this.path.clone());
    // One that another haul sends just now is that one's.
    let Some(_lock) = blocking(move || UploadLock::take(&locked)).await? else { return Ok(false) };
    let Some(kept) = blocking(move || UploadCheckpoint::load(&found)).await? else { return Ok(false) };
    let driver = shared.registry.taker(&spec.source)?;
    let place = Place { source: spec.source, headers: spec.headers, upload: spec.upload.unwrap_or_default() };
    // Whoever wants the upload again goes on with it; whoever leaves haul is told that it stays.
    let called_off = |fault| if this.leaving.is_cancelled() { Err(fault) } else { Ok(false) };
    let mut failures = 0;
    let had_any = loop {
        let request = in_time(&place.source, shared.patience.stall, driver.abort(&place, &kept.upload));
        let last_call = async {
            stop.cancelled().await;
            sleep(LAST_CALL).await;
        };
        let fault = tokio::select! {
            biased;
            freed = request => match freed {
                Ok(had_any) => break had_any,
                Err(fault) => fault,
            },
            () = last_call => {
                let detail = "the store has not answered before haul ended; the next run asks it again";
                return called_off(Fault::new(FaultKind::Stalled, &place.source, detail));
            }
        };
        failures += 1;
        let Some(after) = again_after(&fault, failures, &shared.patience, fastrand::f64()) else { return Err(fault) };
        tokio::select! {
            biased;
            () = stop.cancelled() => return called_off(fault),
            () = sleep(after) => {}
        }
    };
    blocking(move || {
        UploadCheckpoint::remove(&path);
        Ok(had_any)
    })
    .await
}
