//! Objects: what they are, and how they are read and written whole.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use haul::model::Vendor;

use super::answer::Answer;
use super::faults::used;
use super::request::Request;
use super::server::State;
use super::sums::{ecma, hex, md5, nvme};
use super::verify::No;

/// An object.
#[derive(Clone, Debug)]
pub(super) struct Object {
    pub(super) bytes: Arc<Vec<u8>>,
    /// With its quotes.
    pub(super) etag: String,
    pub(super) modified: SystemTime,
    /// What it was made with.
    pub(super) headers: Vec<(String, String)>,
}

impl Object {
    pub(super) fn new(vendor: Vendor, bytes: Vec<u8>, etag: Option<String>) -> Self {
        let own = || quoted(vendor, &md5(&bytes), "");
        let etag = etag.unwrap_or_else(own);
        // An hour old, so that what replaces it is newer to the second.
        let modified = SystemTime::now() - Duration::from_secs(3600);
        Self { bytes: Arc::new(bytes), etag, modified, headers: Vec::new() }
    }

    /// The checksum of all of it, as a header.
    pub(super) fn sum(&self, vendor: Vendor) -> Vec<(String, String)> {
        match vendor {
            Vendor::S3 => vec![
                ("x-amz-checksum-crc64nvme".to_owned(), nvme(&self.bytes)),
                ("x-amz-checksum-type".to_owned(), "FULL_OBJECT".to_owned()),
            ],
            Vendor::Oss => vec![("x-oss-hash-crc64ecma".to_owned(), ecma(&self.bytes))],
            Vendor::Tos => vec![("x-tos-hash-crc64ecma".to_owned(), ecma(&self.bytes))],
        }
    }
}

/// An ETag in the vendor's spelling.
pub(super) fn quoted(vendor: Vendor, digest: &[u8], suffix: &str) -> String {
    let digits = hex(digest);
    let digits = if vendor == Vendor::Oss { digits.to_uppercase() } else { digits };
    format!("\"{digits}{suffix}\"")
}

impl State {
    /// Does what is asked; `None` cuts the connection.
    pub(super) fn perform(&mut self, request: &Request, body: Vec<u8>) -> Result<Option<Answer>, No> {
        match request.call() {
            "GetObject" => self.get(request).map(Some),
            "HeadObject" => self.head(request).map(Some),
            "PutObject" => self.put(request, body).map(Some),
            "ListObjects" => Ok(Some(self.list(request))),
            "ListMultipartUploads" => Ok(Some(self.list_uploads(request))),
            "CreateMultipartUpload" => self.create(request).map(Some),
            "UploadPart" => self.part(request, body).map(Some),
            "ListParts" => self.list_parts(request).map(Some),
            "CompleteMultipartUpload" => self.complete(request, &body),
            "AbortMultipartUpload" => self.abort(request).map(Some),
            other => Err((501, "NotImplemented", other.to_owned())),
        }
    }

    fn found(&self, request: &Request) -> Result<Object, No> {
        let gone = || (404, "NoSuchKey", "The specified key does not exist.".to_owned());
        self.objects.get(&request.key).cloned().ok_or_else(gone)
    }

    fn about(&self, request: &Request, object: &Object) -> Answer {
        let mut answer = Answer::new(200)
            .header("ETag", &object.etag)
            .header("Last-Modified", httpdate::fmt_http_date(object.modified))
            .header("Accept-Ranges", "bytes");
        // S3 tells a checksum only where it was asked to, and of the whole.
        let asked = request.header("x-amz-checksum-mode") == Some("ENABLED") && request.header("range").is_none();
        if !self.faults.no_sums && (self.vendor != Vendor::S3 || asked) {
            answer.headers.extend(object.sum(self.vendor));
        }
        answer.headers.extend(object.headers.iter().cloned());
        answer
    }

    fn head(&self, request: &Request) -> Result<Answer, No> {
        let object = self.found(request)?;
        if request.header("if-none-match").is_some_and(|tag| tag == object.etag || tag == "*") {
            return Ok(Answer { status: 304, ..self.about(request, &object) });
        }
        let told = Some(object.bytes.len() as u64);
        Ok(Answer { told, ..self.about(request, &object) })
    }

