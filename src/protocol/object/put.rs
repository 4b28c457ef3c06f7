//! Uploads: a whole object, or parts that are made one. The calls of S3, OSS and TOS differ in a few names.

use std::cmp::Reverse;
use std::fmt::Write as _;
use std::sync::Arc;

use reqwest::Method;
use reqwest::header::{CONTENT_LENGTH, HeaderMap, LAST_MODIFIED};

use super::answers::{self, decoded};
use super::document::Element;
use super::exchange::{Content, Draft, Refused, Reply, Stores};
use super::offer::{Offer, sum_of};
use super::refusal::within_success;
use super::sign::Pair;
use super::time;
use super::trailer::{Trailers, Trial, announcing, checksum_header};
use crate::model::{Algorithm, Checksum, Fault, FaultKind, ObjectUrl, Vendor};
use crate::protocol::{Bounds, BoxFuture, Payload, Place, Put, StoredObject, StoredPart};

/// A list of more pages than this goes round in a circle.
const MOST_PAGES: usize = 10_000;
const MIB: u64 = 1 << 20;
const GIB: u64 = 1 << 30;

/// What is done, for faults.
const WRITE: &str = "write to";
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
            let draft = Draft::new(Method::HEAD, &offer.url.key, "read").headers(offer.asking());
            match self.reply(&offer.url, &draft).await {
                Ok(reply) => Ok(Some(described(offer.url.vendor, &reply.headers, &Element::default()))),
                Err(refused) if refused.refusal.status != 404 || refused.refusal.is("NoSuchBucket") => {
                    Err(self.explained(&offer, refused).await)
                }
                Err(_) => Ok(None),
            }
        })
    }

    fn put<'a>(&'a self, place: &'a Place, payload: Arc<dyn Payload>) -> BoxFuture<'a, Result<StoredObject, Fault>> {
        Box::pin(async move {
            let offer = Offer::of(place)?;
            let length = payload.length();
            let sum =
                if offer.url.vendor == Vendor::S3 { Some(payload.sum(Algorithm::Crc64Nvme).await?) } else { None };
            let draft = Draft::new(Method::PUT, &offer.url.key, WRITE)
                .headers(offer.describing())
                .headers(offer.keeping())
                .headers(offer.slowly())
                .headers(sum.as_ref().and_then(checksum_header))
                .content(Content::Payload(payload));
            let reply = self.reply(&offer.url, &draft).await.map_err(|refused| offer.kept(refused))?;
            let stored = described(offer.url.vendor, &reply.headers, &Element::default());
            Ok(StoredObject { length: Some(length), ..stored })
        })
    }

    fn create<'a>(&'a self, place: &'a Place) -> BoxFuture<'a, Result<String, Fault>> {
        Box::pin(async move {
            let offer = Offer::of(place)?;
            let with_sums = offer.url.vendor == Vendor::S3 && self.known(&offer.url).await?.sums;
            let reply = match self.begin(&offer, with_sums).await {
                Err(refused) if with_sums && is_unknown(&refused) => {
                    tracing::info!("{}: the store knows no checksums of whole objects", offer.url);
                    self.learn(&offer.url, |known| known.sums = false);
                    self.begin(&offer, false).await?
                }
                other => other?,
            };
            let document = Element::read(&reply.body);
            let id = document.as_ref().and_then(|document| document.text("UploadId"));
            id.map(str::to_owned).ok_or_else(|| unreadable(&offer, "tells no upload id"))
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
            let part = PartOf { offer: &offer, upload, number, payload };
            if offer.url.vendor != Vendor::S3 || !self.known(&offer.url).await?.sums {
                return self
                    .send_part(&part, Vec::new(), Content::Payload(part.payload.clone()))
                    .await
                    .map_err(Fault::from);
            }
            if let Some(trial) = self.trial(&offer.url)
                && let Some(stored) = self.send_trailed(&part, trial).await?
            {
                return Ok(stored);
            }
            let headers = Vec::from_iter(checksum_header(&part.payload.sum(Algorithm::Crc64Nvme).await?));
            Ok(self.send_part(&part, headers, Content::Payload(part.payload.clone())).await?)
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
            let reply = self.reply(&offer.url, &draft).await?;
            let page = Element::read(&reply.body).as_ref().and_then(answers::parts);
            let page = page.ok_or_else(|| unreadable(&offer, "sends a list that makes no sense"))?;
            Ok(page.items.into_iter().find(|part| part.number == number))
        })
    }

    fn uploads<'a>(&'a self, place: &'a Place) -> BoxFuture<'a, Result<Vec<String>, Fault>> {
        Box::pin(async move {
            let offer = Offer::of(place)?;
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
            let mut all = self.pages(&offer, draft, |document| answers::uploads(document, vendor)).await?;
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
        Box::pin(async move {
            let offer = Offer::of(place)?;
            let vendor = offer.url.vendor;
            let known = self.known(&offer.url).await?;
            let sums = vendor == Vendor::S3 && known.sums && known.whole_sums;
            let draft = |whole: Option<&Checksum>| {
                let draft = Draft::new(Method::POST, &offer.url.key, WRITE)
                    .query("uploadId", upload)
                    .headers(offer.each_time())
                    .headers(offer.keeping())
                    .content(Content::Bytes(listed(vendor, parts).into()));
                match whole.and_then(checksum_header) {
                    Some(header) => draft.headers([header]).header("x-amz-checksum-type", "FULL_OBJECT"),
                    None => draft,
                }
            };
            let reply = match self.reply(&offer.url, &draft(whole.as_ref().filter(|_| sums))).await {
                // Some that speak S3 compare this header with the body of the request. If the parts are those that were
                // sent, the header is at fault: what the answer tells of the whole object is compared by the caller.
                Err(refused) if sums && whole.is_some() && refused.refusal.is("BadDigest") => {
                    let held = self.parts(place, upload).await?;
                    let same = |(held, sent): (&StoredPart, &StoredPart)| {
                        (held.number, held.etag.trim_matches('"')) == (sent.number, sent.etag.trim_matches('"'))
                    };
                    if held.len() != parts.len() || !held.iter().zip(parts).all(same) {
                        return Err(uncompleted(&offer, refused));
                    }
                    self.learn(&offer.url, |known| known.whole_sums = false);
                    self.reply(&offer.url, &draft(None)).await
                }
                other => other,
            };
            let reply = reply.map_err(|refused| uncompleted(&offer, refused))?;
            let document = Element::read(&reply.body).unwrap_or_default();
            if let Some(refusal) = within_success(&reply.headers, &document, &reply.body) {
                let fault = refusal.fault(&place.source.to_string(), &known.site, WRITE);
                return Err(uncompleted(&offer, Refused { fault, refusal }));
            }
            // The length that is told here is the answer's own.
            Ok(StoredObject { length: None, ..described(vendor, &reply.headers, &document) })
        })
    }

    fn abort<'a>(&'a self, place: &'a Place, upload: &'a str) -> BoxFuture<'a, Result<(), Fault>> {
        Box::pin(async move {
            let offer = Offer::of(place)?;
            let draft = Draft::new(Method::DELETE, &offer.url.key, WRITE).headers(offer.each_time());
            match self.reply(&offer.url, &draft.query("uploadId", upload)).await {
                Err(refused) if !refused.refusal.is("NoSuchUpload") => Err(refused.fault),
                _ => Ok(()),
            }
        })
    }
}

