//! Uploads: a whole object, or parts that are made one. The calls of S3, OSS and TOS differ in a few names.

use std::cmp::Reverse;
use std::collections::HashSet;
use std::sync::Arc;

use reqwest::Method;
use reqwest::header::{CONTENT_LENGTH, ETAG, HeaderMap, LAST_MODIFIED};

use super::answers::{self, decoded};
use super::document::Element;
use super::draft::{Content, Draft};
use super::exchange::{Refused, Reply, Stores, with_or_without};
use super::offer::{ENCRYPTION, Offer, sum_of};
use super::part::PartOf;
use super::time;
use super::trailer::checksum_header;
use crate::model::{Algorithm, Checksum, Fault, FaultKind, ObjectUrl, Vendor};
use crate::protocol::{Bounds, BoxFuture, Payload, Place, Put, StoredObject, StoredPart, bare_etag};

/// A list of more pages than this goes round in a circle.
const MOST_PAGES: usize = 10_000;
/// A list of more parts or uploads than this is no list: it would fill the memory.
const MOST_ITEMS: usize = 100_000;
const MIB: u64 = 1 << 20;
const GIB: u64 = 1 << 30;

/// What is done, for faults.
pub(super) const WRITE: &str = "write to";
const LIST: &str = "list the uploads of";

impl Put for Stores {
    fn bounds(&self, place: &Place) -> Bounds {
        let vendor = ObjectUrl::of(&place.source).map_or(Vendor::S3, |url| url.vendor);
        let least_part = if vendor == Vendor::Oss { 100 << 10 } else { 5 * MIB };
        let sum = if vendor == Vendor::S3 { Algorithm::Crc64Nvme } else { Algorithm::Crc64 };
        Bounds { least_part, most_part: 5 * GIB, most_parts: 10_000, takes_whole: true, sum }
    }

    fn head<'a>(&'a self, place: &'a Place) -> BoxFuture<'a, Result<Option<StoredObject>, Fault>> {
        Box::pin(async move {
            let offer = Offer::of(place)?;
            let outcome = match self.look(&offer).await {
                Err(refused) if !is_nothing(&refused) => self.explained(&offer, refused).await,
                outcome => outcome,
            };
            match outcome {
                Err(refused) if is_nothing(&refused) => Ok(None),
                Err(refused) => Err(refused.fault),
                Ok(reply) => Ok(Some(described(offer.url.vendor, &reply.headers, &Element::default()))),
            }
        })
    }

    fn put<'a>(&'a self, place: &'a Place, payload: Arc<dyn Payload>) -> BoxFuture<'a, Result<StoredObject, Fault>> {
        Box::pin(async move {
            let offer = &Offer::of(place)?;
            let length = payload.length();
            let with_sum = offer.url.vendor == Vendor::S3 && self.known(&offer.url).await?.sums;
            let sum = if with_sum { Some(payload.sum(Algorithm::Crc64Nvme).await?) } else { None };
            let draft = |with_sum| {
                Draft::new(Method::PUT, &offer.url.key, WRITE)
                    .headers(offer.describing())
                    .headers(offer.keeping())
                    .headers(offer.slowly())
                    .headers(sum.as_ref().filter(|_| with_sum).and_then(checksum_header))
                    .content(Content::Payload(payload.clone()))
            };
            let draft = &draft;
            let make = |with_sum| async move { self.taken(&offer.url, &draft(with_sum)).await };
            let remember = || self.learn_no_sums(&offer.url);
            let reply = with_or_without(with_sum, is_unknown, make, remember).await;
            let headers = reply.map_err(|refused| offer.kept(refused))?;
            let stored = described(offer.url.vendor, &headers, &Element::default());
            let md5 = stored.md5.filter(|_| !offer.encrypts());
            Ok(StoredObject { length: Some(length), md5, ..stored })
        })
    }

    fn create<'a>(&'a self, place: &'a Place) -> BoxFuture<'a, Result<String, Fault>> {
        Box::pin(async move {
            let offer = &Offer::of(place)?;
            let with_sums = offer.url.vendor == Vendor::S3 && self.known(&offer.url).await?.sums;
            let make = |with_sums| self.begin(offer, with_sums);
            let remember = || self.learn_no_sums(&offer.url);
            let (_, document) = with_or_without(with_sums, is_unknown, make, remember).await?;
            let id = document.text("UploadId");
            id.map(str::to_owned).ok_or_else(|| unreadable(offer, "tells no upload id"))
        })
    }

