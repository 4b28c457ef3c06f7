//! What haul does with stores without an engine: lists, and signed URLs.

use std::collections::HashSet;
use std::io;

use color_eyre::eyre::WrapErr;
use tokio::runtime::{Builder, Runtime};

use super::shown::shown;
use super::{House, Trouble};
use crate::api::Happening;
use crate::cli::{Exit, LISTED_HEAD, LsArgs, Outlet, PresignArgs, listed_lines, told_line};
use crate::engine::patiently;
use crate::model::{Fault, FaultKind};
use crate::protocol::{Folder, List};

/// Threads for a few requests, one after the other.
fn runtime() -> Result<Runtime, Trouble> {
    Ok(Builder::new_current_thread().enable_all().build().wrap_err("no threads can be started")?)
}

impl House {
    /// `haul ls`: each page is printed as it comes.
    pub(super) fn ls(&self, ls: &LsArgs) -> Result<Exit, Trouble> {
        let (place, headers) = (ls.place()?, ls.headers()?);
        let stores = self.stores(&self.http(Some(&ls.network))?);
        let folder = Folder { place: &place, headers: &headers, deep: ls.recursive };
        let mut outlet = Outlet::new(io::stdout().lock());
        let patience = self.settings.patience();
        let mut told = Outlet::new(io::stderr());
        let mut tell = |happening: &Happening| told.write(&told_line(&place, happening));
        runtime()?.block_on(async {
            let (mut after, mut found, mut seen) = (None::<String>, false, HashSet::new());
            loop {
                let request = || stores.list(&folder, after.as_deref());
                let page = patiently(&place, &patience, request, &mut tell).await?;
                if !found && !page.entries.is_empty() && !ls.json {
                    outlet.write(LISTED_HEAD);
                }
                found |= !page.entries.is_empty();
                outlet.write(&listed_lines(&page.entries, ls.json));
                let Some(next) = page.next.filter(|_| !outlet.is_closed()) else { break };
                if !seen.insert(next.clone()) {
                    let detail = "the store's list goes round in a circle";
                    return Err(Fault::new(FaultKind::BadAnswer, &place, detail).into());
                }
                after = Some(next);
            }
            let is_bucket = matches!(place.url().path(), "" | "/");
            if found || is_bucket {
                return Ok(());
            }
            Err(Trouble::from(Fault::new(FaultKind::Status(404), &place, "nothing lies below this URL")))
        })?;
        shown(outlet.end())
    }

    /// `haul presign`.
    pub(super) fn presign(&self, presign: &PresignArgs) -> Result<Exit, Trouble> {
        let place = presign.place()?;
        let stores = self.stores(&self.http(None)?);
        let url = runtime()?.block_on(stores.presign(&place, presign.method.name(), presign.expires))?;
        let mut outlet = Outlet::new(io::stdout().lock());
        outlet.write(&format!("{url}\n"));
        shown(outlet.end())
    }
}