impl Stores {
    async fn begin(&self, offer: &Offer<'_>, with_sums: bool) -> Result<Reply, Refused> {
        let mut draft =
            Draft::new(Method::POST, &offer.url.key, WRITE).query("uploads", "").headers(offer.describing());
        if offer.url.vendor != Vendor::S3 {
            draft = draft.headers(offer.keeping());
        }
        if with_sums {
            draft = draft.header("x-amz-checksum-algorithm", "CRC64NVME").header("x-amz-checksum-type", "FULL_OBJECT");
        }
        self.reply(&offer.url, &draft).await
    }

    /// All items of a list of several pages.
    async fn pages<T>(
        &self,
        offer: &Offer<'_>,
        draft: impl Fn(Vec<(String, String)>) -> Draft,
        read: impl Fn(&Element) -> Option<answers::Page<T>>,
    ) -> Result<Vec<T>, Fault> {
        let mut all = Vec::new();
        let mut next = Vec::new();
        for _ in 0..MOST_PAGES {
            let reply = self.reply(&offer.url, &draft(next.clone())).await?;
            let document = Element::read(&reply.body);
            let page = document
                .as_ref()
                .and_then(&read)
                .ok_or_else(|| unreadable(offer, "sends a list that makes no sense"))?;
            all.extend(page.items);
            if page.next.is_empty() {
                return Ok(all);
            }
            if page.next == next {
                break;
            }
            next = page.next;
        }
        Err(unreadable(offer, "sends a list that does not end"))
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
        let reply = self.reply(&offer.url, &draft).await?;
        let stored = described(offer.url.vendor, &reply.headers, &Element::default());
        let etag = stored.etag.ok_or_else(|| unreadable(offer, "tells no ETag of the part"))?;
        Ok(StoredPart { number: *number, length: Some(payload.length()), etag, sum: stored.sum })
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
            Err(refused) => Err(refused.fault),
        }
    }

    /// The fault of a refused HEAD. Its answer has no body, so the first byte is asked for to hear why.
    async fn explained(&self, offer: &Offer<'_>, refused: Refused) -> Fault {
        if !refused.refusal.is_mute() || refused.refusal.status == 0 {
            return refused.fault;
        }
        let draft =
            Draft::new(Method::GET, &offer.url.key, "read").headers(offer.asking()).header("range", "bytes=0-0");
        match self.reply(&offer.url, &draft).await {
            Err(told) if !told.refusal.is_mute() => told.fault,
            _ => refused.fault,
        }
    }
}

