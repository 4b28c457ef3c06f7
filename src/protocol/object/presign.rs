//! URLs that are good for a while by themselves: whoever has one needs no login.

use std::time::Duration;

use reqwest::Method;
use url::Url;

use super::draft::Draft;
use super::exchange::{Stores, now};
use super::sign::{Pair, Signing};
use crate::model::{Fault, FaultKind, ObjectUrl, Signature, Source, Vendor};

/// None of the vendors takes a longer one (the signature of today).
const LONGEST: Duration = Duration::from_secs(7 * 86_400);

/// A URL that is good for a while by itself.
#[derive(Debug)]
pub struct Presigned {
    /// The URL, which is a secret as long as it is good.
    pub url: Url,
    /// When the login ends that it is signed with, in seconds since 1970, if that is before the URL's own end.
    pub ends: Option<u64>,
    /// The region that it is signed for, if that is a guess which the store has not confirmed.
    pub guess: Option<String>,
}

impl Stores {
    /// A URL with which this method can be used on an object for so long.
    pub async fn presign(&self, place: &Source, method: &str, span: Duration) -> Result<Presigned, Fault> {
        let wrong = |why: &str| Fault::new(FaultKind::Request, place, why);
        let url = ObjectUrl::of(place).ok_or_else(|| wrong("only URLs of stores (s3:, oss:, tos:) can be signed"))?;
        if url.is_prefix() {
            return Err(wrong("this is a folder: a signed URL is for one object"));
        }
        if url.version.is_some() && !matches!(method, "GET" | "HEAD") {
            return Err(wrong("a version can be read, and haul signs nothing else of it: leave versionId out"));
        }
        let known = self.known(&url).await?;
        let is_old = url.vendor == Vendor::Oss && known.site.signature == Signature::V1;
        if span > LONGEST && !is_old {
            let way_out = if url.vendor == Vendor::Oss { "; with signature=v1 OSS takes longer ones" } else { "" };
            return Err(wrong(&format!("the store takes no signed URL that is good for more than 7 days{way_out}")));
        }
        let login = self.login(&known, place).await?;
        let login = login.ok_or_else(|| wrong("nothing can be signed without a login: leave anonymous out"))?;
        let is_confirmed = !known.site.is_guessed || self.is_answered(&url).await;
        let known = self.known(&url).await?;
        let site = &known.site;
        let query: Vec<Pair> = url.version.iter().map(|version| ("versionId".to_owned(), version.clone())).collect();
        let signing = Signing {
            vendor: site.vendor,
            signature: site.signature,
            region: &site.region,
            time: now().saturating_add_signed(known.ahead),
            login: &login,
            method,
            host: &site.host(),
            path: &site.path(&url.key),
            bucket: &site.bucket,
            key: &url.key,
            query: &query,
            headers: &[],
        };
        let signed = site.url_with(&url.key, &signing.url_query(span.as_secs().max(1)))?;
        let ends = self.keychain.ends(&site.who).filter(|end| *end < now().saturating_add(span.as_secs()));
        let guess = (!is_confirmed).then(|| site.region.clone());
        Ok(Presigned { url: signed, ends, guess })
    }

    /// Asks the store for the object, so that the bucket's region and the store's clock are learnt from what it says. True if
    /// it has taken the signature, whatever it thinks of the request.
    async fn is_answered(&self, url: &ObjectUrl) -> bool {
        // In answer to a HEAD some stores do not name the region.
        let draft = Draft::new(Method::GET, &url.key, "read").header("range", "bytes=0-0");
        match self.send(url, &draft, |status| matches!(status, 200 | 206 | 416)).await {
            Ok(_) => true,
            Err(refused) => matches!(refused.refusal.status, 403 | 404),
        }
    }
}
