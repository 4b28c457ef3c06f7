//! How a request is answered, as it stands in a scenario; it becomes an `Answer` of the scripted server.

use std::time::{Duration, SystemTime};

use serde::Deserialize;

use super::data::Span;
use crate::support::server::{Answer, Body, Chunks, Ending, Framing, Honour, Request, Wrong};

/// An answer to the requests that fit.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Which requests.
    pub when: When,
    /// The answer.
    pub reply: Reply,
}

/// Which requests a rule answers: those for which all of this is so.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct When {
    /// The number of the request for this path in this run, from 1.
    pub request: Option<Span>,
    /// One of so many, by its number: `(2, 0)` is each second one.
    pub each: Option<(usize, usize)>,
    /// The number of the connection in this run, from 1.
    pub connection: Option<Span>,
    /// The first byte that is asked for.
    pub start: Option<Span>,
    /// Whether a range is asked for.
    pub ranged: Option<bool>,
    /// Whether If-Range is sent.
    pub conditional: Option<bool>,
    /// How many other answers are on their way.
    pub answering: Option<Span>,
    /// The method.
    pub method: Option<String>,
    /// A header that is not sent, in lower case.
    pub lacks: Option<String>,
    /// A header that is sent, in lower case.
    pub has: Option<String>,
}

impl When {
    /// True if the rule answers this request.
    pub fn fits(&self, request: &Request) -> bool {
        let within = |span: Option<Span>, number: u64| span.is_none_or(|span| span.holds(number));
        let start = request.range().map(|range| range.0);
        within(self.request, request.number as u64)
            && self.each.is_none_or(|(of, rest)| request.number % of == rest)
            && within(self.connection, request.connection as u64)
            && self.start.is_none_or(|span| start.is_some_and(|start| span.holds(start)))
            && self.ranged.is_none_or(|ranged| request.header("range").is_some() == ranged)
            && self.conditional.is_none_or(|held| request.header("if-range").is_some() == held)
            && within(self.answering, request.answering as u64)
            && self.method.as_ref().is_none_or(|method| *method == request.method)
            && self.lacks.as_ref().is_none_or(|name| request.header(name).is_none())
            && self.has.as_ref().is_none_or(|name| request.header(name).is_some())
    }
}

/// An answer: a good server's, but for what is said here.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Reply {
    /// A status without a file.
    pub status: Option<u16>,
    /// The same answer under another status.
    pub relabel: Option<u16>,
    /// `HTTP/1.1` or what else the first line begins with.
    pub http: Option<String>,
    /// The words behind the status.
    pub reason: Option<String>,
    /// Whether ranges are served.
    pub ranges: bool,
    /// The ETag with its quotes.
    pub etag: Option<String>,
    /// Last-Modified.
    pub modified: Option<String>,
    /// How If-Range is treated.
    pub if_range: Honour,
    /// What a 206 says of its range.
    pub range: Wrong,
    /// More headers. In values `{main}` and `{other}` are the servers' origins, `{date+60}` is the time in a minute, and
    /// `{hex:b2e2}` these bytes.
    pub headers: Vec<(String, String)>,
    /// Headers that are left out.
    pub without: Vec<String>,
    /// What is sent as the body.
    pub body: Body,
    /// This text as the body.
    pub text: Option<String>,
    /// A web page in place of the file.
    pub page: bool,
    /// Bytes behind the body's proper end.
    pub extra: usize,
    /// How the body's end is told.
    pub framing: Framing,
    /// How chunks are written.
    pub chunks: Chunks,
    /// Content-Lengths in place of the true one.
    pub lengths: Vec<String>,
    /// After so many bytes of the body it ends this way.
    pub ending: Option<(u64, Ending)>,
    /// No answer: the connection ends this way.
    pub silence: Option<Ending>,
    /// After so many bytes of the body the server waits until it has seen so many requests.
    pub until: Option<(u64, usize)>,
    /// The file's byte at this position is sent as another one.
    pub damage: Option<u64>,
    /// Bytes a second.
    pub rate: Option<u64>,
    /// This before the answer.
    pub interim: Option<String>,
    /// So many useless headers.
    pub flood: usize,
    /// Headers without end.
    pub endless: bool,
    /// This and nothing else, head and all.
    pub raw: Option<String>,
}

