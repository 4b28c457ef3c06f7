//! The driver: request, redirects followed by our own code, the check, the body.

use std::collections::HashSet;

use reqwest::header::{
    ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, COOKIE, HeaderMap, HeaderName, HeaderValue, IF_NONE_MATCH, IF_RANGE,
    LOCATION, RANGE,
};
use reqwest::{Method, RequestBuilder, Response};
use tokio::task::yield_now;
use url::Url;

use super::auth::Logins;
use super::body::{Stream, ends, is_framed};
use super::check::{Accepted, Head, check, require_word};
use super::client::{Clients, HttpOptions, Lane, Trouble};
use super::cookies::Cookies;
use super::error::{fault, is_garbled, wants_http2};
use super::fields::address;
use super::lanes::{Lanes, Waiting};
use super::refusal;
use crate::model::{Fault, FaultKind, Ranges, Source};
use crate::protocol::{Answer, Asked, BoxFuture, Fetch, Request, heard};

/// As many redirects as browsers follow.
const MAX_REDIRECTS: usize = 20;

/// The driver for http: and https:.
#[derive(Debug)]
pub struct Http {
    clients: Clients,
    lanes: Lanes,
    logins: Logins,
    cookies: Cookies,
}

impl Http {
    /// A driver with these options. Nothing is opened yet.
    pub fn new(options: HttpOptions) -> Self {
        let (logins, cookies) = (Logins::new(options.netrc.clone()), options.cookies.clone());
        Self { clients: Clients::new(options), lanes: Lanes::default(), logins, cookies }
    }

    async fn answer(&self, request: Request) -> Result<Answer, Fault> {
        let first = request.expected.as_ref().map_or(&request.source, |known| &known.at);
        let answer = match self.anywhere(&request, first).await {
            Err(fault)
                if may_dislike_ranges(&fault, &request.source)
                    && request.asked == Asked::From(0)
                    && request.expected.is_none() =>
            {
                let whole = Request { asked: Asked::Whole, ..request.clone() };
                return self.anywhere(&whole, first).await.map_err(|why| if says_more(&why) { why } else { fault });
            }
            other => other?,
        };
        let known = &answer.resource;
        // An empty file has no range, and what refuses one does not tell what the file is known by: the whole does.
        let is_refusal = known.length == Some(0) && known.ranges == Ranges::Served && known.validator.is_none();
        if is_refusal && request.asked == Asked::From(0) && !answer.unchanged {
            let whole = Request { asked: Asked::Whole, ..request.clone() };
            return Ok(self.milder(&whole, &known.at).await.unwrap_or(answer));
        }
        Ok(answer)
    }

    /// Where redirects led before is asked first; if that has expired or is gone, the way is asked again from its beginning.
    async fn anywhere(&self, request: &Request, first: &Source) -> Result<Answer, Fault> {
        match self.milder(request, first).await {
            Err(fault) if may_lead_elsewhere(fault.kind) && *first != request.source => {
                self.milder(request, &request.source).await
            }
            other => other,
        }
    }

    /// Some servers answer an If-Range with the whole file although its validator is right, or refuse it: they are asked
    /// without. One that is known for that is asked without at once, and all the same with it where its answer does not say of
    /// which version it is.
    async fn milder(&self, request: &Request, first: &Source) -> Result<Answer, Fault> {
        let origin = first.url().origin();
        let condition = if_range(request);
        if condition.is_some() && !self.lanes.takes_if_range(&origin) {
            match self.checked(request, first, None).await {
                Err(Fault { kind: FaultKind::Retagged, .. }) => {}
                other => return other,
            }
        }
        match self.checked(request, first, condition.as_ref()).await {
            Err(Fault { kind: FaultKind::RangeIgnored | FaultKind::Status(412), .. }) if condition.is_some() => {
                let answer = self.checked(request, first, None).await?;
                if answer.resource.ranges == Ranges::Served {
                    self.lanes.misreads_if_range(&origin);
                }
                Ok(answer)
            }
            other => other,
        }
    }

