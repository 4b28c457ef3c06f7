//! What a store says when it refuses: its code, its words, its request's id; and what can be done about it.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use reqwest::header::{DATE, HeaderMap};
use url::Url;

use super::document::Element;
use super::site::Site;
use super::time;
use crate::model::{Fault, FaultKind, harmless};
use crate::protocol::retry_after;

/// So much of a store's own words is shown.
const LONGEST: usize = 300;

/// A refusal.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) status: u16,
    /// The store's own word for it, such as `NoSuchKey`.
    pub(super) code: Option<String>,
    message: Option<String>,
    pub(super) request_id: Option<String>,
    /// OSS's and TOS's finer code.
    detail_code: Option<String>,
    /// The region that the bucket is in, if the store tells.
    region: Option<String>,
    /// The host that it names in an error's body, perhaps with the bucket before it.
    endpoint: Option<String>,
    /// The scheme and host that it sends on to.
    leads_to: Option<String>,
    /// The store's clock.
    pub(super) clock: Option<u64>,
    wait: Option<std::time::Duration>,
}

/// What haul can do about a refusal by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Cure {
    /// Ask in this region.
    Region(String),
    /// Believe the store's clock.
    Clock(u64),
    /// Look for the login anew.
    Login,
}

impl Refusal {
    /// Reads an answer's head and body. A HEAD's body is none: OSS puts it into a header.
    pub(super) fn read(status: u16, headers: &HeaderMap, body: &[u8]) -> Self {
        let named = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let hidden = || BASE64_STANDARD.decode(named("x-oss-err")?).ok();
        let document = Element::read(body).or_else(|| Element::read(&hidden()?)).filter(is_error).unwrap_or_default();
        let text =
            |name: &str| document.text(name).map(|text| harmless(text).chars().take(LONGEST).collect::<String>());
        let ids = ["x-amz-request-id", "x-oss-request-id", "x-tos-request-id"];
        let asked = ["x-amz-bucket-region", "x-tos-bucket-region"].iter().find_map(|name| named(name));
        let by_endpoint = || {
            let host = text("Endpoint")?;
            let rest = host.strip_prefix("oss-")?.strip_suffix(".aliyuncs.com")?.to_owned();
            Some(rest.strip_suffix("-internal").map(str::to_owned).unwrap_or(rest))
        };
        let date = || headers.get(DATE)?.to_str().ok().and_then(time::read);
        Self {
            status,
            code: text("Code"),
            message: text("Message").map(|message| masked(&message)),
            request_id: ids.iter().find_map(|name| named(name)).or_else(|| text("RequestId")),
            detail_code: text("EC").or_else(|| named("x-oss-ec")),
            region: asked.or_else(|| text("Region")).or_else(by_endpoint),
            endpoint: text("Endpoint"),
            leads_to: named("location").and_then(|to| origin(&to)),
            clock: text("ServerTime").as_deref().and_then(time::read).or_else(date),
            wait: named("retry-after").and_then(|value| retry_after(&value, std::time::SystemTime::now())),
        }
    }

    pub(super) fn is(&self, code: &str) -> bool {
        self.code.as_deref() == Some(code)
    }

    fn is_one_of(&self, codes: &[&str]) -> bool {
        codes.iter().any(|code| self.is(code))
    }

    /// True if a request about an upload was refused since there is no such upload: not all call it by its name, and some say
    /// no more than 404.
    pub(super) fn is_without_upload(&self) -> bool {
        self.status == 404 && !self.is("NoSuchBucket")
    }

    /// True if nothing tells what is behind it.
    pub(super) fn is_mute(&self) -> bool {
        self.code.is_none()
    }

    /// What haul can do about it.
    pub(super) fn cure(&self, site: &Site) -> Option<Cure> {
        let may_be_elsewhere = self.is_elsewhere()
            || (self.is("AccessDenied") && self.region.is_some())
            || (self.status == 400 && self.is_mute());
        if let Some(region) = self.region.as_ref().filter(|region| may_be_elsewhere && !site.is_in(region)) {
            return Some(Cure::Region(region.clone()));
        }
        match self.clock {
            Some(clock) if self.is("RequestTimeTooSkewed") => Some(Cure::Clock(clock)),
            _ if self.is_of_login() => Some(Cure::Login),
            _ => None,
        }
    }

