//! Uploads in parts.

use std::collections::BTreeMap;
use std::time::SystemTime;

use haul::model::Vendor;

use super::answer::{Answer, error};
use super::faults::Lost;
use super::framing::{Trailers, unframed};
use super::objects::{Object, described, quoted};
use super::request::Request;
use super::server::{State, Store};
use super::sums::{ecma, escaped, md5, nvme};
use super::verify::No;

/// A part that has come.
#[derive(Clone, Debug)]
pub(super) struct Part {
    pub(super) bytes: Vec<u8>,
    pub(super) etag: String,
}

/// An upload that is open.
#[derive(Clone, Debug)]
pub(super) struct Upload {
    pub(super) key: String,
    pub(super) parts: BTreeMap<u32, Part>,
    /// Which one of all it is: later ones are newer.
    pub(super) number: usize,
    /// Of which kind the parts' checksums are, as was named when it was begun (S3).
    pub(super) algorithm: Option<String>,
    headers: Vec<(String, String)>,
}

impl Upload {
    /// Refuses a checksum of another kind than was named, or a missing one, as S3 does.
    fn check_algorithm(&self, sent: Option<&str>) -> Result<(), No> {
        let named = self.algorithm.as_deref();
        // Whoever tells none of the kind that S3 makes by itself lets S3 make it.
        if named == sent || (named == Some(OWN) && sent.is_none()) {
            return Ok(());
        }
        let word = |kind: Option<&str>| kind.unwrap_or("null").to_lowercase();
        let (named, sent) = (word(named), word(sent));
        let words =
            format!("Checksum Type mismatch occurred, expected checksum Type: {named}, actual checksum Type: {sent}");
        Err((400, "InvalidRequest", words))
    }
}

/// The kind of checksum that S3 makes by itself.
const OWN: &str = "CRC64NVME";

impl Store {
    /// An upload with these parts that another tool has begun, which named this kind of checksum or none.
    pub fn begun(&self, key: &str, algorithm: Option<&str>, parts: &[(u32, &[u8])]) -> String {
        let mut state = self.state();
        state.minted += 1;
        let (id, vendor) = (format!("UPLOAD-{:04}", state.minted), state.vendor);
        let part = |bytes: &[u8]| Part { bytes: bytes.to_vec(), etag: quoted(vendor, &md5(bytes), "") };
        let upload = Upload {
            key: key.to_owned(),
            parts: parts.iter().map(|(number, bytes)| (*number, part(bytes))).collect(),
            number: state.minted,
            algorithm: algorithm.map(str::to_owned),
            headers: Vec::new(),
        };
        state.uploads.insert(id.clone(), upload);
        id
    }
}

impl State {
    fn upload(&self, request: &Request) -> Result<(String, Upload), No> {
        let id = request.parameter("uploadId").unwrap_or("");
        let found = self.uploads.get(id).filter(|upload| upload.key == request.key);
        let gone = || (404, "NoSuchUpload", "The specified upload does not exist.".to_owned());
        found.map(|upload| (id.to_owned(), upload.clone())).ok_or_else(gone)
    }

