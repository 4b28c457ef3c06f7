//! The signature of a request: AWS4, TOS4 and OSS4 are one algorithm with a few constants. Pure: time is an argument.

use std::fmt::Write as _;

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

use super::sign_old;
use super::time::{http_date, stamp};
use crate::model::{Secret, Signature, Vendor, strictly_encoded};

/// What a payload's checksum is called that is not signed.
pub(super) const UNSIGNED: &str = "UNSIGNED-PAYLOAD";

/// A name and a value, not yet encoded.
pub type Pair = (String, String);

/// Who makes a request. `Debug` shows no secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Login {
    /// The access key's id.
    pub id: Secret,
    /// The access key itself.
    pub secret: Secret,
    /// The token of a login for a while.
    pub token: Option<Secret>,
}

/// What one vendor calls the parts of the algorithm.
pub(super) struct Dialect {
    /// The algorithm's name.
    algorithm: &'static str,
    /// What stands before the secret where the key's derivation begins.
    seed: &'static str,
    /// The service in the scope,
    service: &'static str,
    /// and the scope's last word.
    last: &'static str,
    /// What the vendor's own headers begin with.
    pub(super) prefix: &'static str,
    /// Queries of a signed URL: `X-Amz-Date` and so on, or OSS's own names.
    query: &'static str,
    /// True if the signed headers are listed, `host` among them, and a value's blanks are made one.
    lists: bool,
}

const AWS4: Dialect = Dialect {
    algorithm: "AWS4-HMAC-SHA256",
    seed: "AWS4",
    service: "s3",
    last: "aws4_request",
    prefix: "x-amz-",
    query: "X-Amz-",
    lists: true,
};

const TOS4: Dialect = Dialect {
    algorithm: "TOS4-HMAC-SHA256",
    seed: "",
    service: "tos",
    last: "request",
    prefix: "x-tos-",
    query: "X-Tos-",
    lists: true,
};

const OSS4: Dialect = Dialect {
    algorithm: "OSS4-HMAC-SHA256",
    seed: "aliyun_v4",
    service: "oss",
    last: "aliyun_v4_request",
    prefix: "x-oss-",
    query: "x-oss-",
    lists: false,
};

impl Dialect {
    pub(super) const fn of(vendor: Vendor) -> &'static Self {
        match vendor {
            Vendor::S3 => &AWS4,
            Vendor::Oss => &OSS4,
            Vendor::Tos => &TOS4,
        }
    }

    /// The name of a header of the vendor's own.
    pub(super) fn header(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }
}

/// A request as it is signed.
#[derive(Clone, Copy, Debug)]
pub struct Signing<'a> {
    /// Whose algorithm.
    pub vendor: Vendor,
    /// Which of OSS's.
    pub signature: Signature,
    /// Signed for which region.
    pub region: &'a str,
    /// When, in seconds since 1970.
    pub time: u64,
    /// By whom.
    pub login: &'a Login,
    /// The method.
    pub method: &'a str,
    /// The host with its port, as the request names it.
    pub host: &'a str,
    /// The path as it is addressed, encoded.
    pub path: &'a str,
    /// The bucket.
    pub bucket: &'a str,
    /// The object; empty for the bucket itself.
    pub key: &'a str,
    /// The query.
    pub query: &'a [Pair],
    /// The headers that count, with names in lower case.
    pub headers: &'a [Pair],
}

