//! A folder of a store in place of a file: it is read page by page, and each object below it becomes a transfer of its own.

use std::path::PathBuf;
use std::sync::Arc;

use super::orders::{Halt, Orders, guarded};
use super::patiently::in_time;
use super::report::{Ending, Progress, Resting, What};
use super::running::Rest;
use crate::api::{Activity, Live};
use crate::model::{Described, Fault, FaultKind, Listed, Listing, ObjectUrl, Pages, Source, Spec};
use crate::protocol::Folder;
use crate::store::safe_name;

/// True if the URL means all that lies below it, and not one object.
pub(super) fn is_folder(source: &Source) -> bool {
    ObjectUrl::of(source).is_some_and(|url| url.is_prefix())
}

/// Reads a folder until its last page, is told to stop, or can't go on; the last report says which.
pub(super) async fn run(orders: Orders) {
    guarded(orders, read, "").await;
}

/// How far the reading has come.
#[derive(Default)]
struct Reading {
    after: Option<String>,
    pages: Pages,
    /// The first object takes the folder's own place in the list.
    first: Option<Spec>,
    failures: u32,
    fault: Option<Arc<Fault>>,
}

async fn read(mut orders: Orders) -> Ending {
    let mut reading = Reading::default();
    if let Some(Rest { until, fault }) = orders.rest.take() {
        reading.fault = Some(fault.clone());
        let rest = Resting { until, ..Resting::now() };
        if orders.wait(rest, &fault, |activity| reading.show(&orders, activity)).await.is_err() {
            return Ending::Stopped;
        }
    }
    loop {
        reading.show(&orders, Activity::Connecting);
        let asked = tokio::select! {
            biased;
            () = orders.stop.cancelled() => return Ending::Stopped,
            asked = page(&orders, reading.after.as_deref()) => asked,
        };
        match asked {
            Ok(page) => {
                if let Err(fault) = reading.moves_on(&page, &orders.spec.source) {
                    return Ending::Failed(fault);
                }
                let is_last = reading.after.is_none();
                reading.take(&orders, page).await;
                if is_last {
                    break;
                }
            }
            Err(fault) => {
                reading.failures += 1;
                reading.fault = Some(Arc::new(fault.clone()));
                match orders.again(fault, reading.failures, |activity| reading.show(&orders, activity)).await {
                    Ok(()) => {}
                    Err(Halt::Stopped) => return Ending::Stopped,
                    Err(Halt::Fault(fault)) => return Ending::Failed(fault),
                }
            }
        }
    }
    let nothing = || Fault::new(FaultKind::Status(404), &orders.spec.source, "no object lies below this URL");
    reading.first.map_or_else(|| Ending::Failed(nothing()), |first| Ending::Unfolded(Box::new(first)))
}

impl Reading {
    /// Fails if no end is to be expected.
    fn moves_on(&mut self, page: &Listing, source: &Source) -> Result<(), Fault> {
        self.pages.turn(page).map_err(|why| Fault::new(FaultKind::BadAnswer, source, why))?;
        self.after.clone_from(&page.next);
        Ok(())
    }

    fn show(&self, orders: &Orders, activity: Activity) {
        let live = Live { activity, allowed: 1, ..Live::default() };
        let (fault, live) = (self.fault.clone(), Some(Arc::new(live)));
        orders.progress.send_replace(Progress { resumable: true, fault, live, ..Progress::default() });
    }

    async fn take(&mut self, orders: &Orders, page: Listing) {
        (self.failures, self.fault) = (0, None);
        let objects: Vec<Listed> = page.entries.into_iter().filter(|entry| !entry.is_folder).collect();
        let count = objects.len();
        // The folders below stay together: each file by itself would be torn out of them.
        let name = orders.spec.source.last_segment().unwrap_or_default();
        let mut folder = orders.spec.clone();
        folder.target.folder = orders.shared.categories.folder_of(&orders.spec, &name);
        folder.sorts = false;
        let mut specs: Vec<Spec> = objects.into_iter().filter_map(|object| below(&folder, &object)).collect();
        let left_out = count - specs.len();
        if self.first.is_none() && !specs.is_empty() {
            self.first = Some(specs.remove(0));
        }
        // What a list names twice is one object; that of the others is seen by the queue.
        specs.retain(|spec| self.first.as_ref().is_none_or(|first| first.source != spec.source));
        if !specs.is_empty() || left_out > 0 {
            orders.report(What::Listed(specs, left_out)).await;
        }
    }
}

/// The download of an object below a folder: into the same folders below the target's, by names that are safe. It is called as
/// its key is, whatever the store says beside it, and is kept as it is, also if it is a metalink.
fn below(folder: &Spec, object: &Listed) -> Option<Spec> {
    let source = object.source.clone()?;
    let mut spec = Spec { source, mirrors: Box::default(), checksum: None, sums: None, ..folder.clone() };
    spec.target.name = None;
    let (folders, name) = object.name.rsplit_once('/').unwrap_or(("", &object.name));
    spec.described = Described { name: Some(name.to_owned()), ..Described::default() }.shared();
    let segments = folders.split('/').filter(|segment| !segment.is_empty());
    let within: PathBuf = segments.map(safe_name).collect();
    if !within.as_os_str().is_empty() {
        spec.target.folder = folder.target.folder.join(within).into();
    }
    Some(spec)
}

async fn page(orders: &Orders, after: Option<&str>) -> Result<Listing, Fault> {
    let source = &orders.spec.source;
    let lister = orders.shared.registry.lister(source)?;
    let folder = Folder { place: source, headers: &orders.spec.headers, deep: true };
    in_time(source, orders.shared.patience.stall, lister.list(&folder, after)).await
}
