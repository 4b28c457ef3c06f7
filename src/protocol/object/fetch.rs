//! Downloads: a part of an object, or all of it, checked as strictly as an answer of any web server.

use std::task::{Context, Poll};

use reqwest::header::{ACCEPT_RANGES, CONTENT_RANGE, ETAG, HeaderMap, HeaderValue, LAST_MODIFIED};
use reqwest::{Method, Response};

use super::document::Element;
use super::draft::Draft;
use super::exchange::{Stores, with_or_without};
use super::offer::{ASKS_SUM, given};
use super::put::is_unknown;
use super::refusal::{Refusal, is_error};
use crate::model::{Fault, FaultKind, ObjectUrl, Ranges, Vendor};
use crate::protocol::http::{Stream, beginning, ends};
use crate::protocol::{Accepted, Answer, Asked, Body, BoxFuture, Chunk, Fetch, Head, Request, check};

/// What is done, for faults.
const READ: &str = "read";
/// What a refusal of a range says is longer in no store.
const LONGEST_REFUSAL: usize = 64 << 10;

impl Fetch for Stores {
    fn open(&self, request: Request) -> BoxFuture<'_, Result<Answer, Fault>> {
        Box::pin(async move {
            let url = object(&request)?;
            if let Some(response) = self.unchanged(&url, &request).await? {
                return answered(&url, request, response).await;
            }
            let response = self.ask(&url, &request).await?;
            if response.status() == 416 && request.asked == Asked::From(0) && !response.headers().contains_key(ETAG) {
                // An object without a byte has no range. What it is, by which it is known again, is told with the whole alone.
                let request = Request { asked: Asked::Whole, ..request };
                let response = self.ask(&url, &request).await?;
                return answered(&url, request, response).await;
            }
            answered(&url, request, response).await
        })
    }
}

impl Stores {
    /// The store's word that the object is still the one whose ETag is known, if that is asked and so. What it says else
    /// is heard in answer to GET: one that HEAD gets has no words.
    async fn unchanged(&self, url: &ObjectUrl, request: &Request) -> Result<Option<Response>, Fault> {
        if request.unless.as_ref().is_none_or(|unless| unless.etag.is_none()) {
            return Ok(None);
        }
        let draft = draft(url, &Request { asked: Asked::Whole, ..request.clone() })?;
        let draft = Draft { method: Method::HEAD, ..draft.without(ASKS_SUM) };
        match self.send(url, &draft, |status| status == 304).await {
            Ok(response) => Ok(Some(response)),
            Err(refused) if refused.refusal.status != 0 => Ok(None),
            Err(refused) => Err(refused.fault),
        }
    }

    async fn ask(&self, url: &ObjectUrl, request: &Request) -> Result<Response, Fault> {
        let draft = &draft(url, request)?;
        let asks_sum = draft.has(ASKS_SUM) && self.known(url).await?.asks_sums;
        let make = |asks_sum| async move {
            let draft = if asks_sum { draft.clone() } else { draft.clone().without(ASKS_SUM) };
            self.send(url, &draft, |status| matches!(status, 200 | 206 | 304 | 416)).await
        };
        let remember = || self.learn(url, |known| known.asks_sums = false);
        let outcome = with_or_without(asks_sum, is_unknown, make, remember).await;
        outcome.map_err(|refused| {
            if refused.refusal.status == 412 && draft.has("if-match") {
                let detail = format!("the object in the store has changed: {}", refused.fault.detail);
                return Fault { kind: FaultKind::Changed, detail, ..refused.fault };
            }
            refused.fault
        })
    }
}

/// The object that is asked for.
fn object(request: &Request) -> Result<ObjectUrl, Fault> {
    let wrong = |why: &str| Fault::new(FaultKind::Request, &request.source, why);
    let url = ObjectUrl::of(&request.source).ok_or_else(|| wrong("this is no object in a store"))?;
    if url.is_prefix() {
        return Err(wrong("this names no object, but all that lie below it"));
    }
    Ok(url)
}