    /// True if the bucket is at another place than the one that was asked.
    fn is_elsewhere(&self) -> bool {
        let codes = [
            "AuthorizationHeaderMalformed",
            "PermanentRedirect",
            "TemporaryRedirect",
            "IllegalLocationConstraintException",
            "InvalidRegion",
        ];
        matches!(self.status, 301 | 307) || self.is_one_of(&codes)
    }

    /// Where the bucket is, if the store names that and haul could not go there by itself; with what to do.
    fn right_place(&self, site: &Site) -> Option<String> {
        let own = |host: &String| host.strip_prefix(&format!("{}.", site.bucket)).unwrap_or(host).to_owned();
        let denied_here = self.is("AccessDenied") && self.endpoint.is_some();
        match (&self.endpoint, &self.region) {
            _ if !self.is_elsewhere() && !denied_here => None,
            (Some(host), _) => Some(format!("the bucket is at {host}: say endpoint={host}", host = own(host))),
            (None, Some(region)) if *region == site.region => Some(format!(
                "the bucket is in the region {region}, which this endpoint does not lead to: say the right one with endpoint="
            )),
            (None, Some(region)) => {
                Some(format!("the bucket is in the region {region}: say its endpoint with endpoint="))
            }
            (None, None) => None,
        }
    }

    /// True if the login is no good, or none any more.
    fn is_of_login(&self) -> bool {
        self.is_one_of(&[
            "ExpiredToken",
            "TokenRefreshRequired",
            "InvalidToken",
            "InvalidSecurityToken",
            "SecurityTokenExpired",
            "InvalidAccessKeyId",
            "SignatureDoesNotMatch",
        ])
    }

    /// The refusal as a fault: what happened, where, and what the user can do.
    pub(super) fn fault(&self, subject: &str, site: &Site, doing: &str) -> Fault {
        let kind = self.kind();
        let mut said = match (&self.code, &self.message) {
            (Some(code), Some(message)) => format!("{code}, {}", message.trim_end_matches('.')),
            (Some(code), None) => code.clone(),
            (None, _) => format!("HTTP {}", self.status),
        };
        if let Some(way) = self.way_out(site, doing) {
            said = format!("{said}; {way}");
        }
        let mut facts = Vec::new();
        if self.code.is_some() {
            facts.push(format!("HTTP {}", self.status));
        }
        facts.extend(self.detail_code.as_ref().map(|code| format!("EC {code}")));
        facts.extend(self.request_id.as_ref().map(|id| format!("request {id}")));
        facts.push(format!("at {}", site.host()));
        let detail = format!("{} says {said} ({})", site.vendor, facts.join(", "));
        tracing::info!("{subject}: {doing}: {detail}");
        Fault::new(kind, subject, detail).with_retry_after(self.wait)
    }

    fn kind(&self) -> FaultKind {
        match self.code.as_deref() {
            Some("NoSuchUpload") => FaultKind::UploadGone,
            Some("BadDigest" | "InvalidDigest" | "XAmzContentChecksumMismatch" | "InvalidPart") => {
                FaultKind::PartDamaged
            }
            Some("FileAlreadyExists") => FaultKind::Exists,
            // The store waited for bytes in vain, and says so under 400.
            Some("RequestTimeout") => FaultKind::Status(408),
            Some("SlowDown" | "ServiceUnavailable" | "OperationAborted" | "ConditionalRequestConflict") => {
                FaultKind::Status(503)
            }
            Some("InternalError") => FaultKind::Status(500),
            _ if self.is_of_login() || self.is("RequestTimeTooSkewed") => FaultKind::Credentials,
            _ => FaultKind::Status(self.status),
        }
    }

