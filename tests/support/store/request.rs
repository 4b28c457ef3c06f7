//! A request as a store reads it, and what is kept of it.

use std::io::{BufRead, BufReader, Read};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use super::sums::decode;

/// One request and what came of it.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// The call, such as `UploadPart`.
    pub call: String,
    /// The object.
    pub key: String,
    /// Which part.
    pub part: Option<u32>,
    /// Which bytes were asked for.
    pub range: Option<String>,
    /// The headers, with names in lower case.
    pub headers: Vec<(String, String)>,
    /// The query, decoded.
    pub query: Vec<(String, String)>,
    /// How it was answered; 0 if it was cut.
    pub status: u16,
    /// Bytes of its body that came.
    pub received: u64,
    /// Bytes of the answer's body that went out.
    pub sent: u64,
}

impl Seen {
    /// A parameter of the query.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }

    /// A header's value.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }
}

/// A request's head.
#[derive(Clone, Debug)]
pub(super) struct Request {
    pub(super) method: String,
    /// As it was sent.
    pub(super) raw_path: String,
    pub(super) raw_query: String,
    pub(super) host: String,
    pub(super) headers: Vec<(String, String)>,
    pub(super) bucket: String,
    pub(super) key: String,
    pub(super) query: Vec<(String, String)>,
}

impl Request {
    /// Reads a head; `None` at the end of the connection.
    pub(super) fn read(from: &mut BufReader<TcpStream>, cname: Option<&str>) -> Option<Self> {
        let mut line = String::new();
        from.read_line(&mut line).ok().filter(|count| *count > 0)?;
        let mut words = line.split_whitespace();
        let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
        let mut headers = Vec::new();
        loop {
            let mut line = String::new();
            from.read_line(&mut line).ok().filter(|count| *count > 0)?;
            let Some((name, value)) = line.trim_end().split_once(':') else { break };
            headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
        let named = headers.iter().find(|(name, _)| name == "host")?.1.clone();
        // As a proxy is asked: a test can use a vendor's own host names.
        let (host, target) = match target.strip_prefix("http://") {
            Some(rest) => rest.find('/').map(|at| (rest[..at].to_owned(), rest[at..].to_owned()))?,
            None => (named, target),
        };
        let (raw_path, raw_query) = target.split_once('?').unwrap_or((&target, ""));
        let path = decode(raw_path);
        let is_address = host.starts_with(|c: char| c.is_ascii_digit()) || host.starts_with("localhost");
        let (bucket, key) = match (cname, is_address) {
            (Some(bucket), _) => (bucket.to_owned(), path[1..].to_owned()),
            (None, true) => {
                let (bucket, key) = path[1..].split_once('/').unwrap_or((&path[1..], ""));
                (bucket.to_owned(), key.to_owned())
            }
            (None, false) => (host.split('.').next()?.to_owned(), path[1..].to_owned()),
        };
        let pair = |pair: &str| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode(name), decode(value))
        };
        let query = raw_query.split('&').filter(|pair| !pair.is_empty()).map(pair).collect();
        let (raw_path, raw_query) = (raw_path.to_owned(), raw_query.to_owned());
        Some(Self { method, raw_path, raw_query, host, headers, bucket, key, query })
    }

    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }

    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }

    pub(super) fn length(&self) -> Option<u64> {
        self.header("content-length")?.parse().ok()
    }

    /// What the vendors' documents call it.
    pub(super) fn call(&self) -> &'static str {
        let has = |name: &str| self.parameter(name).is_some();
        match self.method.as_str() {
            "GET" if self.key.is_empty() && has("uploads") => "ListMultipartUploads",
            "GET" if self.key.is_empty() => "ListObjects",
            "GET" if has("uploadId") => "ListParts",
            "GET" => "GetObject",
            "HEAD" => "HeadObject",
            "POST" if has("uploads") => "CreateMultipartUpload",
            "POST" => "CompleteMultipartUpload",
            "PUT" if has("uploadId") => "UploadPart",
            "PUT" => "PutObject",
            "DELETE" if has("uploadId") => "AbortMultipartUpload",
            _ => "Unknown",
        }
    }

    /// Reads the body, at `rate` bytes a second; `None` if it ends too early or `cut` bytes have come.
    pub(super) fn body(
        &self,
        from: &mut BufReader<TcpStream>,
        cut: Option<u64>,
        rate: Option<u64>,
        mut count: impl FnMut(u64),
    ) -> Option<Vec<u8>> {
        let length = self.length().unwrap_or(0);
        let mut body = Vec::with_capacity(length as usize);
        let began = Instant::now();
        let mut chunk = vec![0; 64 << 10];
        while (body.len() as u64) < length {
            let mut step = (length - body.len() as u64).min(chunk.len() as u64);
            if let Some(rate) = rate {
                step = step.min((rate / 50).max(1));
            }
            let got = from.read(&mut chunk[..step as usize]).ok().filter(|got| *got > 0)?;
            body.extend_from_slice(&chunk[..got]);
            count(got as u64);
            if cut.is_some_and(|cut| body.len() as u64 >= cut) {
                return None;
            }
            pace(began, body.len() as u64, rate);
        }
        Some(body)
    }
}

/// Waits until so many bytes are due. A rate is what a test asks for; nothing else here looks at a clock.
pub(super) fn pace(began: Instant, bytes: u64, rate: Option<u64>) {
    if let Some(rate) = rate {
        let due = Duration::from_secs_f64(bytes as f64 / rate as f64);
        std::thread::sleep(due.saturating_sub(began.elapsed()));
    }
}
