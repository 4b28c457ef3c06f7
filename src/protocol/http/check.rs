//! Whether an answer is what was asked for. Status and headers in, a verdict out, before a byte is used.

use std::time::{Duration, SystemTime};

use reqwest::header::{
    AGE, CONTENT_DISPOSITION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, DATE, ETAG, HeaderMap,
    HeaderName, LAST_MODIFIED, RETRY_AFTER, TRANSFER_ENCODING,
};

use super::digests::announced_digests;
use super::disposition::file_name;
use super::fields::{ContentRange, content_range, number, retry_after, text};
use super::links::duplicates;
use crate::model::{ByteRange, Fault, FaultKind, Ranges, Resource, Source, Validator, harmless};
use crate::protocol::Asked;

/// A Last-Modified less than this before the answer may be that of two versions.
const FRESH: Duration = Duration::from_secs(60);

/// An answer's head.
#[derive(Debug)]
pub struct Head<'a> {
    /// The status code.
    pub status: u16,
    /// All header fields.
    pub headers: &'a HeaderMap,
    /// Where the answer came from, after redirects.
    pub at: &'a Source,
}

/// What an accepted answer holds.
#[derive(Debug)]
pub struct Accepted {
    /// What it says of the file.
    pub resource: Resource,
    /// The first byte that comes.
    pub start: u64,
    /// One past the last byte that comes, where that is told.
    pub end: Option<u64>,
    /// Nothing comes: the file is the one that is known.
    pub unchanged: bool,
}

/// Compares an answer with what was asked for and with what is known of the file. Accepted is only one whose bytes are
/// some of those asked for, of the same version of the file (RFC 9110, sections 14.4 and 15.3.7).
pub fn check(asked: Asked, expected: Option<&Resource>, head: &Head<'_>) -> Result<Accepted, Fault> {
    if matches!(head.status, 200 | 203 | 206)
        && let Some(coding) = packing(head)
    {
        // Asked for with TE alone (RFC 9110, section 10.1.4). What came would be put into the file as it is.
        let detail = format!("the server packs the transfer ({coding}), which nobody asked for");
        return Err(Fault::new(FaultKind::BadAnswer, head.at, detail));
    }
    match head.status {
        206 if asked == Asked::Whole => Err(wrong(head, "the server sent a part of the file that nobody asked for")),
        206 => part(asked, expected, head),
        200 | 203 => whole(asked, expected, head),
        304 => Ok(Accepted { unchanged: true, ..accepted(head, None, Ranges::Served) }),
        416 => beyond(asked, expected, head),
        status => Err(refused(status, head)),
    }
}

fn part(asked: Asked, expected: Option<&Resource>, head: &Head<'_>) -> Result<Accepted, Fault> {
    let media = media(head).unwrap_or_default();
    if media == "multipart/byteranges" {
        return Err(wrong(head, "the server sent several parts in one answer"));
    }
    let mut all = head.headers.get_all(CONTENT_RANGE).iter();
    let first = all.next();
    let found = text(head.headers, &CONTENT_RANGE).filter(|_| all.all(|other| Some(other) == first));
    let found = found.as_deref().and_then(content_range);
    let Some(ContentRange { span: Some((start, end)), total }) = found else {
        return Err(wrong(head, "the server sent a part without saying, in a form that makes sense, which one"));
    };
    let framed = length(head)?;
    if coding(head).is_some() && !is_of_one_coding(expected, head, framed) {
        let detail = "the server compresses parts, which can't be put together";
        return Err(Fault::new(FaultKind::RangeIgnored, head.at, detail));
    }
    compare(expected, head, total).map_err(|fault| page_or(fault, expected, head, total))?;
    if start > asked.start() || end <= asked.start() {
        return Err(wrong(head, format!("byte {} was asked for, and bytes from {start} on came", asked.start())));
    }
    if framed.is_some_and(|framed| framed != end - start) {
        return Err(wrong(head, "the answer is not as long as the part that it says it holds"));
    }
    let length = total.or_else(|| expected.and_then(|known| known.length));
    if length.is_some_and(|length| end > length) {
        return Err(wrong(head, "the part that came ends beyond the end of the file"));
    }
    require_tag(expected, head)?;
    let mut accepted = accepted(head, length, Ranges::Served);
    accepted.resource.digests = announced_digests(head.headers, Some(ByteRange::new(start, end)));
    Ok(Accepted { start, end: Some(end), ..accepted })
}

