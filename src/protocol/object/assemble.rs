//! The last call of an upload in parts, which makes one object of them.

use std::fmt::Write as _;

use reqwest::Method;

use super::draft::{Content, Draft};
use super::exchange::{Refused, Stores};
use super::offer::Offer;
use super::put::{WRITE, described, is_unknown};
use super::trailer::checksum_header;
use crate::model::{Checksum, Fault, FaultKind, Vendor};
use crate::protocol::{Place, Put, StoredObject, StoredPart, bare_etag};

impl Stores {
    /// Makes one object of all parts. An answer that does not say so is none: the beginning of one that broke off, or the page
    /// of something that stands between.
    pub(super) async fn assemble(
        &self,
        place: &Place,
        upload: &str,
        parts: &[StoredPart],
        whole: Option<Checksum>,
    ) -> Result<StoredObject, Fault> {
        let offer = Offer::of(place)?;
        let vendor = offer.url.vendor;
        let known = self.known(&offer.url).await?;
        let sums = known.whole_sums && self.tells_sums(&offer.url, upload).await?;
        let draft = |whole: Option<&Checksum>| {
            let draft = Draft::new(Method::POST, &offer.url.key, WRITE)
                .query("uploadId", upload)
                .headers(offer.each_time())
                .headers(offer.at_the_end())
                .headers(offer.keeping())
                .content(Content::Bytes(listed(vendor, parts).into()));
            match whole.and_then(checksum_header) {
                Some(header) => draft.headers([header]).header("x-amz-checksum-type", "FULL_OBJECT"),
                None => draft,
            }
        };
        let told = match self.told(&offer.url, &draft(whole.as_ref().filter(|_| sums))).await {
            // Some that speak S3 compare this header with the body of the request. If the parts are those that were
            // sent, the header is at fault: what the answer tells of the whole object is compared by the caller.
            Err(refused) if sums && whole.is_some() && refused.refusal.is("BadDigest") => {
                let held = self.parts(place, upload).await?;
                let same = |(held, sent): (&StoredPart, &StoredPart)| {
                    (held.number, bare_etag(&held.etag)) == (sent.number, bare_etag(&sent.etag))
                };
                if held.len() != parts.len() || !held.iter().zip(parts).all(same) {
                    return Err(uncompleted(&offer, refused));
                }
                self.told(&offer.url, &draft(None)).await.inspect(|_| {
                    self.learn(&offer.url, |known| known.whole_sums = false);
                })
            }
            // As with a part: the upload is one that takes no checksums.
            Err(refused) if sums && whole.is_some() && is_unknown(&refused) => {
                self.told(&offer.url, &draft(None)).await
            }
            other => other,
        };
        let (headers, document) = told.map_err(|refused| uncompleted(&offer, refused))?;
        if !document.is_called("CompleteMultipartUploadResult", &["ETag"]) {
            let detail = "the store's answer does not say that it has made an object of the parts";
            return Err(Fault::new(FaultKind::BadAnswer, &place.source, detail));
        }
        // The length that is told here is the answer's own.
        Ok(StoredObject { length: None, ..described(vendor, &headers, &document) })
    }
}

/// The fault of a refused Complete: there BadDigest is about the whole object.
fn uncompleted(offer: &Offer<'_>, refused: Refused) -> Fault {
    let about_all = refused.refusal.is("BadDigest") || refused.refusal.is("InvalidDigest");
    let fault = offer.kept(refused);
    if about_all { Fault { kind: FaultKind::Checksum, ..fault } } else { fault }
}

/// The list of all parts, as Complete wants it.
fn listed(vendor: Vendor, parts: &[StoredPart]) -> String {
    // Weak it is called by what stands between, and not by the store.
    let called = |part: &StoredPart| part.etag.trim_start_matches("W/").to_owned();
    if vendor == Vendor::Tos {
        let one = |part: &StoredPart| serde_json::json!({ "PartNumber": part.number, "ETag": called(part) });
        return serde_json::json!({ "Parts": parts.iter().map(one).collect::<Vec<_>>() }).to_string();
    }
    let mut xml = String::from("<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">");
    for part in parts {
        let etag = called(part);
        let etag = quick_xml::escape::escape(&etag);
        // Writing to a string can't fail.
        let _ = write!(xml, "<Part><PartNumber>{}</PartNumber><ETag>{etag}</ETag></Part>", part.number);
    }
    xml.push_str("</CompleteMultipartUpload>");
    xml
}