    fn part<'a>(
        &'a self,
        place: &'a Place,
        upload: &'a str,
        number: u32,
        payload: Arc<dyn Payload>,
    ) -> BoxFuture<'a, Result<StoredPart, Fault>> {
        Box::pin(async move {
            let offer = Offer::of(place)?;
            self.deliver(&PartOf { offer: &offer, upload, number, payload }).await
        })
    }

    fn parts<'a>(&'a self, place: &'a Place, upload: &'a str) -> BoxFuture<'a, Result<Vec<StoredPart>, Fault>> {
        Box::pin(async move {
            let offer = Offer::of(place)?;
            let draft = |next: Vec<(String, String)>| {
                let mut draft = Draft::new(Method::GET, &offer.url.key, LIST).headers(offer.each_time());
                draft = draft.query("uploadId", upload).query("max-parts", 1000);
                draft.query.extend(next);
                draft
            };
            self.pages(&offer, draft, answers::parts).await
        })
    }

    fn stored<'a>(
        &'a self,
        place: &'a Place,
        upload: &'a str,
        number: u32,
    ) -> BoxFuture<'a, Result<Option<StoredPart>, Fault>> {
        Box::pin(async move {
            let offer = Offer::of(place)?;
            let draft = Draft::new(Method::GET, &offer.url.key, LIST)
                .headers(offer.each_time())
                .query("uploadId", upload)
                .query("max-parts", 1)
                .query("part-number-marker", number.saturating_sub(1));
            let (_, document) = self.told(&offer.url, &draft).await?;
            let page =
                answers::parts(&document).ok_or_else(|| unreadable(&offer, "sends a list that makes no sense"))?;
            Ok(page.items.into_iter().find(|part| part.number == number))
        })
    }

    fn uploads<'a>(&'a self, place: &'a Place) -> BoxFuture<'a, Result<Vec<String>, Fault>> {
        Box::pin(async move {
            let offer = Offer::of(place)?;
            let (vendor, key) = (offer.url.vendor, offer.url.key.as_str());
            let mut all = self.open_uploads(&offer).await?;
            // The parts of such a one would have to be told checksums of its kind.
            all.retain(|upload| upload.algorithm.as_deref().is_none_or(|name| name.eq_ignore_ascii_case("CRC64NVME")));
            all.retain(|upload| upload.key == key || (vendor != Vendor::Tos && decoded(&upload.key, vendor) == key));
            all.sort_by_key(|upload| Reverse(upload.begun));
            Ok(all.into_iter().map(|upload| upload.id).collect())
        })
    }

    fn complete<'a>(
        &'a self,
        place: &'a Place,
        upload: &'a str,
        parts: &'a [StoredPart],
        whole: Option<Checksum>,
    ) -> BoxFuture<'a, Result<StoredObject, Fault>> {
        Box::pin(async move { self.assemble(place, upload, parts, whole).await })
    }

    fn abort<'a>(&'a self, place: &'a Place, upload: &'a str) -> BoxFuture<'a, Result<bool, Fault>> {
        Box::pin(async move {
            let offer = Offer::of(place)?;
            let draft = Draft::new(Method::DELETE, &offer.url.key, WRITE).headers(offer.each_time());
            match self.reply(&offer.url, &draft.query("uploadId", upload)).await {
                Ok(_) => Ok(true),
                // A gateway that knows no path for a moment says no more than that. The store's list tells.
                Err(refused) if refused.fault.kind == FaultKind::UploadGone && refused.refusal.is_mute() => {
                    let open = self.open_uploads(&offer).await;
                    let is_gone = open.is_ok_and(|open| open.iter().all(|one| one.id != upload));
                    let detail = "the store knows no such place, and its list does not show that the upload is gone";
                    let unsure = || Fault::new(FaultKind::Status(404), &offer.url, detail);
                    if is_gone { Ok(false) } else { Err(unsure()) }
                }
                Err(refused) if refused.fault.kind == FaultKind::UploadGone => Ok(false),
                Err(refused) => Err(refused.fault),
            }
        })
    }
}

impl Stores {
    async fn begin(&self, offer: &Offer<'_>, with_sums: bool) -> Result<(HeaderMap, Element), Refused> {
        let mut draft =
            Draft::new(Method::POST, &offer.url.key, WRITE).query("uploads", "").headers(offer.describing());
        if offer.url.vendor != Vendor::S3 {
            draft = draft.headers(offer.keeping());
        }
        if with_sums {
            draft = draft.header("x-amz-checksum-algorithm", "CRC64NVME").header("x-amz-checksum-type", "FULL_OBJECT");
        }
        self.told(&offer.url, &draft).await
    }

    /// Makes a request that sends bytes: the head of its answer, which names what the store has taken, or says nothing. An error
    /// or a page in place of a name is no success, whatever stands at the place.
    pub(super) async fn taken(&self, url: &ObjectUrl, draft: &Draft) -> Result<HeaderMap, Refused> {
        let Reply { headers, body } = self.reply(url, draft).await?;
        if headers.contains_key(ETAG) || body.trim_ascii().is_empty() {
            return Ok(headers);
        }
        self.document(url, draft, &headers, &body).await?;
        Err(Fault::new(FaultKind::BadAnswer, url, "the store's answer does not say that it has taken the bytes").into())
    }

    fn learn_no_sums(&self, url: &ObjectUrl) {
        tracing::info!("{url}: the store knows no checksums of whole objects");
        self.learn(url, |known| known.sums = false);
    }

