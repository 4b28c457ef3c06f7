//! Where a bucket is and how it is signed for: what its URL says, then the settings, the environment, the vendors' own
//! files, and last the vendor's own address.

use std::collections::BTreeMap;
use std::net::IpAddr;

use url::Url;

use super::keychain::Identity;
use super::profile::Profile;
use super::sign::{Pair, encoded_query};
use super::surroundings::Surroundings;
use crate::model::{Addressing, Fault, FaultKind, ObjectUrl, Signature, StoreOptions, Vendor, strictly_encoded};

/// A bucket with its address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Site {
    pub(super) vendor: Vendor,
    pub(super) bucket: String,
    /// `http` or `https`.
    scheme: String,
    /// The endpoint's host with its port, without the bucket.
    endpoint: String,
    pub(super) addressing: Addressing,
    pub(super) region: String,
    pub(super) signature: Signature,
    pub(super) who: Identity,
    /// True if nobody has said the region, so that it is the one which S3 began with.
    pub(super) is_guessed: bool,
    /// True if the endpoint is the vendor's own for the region: then another region has another endpoint.
    is_own: bool,
}

impl Site {
    /// Where the bucket of a URL is. `stores` is what the settings say: of `oss://bucket`, or of all as `oss://`.
    pub(super) fn of(
        url: &ObjectUrl,
        stores: &BTreeMap<String, StoreOptions>,
        around: &Surroundings,
    ) -> Result<Self, Fault> {
        let wrong = |why: String| Fault::new(FaultKind::Request, url, why);
        let mut options = said(url, stores, around);
        let (endpoint, region) = (options.endpoint.take(), options.region.take());
        let region = region.or_else(|| region_of(url.vendor, endpoint.as_deref()?));
        let region = region.map(|region| bare_region(url.vendor, region));
        let (is_own, is_guessed) = (endpoint.is_none(), region.is_none());
        let (endpoint, region) = match (endpoint, region, url.vendor) {
            (Some(endpoint), region, _) => (endpoint, region),
            (None, region, Vendor::S3) => {
                let region = region.unwrap_or_else(|| "us-east-1".to_owned());
                (own_endpoint(Vendor::S3, &region), Some(region))
            }
            (None, Some(region), vendor) => (own_endpoint(vendor, &region), Some(region)),
            (None, None, vendor) => return Err(wrong(nowhere(vendor))),
        };
        let signature = options.signature.unwrap_or(Signature::V4);
        let (scheme, host) = address(&endpoint).map_err(wrong)?;
        check_dialect(url.vendor, &host).map_err(|why| wrong(why.to_owned()))?;
        let needed = url.vendor != Vendor::S3 && signature == Signature::V4 && options.anonymous != Some(true);
        let region = match region {
            None if needed => {
                let detail = format!(
                    "which region {host} is in has to be said: add region=... to the URL, or to the settings' stores"
                );
                return Err(wrong(detail));
            }
            region => region.unwrap_or_else(|| "us-east-1".to_owned()),
        };
        check_region(&region).map_err(wrong)?;
        let addressing = options.addressing.unwrap_or_else(|| usual(url.vendor, &host, &url.bucket, &scheme));
        let who = Identity {
            vendor: url.vendor,
            // A profile in the URL goes before a command in the settings.
            command: options.credentials.filter(|_| url.options.profile.is_none()),
            profile: options.profile,
            anonymous: options.anonymous == Some(true),
        };
        let bucket = url.bucket.clone();
        let (vendor, endpoint) = (url.vendor, host);
        Ok(Self { vendor, bucket, scheme, endpoint, addressing, region, signature, who, is_guessed, is_own })
    }

    /// The same bucket in another region, which the store itself has told; `None` if that is where it is asked, or no host of the
    /// same kind leads there.
    pub(super) fn moved(&self, region: &str) -> Option<Self> {
        if self.is_in(region) || check_region(region).is_err() {
            return None;
        }
        let mut moved = Self { region: region.to_owned(), is_guessed: false, ..self.clone() };
        match region_of(self.vendor, &self.endpoint) {
            _ if self.is_own => moved.endpoint = own_endpoint(self.vendor, region),
            Some(named) if own_endpoint(self.vendor, &named) == self.endpoint => {
                moved.endpoint = own_endpoint(self.vendor, region);
            }
            // From one region's inner network no way leads into another's.
            Some(named) if named != region && is_inner(&self.endpoint) => return None,
            Some(named) => moved.endpoint = self.endpoint.replacen(&named, region, 1),
            None => {}
        }
        Some(moved)
    }

    /// True if requests go to this region and are signed for it.
    pub(super) fn is_in(&self, region: &str) -> bool {
        self.region == region && region_of(self.vendor, &self.endpoint).is_none_or(|named| named == region)
    }

