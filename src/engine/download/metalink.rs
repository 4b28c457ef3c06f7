//! A metalink that comes where a file was asked for: what it describes is fetched in its place (RFC 5854).

use super::task::{Halt, Task};
use crate::model::{Fault, FaultKind, LONGEST_METALINK, Metalink, Resource};
use crate::protocol::Answer;

/// The endings of metalinks' names, for servers that do not know their media type.
const ENDINGS: [&str; 2] = ["meta4", "metalink"];
/// What such a server says in its place.
const UNTOLD: [&str; 4] = ["application/octet-stream", "application/xml", "text/xml", "text/plain"];

fn is_called_metalink(name: &str) -> bool {
    name.rsplit_once('.').is_some_and(|(_, ending)| ENDINGS.iter().any(|known| ending.eq_ignore_ascii_case(known)))
}

impl Task {
    /// True if the answer is a metalink that the user has not asked to keep as a file.
    pub(super) fn is_metalink(&self, resource: &Resource) -> bool {
        let spec = &self.orders.spec;
        let is_kept = spec.target.name.as_deref().is_some_and(is_called_metalink);
        // What a metalink describes is taken as it is, and so is what the user knows other places of.
        if is_kept || spec.described.name.is_some() || !self.places.was_single() || resource.coding.is_some() {
            return false;
        }
        let name = resource.name.clone().or_else(|| resource.at.last_segment());
        let is_called = || name.as_deref().is_some_and(is_called_metalink);
        match resource.media.as_deref() {
            Some(media) if Metalink::is_media(media) => true,
            Some(media) => UNTOLD.contains(&media) && is_called(),
            None => is_called(),
        }
    }

    /// Reads a metalink: the files that it describes and that can be asked for, at least one.
    pub(super) async fn read_metalink(&self, answer: Answer) -> Result<Metalink, Halt> {
        let at = self.places.lead();
        let fault = |kind, why: &str| {
            Fault::new(kind, at, format!("the metalink {why}; with -o NAME.meta4 haul keeps it as it is"))
        };
        let wrong = |why: String| fault(FaultKind::BadAnswer, &why);
        let bytes = self.read_all(answer, LONGEST_METALINK, at).await?;
        let bytes = bytes.ok_or_else(|| wrong(format!("is longer than {LONGEST_METALINK} bytes")))?;
        let mut metalink = Metalink::parse(&bytes).map_err(wrong)?;
        // No more is it followed to plain http than a redirect.
        let is_safe = at.url().scheme() == "https";
        for file in &mut metalink.files {
            file.sources.retain(|place| !is_safe || place.source.url().scheme() == "https");
        }
        let count = metalink.files.len();
        metalink.files.retain(|file| !file.sources.is_empty());
        metalink.left_out += count - metalink.files.len();
        if metalink.files.is_empty() {
            // It leads where haul doesn't go, as a redirect may: asked again it would say the same.
            let why = if count == 0 { Metalink::NOTHING } else { "leads from https to plain http alone" };
            return Err(fault(FaultKind::Redirect, why).into());
        }
        Ok(metalink)
    }
}