    async fn checked(
        &self,
        request: &Request,
        first: &Source,
        if_range: Option<&HeaderValue>,
    ) -> Result<Answer, Fault> {
        let (response, at) = self.follow(request, first, if_range).await?;
        let head = Head { status: response.status().as_u16(), headers: response.headers(), at: &at };
        let Accepted { resource, start, end, unchanged } =
            match check(request.asked, request.expected.as_deref(), &head) {
                Ok(accepted) => accepted,
                Err(fault) if head.status == 416 && fault.kind == FaultKind::Changed && request.asked.start() > 0 => {
                    return Err(self.look_again(request, first).await);
                }
                Err(fault) => return Err(refusal::read(fault, &at, response).await),
            };
        if unchanged && condition(request).is_none() {
            let detail = "the server says that nothing has changed, which nobody has asked";
            return Err(Fault::new(FaultKind::BadAnswer, &at, detail));
        }
        // A 416 speaks of the file, and holds nothing of it.
        if if_range.is_none() && request.asked != Asked::Whole && head.status != 416 {
            require_word(request.expected.as_deref(), &resource.validator, &at)?;
        }
        let is_empty = unchanged || end == Some(start);
        let ends = ends(&response);
        let body = Stream::new(response, at, is_empty);
        Ok(Answer { resource, start, end, unchanged, ends, body: Box::new(body) })
    }

    /// The fault of a file whose length is another one by the word of a refusal, which tells nothing else: only the whole says
    /// whether that is another version or a page in place of the file.
    async fn look_again(&self, request: &Request, first: &Source) -> Fault {
        let whole = Request { asked: Asked::Whole, ..request.clone() };
        // The bytes of an answer that is the file's are not needed.
        match Box::pin(self.checked(&whole, first, None)).await {
            Ok(_) => {
                let detail =
                    format!("the server says that there is no byte {}, and then that there is", request.asked.start());
                Fault::new(FaultKind::WrongRange, first, detail)
            }
            Err(fault) => fault,
        }
    }

    async fn follow(
        &self,
        request: &Request,
        first: &Source,
        if_range: Option<&HeaderValue>,
    ) -> Result<(Response, Source), Fault> {
        let mut at = first.clone();
        let mut seen = HashSet::new();
        while seen.len() <= MAX_REDIRECTS {
            // A site may set a cookie and send back to where that is looked for: only the same request goes in a circle.
            let asked = (at.clone(), self.cookies.header(at.url(), &[]));
            if !seen.insert(asked) {
                return Err(Fault::new(FaultKind::Redirect, &request.source, "its redirects go round in a circle"));
            }
            let response = self.send(request, &at, if_range).await?;
            // Of several choices (300) a server may name the one that it prefers (RFC 9110, section 15.4.1).
            let leads = match response.status().as_u16() {
                300 => response.headers().contains_key(LOCATION),
                status => matches!(status, 301 | 302 | 303 | 307 | 308),
            };
            if !leads {
                return Ok((response, at));
            }
            at = next(&at, &response, self.clients.allows_http())?;
        }
        Err(Fault::new(FaultKind::Redirect, &request.source, format!("more than {MAX_REDIRECTS} redirects")))
    }

    /// Asks one place, again where it wants a login in another form. What it sets as cookies is kept.
    async fn send(&self, request: &Request, at: &Source, if_range: Option<&HeaderValue>) -> Result<Response, Fault> {
        let mut pass = self.logins.pass(request, at);
        loop {
            let mut headers = shape(request, at, if_range);
            headers.extend(pass.show()?.map(|value| (AUTHORIZATION, value)));
            let given: Vec<&[u8]> = headers.get_all(COOKIE).iter().map(HeaderValue::as_bytes).collect();
            if let Some(cookie) = self.cookies.header(at.url(), &given) {
                headers.insert(COOKIE, cookie);
            }
            let response = self.transmit(at, headers, request.brief).await?;
            self.cookies.take(at.url(), response.headers());
            if !pass.answered(response.status(), response.headers())? {
                return Ok(response);
            }
        }
    }

