//! URLs of objects in a store: `s3://bucket/key`, `oss://bucket/key`, `tos://bucket/key`, with what is said of the
//! bucket behind a question mark. Pure: nothing is looked up here.

use std::fmt;
use std::str::FromStr;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use serde::{Deserialize, Serialize};
use url::Url;

use super::Source;

/// Whose interface a store speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Vendor {
    /// Amazon S3 and all that speak as it does.
    S3,
    /// Alibaba Cloud's OSS.
    Oss,
    /// Volcengine's TOS.
    Tos,
}

impl Vendor {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::S3, Self::Oss, Self::Tos];

    /// What its URLs begin with.
    pub const fn scheme(self) -> &'static str {
        match self {
            Self::S3 => "s3",
            Self::Oss => "oss",
            Self::Tos => "tos",
        }
    }

    /// The vendor whose URLs begin so, in lower case.
    pub fn of_scheme(scheme: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|vendor| vendor.scheme() == scheme)
    }
}

impl fmt::Display for Vendor {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::S3 => "S3",
            Self::Oss => "OSS",
            Self::Tos => "TOS",
        })
    }
}

/// How a bucket is named in the address of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Addressing {
    /// As the first segment of the path: `https://endpoint/bucket/key`.
    Path,
    /// As the first label of the host: `https://bucket.endpoint/key`.
    Virtual,
    /// Not at all: the endpoint is a domain of the bucket's own.
    Cname,
}

/// Which of OSS's signatures is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Signature {
    /// The old one, which old buckets and private clouds may need; it names no region.
    V1,
    /// The one of today.
    V4,
}

/// What is said of a bucket, or of all of a vendor's: in a URL, or in the settings.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct StoreOptions {
    /// The store's address, such as `https://minio.example:9000`; without a scheme it is https.
    pub endpoint: Option<String>,
    /// The region that requests are signed for, and that the vendor's own endpoint is named by.
    pub region: Option<String>,
    /// How the bucket is named in requests.
    pub addressing: Option<Addressing>,
    /// Which signature is made (OSS).
    pub signature: Option<Signature>,
    /// Which profile of the vendor's own files has the login.
    pub profile: Option<String>,
    /// No login at all, for buckets that everyone may read.
    pub anonymous: Option<bool>,
    /// A command that prints the login as JSON. In the settings alone: a URL must not name what is run.
    pub credentials: Option<String>,
}

impl StoreOptions {
    /// These options, and where they say nothing, the others.
    #[must_use]
    pub fn or(self, other: &Self) -> Self {
        // An endpoint and how it is addressed belong together.
        let addressing = if self.endpoint.is_some() { None } else { other.addressing };
        Self {
            endpoint: self.endpoint.or_else(|| other.endpoint.clone()),
            region: self.region.or_else(|| other.region.clone()),
            addressing: self.addressing.or(addressing),
            signature: self.signature.or(other.signature),
            profile: self.profile.or_else(|| other.profile.clone()),
            anonymous: self.anonymous.or(other.anonymous),
            credentials: self.credentials.or_else(|| other.credentials.clone()),
        }
    }
}

/// What a URL of a store says.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ObjectUrl {
    /// Whose store.
    pub vendor: Vendor,
    /// Which bucket.
    pub bucket: String,
    /// Which object; one that is empty or ends in `/` means all that begin so.
    pub key: String,
    /// Which version of it; `None` is the newest.
    pub version: Option<String>,
    /// What is said of the bucket.
    pub options: StoreOptions,
}

/// It is not repeated: it may hold a secret.
const ENDPOINT_WITH_LOGIN: &str = "an endpoint with a login would be kept with the queue; give the login by the environment \
                                   or the vendor's own files";

/// What may stand behind the question mark.
const KNOWN: &str = "endpoint, region, addressing, signature, profile, anonymous and versionId";

/// Kept as they are in a key's segments (RFC 3986, section 2.3), and nothing else.
const STRICT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
/// In a key the slash is kept too,
const KEY: &AsciiSet = &STRICT.remove(b'/');
/// and in an option what makes an address readable.
const OPTION: &AsciiSet = &KEY.remove(b':').remove(b'[').remove(b']');