/// A part, and where it goes.
struct PartOf<'a> {
    offer: &'a Offer<'a>,
    upload: &'a str,
    number: u32,
    payload: Arc<dyn Payload>,
}

/// True if the store's word for a part shows that it has its bytes, and not what stood around them: its checksum, or an
/// ETag that is the MD5.
async fn is_right(stored: &StoredPart, payload: &dyn Payload) -> Result<bool, Fault> {
    if stored.sum.is_some() {
        return Ok(stored.sum == payload.sent_sum());
    }
    let md5 = payload.sum(Algorithm::Md5).await?;
    Ok(stored.etag.trim_matches('"').eq_ignore_ascii_case(&md5.hex))
}

/// True if a request was refused for what it looks like, and not for what it is about or for the moment.
fn is_of_the_form(refused: &Refused) -> bool {
    matches!(refused.refusal.status, 400 | 401 | 403 | 405 | 411 | 415 | 501) && !refused.refusal.is("RequestTimeout")
}

/// What headers and document say of an object or a part.
fn described(vendor: Vendor, headers: &HeaderMap, document: &Element) -> StoredObject {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let number = || headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok();
    let modified = || headers.get(LAST_MODIFIED)?.to_str().ok().and_then(time::read);
    let in_document = || Checksum::of_base64(Algorithm::Crc64Nvme, document.text("ChecksumCRC64NVME")?);
    let composite = document.text("ChecksumType").is_some_and(|kind| kind == "COMPOSITE");
    StoredObject {
        length: number(),
        etag: document.text("ETag").map(str::to_owned).or_else(|| text("etag")),
        sum: sum_of(vendor, headers).or_else(|| in_document().filter(|_| !composite)),
        modified: modified(),
    }
}

/// True if a store has refused what it does not know: checksums of whole objects came late to S3.
fn is_unknown(refused: &Refused) -> bool {
    let codes = ["InvalidRequest", "InvalidArgument", "NotImplemented", "InvalidEncryptionAlgorithmError"];
    matches!(refused.refusal.status, 400 | 501) && codes.iter().any(|code| refused.refusal.is(code))
}

/// The fault of a refused Complete: there BadDigest is about the whole object.
fn uncompleted(offer: &Offer<'_>, refused: Refused) -> Fault {
    let about_all = refused.refusal.is("BadDigest") || refused.refusal.is("InvalidDigest");
    let fault = offer.kept(refused);
    if about_all { Fault { kind: FaultKind::Checksum, ..fault } } else { fault }
}

/// The list of all parts, as Complete wants it.
fn listed(vendor: Vendor, parts: &[StoredPart]) -> String {
    if vendor == Vendor::Tos {
        let one = |part: &StoredPart| serde_json::json!({ "PartNumber": part.number, "ETag": part.etag });
        return serde_json::json!({ "Parts": parts.iter().map(one).collect::<Vec<_>>() }).to_string();
    }
    let mut xml = String::from("<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">");
    for part in parts {
        let etag = quick_xml::escape::escape(&part.etag);
        // Writing to a string can't fail.
        let _ = write!(xml, "<Part><PartNumber>{}</PartNumber><ETag>{etag}</ETag></Part>", part.number);
    }
    xml.push_str("</CompleteMultipartUpload>");
    xml
}

fn unreadable(offer: &Offer<'_>, what: &str) -> Fault {
    Fault::new(FaultKind::BadAnswer, &offer.url, format!("the store {what}"))
}