    async fn transmit(&self, at: &Source, headers: HeaderMap, brief: bool) -> Result<Response, Fault> {
        // The login goes in a header of our own making, or not at all.
        let mut url = at.url().clone();
        let _ = url.set_username("").and_then(|()| url.set_password(None));
        let nothing = || None;
        let call = Call { method: Method::GET, url: &url, subject: at, headers, body: &nothing, brief, forgives: true };
        self.call(call).await
    }

    /// Makes one request as it stands: no redirect is followed and no login added.
    pub(in crate::protocol) async fn call(&self, call: Call<'_>) -> Result<Response, Fault> {
        let Call { method, url, subject, headers, body, brief, forgives } = call;
        let origin = url.origin();
        let brief = brief && url.scheme() == "https";
        let mut lane = self.lanes.choose(&origin, brief, forgives);
        let build = |lane| -> Result<RequestBuilder, Fault> {
            let client = self.clients.client(url.scheme(), lane)?;
            let request = client.request(method.clone(), url.clone()).headers(headers.clone());
            Ok(match body() {
                Some(body) => request.body(body),
                None => request,
            })
        };
        let request = build(lane)?;
        let mut waiting = Waiting { lanes: &self.lanes, origin: &origin, lane, is_over: false };
        let mut response = request.send().await;
        waiting.is_over = true;
        if let Err(error) = &response {
            let is_dead = || method == Method::GET && fault(subject, error).kind == FaultKind::Cut;
            let other = match lane {
                Lane::Own if wants_http2(error) => Some(Lane::Http2),
                Lane::Own | Lane::Fresh | Lane::Shared if forgives && is_garbled(error) => Some(Lane::Forgiving),
                _ if is_dead() => self.lanes.otherwise(&origin, lane),
                _ => None,
            };
            if let Some(other) = other {
                // The dead one is closed by a task of its own: a server may count connections.
                yield_now().await;
                (lane, response) = (other, build(other)?.send().await);
            }
        }
        if let Ok(response) = &response {
            heard();
            if lane == Lane::Forgiving && matches!(response.status().as_u16(), 200 | 203 | 206) && !is_framed(response)
            {
                let detail = "the answer is no proper HTTP, and does not tell for sure where its bytes end";
                return Err(Fault::new(FaultKind::BadAnswer, subject, detail));
            }
            self.lanes.answered(&origin, lane, response.version());
            match self.clients.answered(response) {
                Some(Trouble::Here) => self.lanes.shun(&origin),
                Some(Trouble::Everywhere) => self.lanes.shun_no_more(&origin),
                None => {}
            }
        }
        response.map_err(|error| self.clients.route().explain(fault(subject, &error), url))
    }
}

/// A request of any kind.
pub(in crate::protocol) struct Call<'a> {
    pub(in crate::protocol) method: Method,
    pub(in crate::protocol) url: &'a Url,
    /// What a fault speaks of.
    pub(in crate::protocol) subject: &'a Source,
    pub(in crate::protocol) headers: HeaderMap,
    /// Makes the body, from its beginning each time.
    pub(in crate::protocol) body: &'a (dyn Fn() -> Option<reqwest::Body> + Sync),
    /// True if its answer may come on a connection that others share.
    pub(in crate::protocol) brief: bool,
    /// True if lines of the answer's head that are none may be passed over.
    pub(in crate::protocol) forgives: bool,
}

impl Fetch for Http {
    fn open(&self, request: Request) -> BoxFuture<'_, Result<Answer, Fault>> {
        Box::pin(self.answer(request))
    }
}

/// True if redirects may lead somewhere else by now, where this came from the place that they led to before.
fn may_lead_elsewhere(kind: FaultKind) -> bool {
    use FaultKind as Kind;
    let is_over = matches!(kind, Kind::Status(401 | 403 | 404 | 410) | Kind::Expired | Kind::WebPage);
    is_over || matches!(kind, Kind::Connect | Kind::Resolve | Kind::Tls | Kind::Status(500 | 502 | 504))
}