    /// The host with its port as the request names it.
    pub(super) fn host(&self) -> String {
        match self.addressing {
            Addressing::Virtual => format!("{}.{}", self.bucket, self.endpoint),
            Addressing::Path | Addressing::Cname => self.endpoint.clone(),
        }
    }

    /// The path of an object, or of the bucket for an empty key, encoded.
    pub(super) fn path(&self, key: &str) -> String {
        let key = strictly_encoded(key, true);
        match self.addressing {
            Addressing::Path => format!("/{}/{key}", self.bucket),
            Addressing::Virtual | Addressing::Cname => format!("/{key}"),
        }
    }

    /// The address of a request.
    pub(super) fn url(&self, key: &str, query: &[Pair]) -> Result<Url, Fault> {
        self.url_with(key, &encoded_query(query))
    }

    /// The same with a query that is encoded already.
    pub(super) fn url_with(&self, key: &str, query: &str) -> Result<Url, Fault> {
        let mark = if query.is_empty() { "" } else { "?" };
        let text = format!("{}://{}{}{mark}{query}", self.scheme, self.host(), self.path(key));
        let subject = format!("{}://{}", self.vendor.scheme(), self.bucket);
        Url::parse(&text)
            .map_err(|why| Fault::new(FaultKind::Request, subject, format!("{} is no host: {why}", self.host())))
    }
}

/// What is said of a bucket, by everyone who says something.
fn said(url: &ObjectUrl, stores: &BTreeMap<String, StoreOptions>, around: &Surroundings) -> StoreOptions {
    let scheme = url.vendor.scheme();
    let mut options = url.options.clone();
    for name in [format!("{scheme}://{}", url.bucket), format!("{scheme}://")] {
        if let Some(more) = stores.get(&name) {
            options = with(options, more.clone(), url.vendor);
        }
    }
    let (endpoints, regions): (&[&str], &[&str]) = match url.vendor {
        Vendor::S3 => (&["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"], &["AWS_REGION", "AWS_DEFAULT_REGION"]),
        Vendor::Oss => (&["OSS_ENDPOINT"], &["OSS_REGION"]),
        Vendor::Tos => (&["TOS_ENDPOINT"], &["TOS_REGION", "VOLCENGINE_REGION"]),
    };
    let variable = |names: &[&str]| around.variable(names).map(str::to_owned);
    let at = |endpoint, region| StoreOptions { endpoint, region, ..StoreOptions::default() };
    options = with(options, at(variable(endpoints), variable(regions)), url.vendor);
    if options.endpoint.is_none() || options.region.is_none() {
        let profile = Profile::of(url.vendor, options.profile.as_deref(), around);
        let entry = |names: &[&str]| profile.get(names).map(str::to_owned);
        let addressing = profile.get(&["addressing_style"]).filter(|_| url.vendor == Vendor::Oss);
        let said = StoreOptions {
            addressing: addressing.and_then(|style| style.parse().ok()),
            ..at(entry(&["endpoint", "endpoint_url"]), entry(&["region", "region_id"]))
        };
        options = with(options, said, url.vendor);
    }
    options
}

/// What was said, and where it says nothing, what somebody else says later. Endpoint and region are one word: where an endpoint's
/// name tells its region, neither a later region nor an earlier one of another name goes with it.
fn with(said: StoreOptions, mut later: StoreOptions, vendor: Vendor) -> StoreOptions {
    let told = |options: &StoreOptions| region_of(vendor, options.endpoint.as_deref()?);
    let is_other = |region: String| Some(region) != said.region.clone().map(|said| bare_region(vendor, said));
    if told(&said).is_some() {
        later.region = None;
    }
    if said.region.is_some() && said.endpoint.is_none() && told(&later).is_some_and(is_other) {
        (later.endpoint, later.addressing) = (None, None);
    }
    said.or(&later)
}

/// The vendor's own address in a region.
fn own_endpoint(vendor: Vendor, region: &str) -> String {
    match vendor {
        Vendor::S3 if region.starts_with("cn-") => format!("s3.{region}.amazonaws.com.cn"),
        Vendor::S3 => format!("s3.{region}.amazonaws.com"),
        Vendor::Oss => format!("oss-{region}.aliyuncs.com"),
        Vendor::Tos => format!("tos-{region}.volces.com"),
    }
}

/// True for a host that is reached from within its region alone.
fn is_inner(endpoint: &str) -> bool {
    endpoint.ends_with("-internal.aliyuncs.com") || endpoint.ends_with(".ivolces.com")
}