    fn get(&mut self, request: &Request) -> Result<Answer, No> {
        self.downloads += 1;
        if self.faults.mutate_after.is_some_and(|after| self.downloads > after) {
            self.faults.mutate_after = None;
            let other: Vec<u8> = self.found(request)?.bytes.iter().map(|byte| !byte).collect();
            let mut other = Object::new(self.vendor, other, None);
            other.modified = SystemTime::now();
            self.objects.insert(request.key.clone(), other);
        }
        let object = self.found(request)?;
        let differs = |tag: &str| tag != object.etag && tag != "*";
        if request.header("if-match").is_some_and(differs) {
            return Err((412, "PreconditionFailed", "At least one of the pre-conditions did not hold.".to_owned()));
        }
        if request.header("if-none-match").is_some_and(|tag| !differs(tag)) {
            return Ok(Answer { status: 304, ..self.about(request, &object) });
        }
        let mut answer = self.about(request, &object);
        let length = object.bytes.len() as u64;
        let range = request
            .header("range")
            .filter(|_| !self.faults.no_ranges)
            .and_then(|range| self.range(request, range, length));
        answer.body = match range {
            Some(Err(no)) => {
                let refusal = Answer::refusal(self.vendor, request, no.0, no.1, &no.2, &[]);
                return Ok(refusal.header("Content-Range", format!("bytes */{length}")));
            }
            Some(Ok((first, last))) => {
                answer.status = 206;
                answer.headers.push(("Content-Range".to_owned(), format!("bytes {first}-{last}/{length}")));
                object.bytes[first as usize..=last as usize].to_vec()
            }
            None => object.bytes.to_vec(),
        };
        if self.faults.corrupt_download == Some(self.downloads) && !answer.body.is_empty() {
            let middle = answer.body.len() / 2;
            answer.body[middle] ^= 0x5a;
        }
        answer.cut_after = used(&mut self.faults.cut_after);
        Ok(answer)
    }

    /// First and last byte of a range; OSS ignores one that is wrong, unless it is asked to be strict.
    fn range(&self, request: &Request, range: &str, length: u64) -> Option<Result<(u64, u64), No>> {
        let strict = self.vendor != Vendor::Oss || request.header("x-oss-range-behavior") == Some("standard");
        let (first, last) = range.strip_prefix("bytes=")?.split_once('-')?;
        let first: u64 = first.parse().ok()?;
        let last = last.parse().unwrap_or(length.saturating_sub(1));
        if first >= length {
            let no = (416, "InvalidRange", "The requested range cannot be satisfied".to_owned());
            return strict.then_some(Err(no));
        }
        if last >= length && !strict {
            return None;
        }
        Some(Ok((first, last.min(length - 1))))
    }

    /// Refuses to replace what must be kept.
    pub(super) fn check_kept(&self, request: &Request) -> Result<(), No> {
        if !self.objects.contains_key(&request.key) {
            return Ok(());
        }
        let says = |name: &str, value: &str| request.header(name) == Some(value);
        if self.vendor == Vendor::S3 && says("if-none-match", "*") {
            return Err((412, "PreconditionFailed", "At least one of the pre-conditions did not hold.".to_owned()));
        }
        let forbidden = format!("x-{}-forbid-overwrite", self.vendor.scheme());
        if says(&forbidden, "true") {
            return Err((409, "FileAlreadyExists", "The object already exists.".to_owned()));
        }
        Ok(())
    }

    /// Compares a checksum that came with a body.
    pub(super) fn check_sum(&self, request: &Request, body: &[u8]) -> Result<(), No> {
        match request.header("x-amz-checksum-crc64nvme").filter(|_| !self.faults.no_sums) {
            Some(sum) if sum != nvme(body) => {
                Err((400, "BadDigest", "The CRC64NVME you specified did not match the calculated checksum.".to_owned()))
            }
            _ => Ok(()),
        }
    }

    fn put(&mut self, request: &Request, mut body: Vec<u8>) -> Result<Answer, No> {
        self.check_kept(request)?;
        self.damage(&mut body);
        self.check_sum(request, &body)?;
        let object = Object { modified: SystemTime::now(), ..Object::new(self.vendor, body, None) };
        let object = Object { headers: described(request), ..object };
        let mut answer = Answer::new(200).header("ETag", &object.etag);
        if !self.faults.no_sums {
            answer.headers.extend(object.sum(self.vendor));
        }
        self.objects.insert(request.key.clone(), object);
        Ok(answer)
    }

    /// Damages what has come, if that is due.
    pub(super) fn damage(&mut self, body: &mut [u8]) {
        self.parts += 1;
        let middle = body.len() / 2;
        if self.faults.corrupt_upload == Some(self.parts)
            && let Some(byte) = body.get_mut(middle)
        {
            *byte ^= 0x5a;
        }
    }
}

/// The headers that stay with an object.
pub(super) fn described(request: &Request) -> Vec<(String, String)> {
    let stays = |name: &str| {
        let is_about_it = matches!(name, "content-type" | "content-disposition" | "cache-control");
        name.contains("-meta-") || name.contains("storage-class") || is_about_it
    };
    request.headers.iter().filter(|(name, _)| stays(name)).cloned().collect()
}
