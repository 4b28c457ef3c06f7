//! The driver as a test uses it: one question to a scripted server, and the whole of its answer.

use std::future::poll_fn;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use haul::model::{ByteRange, Fault, Header, Ranges, Resource, Source, Validator};
use haul::protocol::{Asked, Cookies, Fetch, Http, HttpOptions, Netrc, Request};

use crate::support::server::{Answer, File, Running, Server};

/// The path that all these tests ask for.
pub(super) const PATH: &str = "/a.bin";
/// Bytes of the file there.
pub(super) const LENGTH: u64 = 1000;
/// Which content it has.
pub(super) const SEED: u64 = 3;

/// An answer that was accepted.
#[derive(Debug)]
pub(super) struct Got {
    pub(super) resource: Resource,
    pub(super) start: u64,
    pub(super) end: Option<u64>,
    pub(super) unchanged: bool,
    pub(super) peer: Option<IpAddr>,
    /// What came of the body, up to its end or its fault.
    pub(super) bytes: Vec<u8>,
    pub(super) broke: Option<Fault>,
}

/// A server whose one file is answered so.
pub(super) fn serve(answer: Answer) -> Running {
    Server::new().file(PATH, File::new(SEED, LENGTH).answer(answer)).start()
}

/// How a driver is set up that no proxy of this machine's environment gets in the way of.
pub(super) fn options() -> HttpOptions {
    HttpOptions {
        is_direct: false,
        user_agent: "haul/test".to_owned(),
        connect_timeout: Duration::from_secs(20),
        proxy: None,
        insecure: false,
        allow_http: false,
        ca_cert: None,
        netrc: Netrc::default(),
        cookies: Cookies::default(),
    }
}

/// Such a driver.
pub(super) fn driver() -> Http {
    Http::new(options())
}

/// A question about a URL, with nothing known.
pub(super) fn question(url: &str, asked: Asked) -> Request {
    Request {
        source: Source::parse(url).unwrap(),
        headers: Arc::from([]),
        asked,
        expected: None,
        unless: None,
        named: true,
        brief: false,
    }
}

pub(super) fn header(name: &str, value: &str) -> Header {
    Header { name: name.to_owned(), value: value.to_owned() }
}

/// What an earlier answer said of the file.
pub(super) fn known(server: &Running, etag: Option<&str>, date: Option<&str>) -> Arc<Resource> {
    let text = |text: &str| text.to_owned();
    Arc::new(Resource {
        length: Some(LENGTH),
        ranges: Ranges::Served,
        validator: Validator { etag: etag.map(text), last_modified: date.map(text) },
        twins: Vec::new(),
        fresh: None,
        name: None,
        at: Source::parse(&server.url(PATH)).unwrap(),
        media: None,
        coding: None,
        digests: Vec::new(),
        duplicates: Vec::new(),
    })
}

/// Asks, and reads the body to its end.
pub(super) fn ask(driver: &impl Fetch, request: Request) -> Result<Got, Fault> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut answer = driver.open(request).await?;
        let (mut bytes, mut broke) = (Vec::new(), None);
        while let Some(chunk) = poll_fn(|context| answer.body.poll_chunk(context)).await {
            match chunk {
                Ok(chunk) => bytes.extend_from_slice(&chunk),
                Err(fault) => {
                    broke = Some(fault);
                    break;
                }
            }
        }
        let (start, end) = (answer.start, answer.end);
        Ok(Got {
            resource: answer.resource,
            start,
            end,
            unchanged: answer.unchanged,
            peer: answer.ends.map(|ends| ends.peer.ip()),
            bytes,
            broke,
        })
    })
}

/// Asks a server that answers so, with nothing known.
pub(super) fn first(answer: Answer, asked: Asked) -> Result<Got, Fault> {
    let server = serve(answer);
    ask(&driver(), question(&server.url(PATH), asked))
}

/// Asks a server that answers so for a part of a file of which the length and the ETag `"v1"` are known.
pub(super) fn part(answer: Answer, start: u64, end: u64) -> Result<Got, Fault> {
    let server = serve(answer);
    let expected = Some(known(&server, Some("\"v1\""), None));
    let asked = Asked::Part(ByteRange::new(start, end));
    ask(&driver(), Request { expected, ..question(&server.url(PATH), asked) })
}
