//! What is sent back, in the vendor's own way of speaking.

use std::fmt::Write as _;
use std::io::Write;
use std::net::TcpStream;
use std::time::Instant;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use haul::model::Vendor;

use super::request::{Request, pace};
use super::sums::escaped;

/// An answer.
#[derive(Clone, Debug, Default)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
    /// The Content-Length that a HEAD tells.
    pub(super) told: Option<u64>,
    /// The connection ends after so many bytes of the body.
    pub(super) cut_after: Option<u64>,
    /// It comes in chunks, and breaks off after a blank.
    pub(super) breaks: bool,
}

impl Answer {
    pub(super) fn new(status: u16) -> Self {
        Self { status, ..Self::default() }
    }

    pub(super) fn header(mut self, name: &str, value: impl std::fmt::Display) -> Self {
        self.headers.push((name.to_owned(), value.to_string()));
        self
    }

    pub(super) fn body(self, body: impl Into<Vec<u8>>) -> Self {
        Self { body: body.into(), ..self }
    }

    /// A refusal, with what else stands in it.
    pub(super) fn refusal(
        vendor: Vendor,
        request: &Request,
        status: u16,
        code: &str,
        words: &str,
        more: &[(&str, &str)],
    ) -> Self {
        let body = error(vendor, code, words, more);
        let answer = Self::new(status);
        match (vendor, request.method.as_str()) {
            (Vendor::Oss, "HEAD") => {
                answer.header("x-oss-err", BASE64_STANDARD.encode(body)).header("x-oss-ec", "0003-00000001")
            }
            (_, "HEAD") => answer,
            _ => answer.body(body),
        }
    }

    /// Writes it; how many bytes of the body went out, and whether the connection is still good.
    pub(super) fn write(&self, to: &mut TcpStream, vendor: Vendor, is_head: bool, rate: Option<u64>) -> (u64, bool) {
        let name = vendor.scheme().replace("s3", "amz");
        let length = self.told.unwrap_or(self.body.len() as u64);
        let date = httpdate::fmt_http_date(std::time::SystemTime::now());
        let mut head =
            format!("HTTP/1.1 {} Told\r\nDate: {date}\r\nx-{name}-request-id: REQUEST-0001\r\n", self.status);
        for (name, value) in &self.headers {
            write!(head, "{name}: {value}\r\n").unwrap();
        }
        if self.breaks {
            let _ = to.write_all(format!("{head}Transfer-Encoding: chunked\r\n\r\n1\r\n \r\n").as_bytes());
            return (1, false);
        }
        if self.status != 204 && self.status != 304 {
            write!(head, "Content-Length: {length}\r\n").unwrap();
        }
        if to.write_all(format!("{head}\r\n").as_bytes()).is_err() {
            return (0, false);
        }
        if is_head {
            return (0, true);
        }
        let end = self.cut_after.map_or(self.body.len(), |cut| self.body.len().min(cut as usize));
        let began = Instant::now();
        let step = rate.map_or(64 << 10, |rate| (rate as usize / 50).max(1));
        let mut sent = 0;
        while sent < end {
            let next = (sent + step).min(end);
            if to.write_all(&self.body[sent..next]).is_err() {
                return (sent as u64, false);
            }
            sent = next;
            pace(began, sent as u64, rate);
        }
        (sent as u64, end == self.body.len())
    }
}

/// An error in the vendor's words.
pub(super) fn error(vendor: Vendor, code: &str, words: &str, more: &[(&str, &str)]) -> String {
    if vendor == Vendor::Tos {
        let mut object = serde_json::json!({
            "Code": code, "Message": words, "RequestId": "REQUEST-0001", "HostId": "here", "EC": "0003-00000001",
        });
        for (name, value) in more {
            object[*name] = serde_json::Value::from(*value);
        }
        return object.to_string();
    }
    let mut inner =
        format!("<Code>{code}</Code><Message>{}</Message><RequestId>REQUEST-0001</RequestId>", escaped(words));
    if vendor == Vendor::Oss {
        inner.push_str("<EC>0003-00000001</EC>");
    }
    for (name, value) in more {
        write!(inner, "<{name}>{}</{name}>", escaped(value)).unwrap();
    }
    format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error>{inner}</Error>")
}
