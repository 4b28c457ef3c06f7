//! One request to a store, signed last and anew each time. What a store says of itself is learnt, and asked again with: the
//! bucket's region, its clock, and that a login has ended.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use std::time::SystemTime;

use reqwest::header::{CONTENT_LENGTH, EXPECT, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, Response};
use sha2::{Digest, Sha256};

use super::body::Broken;
use super::document::Element;
use super::draft::Draft;
use super::keychain::Keychain;
use super::refusal::{Cure, Refusal, within_success};
use super::sign::{Dialect, Login, Pair, Signing, hex};
use super::site::Site;
use super::surroundings::Surroundings;
use super::time;
use super::trailer::Trailers;
use crate::model::{Fault, FaultKind, Lock, ObjectUrl, Source, StoreOptions, Vendor};
use crate::protocol::Http;
use crate::protocol::http::{Call, beginning, begun};

/// A list of a thousand long keys has this many bytes at most.
const LONGEST: usize = 16 << 20;
/// Buckets that something is remembered of.
const MOST_KNOWN: usize = 1024;

/// The driver for object stores, with what it has learnt of them.
#[derive(Debug)]
pub struct Stores {
    http: Arc<Http>,
    settings: BTreeMap<String, StoreOptions>,
    around: Surroundings,
    pub(super) keychain: Keychain,
    known: Lock<HashMap<String, Known>>,
    /// Uploads that take no checksums although the store does: whoever began them named none.
    plain: Lock<HashSet<String>>,
}

/// What is known of a bucket.
#[derive(Clone, Debug)]
pub(super) struct Known {
    pub(super) site: Arc<Site>,
    /// Seconds that the store's clock is ahead of ours.
    pub(super) ahead: i64,
    /// False if it has turned out not to know checksums of whole objects (S3).
    pub(super) sums: bool,
    /// False if it refuses to be asked for an object's checksum (S3).
    pub(super) asks_sums: bool,
    /// False if it has compared the checksum of a whole object with the request that named it (S3).
    pub(super) whole_sums: bool,
    /// Whether it takes checksums that come behind the bytes (S3).
    pub(super) trailers: Trailers,
}

/// Why nothing came of a request.
pub(super) struct Refused {
    pub(super) fault: Fault,
    /// What the store said, if it was the store.
    pub(super) refusal: Refusal,
}

impl From<Fault> for Refused {
    fn from(fault: Fault) -> Self {
        Self { fault, refusal: Refusal::default() }
    }
}

impl From<Refused> for Fault {
    fn from(refused: Refused) -> Self {
        refused.fault
    }
}

/// A whole answer.
pub(super) struct Reply {
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
}

/// Makes a request that asks for or tells what the store may not know, if `is_on`; and the one without if it refuses that as
/// `is_refused` says. It is told to `remember` that once the one without was understood (done, or answered that there is no such
/// thing): until then what was refused may be something else in both.
pub(super) async fn with_or_without<T, Outcome: Future<Output = Result<T, Refused>>>(
    is_on: bool,
    is_refused: impl Fn(&Refused) -> bool,
    make: impl Fn(bool) -> Outcome,
    remember: impl FnOnce(),
) -> Result<T, Refused> {
    match make(is_on).await {
        Err(refused) if is_on && is_refused(&refused) => {}
        outcome => return outcome,
    }
    let outcome = make(false).await;
    if outcome.as_ref().map_or_else(|refused| refused.refusal.status == 404, |_| true) {
        remember();
    }
    outcome
}

impl Stores {
    /// A driver that goes over these HTTP clients. `settings` says of `oss://bucket`, or of all as `oss://`, how it is
    /// reached.
    pub fn new(http: Arc<Http>, settings: BTreeMap<String, StoreOptions>, around: Surroundings) -> Self {
        let keychain = Keychain::new(around.clone());
        Self { http, settings, keychain, around, known: Lock::default(), plain: Lock::default() }
    }

    /// What is known of a URL's bucket.
    pub(super) async fn known(&self, url: &ObjectUrl) -> Result<Known, Fault> {
        let name = name(url);
        if let Some(known) = self.known.lock().get(&name) {
            return Ok(known.clone());
        }
        let (place, settings, around) = (url.clone(), self.settings.clone(), self.around.clone());
        // The vendors' files are read.
        let finding = tokio::task::spawn_blocking(move || Site::of(&place, &settings, &around));
        let stopped = |_| Fault::new(FaultKind::Request, url, "haul is being stopped");
        let known = Known {
            site: Arc::new(finding.await.map_err(stopped)??),
            ahead: 0,
            sums: true,
            asks_sums: true,
            whole_sums: true,
            trailers: Trailers::default(),
        };
        let mut all = self.known.lock();
        if all.len() >= MOST_KNOWN {
            all.clear();
        }
        Ok(all.entry(name).or_insert(known).clone())
    }

