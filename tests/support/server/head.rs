//! What an answer's head says, and which bytes its body has: worked out before anything is sent.

use super::answer::{Answer, Body, Chunks, Framing, Honour, Wrong};
use super::listen::File;
use super::record::Request;

/// What an answer sends: its first line, its headers, and which bytes of what.
pub(super) struct Plan {
    pub status: u16,
    pub range: Option<String>,
    pub start: u64,
    pub end: u64,
    pub of_file: bool,
}

/// Which answer a request gets.
pub(super) fn plan(request: &Request, file: &File, answer: &Answer) -> Plan {
    let plan = proper(request, file, answer);
    Plan { status: answer.relabel.unwrap_or(plan.status), ..plan }
}

fn proper(request: &Request, file: &File, answer: &Answer) -> Plan {
    if let (Some(status), Body::File) = (answer.status, &answer.body) {
        return Plan { status, range: None, start: 0, end: file.length, of_file: true };
    }
    if let Body::Bytes(bytes) = &answer.body {
        let status = answer.status.unwrap_or(200);
        return Plan { status, range: None, start: 0, end: bytes.len() as u64, of_file: false };
    }
    let held = |name: &str, value: &Option<String>| value.is_some() && request.header(name) == value.as_deref();
    if held("if-none-match", &answer.etag) || held("if-modified-since", &answer.last_modified) {
        return Plan { status: 304, range: None, start: 0, end: 0, of_file: true };
    }
    let same = match (request.header("if-range"), answer.if_range) {
        (None, _) | (_, Honour::Ignored) => true,
        (Some(held), Honour::EtagFails) => !held.contains('"'),
        (Some(held), Honour::Right) if held.starts_with('"') => answer.etag.as_deref() == Some(held),
        (Some(held), Honour::Right) => answer.last_modified.as_deref() == Some(held),
    };
    let whole = Plan { status: 200, range: None, start: 0, end: file.length, of_file: true };
    let asked = request.header("range").filter(|_| same && answer.ranges).and_then(|text| wanted(text, file.length));
    match asked {
        None => whole,
        Some((start, end)) if start >= end => {
            Plan { status: 416, range: Some(format!("bytes */{}", file.length)), end: 0, ..whole }
        }
        Some((start, end)) => partial(start, end, file, answer),
    }
}

fn partial(start: u64, end: u64, file: &File, answer: &Answer) -> Plan {
    let (start, end) = match answer.wrong {
        Wrong::Shifted(by) => ((start + by).min(file.length), (end + by).min(file.length)),
        Wrong::Shorter(by) => (start, end.saturating_sub(by).max(start + 1)),
        Wrong::AtMost(count) => (start, end.min(start + count)),
        Wrong::Earlier(by) => (start.saturating_sub(by), end),
        _ => (start, end),
    };
    let last = end.saturating_sub(1);
    let range = match &answer.wrong {
        Wrong::Says(text) => {
            let told = [("{first}", start), ("{last}", last), ("{total}", file.length)];
            Some(told.iter().fold(text.clone(), |text, (name, value)| text.replace(name, &value.to_string())))
        }
        Wrong::Absent => None,
        Wrong::Total(total) => Some(format!("bytes {start}-{last}/{total}")),
        Wrong::UnknownTotal => Some(format!("bytes {start}-{last}/*")),
        _ => Some(format!("bytes {start}-{last}/{}", file.length)),
    };
    Plan { status: 206, range, start, end, of_file: true }
}

/// The bytes that a Range header asks for; an empty range if there are none, `None` if the header is to be ignored.
fn wanted(range: &str, length: u64) -> Option<(u64, u64)> {
    let (first, last) = range.strip_prefix("bytes=")?.split_once('-')?;
    match (first.parse::<u64>(), last.parse::<u64>()) {
        (Ok(first), Ok(last)) if last >= first => Some((first, last.saturating_add(1).min(length))),
        (Ok(first), Err(_)) if last.is_empty() => Some((first, length)),
        (Err(_), Ok(count)) if first.is_empty() => Some((length.saturating_sub(count), length)),
        _ => None,
    }
}

/// The first line and the headers, as bytes: they need be no text.
pub(super) fn head(plan: &Plan, answer: &Answer, file: &File) -> Vec<u8> {
    let mut fields: Vec<(&str, Vec<u8>)> = Vec::new();
    let mut header = |name: &'static str, value: &str| fields.push((name, value.as_bytes().to_vec()));
    let length = (plan.end - plan.start).to_string();
    if matches!(answer.framing, Framing::Chunked | Framing::Both) && plan.status != 304 {
        header("Transfer-Encoding", "chunked");
    }
    if answer.framing == Framing::Close {
        header("Connection", "close");
    }
    if !answer.lengths.is_empty() {
        answer.lengths.iter().for_each(|length| header("Content-Length", length));
    } else if matches!(answer.framing, Framing::Length | Framing::Both) && plan.status != 304 {
        header("Content-Length", &length);
    }
    if let Some(range) = &plan.range {
        header("Content-Range", range);
    }
    if plan.of_file && file.length > 0 && answer.ranges {
        header("Accept-Ranges", "bytes");
    }
    // What refuses a range does not speak of the file: nginx and Apache leave these out then.
    if let Some(etag) = answer.etag.as_ref().filter(|_| plan.status != 416) {
        header("ETag", etag);
    }
    if let Some(date) = answer.last_modified.as_ref().filter(|_| plan.status != 416) {
        header("Last-Modified", date);
    }
    fields.retain(|(name, _)| !answer.without.iter().any(|gone| gone.eq_ignore_ascii_case(name)));
    fields.extend(answer.headers.iter().map(|(name, value)| (name.as_str(), value.clone())));
    let reason = answer.reason.as_deref().unwrap_or_else(|| reason(plan.status));
    let mut head = answer.interim.clone().into_bytes();
    head.extend(format!("{} {} {reason}\r\n", answer.version, plan.status).bytes());
    for (name, value) in fields {
        head.extend(name.bytes().chain(*b": "));
        head.extend(value.into_iter().chain(*b"\r\n"));
    }
    head.extend(b"\r\n");
    head
}

/// The line before a chunk, and what ends a chunked body.
pub(super) fn chunk_line(chunks: &Chunks, length: usize) -> Vec<u8> {
    match chunks {
        Chunks::Says(text) => format!("{text}\r\n"),
        Chunks::Extended => format!("{length:X};name=\"a value\";other\r\n"),
        Chunks::Right | Chunks::NoLast | Chunks::Trailer => format!("{length:x}\r\n"),
    }
    .into_bytes()
}

/// What ends a chunked body.
pub(super) fn last_chunk(chunks: &Chunks) -> &'static [u8] {
    match chunks {
        Chunks::NoLast => b"",
        Chunks::Trailer => b"0\r\nX-Trailer: here\r\nETag: \"another\"\r\n\r\n",
        Chunks::Right | Chunks::Says(_) | Chunks::Extended => b"0\r\n\r\n",
    }
}

fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        206 => "Partial Content",
        304 => "Not Modified",
        404 => "Not Found",
        416 => "Range Not Satisfiable",
        429 => "Too Many Requests",
        503 => "Service Unavailable",
        _ => "Status",
    }
}