impl Signing<'_> {
    /// The headers that make the request a signed one.
    pub fn headers(&self) -> Vec<Pair> {
        if self.is_old() {
            return self.old_headers();
        }
        let dialect = Dialect::of(self.vendor);
        let mut added = vec![(dialect.header("date"), stamp(self.time))];
        let digest = dialect.header("content-sha256");
        if !self.headers.iter().any(|(name, _)| *name == digest) {
            added.push((digest, UNSIGNED.to_owned()));
        }
        added.extend(self.token(&dialect.header("security-token")));
        let all: Vec<Pair> = self.headers.iter().chain(&added).cloned().collect();
        let payload = all.iter().find(|(name, _)| *name == dialect.header("content-sha256"));
        let payload = payload.map_or(UNSIGNED, |(_, value)| value);
        let (canonical, names) = self.canonical(self.query, &all, payload);
        let listed = if dialect.lists { format!("SignedHeaders={names}, ") } else { String::new() };
        let credential = format!("{}/{}", self.login.id.text(), self.scope());
        let signature = self.signature_of(&canonical);
        let value = format!("{} Credential={credential}, {listed}Signature={signature}", dialect.algorithm);
        added.push(("authorization".to_owned(), value));
        added
    }

    /// The query of a URL that is good for so many seconds by itself, encoded: the request's own and the signature.
    pub fn url_query(&self, seconds: u64) -> String {
        if self.is_old() {
            return self.old_query(seconds);
        }
        let dialect = Dialect::of(self.vendor);
        let name = |name: &str| {
            let name = if dialect.lists { name.to_owned() } else { name.to_lowercase() };
            format!("{}{name}", dialect.query)
        };
        let credential = format!("{}/{}", self.login.id.text(), self.scope());
        let algorithm = if dialect.lists { "Algorithm" } else { "Signature-Version" };
        let mut query = self.query.to_vec();
        query.push((name(algorithm), dialect.algorithm.to_owned()));
        query.push((name("Credential"), credential));
        query.push((name("Date"), stamp(self.time)));
        query.push((name("Expires"), seconds.to_string()));
        if dialect.lists {
            query.push((name("SignedHeaders"), "host".to_owned()));
        }
        query.extend(self.token(&name("Security-Token")));
        let (canonical, _) = self.canonical(&query, &[], UNSIGNED);
        query.push((name("Signature"), self.signature_of(&canonical)));
        encoded_query(&query)
    }

    fn is_old(&self) -> bool {
        self.vendor == Vendor::Oss && self.signature == Signature::V1
    }

    fn token(&self, name: &str) -> Option<Pair> {
        self.login.token.as_ref().map(|token| (name.to_owned(), token.text().to_owned()))
    }

    /// The canonical request, and the names of the headers that are signed.
    fn canonical(&self, query: &[Pair], headers: &[Pair], payload: &str) -> (String, String) {
        let dialect = Dialect::of(self.vendor);
        let mut signed: Vec<Pair> = headers.iter().filter(|(name, _)| is_signed(dialect, name)).cloned().collect();
        if dialect.lists {
            signed.push(("host".to_owned(), self.host.to_owned()));
        }
        if self.vendor == Vendor::S3 {
            for (_, value) in &mut signed {
                *value = one_blank(value);
            }
        }
        signed.sort();
        let lines: String = signed.iter().flat_map(|(name, value)| [name, ":", value.trim(), "\n"]).collect();
        let names: Vec<&str> = signed.iter().map(|(name, _)| name.as_str()).collect();
        let names = if dialect.lists { names.join(";") } else { String::new() };
        // OSS names the bucket whatever the host is.
        let path = match self.vendor {
            Vendor::Oss => format!("/{}/{}", self.bucket, strictly_encoded(self.key, true)),
            _ => self.path.to_owned(),
        };
        let query = canonical_query(query, dialect.lists);
        (format!("{}\n{path}\n{query}\n{lines}\n{names}\n{payload}", self.method), names)
    }

    fn scope(&self) -> String {
        let dialect = Dialect::of(self.vendor);
        let date = &stamp(self.time)[..8];
        format!("{date}/{}/{}/{}", self.region, dialect.service, dialect.last)
    }

    fn signature_of(&self, canonical: &str) -> String {
        let dialect = Dialect::of(self.vendor);
        let (stamp, scope) = (stamp(self.time), self.scope());
        let text = format!("{}\n{stamp}\n{scope}\n{}", dialect.algorithm, hex(&Sha256::digest(canonical)));
        let seed = format!("{}{}", dialect.seed, self.login.secret.text());
        let key = scope.split('/').fold(seed.into_bytes(), |key, word| mac(&key, word.as_bytes()));
        hex(&mac(&key, text.as_bytes()))
    }

    fn old_headers(&self) -> Vec<Pair> {
        let date = http_date(self.time);
        let mut added: Vec<Pair> = self.token("x-oss-security-token").into_iter().collect();
        let all: Vec<Pair> = self.headers.iter().chain(&added).cloned().collect();
        let signature = sign_old::signature(self, self.query, &all, &date);
        added.push(("date".to_owned(), date));
        added.push(("authorization".to_owned(), format!("OSS {}:{signature}", self.login.id.text())));
        added
    }

    fn old_query(&self, seconds: u64) -> String {
        let expires = (self.time + seconds).to_string();
        let mut query = self.query.to_vec();
        query.extend(self.token("security-token"));
        let signature = sign_old::signature(self, &query, self.headers, &expires);
        query.push(("OSSAccessKeyId".to_owned(), self.login.id.text().to_owned()));
        query.push(("Expires".to_owned(), expires));
        query.push(("Signature".to_owned(), signature));
        encoded_query(&query)
    }
}

/// Which headers are signed: the vendor's own and what tells of the body.
fn is_signed(dialect: &Dialect, name: &str) -> bool {
    let tells = name == "content-type" || (name == "content-md5" && dialect.service != TOS4.service);
    tells || name.starts_with(dialect.prefix)
}

/// A query as it is sent.
pub(super) fn encoded_query(query: &[Pair]) -> String {
    let pair = |(name, value): &Pair| {
        let (name, value) = (strictly_encoded(name, false), strictly_encoded(value, false));
        if value.is_empty() { name } else { format!("{name}={value}") }
    };
    query.iter().map(pair).collect::<Vec<_>>().join("&")
}

/// A query as it is signed; `marked`: an empty value has its `=` all the same.
fn canonical_query(query: &[Pair], marked: bool) -> String {
    let encode = |text: &str| strictly_encoded(text, false);
    let mut pairs: Vec<Pair> = query.iter().map(|(name, value)| (encode(name), encode(value))).collect();
    pairs.sort();
    let line = |(name, value): Pair| if value.is_empty() && !marked { name } else { format!("{name}={value}") };
    pairs.into_iter().map(line).collect::<Vec<_>>().join("&")
}

/// Runs of blanks as one.
fn one_blank(value: &str) -> String {
    value.split_ascii_whitespace().collect::<Vec<_>>().join(" ")
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a string can't fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// HMAC-SHA256. A key may have any length.
fn mac(key: &[u8], text: &[u8]) -> Vec<u8> {
    Hmac::<Sha256>::new_from_slice(key).map_or_else(
        |_| Vec::new(),
        |mut mac| {
            mac.update(text);
            mac.finalize().into_bytes().to_vec()
        },
    )
}