    /// What is asked for is written in the vendor's language.
    pub(super) fn document(&self, name: &str, inner: &str, json: &serde_json::Value) -> Answer {
        if self.vendor == Vendor::Tos {
            let mut json = json.clone();
            for member in json.as_object_mut().into_iter().flat_map(serde_json::Map::values_mut) {
                // A list of nothing is none, as the vendor's own programs are made to bear.
                if member.as_array().is_some_and(Vec::is_empty) {
                    *member = serde_json::Value::Null;
                }
            }
            return Answer::new(200).header("Content-Type", "application/json").body(json.to_string());
        }
        let space = if self.vendor == Vendor::S3 { " xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"" } else { "" };
        let text = format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<{name}{space}>{inner}</{name}>");
        Answer::new(200).header("Content-Type", "application/xml").body(text)
    }

    pub(super) fn create(&mut self, request: &Request) -> Result<Answer, No> {
        if self.faults.no_sums && request.header("x-amz-checksum-algorithm").is_some() {
            return Err((400, "InvalidRequest", "Checksum algorithm provided is unsupported.".to_owned()));
        }
        self.minted += 1;
        let id = format!("UPLOAD-{:04}", self.minted);
        let upload = Upload {
            key: request.key.clone(),
            parts: BTreeMap::new(),
            number: self.minted,
            algorithm: request.header("x-amz-checksum-algorithm").map(str::to_owned),
            headers: described(request),
        };
        self.uploads.insert(id.clone(), upload);
        let inner = format!("<Bucket>bkt</Bucket><Key>{}</Key><UploadId>{id}</UploadId>", escaped(&request.key));
        let json = serde_json::json!({ "Bucket": "bkt", "Key": request.key, "UploadId": id });
        Ok(self.document("InitiateMultipartUploadResult", &inner, &json))
    }

    pub(super) fn part(&mut self, request: &Request, body: Vec<u8>) -> Result<Answer, No> {
        let number = request.parameter("partNumber").and_then(|number| number.parse().ok()).unwrap_or(0_u32);
        if !(1..=10_000).contains(&number) {
            return Err((400, "InvalidArgument", "Part number must be an integer between 1 and 10000.".to_owned()));
        }
        let (mut body, trailer) = unframed(request, body, self.faults.trailers)?;
        self.damage(&mut body);
        if self.faults.forget_upload_after.is_some_and(|after| self.parts > after) {
            self.faults.forget_upload_after = None;
            self.uploads.remove(request.parameter("uploadId").unwrap_or(""));
        }
        let (id, upload) = self.upload(request)?;
        let tells_sum = trailer.is_some() || request.header("x-amz-checksum-crc64nvme").is_some();
        if self.vendor == Vendor::S3 && !self.faults.no_sums {
            upload.check_algorithm(tells_sum.then_some(OWN))?;
        }
        self.check_sum(request, &body)?;
        if trailer.as_ref().is_some_and(|sum| *sum != nvme(&body) && self.faults.trailers == Trailers::Compared) {
            return Err((400, "BadDigest", "The CRC64NVME behind the bytes is another one.".to_owned()));
        }
        let etag = quoted(self.vendor, &md5(&body), "");
        let weak = if self.faults.weak_etags { "W/" } else { "" };
        let mut answer = Answer::new(200).header("ETag", format!("{weak}{etag}"));
        match self.vendor {
            _ if self.faults.no_sums => {}
            _ if trailer.is_some() && self.faults.trailers == Trailers::Silent => {}
            Vendor::S3 if upload.algorithm.is_none() => {}
            Vendor::S3 => answer = answer.header("x-amz-checksum-crc64nvme", nvme(&body)),
            Vendor::Oss => answer = answer.header("x-oss-hash-crc64ecma", ecma(&body)),
            Vendor::Tos => answer = answer.header("x-tos-hash-crc64ecma", ecma(&body)),
        }
        if let Some(upload) = self.uploads.get_mut(&id) {
            upload.parts.insert(number, Part { bytes: body, etag });
        }
        Ok(answer)
    }

    pub(super) fn abort(&mut self, request: &Request) -> Result<Answer, No> {
        let (id, _) = self.upload(request)?;
        self.uploads.remove(&id);
        Ok(Answer::new(204))
    }

    pub(super) fn complete(&mut self, request: &Request, body: &[u8]) -> Result<Option<Answer>, No> {
        let (id, upload) = self.upload(request)?;
        self.check_kept(request)?;
        if self.vendor == Vendor::S3 && !self.faults.no_sums && request.header("x-amz-checksum-crc64nvme").is_some() {
            upload.check_algorithm(Some(OWN))?;
        }
        let mut wanted = listed(std::str::from_utf8(body).unwrap(), self.vendor);
        if self.vendor == Vendor::Tos {
            wanted.sort_unstable();
        }
        let bad = |code: &'static str| (400, code, "The list of parts is not right.".to_owned());
        let (mut bytes, mut digests, mut last) = (Vec::new(), Vec::new(), 0);
        for (index, (number, etag)) in wanted.iter().enumerate() {
            let part = upload.parts.get(number).filter(|part| part.etag == *etag).ok_or_else(|| bad("InvalidPart"))?;
            if *number <= last {
                return Err(bad("InvalidPartOrder"));
            }
            if index + 1 < wanted.len() && (part.bytes.len() as u64) < self.least_part {
                return Err(bad("EntityTooSmall"));
            }
            last = *number;
            bytes.extend_from_slice(&part.bytes);
            digests.extend(md5(&part.bytes));
        }
        if wanted.is_empty() {
            return Err(bad("MalformedXML"));
        }
        self.check_sum(request, if self.faults.sums_of_bodies { body } else { &bytes })?;
        let lost = self.faults.complete.take();
        if lost == Some(Lost::Error200) {
            let text = error(self.vendor, "InternalError", "injected", &[]);
            return Ok(Some(Answer::new(200).body(format!("   \n{text}"))));
        }
        let etag = quoted(self.vendor, &md5(&digests), &format!("-{}", wanted.len()));
        let object = Object { modified: SystemTime::now(), ..Object::new(self.vendor, bytes, Some(etag.clone())) };
        let object = Object { headers: upload.headers.clone(), ..object };
        let sum = if self.vendor == Vendor::S3 { nvme(&object.bytes) } else { String::new() };
        let told = format!("<ChecksumCRC64NVME>{sum}</ChecksumCRC64NVME><ChecksumType>FULL_OBJECT</ChecksumType>");
        let told = if sum.is_empty() || self.faults.no_sums { String::new() } else { told };
        let inner = format!("<ETag>{etag}</ETag>{told}");
        let mut answer = self.document(
            "CompleteMultipartUploadResult",
            &inner,
            &serde_json::json!({ "ETag": etag, "Key": request.key }),
        );
        if self.vendor != Vendor::S3 && !self.faults.no_sums {
            answer.headers.extend(object.sum(self.vendor));
        }
        self.objects.insert(upload.key, object);
        self.uploads.remove(&id);
        match lost {
            Some(Lost::Answer) => Ok(None),
            Some(_) => Err((500, "InternalError", "injected".to_owned())),
            None => Ok(Some(answer)),
        }
    }
}

/// The parts that Complete lists, read as simply as their form allows.
fn listed(body: &str, vendor: Vendor) -> Vec<(u32, String)> {
    if vendor == Vendor::Tos {
        let value: serde_json::Value = serde_json::from_str(body).unwrap();
        let one = |part: &serde_json::Value| {
            (part["PartNumber"].as_u64().unwrap() as u32, part["ETag"].as_str().unwrap().to_owned())
        };
        return value["Parts"].as_array().unwrap().iter().map(one).collect();
    }
    let between = |text: &str, start: &str, end: &str| {
        let from = text.find(start).unwrap() + start.len();
        text[from..from + text[from..].find(end).unwrap()].to_owned()
    };
    let one = |part: &str| {
        let number = between(part, "<PartNumber>", "</PartNumber>").parse().unwrap();
        (number, between(part, "<ETag>", "</ETag>").replace("&quot;", "\""))
    };
    body.split("<Part>").skip(1).map(one).collect()
}
