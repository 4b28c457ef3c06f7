//! Parts on their way to a store, with their checksums where the store and the upload take them.

use std::sync::Arc;

use reqwest::Method;

use super::document::Element;
use super::draft::{Content, Draft};
use super::exchange::{Refused, Stores, with_or_without};
use super::offer::Offer;
use super::put::{WRITE, described, is_unknown, unreadable};
use super::sign::Pair;
use super::trailer::{Trailers, Trial, announcing, checksum_header};
use crate::model::{Algorithm, Fault, FaultKind};
use crate::protocol::{Payload, StoredPart, bare_etag};

/// A part, and where it goes.
pub(super) struct PartOf<'a> {
    pub(super) offer: &'a Offer<'a>,
    pub(super) upload: &'a str,
    pub(super) number: u32,
    pub(super) payload: Arc<dyn Payload>,
}

impl Stores {
    /// Sends a part. An upload that takes no checksum of it is one that somebody else began, or that was begun before it was
    /// known that the store refuses them: it gets all its parts without.
    pub(super) async fn deliver(&self, part: &PartOf<'_>) -> Result<StoredPart, Fault> {
        let tells_sums = self.tells_sums(&part.offer.url, part.upload).await?;
        if tells_sums
            && let Some(trial) = self.trial(&part.offer.url)
            && let Some(stored) = self.send_trailed(part, trial).await?
        {
            return Ok(stored);
        }
        let sum = if tells_sums { checksum_header(&part.payload.sum(Algorithm::Crc64Nvme).await?) } else { None };
        let make = |tells_sum| {
            let headers = sum.iter().filter(|_| tells_sum).cloned().collect();
            self.send_part(part, headers, Content::Payload(part.payload.clone()))
        };
        let remember = || {
            tracing::info!("{}: this upload takes no checksums", part.offer.url);
            self.leave_sums(part.upload);
        };
        Ok(with_or_without(tells_sums, is_unknown, make, remember).await?)
    }

    async fn send_part(&self, part: &PartOf<'_>, headers: Vec<Pair>, content: Content) -> Result<StoredPart, Refused> {
        let PartOf { offer, upload, number, payload } = part;
        let draft = Draft::new(Method::PUT, &offer.url.key, WRITE)
            .query("partNumber", number)
            .query("uploadId", upload)
            .headers(offer.each_time())
            .headers(offer.slowly())
            .headers(headers)
            .content(content);
        let headers = self.taken(&offer.url, &draft).await?;
        let stored = described(offer.url.vendor, &headers, &Element::default());
        let etag = stored.etag.ok_or_else(|| unreadable(offer, "tells no ETag of the part"))?;
        let md5 = stored.md5.filter(|_| !offer.encrypts());
        Ok(StoredPart { number: *number, length: Some(payload.length()), etag, sum: stored.sum, md5 })
    }

    /// Sends a part that is read once, with its checksum behind it. `None` if the store has not taken it for what it is: then
    /// it is sent once more, and no other one in this way.
    async fn send_trailed(&self, part: &PartOf<'_>, trial: Trial<'_>) -> Result<Option<StoredPart>, Fault> {
        let payload = &part.payload;
        let sent = self.send_part(part, announcing(payload.as_ref()), Content::Trailed(payload.clone())).await;
        match sent {
            Ok(stored) if trial.is_proven || is_right(&stored, payload.as_ref()).await? => {
                trial.ended(Trailers::Taken);
                Ok(Some(stored))
            }
            Ok(_) => {
                tracing::info!("{}: nothing shows that the store takes checksums behind the bytes", part.offer.url);
                trial.ended(Trailers::Left);
                Ok(None)
            }
            Err(refused) if !trial.is_proven && is_of_the_form(&refused) => {
                tracing::info!("{}: the store takes no checksums behind the bytes", part.offer.url);
                trial.ended(Trailers::Left);
                // Damage on the way is told as such, and the part sent again as any other.
                if refused.fault.kind == FaultKind::PartDamaged { Err(refused.fault) } else { Ok(None) }
            }
            // Its upload may be one that takes no checksums at all.
            Err(refused) if is_unknown(&refused) => Ok(None),
            Err(refused) => Err(refused.fault),
        }
    }
}

/// True if the store's word for a part shows that it has its bytes, and not what stood around them: its checksum, or an
/// ETag that is the MD5.
async fn is_right(stored: &StoredPart, payload: &dyn Payload) -> Result<bool, Fault> {
    if stored.sum.is_some() {
        return Ok(stored.sum == payload.sent_sum());
    }
    let md5 = payload.sum(Algorithm::Md5).await?;
    Ok(bare_etag(&stored.etag) == md5.hex)
}

/// True if a request was refused for what it looks like, and not for what it is about or for the moment.
fn is_of_the_form(refused: &Refused) -> bool {
    matches!(refused.refusal.status, 400 | 401 | 403 | 405 | 411 | 415 | 501) && !refused.refusal.is("RequestTimeout")
}