/// True if a part that comes under a content coding is one of the file as it is stored: all of it comes so, a strong ETag
/// vouches for its bytes, and its length was known before it was sent. What is packed on the way has none of that for sure.
fn is_of_one_coding(expected: Option<&Resource>, head: &Head<'_>, framed: Option<u64>) -> bool {
    let is_known = expected.is_none_or(|known| known.coding.is_some());
    is_known && framed.is_some() && validator(head).strong_etag().is_some()
}

fn whole(asked: Asked, expected: Option<&Resource>, head: &Head<'_>) -> Result<Accepted, Fault> {
    let length = length(head)?;
    let mut accepted = accepted(head, length, Ranges::Ignored);
    if let Some(known) = expected {
        known.check_stand_in(&accepted.resource)?;
        compare(expected, head, length)?;
    }
    if asked.start() > 0 {
        return Err(Fault::new(FaultKind::RangeIgnored, head.at, "the server sent the whole file in place of a part"));
    }
    // Its first bytes come in place of a part. Where all of it was asked for, it is compared as it comes.
    if asked != Asked::Whole {
        require_tag(expected, head)?;
    }
    accepted.resource.digests = announced_digests(head.headers, None);
    Ok(Accepted { end: length, ..accepted })
}

/// Fails if an answer is to stand beside other parts and lacks the ETag that is known. It has to be in each part (RFC 9110,
/// section 15.3.7); without it nothing says that this is the same version.
fn require_tag(expected: Option<&Resource>, head: &Head<'_>) -> Result<(), Fault> {
    let Some(known) = expected.filter(|known| !known.twins.contains(&None)) else { return Ok(()) };
    match known.validator.strong_etag().filter(|_| !head.headers.contains_key(ETAG)) {
        Some(tag) => {
            let detail = format!("it may have changed: its ETag was {tag}, and this answer has none");
            Err(Fault::new(FaultKind::Retagged, head.at, detail))
        }
        None => Ok(()),
    }
}

/// Fails if bytes that are to stand beside others were asked for without a condition, and come without a word that they are of the
/// version that is known: an answer to such a request names its validators (RFC 9110, section 15.3.7).
pub(super) fn require_word(expected: Option<&Resource>, now: &Validator, at: &Source) -> Result<(), Fault> {
    let says_all = |known: &&Resource| known.validator.is_none() || known.twins.contains(&None);
    match expected.filter(|known| !says_all(known)) {
        Some(known) if !known.validator.shares_with(&known.read(now)) => {
            let detail = "it may have changed: this answer does not say of which version it is";
            Err(Fault::new(FaultKind::Retagged, at, detail))
        }
        _ => Ok(()),
    }
}

/// What differs from the file and is a page is no other version of it, whether it comes in parts or as a whole.
fn page_or(fault: Fault, expected: Option<&Resource>, head: &Head<'_>, total: Option<u64>) -> Fault {
    let now = accepted(head, total, Ranges::Served).resource;
    match expected.filter(|_| fault.kind == FaultKind::Changed) {
        Some(known) => known.check_stand_in(&now).err().unwrap_or(fault),
        None => fault,
    }
}

