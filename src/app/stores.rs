//! What haul does with stores without an engine: lists, and signed URLs.

use std::io;

use super::engine::of_its_own;
use super::shown::shown;
use super::{House, Trouble};
use crate::api::Happening;
use crate::cli::{Exit, LISTED_HEAD, LsArgs, Outlet, PresignArgs, listed_lines, told_line};
use crate::engine::patiently;
use crate::model::{Fault, FaultKind, Pages, date_and_time};
use crate::protocol::{Folder, List};

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
        of_its_own()?.block_on(async {
            let (mut after, mut found, mut pages) = (None::<String>, false, Pages::default());
            loop {
                let request = || stores.list(&folder, after.as_deref());
                let page = patiently(&place, &patience, request, &mut tell).await?;
                if !found && !page.entries.is_empty() && !ls.json {
                    outlet.write(LISTED_HEAD);
                }
                found |= !page.entries.is_empty();
                outlet.write(&listed_lines(&page.entries, ls.json));
                pages.turn(&page).map_err(|why| Fault::new(FaultKind::BadAnswer, &place, why))?;
                let Some(next) = page.next.filter(|_| !outlet.is_closed()) else { break };
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
        let mut told = Outlet::new(io::stderr());
        let mut tell = |happening: &Happening| told.write(&told_line(&place, happening));
        let request = || stores.presign(&place, presign.method.name(), presign.expires);
        // A command that has the login may take its time.
        let signed = of_its_own()?.block_on(patiently(&place, &self.settings.patience(), request, &mut tell))?;
        let mut outlet = Outlet::new(io::stdout().lock());
        outlet.write(&format!("{}\n", signed.url));
        if let Some(end) = signed.ends {
            told.write(&format!("note  the login ends at {} UTC, and the URL with it\n", date_and_time(end)));
        }
        if let Some(region) = signed.guess {
            told.write(&format!(
                "note  nobody says which region the bucket is in, and the store could not be asked: the URL is signed for \
                 {region}; another one is said by ?region=\n"
            ));
        }
        shown(outlet.end())
    }
}