impl ObjectUrl {
    /// Reads a URL that a person wrote. Blanks and `#` belong to the key, as in the vendors' own tools.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (scheme, rest) = text.split_once("://").ok_or("a store's URL is written s3://bucket/key")?;
        let vendor =
            Vendor::of_scheme(&scheme.to_ascii_lowercase()).ok_or("a store's URL begins with s3, oss or tos")?;
        let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (bucket, key) = place.split_once('/').unwrap_or((place, ""));
        if bucket.contains('@') {
            // It is not repeated: it may hold a secret.
            return Err(format!(
                "a login in a {scheme}: URL would be kept with the queue; give it by the environment or the vendor's own files",
            ));
        }
        // What stands behind the question mark is not repeated: it may be a signature of another URL.
        let shown = text.split('?').next().unwrap_or(text);
        let wrong = |why: &str| format!("{shown:?} can't be used: {why}");
        if text.chars().any(char::is_control) {
            return Err(wrong("it holds control characters"));
        }
        if !is_bucket(bucket) {
            return Err(wrong("a bucket's name has letters, digits, dashes, dots and underscores"));
        }
        let key = percent_decode_str(key).decode_utf8().map_err(|_| wrong("the key is not UTF-8"))?;
        check_key(&key).map_err(wrong)?;
        let bucket = bucket.to_owned();
        let mut url = Self { vendor, bucket, key: key.into_owned(), version: None, options: StoreOptions::default() };
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let value = percent_decode_str(value).decode_utf8().map_err(|_| wrong("an option is not UTF-8"))?;
            url.set(name, &value).map_err(|why| wrong(&why))?;
        }
        Ok(url)
    }

    /// What a source says, if it is a URL of a store.
    pub fn of(source: &Source) -> Option<Self> {
        Vendor::of_scheme(source.url().scheme())?;
        Self::parse(source.url().as_str()).ok()
    }

    fn set(&mut self, name: &str, value: &str) -> Result<(), String> {
        if value.is_empty() && name != "anonymous" {
            return Err(format!("nothing stands after {name}="));
        }
        let options = &mut self.options;
        match name {
            "endpoint" if value.contains('@') => return Err(ENDPOINT_WITH_LOGIN.to_owned()),
            "endpoint" => options.endpoint = Some(value.to_owned()),
            "region" => options.region = Some(value.to_owned()),
            "addressing" => options.addressing = Some(value.parse()?),
            "signature" => options.signature = Some(value.parse()?),
            "profile" => options.profile = Some(value.to_owned()),
            "anonymous" => options.anonymous = Some(is_yes(value)?),
            "versionId" => self.version = Some(value.to_owned()),
            _ => return Err(format!("there is no option {name:?}, only {KNOWN}")),
        }
        Ok(())
    }

    /// True if it means all objects whose keys begin so, and not one object.
    pub fn is_prefix(&self) -> bool {
        self.key.is_empty() || self.key.ends_with('/')
    }

    /// The same bucket with another key: the newest version of that object.
    #[must_use]
    pub fn with_key(&self, key: &str) -> Self {
        Self { key: key.to_owned(), version: None, ..self.clone() }
    }

    /// The URL, written in one way only, so that the same object is the same text. Fails for a key that no URL can hold.
    pub fn source(&self) -> Result<Source, String> {
        check_key(&self.key).map_err(|why| format!("the key {:?} can't be used: {why}", self.key))?;
        let url = Url::parse(&self.to_string()).map_err(|why| format!("{:?} is not a URL: {why}", self.to_string()))?;
        Ok(Source::from(url))
    }

    /// The host that limits are kept by: the endpoint's, or else the bucket.
    pub fn host(&self) -> String {
        let endpoint = self.options.endpoint.as_deref().map(|endpoint| {
            let bare = endpoint.split_once("://").map_or(endpoint, |(_, rest)| rest);
            bare.split('/').next().unwrap_or(bare).to_owned()
        });
        endpoint.unwrap_or_else(|| format!("{}://{}", self.vendor.scheme(), self.bucket))
    }

    /// The key's last segment that is not empty.
    pub fn last_segment(&self) -> Option<&str> {
        self.key.rsplit('/').find(|segment| !segment.is_empty())
    }
}

impl fmt::Display for ObjectUrl {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}://{}/{}", self.vendor.scheme(), self.bucket, utf8_percent_encode(&self.key, KEY))?;
        let options = &self.options;
        let addressing = options.addressing.map(|addressing| addressing.to_string());
        let signature = options.signature.map(|signature| signature.to_string());
        let anonymous = options.anonymous.map(|anonymous| if anonymous { "1" } else { "0" }.to_owned());
        let all = [
            ("endpoint", &options.endpoint),
            ("region", &options.region),
            ("addressing", &addressing),
            ("signature", &signature),
            ("profile", &options.profile),
            ("anonymous", &anonymous),
            ("versionId", &self.version),
        ];
        let said = all.into_iter().filter_map(|(name, value)| Some((name, value.as_deref()?)));
        for (index, (name, value)) in said.enumerate() {
            let mark = if index == 0 { '?' } else { '&' };
            write!(out, "{mark}{name}={}", utf8_percent_encode(value, OPTION))?;
        }
        Ok(())
    }
}

/// A text as it stands in a signed path or query (RFC 3986): all but letters, digits, `-`, `.`, `_` and `~` is encoded,
/// and the slash too unless it is a `key`.
pub fn strictly_encoded(text: &str, key: bool) -> String {
    utf8_percent_encode(text, if key { KEY } else { STRICT }).to_string()
}

fn is_bucket(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    (1..=255).contains(&name.len()) && name.bytes().all(plain) && !name.starts_with('.') && !name.contains("..")
}

/// Keys that no request can carry: every URL library drops `.` and `..`.
fn check_key(key: &str) -> Result<(), &'static str> {
    if key.split('/').any(|segment| matches!(segment, "." | "..")) {
        return Err("a segment of its key is . or .., which no web address can hold");
    }
    if key.chars().any(char::is_control) {
        return Err("its key holds control characters");
    }
    Ok(())
}

fn is_yes(text: &str) -> Result<bool, String> {
    match text {
        "" | "1" | "true" | "yes" => Ok(true),
        "0" | "false" | "no" => Ok(false),
        _ => Err(format!("anonymous is 1 or 0, not {text:?}")),
    }
}

impl FromStr for Addressing {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "path" => Ok(Self::Path),
            "virtual" => Ok(Self::Virtual),
            "cname" => Ok(Self::Cname),
            _ => Err(format!("addressing is path, virtual or cname, not {text:?}")),
        }
    }
}

impl fmt::Display for Addressing {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Path => "path",
            Self::Virtual => "virtual",
            Self::Cname => "cname",
        })
    }
}

impl FromStr for Signature {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "v1" => Ok(Self::V1),
            "v4" => Ok(Self::V4),
            _ => Err(format!("signature is v1 or v4, not {text:?}")),
        }
    }
}

impl fmt::Display for Signature {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::V1 => "v1",
            Self::V4 => "v4",
        })
    }
}
