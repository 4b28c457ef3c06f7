//! What is said of an object with the requests that make it: its type, how it is kept, what the user gave as headers.

use reqwest::header::HeaderMap;

use super::exchange::Refused;
use super::sign::{Dialect, Pair};
use crate::model::{Algorithm, Checksum, Fault, FaultKind, ObjectUrl, Upload, Vendor, Weight};
use crate::protocol::{Place, announced_digests};

/// What OSS, TOS and S3 take for an object's type where nobody says it.
const UNKNOWN_TYPE: &str = "application/octet-stream";

/// How the headers begin that say how S3 encrypts an object.
pub(super) const ENCRYPTION: &str = "x-amz-server-side-encryption";
/// The header that asks S3 for an object's checksum.
pub(super) const ASKS_SUM: &str = "x-amz-checksum-mode";

/// A place with what is said of it.
pub(super) struct Offer<'a> {
    pub(super) url: ObjectUrl,
    place: &'a Place,
    headers: Vec<Pair>,
}

impl<'a> Offer<'a> {
    pub(super) fn of(place: &'a Place) -> Result<Self, Fault> {
        let wrong = |why: &str| Fault::new(FaultKind::Request, &place.source, why);
        let url = ObjectUrl::of(&place.source).ok_or_else(|| wrong("this is no object in a store"))?;
        if url.is_prefix() {
            return Err(wrong("this is no object's name, since it ends in /"));
        }
        if url.version.is_some() {
            return Err(wrong("a version can be read, and not written to: leave versionId out"));
        }
        let mut headers = Vec::new();
        for header in place.headers.iter() {
            headers.push(given(header.name.as_str(), &header.value, &url)?);
        }
        Ok(Self { url, place, headers })
    }

    fn vendors(&self, name: &str) -> String {
        Dialect::of(self.url.vendor).header(name)
    }

    fn has(&self, name: &str) -> bool {
        self.headers.iter().any(|(own, _)| own == name)
    }

    /// What the object is to be like: with the request that begins it.
    pub(super) fn describing(&self) -> Vec<Pair> {
        let mut all = self.headers.clone();
        let upload = &self.place.upload;
        if !self.has("content-type") {
            let guess = || {
                mime_guess::from_path(&self.url.key)
                    .first_raw()
                    .or_else(|| mime_guess::from_path(&upload.file).first_raw())
            };
            let named = upload.content_type.clone().or_else(|| guess().map(str::to_owned));
            all.push(("content-type".to_owned(), named.unwrap_or_else(|| UNKNOWN_TYPE.to_owned())));
        }
        let class = self.vendors("storage-class");
        if let Some(name) = upload.storage_class.as_ref().filter(|_| !self.has(&class)) {
            all.push((class, name.clone()));
        }
        all
    }

    /// That an object which stands there already is left alone.
    pub(super) fn keeping(&self) -> Option<Pair> {
        let pair = match self.url.vendor {
            Vendor::S3 => ("if-none-match".to_owned(), "*".to_owned()),
            Vendor::Oss | Vendor::Tos => (self.vendors("forbid-overwrite"), "true".to_owned()),
        };
        self.place.upload.keep.then_some(pair)
    }

    /// The limit that the store keeps by itself.
    pub(super) fn slowly(&self) -> Option<Pair> {
        let limit = self.place.upload.traffic_limit.filter(|_| self.url.vendor != Vendor::S3)?;
        let bytes = limit.bytes().clamp(*Upload::TRAFFIC.start(), *Upload::TRAFFIC.end());
        Some((self.vendors("traffic-limit"), (bytes * 8).to_string()))
    }

    /// Which of the user's headers go with every request about the object: who pays, and the key that it is encrypted with.
    pub(super) fn each_time(&self) -> Vec<Pair> {
        let always = |name: &str| name.contains("request-payer") || name.contains("encryption-customer-");
        self.headers.iter().filter(|(name, _)| always(name)).cloned().collect()
    }

    /// Which of them OSS wants with the request that ends an upload in parts: who may read the object.
    pub(super) fn at_the_end(&self) -> Vec<Pair> {
        let is_wanted = |name: &str| self.url.vendor == Vendor::Oss && name == "x-oss-object-acl";
        self.headers.iter().filter(|(name, _)| is_wanted(name)).cloned().collect()
    }

    /// True if the user asks for an encryption, under which an ETag is no MD5.
    pub(super) fn encrypts(&self) -> bool {
        self.headers.iter().any(|(name, _)| name.starts_with(ENCRYPTION))
    }

    /// What is asked for about an object: its checksum too, if so.
    pub(super) fn asking(&self, sum: bool) -> Vec<Pair> {
        let mut all = self.each_time();
        if self.url.vendor == Vendor::S3 && sum {
            all.push((ASKS_SUM.to_owned(), "ENABLED".to_owned()));
        }
        all
    }

    /// The fault of a refused request; one that was refused for what stands there is of the kind `Exists`.
    pub(super) fn kept(&self, refused: Refused) -> Fault {
        let stands = refused.refusal.status == 412 || refused.fault.kind == FaultKind::Exists;
        if !stands || !self.place.upload.keep {
            return refused.fault;
        }
        let detail =
            format!("an object of this name stands there already, and is left alone: {}", refused.fault.detail);
        Fault { kind: FaultKind::Exists, detail, ..refused.fault }
    }
}

/// A header of the user's as it is signed and sent: its name in lower case, its blanks as one each, since the vendors do
/// not agree on what to sign of several.
pub(super) fn given(name: &str, value: &str, url: &ObjectUrl) -> Result<Pair, Fault> {
    let name = name.to_ascii_lowercase();
    if matches!(name.as_str(), "authorization" | "host" | "date" | "content-length") {
        let detail = format!("haul signs requests to stores itself: leave out the header {name}");
        return Err(Fault::new(FaultKind::Request, url, detail));
    }
    Ok((name, value.split_ascii_whitespace().collect::<Vec<_>>().join(" ")))
}

/// The checksum of a whole object, or of the part that was sent, in the algorithm that the vendor compares.
pub(super) fn sum_of(vendor: Vendor, headers: &HeaderMap) -> Option<Checksum> {
    let wanted = if vendor == Vendor::S3 { Algorithm::Crc64Nvme } else { Algorithm::Crc64 };
    let firm =
        announced_digests(headers, None).into_iter().filter(|one| one.weight == Weight::Firm && one.range.is_none());
    firm.map(|one| one.checksum).find(|sum| sum.algorithm == wanted)
}
