//! OSS's first signature (`OSS id:signature`): HMAC-SHA1 over a text without a region. Pure.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;

use super::sign::{Pair, Signing};

/// What of a query is signed: the names that OSS knows for parts of what is addressed, as far as haul or a presigned URL
/// may use them.
const SIGNED: [&str; 34] = [
    "acl",
    "append",
    "callback",
    "callback-var",
    "comp",
    "continuation-token",
    "cors",
    "delete",
    "encryption",
    "lifecycle",
    "location",
    "logging",
    "objectMeta",
    "partNumber",
    "position",
    "response-cache-control",
    "response-content-disposition",
    "response-content-encoding",
    "response-content-language",
    "response-content-type",
    "response-expires",
    "restore",
    "security-token",
    "sequential",
    "stat",
    "symlink",
    "tagging",
    "uploadId",
    "uploads",
    "versionId",
    "versioning",
    "versions",
    "x-oss-process",
    "x-oss-traffic-limit",
];

/// The signature of a request, in base64. `when` is its date, or the second in which a URL expires.
pub(super) fn signature(request: &Signing<'_>, query: &[Pair], headers: &[Pair], when: &str) -> String {
    let header = |wanted: &str| headers.iter().find(|(name, _)| name == wanted).map_or("", |(_, value)| value);
    let mut own: Vec<&Pair> = headers.iter().filter(|(name, _)| name.starts_with("x-oss-")).collect();
    own.sort();
    let own: String = own.into_iter().flat_map(|(name, value)| [name, ":", value, "\n"]).collect();
    let mut parts: Vec<&Pair> = query.iter().filter(|(name, _)| SIGNED.contains(&name.as_str())).collect();
    parts.sort();
    let part = |(name, value): &&Pair| if value.is_empty() { name.clone() } else { format!("{name}={value}") };
    let parts = parts.iter().map(part).collect::<Vec<_>>().join("&");
    let mark = if parts.is_empty() { "" } else { "?" };
    let text = format!(
        "{}\n{}\n{}\n{when}\n{own}/{}/{}{mark}{parts}",
        request.method,
        header("content-md5"),
        header("content-type"),
        request.bucket,
        request.key
    );
    Hmac::<Sha1>::new_from_slice(request.login.secret.text().as_bytes()).map_or_else(
        |_| String::new(),
        |mut mac| {
            mac.update(text.as_bytes());
            BASE64_STANDARD.encode(mac.finalize().into_bytes())
        },
    )
}