    /// The login for a bucket; `None` where none is wanted.
    pub(super) async fn login(&self, known: &Known, subject: &Source) -> Result<Option<Login>, Fault> {
        self.keychain.login(&known.site.who, &subject.to_string()).await
    }

    /// Remembers something of a bucket.
    pub(super) fn learn(&self, url: &ObjectUrl, what: impl FnOnce(&mut Known)) {
        if let Some(known) = self.known.lock().get_mut(&name(url)) {
            what(known);
        }
    }

    /// True if the requests of an upload may tell checksums (S3).
    pub(super) async fn tells_sums(&self, url: &ObjectUrl, upload: &str) -> Result<bool, Fault> {
        let is_plain = || self.plain.lock().contains(upload);
        Ok(url.vendor == Vendor::S3 && self.known(url).await?.sums && !is_plain())
    }

    /// Remembers that an upload takes no checksums.
    pub(super) fn leave_sums(&self, upload: &str) {
        let mut plain = self.plain.lock();
        if plain.len() >= MOST_KNOWN {
            plain.clear();
        }
        plain.insert(upload.to_owned());
    }

    /// Makes a request; `fine` are the statuses that are answers and no refusals. What the driver can mend, it mends once.
    pub(super) async fn send(
        &self,
        url: &ObjectUrl,
        draft: &Draft,
        fine: impl Fn(u16) -> bool,
    ) -> Result<Response, Refused> {
        let subject = url.source().map_err(|why| Fault::new(FaultKind::Request, url, why))?;
        let mut cured: Vec<Cure> = Vec::new();
        let mut is_announced = draft.content.is_announced();
        loop {
            let known = self.known(url).await?;
            let login = self.login(&known, &subject).await?;
            let broken = Broken::default();
            let response = self.transmit(&subject, &known, login.as_ref(), draft, is_announced, &broken).await?;
            let status = response.status().as_u16();
            if fine(status) {
                return Ok(response);
            }
            let headers = response.headers().clone();
            let refusal = Refusal::read(status, &headers, &beginning(response, LONGEST).await);
            // What was refused before it was sent is not sent after that.
            broken.stop();
            if status == 417 && is_announced {
                // What stands between knows no announcements (RFC 9110, 10.1.1).
                is_announced = false;
                continue;
            }
            match refusal.cure(&known.site) {
                Some(cure) if !cured.iter().any(|done| done.same_kind(&cure)) => {
                    let mended = self.mend(url, &known, &cure, login.as_ref()).await;
                    cured.push(cure);
                    if mended? {
                        continue;
                    }
                }
                _ => {}
            }
            let mut fault = refusal.fault(&subject.to_string(), &known.site, draft.doing);
            if draft.is_of_an_upload() && refusal.is_without_upload() {
                fault.kind = FaultKind::UploadGone;
            }
            return Err(Refused { fault, refusal });
        }
    }

    /// Makes a request whose answer is small.
    pub(super) async fn reply(&self, url: &ObjectUrl, draft: &Draft) -> Result<Reply, Refused> {
        let response = self.send(url, draft, |status| (200..300).contains(&status)).await?;
        let headers = response.headers().clone();
        let told = headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
        let (body, is_broken) = begun(response, LONGEST).await;
        let is_short = draft.method != Method::HEAD && told.is_some_and(|told: usize| told > body.len());
        if is_broken || is_short {
            return Err(Fault::new(FaultKind::Cut, url, "the store's answer broke off").into());
        }
        Ok(Reply { headers, body })
    }

    /// Makes a request whose answer is a document: its head, and the document; an empty one if it can't be read.
    pub(super) async fn told(&self, url: &ObjectUrl, draft: &Draft) -> Result<(HeaderMap, Element), Refused> {
        let Reply { headers, body } = self.reply(url, draft).await?;
        let document = self.document(url, draft, &headers, &body).await?;
        Ok((headers, document))
    }