/// 416: nothing there to give. An empty file answers so to any range. All that it tells of the file is how long that is: its
/// other fields are those of a page of its own.
fn beyond(asked: Asked, expected: Option<&Resource>, head: &Head<'_>) -> Result<Accepted, Fault> {
    let total = text(head.headers, &CONTENT_RANGE).as_deref().and_then(content_range).and_then(|range| range.total);
    compare_length(expected, head, total)?;
    match (asked.start(), total, expected) {
        (0, Some(0), _) => Ok(Accepted { end: Some(0), ..accepted(head, Some(0), Ranges::Served) }),
        // The end of a file whose length nobody told.
        (start, Some(total), Some(known)) if start == total && known.length.is_none() => {
            let resource = Resource { length: Some(total), at: head.at.clone(), digests: Vec::new(), ..known.clone() };
            Ok(Accepted { resource, start, end: Some(start), unchanged: false })
        }
        (0, ..) => Err(Fault::new(FaultKind::RangeIgnored, head.at, "the server can't give the file as a range")),
        (start, ..) => Err(wrong(head, format!("the server says that there is no byte {start}"))),
    }
}

fn changed(head: &Head<'_>, what: &str) -> Fault {
    Fault::new(FaultKind::Changed, head.at, format!("the file on the server has changed: {what}"))
}

fn compare_length(expected: Option<&Resource>, head: &Head<'_>, total: Option<u64>) -> Result<(), Fault> {
    match (expected.and_then(|known| known.length), total) {
        (Some(before), Some(now)) if before != now => {
            Err(changed(head, &format!("it had {before} bytes and has {now}")))
        }
        _ => Ok(()),
    }
}

/// Fails if the answer is about another version of the file.
fn compare(expected: Option<&Resource>, head: &Head<'_>, total: Option<u64>) -> Result<(), Fault> {
    let Some(known) = expected else { return Ok(()) };
    compare_length(expected, head, total)?;
    let coding = coding(head);
    if known.coding != coding {
        let way = |coding: &Option<String>| coding.as_ref().map_or("as it is".to_owned(), |way| format!("as {way}"));
        return Err(changed(head, &format!("it came {} and comes {}", way(&known.coding), way(&coding))));
    }
    let now = known.read(&validator(head));
    match (&known.validator.etag, &now.etag) {
        _ if known.validator.agrees_with(&now) => Ok(()),
        (Some(before), Some(tag)) if before != tag => {
            let detail = format!("its ETag was {before} and is {tag}");
            let date = known.validator.last_modified.as_ref().or(known.fresh.as_ref());
            let same_date = date.is_some() && date == text(head.headers, &LAST_MODIFIED).as_ref();
            // Machines of one site may each make their own ETag of the same file; a date that stays speaks for that. And a
            // proxy on the way may make a weak one of it.
            if same_date && total.is_some() && total == known.length || opaque(before) == opaque(tag) {
                return Err(Fault::new(FaultKind::Retagged, head.at, format!("it may have changed: {detail}")));
            }
            Err(changed(head, &detail))
        }
        _ => {
            let date = |validator: &Validator| validator.last_modified.clone().unwrap_or_default();
            Err(changed(head, &format!("it was of {} and is of {}", date(&known.validator), date(&now))))
        }
    }
}

/// An ETag without its mark of weakness.
fn opaque(etag: &str) -> &str {
    etag.strip_prefix("W/").unwrap_or(etag)
}

fn accepted(head: &Head<'_>, length: Option<u64>, ranges: Ranges) -> Accepted {
    let name = head.headers.get(CONTENT_DISPOSITION).and_then(|value| file_name(value.as_bytes()));
    let validator = validator(head);
    let date = text(head.headers, &LAST_MODIFIED);
    let resource = Resource {
        length,
        ranges,
        fresh: date.filter(|date| is_fresh(head, date)),
        validator,
        twins: Vec::new(),
        name,
        at: head.at.clone(),
        media: media(head),
        coding: coding(head),
        digests: Vec::new(),
        duplicates: duplicates(head.headers, head.at),
    };
    Accepted { resource, start: 0, end: None, unchanged: false }
}

fn validator(head: &Head<'_>) -> Validator {
    let (etag, last_modified) = (text(head.headers, &ETAG), text(head.headers, &LAST_MODIFIED));
    // A file that was written just now may be written again within the same second (RFC 9110, section 8.8.2.2). Where there
    // is an ETag nobody needs to rely on such a date.
    let tells = |date: &String| etag.is_none() || !is_fresh(head, date);
    Validator { last_modified: last_modified.filter(tells), etag }
}

