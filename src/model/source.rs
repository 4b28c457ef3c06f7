//! Where bytes can come from: a URL whose secrets stay out of every log and screen.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use url::Url;

use super::{ObjectUrl, Vendor, harmless};

/// A place that the bytes can come from; a clone costs nothing. `Display` and `Debug` never show a password or a signature.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Source(Arc<Url>);

/// Query parameters that sign a URL: they open a door, and one day no longer. Those of the object stores without their
/// prefix, Azure (sig, st), CloudFront (policy), Akamai (hdnts, hdnea, hdntl), Aliyun's CDN (auth_key), nginx (st), and what many sites call
/// them.
const SIGNATURES: [&str; 15] = [
    "signature",
    "sig",
    "sign",
    "hmac",
    "token",
    "security-token",
    "credential",
    "ossaccesskeyid",
    "awsaccesskeyid",
    "auth_key",
    "policy",
    "st",
    "hdnts",
    "hdnea",
    "hdntl",
];

/// Others whose values open a door: keys, logins, and what nginx signs with beside an end (md5).
const KEYS: [&str; 15] = [
    "auth",
    "authorization",
    "key",
    "api_key",
    "api-key",
    "apikey",
    "access_key",
    "access-key",
    "pass",
    "passwd",
    "pwd",
    "jwt",
    "session",
    "code",
    "md5",
];

/// Others of signed URLs: until when they are good, and with which key they are signed.
const ENDS: [&str; 8] = ["key-pair-id", "expires", "expire", "expiry", "expiration", "exp", "e", "se"];

/// What the URL of a plain chunk upload has before `http:` or `https:`.
const CHUNKED: &str = "chunk+";

/// What a parameter's name holds whose value is a secret, whatever else is in the name.
const SECRET_WORDS: [&str; 4] = ["token", "secret", "password", "signature"];

impl Source {
    /// Reads a URL that a person wrote: of http, https, a store's object, or the plain chunk upload (`chunk+http`).
    /// Control characters, blanks and an empty host are refused, so that no other parser can read the URL differently.
    pub fn parse(text: &str) -> Result<Self, String> {
        let shown = || without_secrets(text);
        let scheme = text.split_once("://").map_or("", |(scheme, _)| scheme).to_ascii_lowercase();
        if Vendor::of_scheme(&scheme).is_some() {
            return ObjectUrl::parse(text)?.source();
        }
        if matches!(scheme.strip_prefix(CHUNKED), Some("http" | "https")) {
            let plain = Self::parse(&text[CHUNKED.len()..])?;
            let url = Url::parse(&format!("{CHUNKED}{}", plain.url()));
            return url.map(Self::from).map_err(|why| format!("{:?} is not a URL: {why}", shown()));
        }
        if text.chars().any(|c| c.is_control() || c.is_whitespace()) {
            return Err(format!("{:?} is not a URL: it holds blanks or control characters", shown()));
        }
        let url = Url::parse(text).map_err(|why| match why {
            url::ParseError::RelativeUrlWithoutBase => format!("{:?} is not a URL: write https://host/path", shown()),
            other => format!("{:?} is not a URL: {other}", shown()),
        })?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(unknown(&url, &shown()));
        }
        let authority = text.split_once("://").map_or("", |(_, rest)| rest.split(['/', '?', '#']).next().unwrap_or(""));
        if url.host_str().is_none_or(str::is_empty) || authority.is_empty() || authority.contains('\\') {
            return Err(format!("{:?} names no host", shown()));
        }
        Ok(Self(Arc::new(url)))
    }

    /// True for a URL of http or https.
    pub fn is_web(&self) -> bool {
        matches!(self.0.scheme(), "http" | "https")
    }

    /// The URL with its secrets: for the wire, for files of mode 0600 and for the user's own clipboard.
    pub fn url(&self) -> &Url {
        &self.0
    }

    /// True if the URL carries a signature, a token or an end of its validity: one day it will be refused although the
    /// file is still there. A store's own URL is signed anew for each request.
    pub fn is_passing(&self) -> bool {
        if Vendor::of_scheme(self.0.scheme()).is_some() {
            return false;
        }
        let mut names = self.0.query_pairs().map(|(name, _)| name.to_ascii_lowercase());
        names.any(|name| SIGNATURES.contains(&bare(&name)) || ENDS.contains(&bare(&name)))
    }

    /// The last segment of the path, percent-decoded once, unless that gives no UTF-8; a guess at the file's name, not yet
    /// made safe.
    pub fn last_segment(&self) -> Option<String> {
        let segment = self.0.path_segments()?.rfind(|segment| !segment.is_empty())?;
        let decoded = percent_encoding::percent_decode_str(segment).decode_utf8();
        Some(decoded.map_or_else(|_| segment.to_owned(), Cow::into_owned))
    }

    /// True if a request to the other place may carry what was given for this one: both have the same scheme, host and
    /// port, or are of the same bucket at the same endpoint.
    pub fn shares_origin(&self, other: &Self) -> bool {
        if Vendor::of_scheme(self.0.scheme()).is_some() {
            let place = |source: &Self| ObjectUrl::of(source).map(|url| (url.vendor, url.bucket, url.options.endpoint));
            return place(self).is_some_and(|own| place(other) == Some(own));
        }
        match (self.chunked(), other.chunked()) {
            (None, None) => self.0.origin() == other.0.origin(),
            (own, other) => own.map(|url| url.origin()) == other.map(|url| url.origin()),
        }
    }

    /// For a plain chunk upload, the web address that it goes to.
    pub fn chunked(&self) -> Option<Url> {
        Url::parse(self.0.as_str().strip_prefix(CHUNKED)?).ok()
    }

    /// The host with its port, as it is shown and as limits are kept by; for a store without an endpoint, the bucket.
    pub fn host(&self) -> String {
        if let Some(object) = ObjectUrl::of(self) {
            return object.host();
        }
        let host = self.0.host_str().unwrap_or("");
        self.0.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
    }
}

