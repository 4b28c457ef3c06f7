//! The check of a signature, written apart from haul's signer: from the bytes that came, by the vendors' documents.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use sha2::{Digest, Sha256};

use super::request::Request;
use super::sums::{decode, encode, hex};

/// What is expected of whoever asks.
#[derive(Clone, Debug)]
pub(super) struct Guard {
    pub(super) vendor: haul::model::Vendor,
    pub(super) id: String,
    pub(super) secret: String,
    pub(super) token: Option<String>,
    pub(super) region: String,
    /// The store's clock.
    pub(super) now: u64,
    /// Everyone may read.
    pub(super) public: bool,
}

/// A refusal: status, code, words.
pub(super) type No = (u16, &'static str, String);

struct Names {
    algorithm: &'static str,
    seed: &'static str,
    service: &'static str,
    end: &'static str,
    prefix: &'static str,
}

const S3: Names =
    Names { algorithm: "AWS4-HMAC-SHA256", seed: "AWS4", service: "s3", end: "aws4_request", prefix: "x-amz-" };
const TOS: Names = Names { algorithm: "TOS4-HMAC-SHA256", seed: "", service: "tos", end: "request", prefix: "x-tos-" };
const OSS: Names = Names {
    algorithm: "OSS4-HMAC-SHA256",
    seed: "aliyun_v4",
    service: "oss",
    end: "aliyun_v4_request",
    prefix: "x-oss-",
};

impl Guard {
    fn names(&self) -> &'static Names {
        match self.vendor {
            haul::model::Vendor::S3 => &S3,
            haul::model::Vendor::Oss => &OSS,
            haul::model::Vendor::Tos => &TOS,
        }
    }

    pub(super) fn check(&self, request: &Request) -> Result<(), No> {
        let names = self.names();
        let authorization = request.header("authorization").unwrap_or("");
        if let Some(fields) = authorization.strip_prefix(names.algorithm) {
            return self.check_four(request, fields.trim());
        }
        if let Some(fields) = authorization.strip_prefix("OSS ") {
            return self.check_one(request, fields);
        }
        let in_query = request.query.iter().any(|(name, _)| {
            let name = name.to_ascii_lowercase();
            name == "signature" || name == format!("{}signature", names.prefix)
        });
        if in_query {
            return self.check_query(request);
        }
        if self.public && matches!(request.method.as_str(), "GET" | "HEAD") {
            return Ok(());
        }
        Err((403, "AccessDenied", "Access Denied".to_owned()))
    }

    fn check_key(&self, id: &str, token: Option<&str>) -> Result<(), No> {
        if id != self.id {
            return Err((403, "InvalidAccessKeyId", "The key does not exist.".to_owned()));
        }
        if self.token.as_deref() != token {
            let code = if self.vendor == haul::model::Vendor::S3 { "ExpiredToken" } else { "InvalidSecurityToken" };
            return Err((if code == "ExpiredToken" { 400 } else { 403 }, code, "The token is not good.".to_owned()));
        }
        Ok(())
    }

    fn check_clock(&self, time: u64) -> Result<(), No> {
        if self.now.abs_diff(time) > 900 {
            return Err((403, "RequestTimeTooSkewed", "The times differ too much.".to_owned()));
        }
        Ok(())
    }

    fn check_scope(&self, scope: &[&str], date: &str) -> Result<(), No> {
        let names = self.names();
        if scope.len() != 4 || !date.starts_with(scope[0]) || scope[2] != names.service || scope[3] != names.end {
            return Err((400, "AuthorizationHeaderMalformed", format!("bad scope {scope:?}")));
        }
        if scope[1] != self.region {
            let words = format!("the region '{}' is wrong; expecting '{}'", scope[1], self.region);
            let code = if self.vendor == haul::model::Vendor::Oss {
                "InvalidArgument"
            } else {
                "AuthorizationHeaderMalformed"
            };
            return Err((400, code, words));
        }
        Ok(())
    }

    fn check_four(&self, request: &Request, fields: &str) -> Result<(), No> {
        let names = self.names();
        let fields: BTreeMap<&str, &str> = fields.split(',').filter_map(|field| field.trim().split_once('=')).collect();
        let credential: Vec<&str> = fields.get("Credential").unwrap_or(&"").split('/').collect();
        let date = request.header(&format!("{}date", names.prefix)).unwrap_or("");
        self.check_scope(&credential[1..], date)?;
        self.check_key(credential[0], request.header(&format!("{}security-token", names.prefix)))?;
        self.check_clock(seconds(date))?;
        let payload = request.header(&format!("{}content-sha256", names.prefix));
        let empty = hex(&Sha256::digest(b""));
        let payload = match (payload, self.vendor) {
            (Some(payload), _) => payload.to_owned(),
            (None, haul::model::Vendor::Tos) => empty,
            (None, _) => return Err((400, "InvalidRequest", "Missing content-sha256".to_owned())),
        };
        let listed: Vec<&str> = match self.vendor {
            haul::model::Vendor::Oss => Vec::new(),
            _ => fields.get("SignedHeaders").unwrap_or(&"").split(';').collect(),
        };
        let own = |name: &&str| name.starts_with(names.prefix);
        if self.vendor != haul::model::Vendor::Oss {
            let all = request.headers.iter().map(|(name, _)| name.as_str());
            if let Some(name) = all.filter(own).find(|name| !listed.contains(name)) {
                return Err((403, "AccessDenied", format!("{name} is not signed")));
            }
        }
        let canonical = self.canonical(request, &request.raw_query, &listed, &payload);
        self.compare(&canonical, date, &credential[1..], fields.get("Signature").unwrap_or(&""))
    }

    fn check_query(&self, request: &Request) -> Result<(), No> {
        if request.parameter("OSSAccessKeyId").is_some() {
            return self.check_old_query(request);
        }
        let names = self.names();
        let find = |name: &str| {
            let full = format!("{}{name}", names.prefix);
            request
                .query
                .iter()
                .find(|(own, _)| own.eq_ignore_ascii_case(&full))
                .map_or("", |(_, value)| value.as_str())
        };
        let credential: Vec<&str> = find("credential").split('/').collect();
        let date = find("date");
        self.check_scope(&credential[1..], date)?;
        self.check_key(credential[0], Some(find("security-token")).filter(|token| !token.is_empty()))?;
        if self.now > seconds(date) + find("expires").parse::<u64>().unwrap_or(0) {
            return Err((403, "AccessDenied", "Request has expired".to_owned()));
        }
        let signature = format!("{}signature=", names.prefix);
        let rest = request.raw_query.split('&').filter(|pair| !pair.to_ascii_lowercase().starts_with(&signature));
        let rest = rest.collect::<Vec<_>>().join("&");
        let signed = find("signedheaders");
        let listed: Vec<&str> = if signed.is_empty() { Vec::new() } else { signed.split(';').collect() };
        let canonical = self.canonical(request, &rest, &listed, "UNSIGNED-PAYLOAD");
        self.compare(&canonical, date, &credential[1..], find("signature"))
    }

    fn canonical(&self, request: &Request, raw_query: &str, listed: &[&str], payload: &str) -> String {
        let is_oss = self.vendor == haul::model::Vendor::Oss;
        let mut pairs: Vec<String> = raw_query
            .split('&')
            .filter(|pair| !pair.is_empty())
            .map(|pair| {
                let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
                let (name, value) = (encode(&decode(name), false), encode(&decode(value), false));
                if is_oss && value.is_empty() { name } else { format!("{name}={value}") }
            })
            .collect();
        pairs.sort_by(|one, other| one.split('=').next().cmp(&other.split('=').next()));
        let mut lines = BTreeMap::new();
        for (name, value) in &request.headers {
            let implied = name.starts_with("x-oss-") || matches!(name.as_str(), "content-type" | "content-md5");
            if listed.contains(&name.as_str()) || (is_oss && implied) {
                lines.insert(name.clone(), format!("{name}:{value}\n"));
            }
        }
        let lines: String = lines.into_values().collect();
        let path = if is_oss {
            format!("/{}/{}", request.bucket, encode(&request.key, true))
        } else {
            encode(&decode(&request.raw_path), true)
        };
        format!("{}\n{path}\n{}\n{lines}\n{}\n{payload}", request.method, pairs.join("&"), listed.join(";"))
    }

    fn compare(&self, canonical: &str, date: &str, scope: &[&str], signature: &str) -> Result<(), No> {
        let names = self.names();
        let digest = hex(&Sha256::digest(canonical.as_bytes()));
        let text = format!("{}\n{date}\n{}\n{digest}", names.algorithm, scope.join("/"));
        let mut key = format!("{}{}", names.seed, self.secret).into_bytes();
        for word in scope.iter().copied().chain([text.as_str()]) {
            let mut mac = Hmac::<Sha256>::new_from_slice(&key).unwrap();
            mac.update(word.as_bytes());
            key = mac.finalize().into_bytes().to_vec();
        }
        if hex(&key) == signature {
            return Ok(());
        }
        Err((403, "SignatureDoesNotMatch", format!("wanted for {canonical:?}")))
    }

    fn check_one(&self, request: &Request, fields: &str) -> Result<(), No> {
        let (id, signature) = fields.split_once(':').unwrap_or((fields, ""));
        self.check_key(id, request.header("x-oss-security-token"))?;
        let date = request.header("date").unwrap_or("");
        let time = httpdate::parse_http_date(date).ok();
        let time =
            time.and_then(|time| time.duration_since(std::time::UNIX_EPOCH).ok()).map_or(0, |time| time.as_secs());
        self.check_clock(time)?;
        self.compare_one(request, date, signature)
    }

    fn check_old_query(&self, request: &Request) -> Result<(), No> {
        let find = |name: &str| request.parameter(name).unwrap_or("");
        self.check_key(find("OSSAccessKeyId"), request.parameter("security-token"))?;
        if self.now > find("Expires").parse::<u64>().unwrap_or(0) {
            return Err((403, "AccessDenied", "Request has expired.".to_owned()));
        }
        self.compare_one(request, find("Expires"), find("Signature"))
    }

    fn compare_one(&self, request: &Request, date: &str, signature: &str) -> Result<(), No> {
        let known = ["uploads", "uploadId", "partNumber", "versionId", "security-token", "continuation-token"];
        let mut parts: Vec<String> = request
            .query
            .iter()
            .filter(|(name, _)| known.contains(&name.as_str()))
            .map(|(name, value)| if value.is_empty() { name.clone() } else { format!("{name}={value}") })
            .collect();
        parts.sort();
        let mark = if parts.is_empty() { "" } else { "?" };
        let mut own: Vec<String> = request
            .headers
            .iter()
            .filter(|(name, _)| name.starts_with("x-oss-"))
            .map(|(name, value)| format!("{name}:{value}\n"))
            .collect();
        own.sort();
        let header = |name: &str| request.header(name).unwrap_or("");
        let text = format!(
            "{}\n{}\n{}\n{date}\n{}/{}/{}{mark}{}",
            request.method,
            header("content-md5"),
            header("content-type"),
            own.concat(),
            request.bucket,
            request.key,
            parts.join("&")
        );
        let mut mac = Hmac::<Sha1>::new_from_slice(self.secret.as_bytes()).unwrap();
        mac.update(text.as_bytes());
        if BASE64_STANDARD.encode(mac.finalize().into_bytes()) == signature {
            return Ok(());
        }
        Err((403, "SignatureDoesNotMatch", format!("wanted for {text:?}")))
    }
}

/// Seconds since 1970 of `20260102T030405Z`.
fn seconds(stamp: &str) -> u64 {
    let number =
        |range: std::ops::Range<usize>| stamp.get(range).and_then(|digits| digits.parse::<i64>().ok()).unwrap_or(0);
    let (year, month, day) = (number(0..4), number(4..6), number(6..8));
    // Days before each month, and a leap day in the years that have one.
    let before = [0, 0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];
    let leaps = |year: i64| year / 4 - year / 100 + year / 400;
    let leap_now = month > 2 && year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = (year - 1970) * 365 + leaps(year - 1) - leaps(1969) + before[month.clamp(0, 12) as usize] + day - 1
        + i64::from(leap_now);
    (days * 86_400 + number(9..11) * 3600 + number(11..13) * 60 + number(13..15)).max(0).cast_unsigned()
}