    /// What the user can do.
    fn way_out(&self, site: &Site, doing: &str) -> Option<String> {
        if let Some(place) = self.right_place(site) {
            return Some(place);
        }
        let scheme = site.vendor.scheme();
        Some(match self.code.as_deref() {
            Some("ExpiredToken" | "TokenRefreshRequired" | "SecurityTokenExpired") => {
                "the login has expired: renew it, and the same command goes on".to_owned()
            }
            Some("InvalidToken" | "InvalidSecurityToken") => {
                "the session token is no longer good, or of another key: renew the login".to_owned()
            }
            Some("InvalidAccessKeyId") => {
                "the store does not know this access key: look at where haul takes it from".to_owned()
            }
            Some("SignatureDoesNotMatch") => {
                "the secret key does not belong to this access key id, or a proxy changes the request".to_owned()
            }
            Some("RequestTimeTooSkewed") => "this machine's clock is wrong: set it".to_owned(),
            Some("AccessDenied") if site.who.anonymous => {
                "the bucket is not open to everyone: leave anonymous out".to_owned()
            }
            Some("AccessDenied") => format!("the login lacks the right to {doing} {scheme}://{}", site.bucket),
            Some("NoSuchBucket") => {
                format!("there is no bucket {:?} at this endpoint: check its name and its region", site.bucket)
            }
            Some("AuthorizationHeaderMalformed" | "PermanentRedirect" | "InvalidRegion") => {
                format!("it was asked in the region {}: say the bucket's own with region=", site.region)
            }
            Some("InvalidArgument") if self.message.as_deref().is_some_and(|text| text.contains("region")) => {
                format!("it was signed for the region {}: say the bucket's own with region=", site.region)
            }
            Some("InvalidObjectState") => {
                "the object is archived: restore it at the store first, and the same command goes on".to_owned()
            }
            Some("EntityTooSmall") => "a part is smaller than the store allows: choose a larger --part-size".to_owned(),
            None if matches!(self.status, 301..=303 | 307 | 308) => match &self.leads_to {
                Some(place) => format!(
                    "it sends on to {place}, and a request is signed for one host: say the bucket's own with endpoint="
                ),
                None => "it sends on without saying where: the bucket may be in another region, say it with region="
                    .to_owned(),
            },
            None if self.status == 403 => format!("the login lacks the right to {doing} {scheme}://{}", site.bucket),
            _ => return None,
        })
    }
}

/// The scheme and host of a URL, for people.
fn origin(url: &str) -> Option<String> {
    let url = Url::parse(url).ok().filter(Url::has_host)?;
    Some(harmless(&url.origin().ascii_serialization()).chars().take(LONGEST).collect())
}

/// The same words without a signature, of stores that repeat the request's login.
fn masked(words: &str) -> String {
    let one = |word: &str| {
        let lower = word.to_ascii_lowercase();
        let named = ["signature=", "credential="].iter().find_map(|name| Some(lower.find(name)? + name.len()));
        let is_hex = |text: &str| text.len() >= 40 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        // OSS's old way: the key's id, a colon, and 20 bytes in base64.
        let old = word
            .split_once(':')
            .filter(|(_, rest)| rest.trim_end_matches([',', '.']).ends_with('=') && rest.len() >= 28);
        match (named, old) {
            (Some(end), _) => word.get(..end).map_or_else(String::new, |name| format!("{name}***")),
            (None, Some((id, _))) => format!("{id}:***"),
            _ if is_hex(word.trim_matches(|c: char| !c.is_ascii_alphanumeric())) => "***".to_owned(),
            _ => word.to_owned(),
        }
    };
    words.split(' ').map(one).collect::<Vec<_>>().join(" ")
}

/// An `Error` in XML, or an object with a code in JSON.
pub(super) fn is_error(document: &Element) -> bool {
    document.name() == "Error" || (document.name().is_empty() && document.text("Code").is_some())
}

/// The refusal in an answer that began with 200 (S3's Complete).
pub(super) fn within_success(headers: &HeaderMap, document: &Element, body: &[u8]) -> Option<Refusal> {
    // 500 is what it would have been, had it not begun so early.
    is_error(document).then(|| Refusal::read(500, headers, body))
}

impl Cure {
    /// True if both are cures of the same kind.
    pub(super) fn same_kind(&self, other: &Self) -> bool {
        std::mem::discriminant(self) == std::mem::discriminant(other)
    }
}
