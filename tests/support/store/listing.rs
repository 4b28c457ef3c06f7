//! Lists, in pages.

use std::fmt::Write as _;
use std::time::{Duration, UNIX_EPOCH};

use haul::model::Vendor;

use super::answer::Answer;
use super::request::Request;
use super::server::State;
use super::sums::{ecma, encode, escaped, nvme};
use super::verify::No;

/// A time as lists have it, so many seconds after one that is fixed.
fn moment(seconds: u64) -> String {
    format!("2026-01-02T{:02}:{:02}:{:02}.000Z", seconds / 3600 % 24, seconds / 60 % 60, seconds % 60)
}

impl State {
    fn page(&self, request: &Request, name: &str) -> usize {
        let asked = request.parameter(name).and_then(|count| count.parse().ok()).unwrap_or(1000);
        let most = if self.faults.page == 0 { 1000 } else { self.faults.page };
        most.min(asked)
    }

    fn key(&self, request: &Request, key: &str) -> String {
        match (request.parameter("encoding-type"), self.vendor) {
            (Some("url"), Vendor::S3) => encode(key, true).replace("%20", "+"),
            (Some("url"), _) => encode(key, false),
            _ => escaped(key),
        }
    }

    pub(super) fn list_parts(&self, request: &Request) -> Result<Answer, No> {
        let id = request.parameter("uploadId").unwrap_or("");
        let gone = || (404, "NoSuchUpload", "The specified upload does not exist.".to_owned());
        let upload = self.uploads.get(id).filter(|upload| upload.key == request.key).ok_or_else(gone)?;
        let after = request.parameter("part-number-marker").and_then(|marker| marker.parse().ok()).unwrap_or(0_u32);
        let size = self.page(request, "max-parts");
        let rest: Vec<_> = upload.parts.range(after + 1..).collect();
        let (page, truncated) = (&rest[..rest.len().min(size)], rest.len() > size);
        let next = page.last().map_or(0, |part| *part.0);
        let mut inner = format!(
            "<UploadId>{id}</UploadId><NextPartNumberMarker>{next}</NextPartNumberMarker><IsTruncated>{truncated}</IsTruncated>"
        );
        let mut list = Vec::new();
        for (number, part) in page {
            let sum = match self.vendor {
                _ if self.faults.no_sums => String::new(),
                Vendor::S3 if upload.algorithm.is_none() => String::new(),
                Vendor::S3 => format!("<ChecksumCRC64NVME>{}</ChecksumCRC64NVME>", nvme(&part.bytes)),
                _ => format!("<HashCrc64ecma>{}</HashCrc64ecma>", ecma(&part.bytes)),
            };
            let (etag, length) = (&part.etag, part.bytes.len());
            write!(
                inner,
                "<Part><PartNumber>{number}</PartNumber><ETag>{}</ETag><Size>{length}</Size>{sum}</Part>",
                etag.replace('"', "&quot;")
            )
            .unwrap();
            list.push(serde_json::json!({ "PartNumber": number, "ETag": etag, "Size": length }));
        }
        let json = serde_json::json!({ "UploadId": id, "NextPartNumberMarker": next, "IsTruncated": truncated, "Parts": list });
        Ok(self.document("ListPartsResult", &inner, &json))
    }