    /// What an answer says; an error that stands in a success is a refusal.
    pub(super) async fn document(
        &self,
        url: &ObjectUrl,
        draft: &Draft,
        headers: &HeaderMap,
        body: &[u8],
    ) -> Result<Element, Refused> {
        let document = Element::read(body).unwrap_or_default();
        let Some(refusal) = within_success(headers, &document, body) else { return Ok(document) };
        let subject = url.source().map_or_else(|_| url.to_string(), |source| source.to_string());
        let fault = refusal.fault(&subject, &self.known(url).await?.site, draft.doing);
        Err(Refused { fault, refusal })
    }

    /// Does what can be done about a refusal; true if the request is worth another try.
    async fn mend(&self, url: &ObjectUrl, known: &Known, cure: &Cure, login: Option<&Login>) -> Result<bool, Fault> {
        match cure {
            Cure::Region(region) => {
                let Some(moved) = known.site.moved(region) else { return Ok(false) };
                tracing::info!("{}: the bucket is in {region}", url.with_key(""));
                self.learn(url, |known| known.site = Arc::new(moved));
                Ok(true)
            }
            Cure::Clock(clock) => {
                let ahead = (*clock).cast_signed() - now().cast_signed();
                tracing::warn!("{}: this machine's clock is {} s off; the store's is taken", url.with_key(""), -ahead);
                self.learn(url, |known| known.ahead = ahead);
                Ok(ahead != known.ahead)
            }
            Cure::Login => match login {
                Some(refused) => self.keychain.renew(&known.site.who, refused, &url.to_string()).await,
                None => Ok(false),
            },
        }
    }

    async fn transmit(
        &self,
        subject: &Source,
        known: &Known,
        login: Option<&Login>,
        draft: &Draft,
        is_announced: bool,
        broken: &Broken,
    ) -> Result<Response, Fault> {
        let site = &known.site;
        let mut headers = draft.headers.clone();
        if let Some(login) = login {
            headers.extend(signature(known, login, draft));
        }
        let url = site.url(&draft.key, &draft.query)?;
        let mut fields = header_map(&headers, subject)?;
        if matches!(draft.method, Method::PUT | Method::POST) {
            fields.insert(CONTENT_LENGTH, HeaderValue::from(draft.content.length()));
        }
        if is_announced {
            fields.insert(EXPECT, HeaderValue::from_static("100-continue"));
        }
        let body = || draft.content.body(broken);
        let method = draft.method.clone();
        let call = Call { method, url: &url, subject, headers: fields, body: &body, brief: false, forgives: false };
        let answer = self.http.call(call).await;
        if let Some(fault) = broken.take() {
            return Err(fault);
        }
        answer.map_err(|fault| Fault { detail: format!("{} (at {})", fault.detail, site.host()), ..fault })
    }
}

/// The headers that sign a request.
fn signature(known: &Known, login: &Login, draft: &Draft) -> Vec<Pair> {
    let site = &known.site;
    let mut own = Vec::new();
    // OSS takes nothing else than that the body is not signed.
    if let Some(bytes) = draft.content.bytes().filter(|_| site.vendor != Vendor::Oss) {
        own.push((Dialect::of(site.vendor).header("content-sha256"), hex(&Sha256::digest(bytes))));
    }
    let headers: Vec<Pair> = draft.headers.iter().chain(&own).cloned().collect();
    let signing = Signing {
        vendor: site.vendor,
        signature: site.signature,
        region: &site.region,
        time: now().saturating_add_signed(known.ahead),
        login,
        method: draft.method.as_str(),
        host: &site.host(),
        path: &site.path(&draft.key),
        bucket: &site.bucket,
        key: &draft.key,
        query: &draft.query,
        headers: &headers,
    };
    own.extend(signing.headers());
    own
}

/// Seconds since 1970.
pub(super) fn now() -> u64 {
    time::seconds(SystemTime::now()).unwrap_or(0)
}

/// A bucket's name among those that something is known of.
fn name(url: &ObjectUrl) -> String {
    url.with_key("").to_string()
}

/// Header fields; a value that could be read in two ways is refused.
fn header_map(headers: &[Pair], subject: &Source) -> Result<HeaderMap, Fault> {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        let wrong = || Fault::new(FaultKind::Request, subject, format!("the header {name} can only hold plain ASCII"));
        let field = HeaderName::from_bytes(name.as_bytes()).map_err(|_| wrong())?;
        if !value.bytes().all(|byte| (0x20..0x7f).contains(&byte)) {
            return Err(wrong());
        }
        let mut value = HeaderValue::from_str(value).map_err(|_| wrong())?;
        value.set_sensitive(true);
        map.append(field, value);
    }
    Ok(map)
}