/// The request. What the user gave as headers goes with it, signed where the vendor signs it.
fn draft(url: &ObjectUrl, request: &Request) -> Result<Draft, Fault> {
    let mut draft = Draft::new(Method::GET, &url.key, READ).header("accept-encoding", "identity");
    if let Some(version) = &url.version {
        draft = draft.query("versionId", version);
    }
    for header in request.headers.iter() {
        draft.headers.push(given(&header.name, &header.value, url)?);
    }
    if let Some(range) = range(url.vendor, request) {
        draft = draft.header("range", range);
        if url.vendor == Vendor::Oss {
            // Without it OSS sends the whole object where a range is not within it.
            draft = draft.header("x-oss-range-behavior", "standard");
        }
    } else if url.vendor == Vendor::S3 {
        // S3 tells the checksum of the whole beside the whole alone.
        draft = draft.header(ASKS_SUM, "ENABLED");
    }
    let known = request.expected.as_ref().and_then(|known| known.validator.strong_etag());
    if let Some(etag) = request.unless.as_ref().and_then(|unless| unless.etag.as_deref()) {
        draft = draft.header("if-none-match", etag);
    } else if let Some(etag) = known {
        // Not a byte of another version is sent.
        draft = draft.header("if-match", etag);
    }
    Ok(draft)
}

/// The Range header. The first word about an object of S3 is asked for without: S3 says there, in the same answer, that it
/// gives ranges and what the whole hashes to.
fn range(vendor: Vendor, request: &Request) -> Option<String> {
    match request.asked {
        Asked::Whole => None,
        Asked::From(0) if vendor == Vendor::S3 && request.expected.is_none() => None,
        Asked::From(start) => Some(format!("bytes={start}-")),
        Asked::Part(range) => Some(format!("bytes={}-{}", range.start, range.end.saturating_sub(1))),
    }
}

/// Checks the answer; what is not an answer to this very request is a fault.
async fn answered(url: &ObjectUrl, request: Request, response: Response) -> Result<Answer, Fault> {
    let (status, mut headers) = (response.status().as_u16(), response.headers().clone());
    let mut rest = Some(response);
    if status == 416
        && !headers.contains_key(CONTENT_RANGE)
        && let Some(response) = rest.take()
    {
        tell_length(&mut headers, &beginning(response, LONGEST_REFUSAL).await);
    }
    let head = Head { status, headers: &headers, at: &request.source };
    let mut accepted = check(request.asked, request.expected.as_deref(), &head).map_err(|fault| {
        let id = Refusal::read(status, &headers, b"").request_id;
        let facts = id.map_or_else(String::new, |id| format!(" (request {id})"));
        Fault { detail: format!("{}{facts}", fault.detail), ..fault }
    })?;
    if matches!(status, 200 | 206) && !headers.contains_key(ETAG) && !headers.contains_key(LAST_MODIFIED) {
        // The page of something that stands between, or an error under a success: its bytes are not the object's.
        let detail = "what came has neither an ETag nor a date, as every object has: it is something else";
        return Err(Fault::new(FaultKind::BadAnswer, &request.source, detail));
    }
    let asked_for = request.unless.as_ref().is_some_and(|unless| unless.etag.is_some());
    if accepted.unchanged && !asked_for {
        let detail = "the store says that nothing has changed, which nobody has asked";
        return Err(Fault::new(FaultKind::BadAnswer, &request.source, detail));
    }
    if url.vendor == Vendor::S3 && request.asked == Asked::From(0) && gives_ranges(&headers) {
        accepted.resource.ranges = Ranges::Served;
    }
    let Accepted { resource, start, end, unchanged } = accepted;
    let is_empty = unchanged || end == Some(start);
    let ends = rest.as_ref().and_then(ends);
    let body: Box<dyn Body> = match rest {
        Some(response) => Box::new(Stream::new(response, request.source, is_empty)),
        None => Box::new(Nothing),
    };
    Ok(Answer { resource, start, end, unchanged, ends, body })
}

/// S3 says only in its words how long an object is in which there is no such range.
fn tell_length(headers: &mut HeaderMap, body: &[u8]) {
    let document = Element::read(body).filter(is_error);
    let length = document.and_then(|document| document.number("ActualObjectSize"));
    if let Some(value) = length.and_then(|length| HeaderValue::from_str(&format!("bytes */{length}")).ok()) {
        headers.insert(CONTENT_RANGE, value);
    }
}

/// All that speak as S3 does give ranges, unless they say that they don't.
fn gives_ranges(headers: &HeaderMap) -> bool {
    headers.get(ACCEPT_RANGES).is_none_or(|unit| !unit.as_bytes().eq_ignore_ascii_case(b"none"))
}

/// A body of no bytes.
struct Nothing;

impl Body for Nothing {
    fn poll_chunk(&mut self, _: &mut Context<'_>) -> Poll<Option<Result<Chunk, Fault>>> {
        Poll::Ready(None)
    }
}