    pub(super) fn list_uploads(&self, request: &Request) -> Answer {
        let prefix = request.parameter("prefix").unwrap_or("");
        let after =
            (request.parameter("key-marker").unwrap_or(""), request.parameter("upload-id-marker").unwrap_or(""));
        let mut all: Vec<_> = self.uploads.iter().filter(|(_, upload)| upload.key.starts_with(prefix)).collect();
        all.sort_by(|one, other| (&one.1.key, one.0).cmp(&(&other.1.key, other.0)));
        all.retain(|(id, upload)| (upload.key.as_str(), id.as_str()) > after);
        let size = self.page(request, "max-uploads");
        let (page, truncated) = (&all[..all.len().min(size)], all.len() > size);
        let mut inner = format!("<IsTruncated>{truncated}</IsTruncated>");
        let mut json = serde_json::json!({ "IsTruncated": truncated, "Uploads": [] });
        if let Some((id, upload)) = page.last().filter(|_| truncated) {
            let key = self.key(request, &upload.key);
            write!(inner, "<NextKeyMarker>{key}</NextKeyMarker><NextUploadIdMarker>{id}</NextUploadIdMarker>").unwrap();
            json["NextKeyMarker"] = upload.key.clone().into();
            json["NextUploadIdMarker"] = id.as_str().into();
        }
        for (id, upload) in page {
            let (key, begun) = (self.key(request, &upload.key), moment(upload.number as u64));
            let named = upload.algorithm.as_ref().filter(|_| self.vendor == Vendor::S3);
            let sums = named.map_or_else(String::new, |kind| format!("<ChecksumAlgorithm>{kind}</ChecksumAlgorithm>"));
            write!(
                inner,
                "<Upload><Key>{key}</Key><UploadId>{id}</UploadId><Initiated>{begun}</Initiated>{sums}</Upload>"
            )
            .unwrap();
            let one = serde_json::json!({ "Key": upload.key, "UploadId": id, "Initiated": begun });
            json["Uploads"].as_array_mut().unwrap().push(one);
        }
        self.document("ListMultipartUploadsResult", &inner, &json)
    }

    pub(super) fn list(&self, request: &Request) -> Answer {
        let prefix = request.parameter("prefix").unwrap_or("");
        let delimiter = request.parameter("delimiter").unwrap_or("");
        let after = request.parameter("continuation-token").unwrap_or("");
        if self.faults.circle {
            let next = if after == "B" { "C" } else { "B" };
            let inner = format!("<IsTruncated>true</IsTruncated><NextContinuationToken>{next}</NextContinuationToken>");
            let json = serde_json::json!({ "IsTruncated": true, "NextContinuationToken": next });
            return self.document("ListBucketResult", &inner, &json);
        }
        let mut names: Vec<(String, bool)> = Vec::new();
        for key in self.objects.keys().filter(|key| key.starts_with(prefix)) {
            let rest = &key[prefix.len()..];
            let folder =
                rest.find(delimiter).filter(|_| !delimiter.is_empty()).map(|at| key[..=prefix.len() + at].to_owned());
            let entry = folder.map_or_else(|| (key.clone(), false), |folder| (folder, true));
            if names.last() != Some(&entry) && entry.0.as_str() > after {
                names.push(entry);
            }
        }
        let size = self.page(request, "max-keys");
        let truncated = names.len() > size;
        names.truncate(size);
        let mut inner = format!("<IsTruncated>{truncated}</IsTruncated>");
        if request.parameter("encoding-type").is_some() {
            inner.push_str("<EncodingType>url</EncodingType>");
        }
        let mut json = serde_json::json!({ "IsTruncated": truncated, "Contents": [], "CommonPrefixes": [] });
        if let Some((last, _)) = names.last().filter(|_| truncated) {
            // OSS encodes it as the names, S3 does not.
            let token = if self.vendor == Vendor::Oss { self.key(request, last) } else { escaped(last) };
            write!(inner, "<NextContinuationToken>{token}</NextContinuationToken>").unwrap();
            json["NextContinuationToken"] = last.clone().into();
        }
        for (name, folder) in &names {
            let key = self.key(request, name);
            if *folder {
                write!(inner, "<CommonPrefixes><Prefix>{key}</Prefix></CommonPrefixes>").unwrap();
                json["CommonPrefixes"].as_array_mut().unwrap().push(serde_json::json!({ "Prefix": name }));
                continue;
            }
            let object = &self.objects[name];
            let since = object.modified.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO).as_secs();
            let (length, etag, when) = (object.bytes.len(), &object.etag, moment(since));
            write!(inner, "<Contents><Key>{key}</Key><LastModified>{when}</LastModified><ETag>{etag}</ETag><Size>{length}</Size></Contents>").unwrap();
            let one = serde_json::json!({ "Key": name, "LastModified": when, "ETag": etag, "Size": length });
            json["Contents"].as_array_mut().unwrap().push(one);
        }
        self.document("ListBucketResult", &inner, &json)
    }
}