    /// The uploads of keys that begin as this one's, whoever has begun them.
    async fn open_uploads(&self, offer: &Offer<'_>) -> Result<Vec<answers::OpenUpload>, Fault> {
        let (vendor, key) = (offer.url.vendor, offer.url.key.as_str());
        let draft = |next: Vec<(String, String)>| {
            let mut draft = Draft::new(Method::GET, "", LIST).query("uploads", "").query("prefix", key);
            // JSON holds any character; XML does not.
            if vendor != Vendor::Tos {
                draft = draft.query("encoding-type", "url");
            }
            draft.query.extend(next);
            draft
        };
        self.pages(offer, draft, |document| answers::uploads(document, vendor)).await
    }

    /// All items of a list of several pages.
    async fn pages<T>(
        &self,
        offer: &Offer<'_>,
        draft: impl Fn(Vec<(String, String)>) -> Draft,
        read: impl Fn(&Element) -> Option<answers::Page<T>>,
    ) -> Result<Vec<T>, Fault> {
        let mut all = Vec::new();
        let (mut next, mut seen) = (Vec::new(), HashSet::new());
        for _ in 0..MOST_PAGES {
            let (_, document) = self.told(&offer.url, &draft(next.clone())).await?;
            let page = read(&document).ok_or_else(|| unreadable(offer, "sends a list that makes no sense"))?;
            all.extend(page.items);
            if all.len() > MOST_ITEMS {
                break;
            }
            if page.next.is_empty() {
                return Ok(all);
            }
            if !seen.insert(page.next.clone()) {
                break;
            }
            next = page.next;
        }
        Err(unreadable(offer, "sends a list that does not end"))
    }

    /// Asks what stands at a place: with its checksum, unless the store refuses to be asked for that.
    async fn look(&self, offer: &Offer<'_>) -> Result<Reply, Refused> {
        let asks_sum = self.known(&offer.url).await?.asks_sums;
        let draft = |sum| Draft::new(Method::HEAD, &offer.url.key, "read").headers(offer.asking(sum));
        let make = |asks_sum| async move { self.reply(&offer.url, &draft(asks_sum)).await };
        // What it says against it has no place in such an answer.
        let is_refused = |refused: &Refused| matches!(refused.refusal.status, 400 | 501);
        let remember = || self.learn(&offer.url, |known| known.asks_sums = false);
        with_or_without(asks_sum, is_refused, make, remember).await
    }

    /// Why a HEAD was refused. Its answer has no body, so the first byte is asked for to hear it. What can be mended about the
    /// refusal is mended there, and then it is looked once more; an empty object has no first byte.
    async fn explained(&self, offer: &Offer<'_>, refused: Refused) -> Result<Reply, Refused> {
        if !refused.refusal.is_mute() || refused.refusal.status == 0 {
            return Err(refused);
        }
        let draft =
            Draft::new(Method::GET, &offer.url.key, "read").headers(offer.each_time()).header("range", "bytes=0-0");
        match self.reply(&offer.url, &draft).await {
            Err(told) if told.refusal.status == 416 => self.look(offer).await,
            Err(told) if !told.refusal.is_mute() => Err(told),
            Err(_) => Err(refused),
            Ok(_) => self.look(offer).await,
        }
    }
}

/// True if a refusal says that no object stands there.
fn is_nothing(refused: &Refused) -> bool {
    refused.refusal.status == 404 && !refused.refusal.is("NoSuchBucket")
}

/// What headers and document say of an object or a part.
pub(super) fn described(vendor: Vendor, headers: &HeaderMap, document: &Element) -> StoredObject {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let number = || headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok();
    let modified = || headers.get(LAST_MODIFIED)?.to_str().ok().and_then(time::read);
    let in_document = || Checksum::of_base64(Algorithm::Crc64Nvme, document.text("ChecksumCRC64NVME")?);
    let etag = document.text("ETag").map(str::to_owned).or_else(|| text("etag"));
    let encrypts = headers.keys().any(|name| name.as_str().starts_with(ENCRYPTION));
    let composite = document.text("ChecksumType").is_some_and(|kind| kind == "COMPOSITE");
    StoredObject {
        length: number(),
        md5: etag.as_deref().filter(|_| !encrypts).and_then(md5_of),
        etag,
        sum: sum_of(vendor, headers).or_else(|| in_document().filter(|_| !composite)),
        modified: modified(),
    }
}

/// The MD5 that an ETag seems to be.
pub(super) fn md5_of(etag: &str) -> Option<Checksum> {
    Checksum::of_hex(Algorithm::Md5, &bare_etag(etag))
}

/// True if a store has refused what it does not know: checksums of whole objects came late to S3.
pub(super) fn is_unknown(refused: &Refused) -> bool {
    let codes = ["InvalidRequest", "InvalidArgument", "NotImplemented", "InvalidEncryptionAlgorithmError"];
    matches!(refused.refusal.status, 400 | 501) && codes.iter().any(|code| refused.refusal.is(code))
}

pub(super) fn unreadable(offer: &Offer<'_>, what: &str) -> Fault {
    Fault::new(FaultKind::BadAnswer, &offer.url, format!("the store {what}"))
}
