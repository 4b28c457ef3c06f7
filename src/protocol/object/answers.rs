//! What the stores' answers hold, whichever of them speaks: parts, uploads, objects. Pure.

use percent_encoding::percent_decode_str;

use super::document::Element;
use super::put::md5_of;
use super::time;
use crate::model::{Algorithm, Checksum, Vendor};
use crate::protocol::StoredPart;

/// One page of a list.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Page<T> {
    pub(super) items: Vec<T>,
    /// What the next page is asked for with; empty on the last one.
    pub(super) next: Vec<(String, String)>,
}

/// An upload that is open.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct OpenUpload {
    pub(super) key: String,
    pub(super) id: String,
    pub(super) begun: Option<u64>,
    /// Of which kind the checksums are that were named when it was begun, if any were (S3).
    pub(super) algorithm: Option<String>,
}

/// A list of parts. TOS's names are those of OSS in the plural.
pub(super) fn parts(document: &Element) -> Option<Page<StoredPart>> {
    if !document.is_called("ListPartsResult", &["IsTruncated", "Parts", "UploadId", "MaxParts"]) {
        return None;
    }
    let mut items = Vec::new();
    for part in document.all("Part").chain(document.all("Parts")) {
        items.push(StoredPart {
            number: part.number("PartNumber")?.try_into().ok()?,
            length: Some(part.number("Size")?),
            md5: part.text("ETag").and_then(md5_of),
            etag: part.text("ETag")?.to_owned(),
            sum: part_sum(part),
        });
    }
    items.sort_by_key(|part| part.number);
    let mut next = Vec::new();
    if document.says("IsTruncated") {
        let last = || items.last().map(|part| u64::from(part.number));
        let marker = document.number("NextPartNumberMarker").filter(|marker| *marker > 0).or_else(last)?;
        next.push(("part-number-marker".to_owned(), marker.to_string()));
    }
    Some(Page { items, next })
}

fn part_sum(part: &Element) -> Option<Checksum> {
    let ecma = || Checksum::of_decimal(Algorithm::Crc64, part.text("HashCrc64ecma")?);
    let nvme = || Checksum::of_base64(Algorithm::Crc64Nvme, part.text("ChecksumCRC64NVME")?);
    ecma().or_else(nvme)
}

/// A list of uploads. Which of its keys is the one that is looked for is decided by who looks: not every store says
/// whether it has encoded them.
pub(super) fn uploads(document: &Element, vendor: Vendor) -> Option<Page<OpenUpload>> {
    if !document.is_called("ListMultipartUploadsResult", &["IsTruncated", "Uploads", "Bucket", "MaxUploads"]) {
        return None;
    }
    let mut items = Vec::new();
    for upload in document.all("Upload").chain(document.all("Uploads")) {
        let (key, id) = (upload.raw("Key")?.to_owned(), upload.text("UploadId")?.to_owned());
        let algorithm = upload.text("ChecksumAlgorithm").map(str::to_owned);
        items.push(OpenUpload { key, id, begun: upload.text("Initiated").and_then(time::read), algorithm });
    }
    let mut next = Vec::new();
    if document.says("IsTruncated") {
        let last = items.last();
        let marker = |name: &str| document.raw(name).map(str::to_owned);
        let key = marker("NextKeyMarker").or_else(|| Some(last?.key.clone()))?;
        let id = marker("NextUploadIdMarker").or_else(|| Some(last?.id.clone()))?;
        // TOS is not asked to encode keys, since JSON holds any.
        let key = if vendor == Vendor::Tos { key } else { decoded(&key, vendor) };
        next.push(("key-marker".to_owned(), key));
        next.push(("upload-id-marker".to_owned(), id));
    }
    Some(Page { items, next })
}

/// A key out of a list in which keys are encoded. S3 writes a blank as a plus.
pub(super) fn decoded(key: &str, vendor: Vendor) -> String {
    let key = if vendor == Vendor::S3 { key.replace('+', " ") } else { key.to_owned() };
    percent_decode_str(&key).decode_utf8().map_or_else(|_| key.clone(), std::borrow::Cow::into_owned)
}