/// The region that an endpoint's own name tells.
fn region_of(vendor: Vendor, endpoint: &str) -> Option<String> {
    let bare = endpoint.split_once("://").map_or(endpoint, |(_, rest)| rest);
    let host = bare.split(['/', ':']).next()?.to_ascii_lowercase();
    let within = |start: &str, ends: &[&str]| {
        let rest = host.strip_prefix(start)?;
        ends.iter().find_map(|end| rest.strip_suffix(end)).map(str::to_owned)
    };
    let region = match vendor {
        Vendor::S3 => within("s3.dualstack.", &[".amazonaws.com", ".amazonaws.com.cn"])
            .or_else(|| within("s3.", &[".amazonaws.com", ".amazonaws.com.cn"]))
            .or_else(|| within("s3.oss-", &["-internal.aliyuncs.com", ".aliyuncs.com"]))
            .or_else(|| within("tos-s3-", &[".volces.com", ".ivolces.com"])),
        Vendor::Oss => within("oss-", &["-internal.aliyuncs.com", ".aliyuncs.com"]),
        Vendor::Tos => within("tos-", &[".volces.com", ".ivolces.com"]),
    };
    // Such a host stands before all regions.
    region.filter(|region| check_region(region).is_ok() && !region.starts_with("accelerate"))
}

/// A region without what stands before it in its host's name: the vendors' own pages call it both ways.
fn bare_region(vendor: Vendor, region: String) -> String {
    let bare = match vendor {
        Vendor::S3 => None,
        Vendor::Oss => region.strip_prefix("oss-"),
        Vendor::Tos => region.strip_prefix("tos-"),
    };
    bare.map(str::to_owned).unwrap_or(region)
}

/// A region becomes part of a host's name.
fn check_region(region: &str) -> Result<(), String> {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-' || byte == b'_';
    if (1..=64).contains(&region.len()) && region.bytes().all(plain) {
        return Ok(());
    }
    Err(format!("{region:?} is no region"))
}

/// Scheme and host of an endpoint.
fn address(endpoint: &str) -> Result<(String, String), String> {
    // What stands before an @ may be a secret.
    let shown = endpoint.rsplit_once('@').map_or(endpoint, |(_, host)| host);
    let wrong = |why: &str| format!("the endpoint {shown:?} can't be used: {why}");
    let text = if endpoint.contains("://") { endpoint.to_owned() } else { format!("https://{endpoint}") };
    let url = Url::parse(&text).map_err(|why| wrong(&why.to_string()))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(wrong("it is neither http nor https"));
    }
    let bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
    if !bare || !url.username().is_empty() || url.password().is_some() {
        return Err(wrong("it is a host, perhaps with a scheme and a port, and nothing else"));
    }
    let host = url.host_str().filter(|host| !host.is_empty()).ok_or_else(|| wrong("it names no host"))?;
    let host = url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
    Ok((url.scheme().to_owned(), host))
}

/// OSS and TOS have hosts that speak as S3 does, and no other way.
fn check_dialect(vendor: Vendor, host: &str) -> Result<(), &'static str> {
    match vendor {
        Vendor::Oss if host.starts_with("s3.oss-") => {
            Err("this endpoint speaks as S3 does: write s3:// in place of oss://")
        }
        Vendor::Tos if host.starts_with("tos-s3-") => {
            Err("this endpoint speaks as S3 does: write s3:// in place of tos://")
        }
        _ => Ok(()),
    }
}

/// How a bucket is named where nobody has said it: in the path where the host can have no names below it, and where S3
/// is not Amazon's; else in the host.
fn usual(vendor: Vendor, host: &str, bucket: &str, scheme: &str) -> Addressing {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    let is_address = name.trim_matches(['[', ']']).parse::<IpAddr>().is_ok() || name == "localhost";
    let at_vendors = ["amazonaws.com", "amazonaws.com.cn", "aliyuncs.com", "volces.com", "ivolces.com"];
    let is_large = at_vendors.iter().any(|domain| name.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.')));
    // No certificate is for names with further dots, and no host has capitals or more than 63 letters, as old buckets may.
    let is_dotted = bucket.contains('.') && scheme == "https";
    let is_no_host = bucket.len() > 63 || bucket.bytes().any(|byte| byte.is_ascii_uppercase());
    match vendor {
        _ if is_address => Addressing::Path,
        Vendor::S3 if !is_large || is_dotted || is_no_host => Addressing::Path,
        _ => Addressing::Virtual,
    }
}

fn nowhere(vendor: Vendor) -> String {
    let (example, variable) = match vendor {
        Vendor::Tos => ("cn-beijing", "TOS_REGION"),
        _ => ("cn-hangzhou", "OSS_REGION"),
    };
    format!(
        "in which region the bucket is has to be said: add ?region={example} to the URL, set {variable}, or name it in the \
         settings' stores"
    )
}