impl Default for Reply {
    fn default() -> Self {
        Self {
            status: None,
            relabel: None,
            http: None,
            reason: None,
            ranges: true,
            etag: Some("\"v1\"".to_owned()),
            modified: None,
            if_range: Honour::Right,
            range: Wrong::Nothing,
            headers: Vec::new(),
            without: Vec::new(),
            body: Body::File,
            text: None,
            page: false,
            extra: 0,
            framing: Framing::Length,
            chunks: Chunks::Right,
            lengths: Vec::new(),
            ending: None,
            silence: None,
            until: None,
            damage: None,
            rate: None,
            interim: None,
            flood: 0,
            endless: false,
            raw: None,
        }
    }
}

/// Where the two servers are.
#[derive(Clone, Debug)]
pub struct Places {
    /// The first server's origin.
    pub main: String,
    /// The second server's origin.
    pub other: String,
}

impl Places {
    /// The text with the origins in it.
    pub fn fill(&self, text: &str) -> String {
        let host = self.main.trim_start_matches("http://");
        let port = host.rsplit(':').next().unwrap_or(host);
        text.replace("{main}", &self.main)
            .replace("{other}", &self.other)
            .replace("{host}", host)
            .replace("{port}", port)
    }
}

impl Reply {
    /// The answer that the scripted server gives.
    pub fn answer(&self, places: &Places) -> Answer {
        if let Some(raw) = &self.raw {
            return Answer::raw(bytes(&places.fill(raw)));
        }
        let mut answer = match (self.status, self.page) {
            (Some(status), _) => Answer::status(status),
            (None, true) => Answer::page(),
            (None, false) => self.of_the_file(),
        };
        if let Some(text) = &self.text {
            answer = answer.body(Body::Bytes(text.clone().into_bytes()));
        }
        for (name, value) in &self.headers {
            answer = answer.header_bytes(name, bytes(&places.fill(value)));
        }
        self.framed(answer)
    }

    fn of_the_file(&self) -> Answer {
        let mut answer = Answer::new().no_etag().wrong(self.range.clone()).body(self.body.clone());
        answer = answer.if_range(self.if_range);
        if let Some(etag) = &self.etag {
            answer = answer.etag(etag);
        }
        if let Some(date) = &self.modified {
            answer = answer.last_modified(date);
        }
        if self.ranges { answer } else { answer.no_ranges() }
    }

    fn framed(&self, mut answer: Answer) -> Answer {
        let lengths: Vec<&str> = self.lengths.iter().map(String::as_str).collect();
        answer = answer.framing(self.framing).chunks(self.chunks.clone()).lengths(&lengths).extra(self.extra);
        answer = answer.interim(self.interim.as_deref().unwrap_or("")).flood(self.flood);
        answer = self.without.iter().fold(answer, |answer, name| answer.without(name));
        if let Some((after, ending)) = self.ending {
            answer = answer.ending(after, ending);
        }
        if let Some((after, requests)) = self.until {
            answer = answer.until(after, requests);
        }
        if let Some(ending) = self.silence {
            answer = answer.silence(ending);
        }
        if let Some(position) = self.damage {
            answer = answer.damage(position);
        }
        if let Some(rate) = self.rate {
            answer = answer.rate(rate);
        }
        if let Some(status) = self.relabel {
            answer = answer.relabel(status);
        }
        if let Some(version) = &self.http {
            answer = answer.version(version);
        }
        if let Some(reason) = &self.reason {
            answer = answer.reason(reason);
        }
        if self.endless { answer.endless() } else { answer }
    }
}

/// A text as bytes, with what stands in braces put in: `{date+60}`, `{hex:b2e2}`.
fn bytes(text: &str) -> Vec<u8> {
    let mut whole = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        let Some((inside, behind)) = after.split_once('}') else { break };
        whole.extend(before.bytes());
        if let Some(digits) = inside.strip_prefix("hex:") {
            let byte = |at: usize| u8::from_str_radix(&digits[at..at + 2], 16).expect("hex digits");
            whole.extend((0..digits.len()).step_by(2).map(byte));
        } else if let Some(offset) = inside.strip_prefix("date") {
            let seconds: i64 = offset.parse().expect("seconds from now");
            let span = Duration::from_secs(seconds.unsigned_abs());
            let now = SystemTime::now();
            let then = if seconds < 0 { now - span } else { now + span };
            whole.extend(httpdate::fmt_http_date(then).bytes());
        } else {
            whole.extend(format!("{{{inside}}}").bytes());
        }
        rest = behind;
    }
    whole.extend(rest.bytes());
    whole
}