/// True if a date was little before the answer: its own Date and what a cache adds to that or, without one, now.
fn is_fresh(head: &Head<'_>, date: &str) -> bool {
    let made = text(head.headers, &DATE).and_then(|date| httpdate::parse_http_date(&date).ok());
    let age = text(head.headers, &AGE).as_deref().and_then(number).map_or(Duration::ZERO, Duration::from_secs);
    let answered = made.and_then(|made| made.checked_add(age)).unwrap_or_else(SystemTime::now);
    httpdate::parse_http_date(date).is_ok_and(|date| answered.duration_since(date).unwrap_or_default() < FRESH)
}

/// The codings of a transfer that can't be undone here: all but chunked, which the HTTP library undoes.
fn packing(head: &Head<'_>) -> Option<String> {
    listed(head.headers, &TRANSFER_ENCODING, &["chunked", "identity"])
}

fn media(head: &Head<'_>) -> Option<String> {
    let value = text(head.headers, &CONTENT_TYPE)?;
    value.split(';').next().map(|media| media.trim().to_ascii_lowercase())
}

fn coding(head: &Head<'_>) -> Option<String> {
    listed(head.headers, &CONTENT_ENCODING, &["identity"])
}

/// What a field lists besides what is plain; `None` if that is nothing.
fn listed(headers: &HeaderMap, name: &HeaderName, plain: &[&str]) -> Option<String> {
    let fields = headers.get_all(name).iter().map(|value| String::from_utf8_lossy(value.as_bytes()));
    let all = fields.collect::<Vec<_>>().join(",").to_ascii_lowercase();
    let codings = all.split(',').map(str::trim).filter(|coding| !coding.is_empty() && !plain.contains(coding));
    let codings = codings.collect::<Vec<_>>().join(", ");
    (!codings.is_empty()).then(|| harmless(&codings).into_owned())
}

/// The body's length. Digits alone count; several values must agree; a transfer coding overrides it (RFC 9112,
/// section 6.3), but `identity` is none: that a body ends where the connection does says nothing of its length.
fn length(head: &Head<'_>) -> Result<Option<u64>, Fault> {
    if listed(head.headers, &TRANSFER_ENCODING, &["identity"]).is_some() {
        return Ok(None);
    }
    let mut found = None;
    for value in head.headers.get_all(CONTENT_LENGTH) {
        for piece in value.to_str().unwrap_or("?").split(',') {
            let length = number(piece).filter(|length| i64::try_from(*length).is_ok());
            if length.is_none() || found.is_some_and(|found| Some(found) != length) {
                return Err(Fault::new(FaultKind::BadAnswer, head.at, "the answer's Content-Length makes no sense"));
            }
            found = length;
        }
    }
    Ok(found)
}

fn wrong(head: &Head<'_>, detail: impl Into<String>) -> Fault {
    Fault::new(FaultKind::WrongRange, head.at, detail)
}

fn refused(status: u16, head: &Head<'_>) -> Fault {
    let says = match status {
        201 | 202 => "has taken the request, and the file is not ready yet",
        204 | 205 => "says that there is no content",
        401 => "asks for a login: give user:password@ in the URL or an Authorization header with -H",
        403 => "forbids it; the link may have expired, or need a header or a cookie",
        404 => "has no such file",
        407 => "(a proxy) asks for a login: put user:password@ into the proxy's URL",
        408 => "waited too long for the request",
        410 => "says that the file is gone for good",
        429 => "says that these are too many requests",
        503 => "is busy, or gives no more connections",
        511 => "is out of reach until you log in to this network: open any page in a browser",
        500..=599 => "has trouble of its own",
        300..=399 => "sends on without saying where",
        _ => "refused",
    };
    let wait = text(head.headers, &RETRY_AFTER).and_then(|value| retry_after(&value, SystemTime::now()));
    Fault::new(FaultKind::Status(status), head.at, format!("the server {says} (HTTP {status})")).with_retry_after(wait)
}