/// What is said of a URL whose scheme haul doesn't know; `shown` is the URL without secrets.
fn unknown(url: &Url, shown: &str) -> String {
    let scheme = url.scheme();
    if Vendor::of_scheme(scheme).is_some() {
        return format!("{shown:?} names no bucket: write {scheme}://bucket/key");
    }
    // What stands before a port is a host.
    let is_host = url.path().starts_with(|c: char| c.is_ascii_digit());
    if is_host && !shown.contains("://") {
        return format!("{shown:?} is not a URL: write https://{shown} or http://{shown}");
    }
    format!("haul knows no {scheme}: URLs, only http:, https:, s3:, oss: and tos:")
}

impl From<Url> for Source {
    fn from(url: Url) -> Self {
        Self(Arc::new(url))
    }
}

fn is_secret(name: &str) -> bool {
    let name = percent_encoding::percent_decode_str(name).decode_utf8_lossy().to_ascii_lowercase();
    let is_one = SIGNATURES.contains(&bare(&name)) || KEYS.contains(&bare(&name));
    is_one || SECRET_WORDS.iter().any(|word| name.contains(word))
}

/// True for the option of a store's URL that says which signature is made.
fn is_way_to_sign(name: &str, value: &str) -> bool {
    name == "signature" && matches!(value.trim_end_matches('&'), "v1" | "v4")
}

/// A query, or a URL with one, with the values of its secret parameters hidden. `is_store` tells that it is of a store's URL.
fn without_values(text: &str, is_store: bool) -> String {
    let pairs = text.split_inclusive(['?', '&']).map(|pair| match pair.split_once('=') {
        Some((name, value)) if is_secret(name) && !(is_store && is_way_to_sign(name, value)) => {
            let end = if value.ends_with(['?', '&']) { &value[value.len() - 1..] } else { "" };
            format!("{name}=***{end}")
        }
        _ => pair.to_owned(),
    });
    pairs.collect()
}

/// What was written as a URL and is none, as it may be shown. Nobody knows where in it a login ends: all before the
/// last @ counts as one.
fn without_secrets(text: &str) -> String {
    let mut shown = without_values(text, false);
    if let Some(at) = shown.rfind('@') {
        let is_scheme = |colon: &usize| shown[..*colon].bytes().all(|byte| byte.is_ascii_alphanumeric());
        let scheme = shown[..at].find("://").filter(is_scheme).map_or(0, |colon| colon + 3);
        // An @ behind a # may be of a password or of a fragment: then the rest is hidden too.
        let end = if shown[..at].contains('#') { shown.len() } else { at };
        shown.replace_range(scheme..end, "***");
    }
    shown.truncate(shown.find('#').unwrap_or(shown.len()));
    harmless(&shown).into_owned()
}

/// A parameter's name without the object store's own prefix.
fn bare(name: &str) -> &str {
    let prefixes = ["x-amz-", "x-oss-", "x-tos-", "x-goog-"];
    prefixes.iter().find_map(|prefix| name.strip_prefix(prefix)).unwrap_or(name)
}

impl fmt::Display for Source {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut url = Url::clone(&self.0);
        let _ = url.set_username("");
        let _ = url.set_password(None);
        url.set_fragment(None);
        if let Some(query) = self.0.query() {
            let is_store = Vendor::of_scheme(self.0.scheme()).is_some();
            url.set_query(Some(&without_values(query, is_store)));
        }
        out.write_str(&harmless(url.as_str()))
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Source({self})")
    }
}