/// True if a server may refuse the first request for nothing but its Range: wget and curl ask without one. One that forbids
/// what is asked for by a signed URL means the signature; and one that does not find a file means it: lists have many of those.
fn may_dislike_ranges(fault: &Fault, source: &Source) -> bool {
    match fault.kind {
        FaultKind::Status(403) => !source.is_passing(),
        FaultKind::Status(status) => matches!(status, 400 | 405 | 406 | 412 | 413 | 501),
        _ => false,
    }
}

/// True if a fault of a second request counts in place of the first one's: all but a mere refusal of the same kind.
fn says_more(fault: &Fault) -> bool {
    !matches!(fault.kind, FaultKind::Status(400..=499))
        || matches!(fault.kind, FaultKind::Status(401 | 403 | 407 | 408 | 425 | 429))
}

/// The request's headers. What the user gave goes to the source's own origin and nowhere else.
fn shape(request: &Request, at: &Source, if_range: Option<&HeaderValue>) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let mut put = |name: HeaderName, text: &str| headers.extend(HeaderValue::from_str(text).map(|value| (name, value)));
    put(ACCEPT, "*/*");
    put(ACCEPT_ENCODING, "identity");
    match request.asked {
        Asked::Whole => {}
        Asked::From(start) => put(RANGE, &format!("bytes={start}-")),
        Asked::Part(range) => put(RANGE, &format!("bytes={}-{}", range.start, range.end.saturating_sub(1))),
    }
    if let Some(etag) = condition(request) {
        put(IF_NONE_MATCH, etag);
    }
    headers.extend(if_range.map(|condition| (IF_RANGE, condition.clone())));
    if at.url().origin() == request.source.url().origin() {
        if request.headers.iter().any(|header| header.name.eq_ignore_ascii_case("accept")) {
            headers.remove(ACCEPT);
        }
        for header in request.headers.iter() {
            let name = HeaderName::from_bytes(header.name.as_bytes());
            if let (Ok(name), Ok(mut value)) = (name, HeaderValue::from_bytes(header.value.as_bytes())) {
                value.set_sensitive(true);
                headers.append(name, value);
            }
        }
    }
    headers
}

/// The ETag for If-None-Match.
fn condition(request: &Request) -> Option<&str> {
    request.unless.as_ref()?.etag.as_deref()
}

/// The validator for If-Range: a strong ETag, or the date where there is no ETag at all, if it tells versions apart (RFC 9110,
/// section 13.1.5).
fn if_range(request: &Request) -> Option<HeaderValue> {
    let known = request.expected.as_ref()?;
    if request.asked.start() == 0 && request.asked == Asked::Whole {
        return None;
    }
    let validator = &known.validator;
    let date = || validator.last_modified.as_deref().filter(|_| validator.etag.is_none() && known.fresh.is_none());
    HeaderValue::from_str(validator.strong_etag().or_else(date)?).ok()
}

/// Where a redirect leads; from https to http only if that is allowed.
fn next(at: &Source, response: &Response, allows_http: bool) -> Result<Source, Fault> {
    let wrong = |detail: &str| Fault::new(FaultKind::Redirect, at, detail);
    let location =
        response.headers().get(LOCATION).ok_or_else(|| wrong("the server redirects without saying where"))?;
    let text = address(location.as_bytes());
    if text.chars().any(char::is_control) {
        return Err(wrong("the server redirects to an address with control characters"));
    }
    let mut url = at.url().join(text.trim()).map_err(|_| wrong("the server redirects to something that is no URL"))?;
    url.set_fragment(None);
    match (at.url().scheme(), url.scheme()) {
        ("https", "http") if !allows_http => Err(wrong(
            "the server redirects from https to plain http, which haul follows only with --allow-http: anyone on the way can \
             read and change what comes so",
        )),
        (_, "http" | "https") if url.host_str().is_some_and(|host| !host.is_empty()) => Ok(Source::from(url)),
        (_, other) => Err(wrong(&format!("the server redirects to a {other}: URL, which haul does not follow"))),
    }
}
