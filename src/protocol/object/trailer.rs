//! S3's way of telling a checksum behind the bytes that it is of (`aws-chunked`), so that they need not be read for it
//! beforehand. Not all that speak as S3 do know it: whether a store does is found out with one part.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

use super::body::{Broken, PayloadBody};
use super::exchange::Stores;
use super::sign::Pair;
use crate::model::{Algorithm, Checksum, Fault, FaultKind, ObjectUrl};
use crate::protocol::Payload;

/// The header that stands behind the bytes.
const NAME: &str = "x-amz-checksum-crc64nvme";
/// Bytes between two lengths.
const STEP: u64 = 1 << 20;
/// A checksum of 64 bits in base64.
const WORD: u64 = 12;

/// The header with a checksum that S3 is to compare.
pub(super) fn checksum_header(sum: &Checksum) -> Option<Pair> {
    use base64::Engine as _;
    let number = u64::from_str_radix(&sum.hex, 16).ok().filter(|_| sum.algorithm == Algorithm::Crc64Nvme)?;
    Some((NAME.to_owned(), base64::prelude::BASE64_STANDARD.encode(number.to_be_bytes())))
}

/// The headers of a request whose checksum comes behind its bytes.
pub(super) fn announcing(payload: &dyn Payload) -> Vec<Pair> {
    let length = payload.length().to_string();
    let pairs = [
        ("content-encoding", "aws-chunked"),
        ("x-amz-content-sha256", "STREAMING-UNSIGNED-PAYLOAD-TRAILER"),
        ("x-amz-decoded-content-length", &length),
        ("x-amz-sdk-checksum-algorithm", "CRC64NVME"),
        ("x-amz-trailer", NAME),
    ];
    pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec()
}

/// Bytes of the whole body, for so many bytes of a payload.
pub(super) fn framed_length(length: u64) -> u64 {
    let chunk = |size: u64| head(size).len() as u64 + size + 2;
    let (whole, rest) = (length / STEP, length % STEP);
    let chunks = whole * chunk(STEP) + if rest > 0 { chunk(rest) } else { 0 };
    chunks + head(0).len() as u64 + NAME.len() as u64 + 1 + WORD + 4
}

fn head(size: u64) -> String {
    format!("{size:x}\r\n")
}

/// A payload in chunks, and its checksum behind them.
pub(super) struct Trailed {
    payload: Arc<dyn Payload>,
    bytes: PayloadBody,
    broken: Broken,
    /// What was read and belongs to the chunks to come.
    carry: Bytes,
    /// Bytes of the payload that are not out yet,
    left: u64,
    /// and those of them that the chunk takes which was begun.
    in_chunk: u64,
    is_begun: bool,
    is_ended: bool,
}

impl Trailed {
    pub(super) fn new(payload: Arc<dyn Payload>, broken: Broken) -> Self {
        let (left, bytes) = (payload.length(), PayloadBody::new(payload.as_ref(), broken.clone()));
        let (carry, in_chunk, is_begun, is_ended) = (Bytes::new(), 0, false, false);
        Self { payload, bytes, broken, carry, left, in_chunk, is_begun, is_ended }
    }

    /// What stands between two chunks, or behind the last.
    fn seam(&mut self) -> Result<Bytes, Fault> {
        let mut text = if self.is_begun { "\r\n".to_owned() } else { String::new() };
        self.is_begun = true;
        self.in_chunk = self.left.min(STEP);
        text.push_str(&head(self.in_chunk));
        if self.in_chunk == 0 {
            self.is_ended = true;
            let lost = || Fault::new(FaultKind::State, "the file", "the checksum of what was sent of it was lost");
            let (name, value) = self.payload.sent_sum().as_ref().and_then(checksum_header).ok_or_else(lost)?;
            text.extend([name.as_str(), ":", &value, "\r\n\r\n"]);
        }
        Ok(text.into())
    }
}

impl Body for Trailed {
    type Data = Bytes;
    type Error = Fault;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Fault>>> {
        let this = &mut *self;
        if this.is_ended {
            return Poll::Ready(None);
        }
        if this.in_chunk == 0 {
            let seam = this.seam().inspect_err(|fault| this.broken.set(fault.clone()));
            return Poll::Ready(Some(seam.map(Frame::data)));
        }
        if this.carry.is_empty() {
            match ready!(Pin::new(&mut this.bytes).poll_frame(context)) {
                Some(Ok(frame)) => this.carry = frame.into_data().unwrap_or_default(),
                // A payload that ends too early says so itself.
                other => return Poll::Ready(other),
            }
        }
        let size = this.in_chunk.min(this.carry.len() as u64);
        (this.in_chunk, this.left) = (this.in_chunk - size, this.left - size);
        Poll::Ready(Some(Ok(Frame::data(this.carry.split_to(size as usize)))))
    }

    fn is_end_stream(&self) -> bool {
        self.is_ended
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::new()
    }
}

/// Whether a store takes checksums that come behind the bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Trailers {
    /// Nobody has tried.
    #[default]
    Untried,
    /// A part tries it just now.
    OnTrial,
    /// It has taken one for what it is.
    Taken,
    /// It refuses them, or takes them for something else.
    Left,
}

/// The right to send one part with its checksum behind it. Given back untried, unless it is told what came of it.
pub(super) struct Trial<'a> {
    stores: &'a Stores,
    url: &'a ObjectUrl,
    /// True if it is known that the store takes it.
    pub(super) is_proven: bool,
    outcome: Trailers,
}

impl Trial<'_> {
    /// What came of it.
    pub(super) fn ended(mut self, outcome: Trailers) {
        self.outcome = outcome;
    }
}

impl Drop for Trial<'_> {
    fn drop(&mut self) {
        let outcome = self.outcome;
        self.stores.learn(self.url, |known| known.trailers = outcome);
    }
}

impl Stores {
    /// Whether a part may be sent with its checksum behind it. One at a time tries, as long as nobody knows.
    pub(super) fn trial<'a>(&'a self, url: &'a ObjectUrl) -> Option<Trial<'a>> {
        let mut before = Trailers::Left;
        self.learn(url, |known| {
            before = known.trailers;
            if before == Trailers::Untried {
                known.trailers = Trailers::OnTrial;
            }
        });
        match before {
            Trailers::Untried => Some(Trial { stores: self, url, is_proven: false, outcome: Trailers::Untried }),
            Trailers::Taken => Some(Trial { stores: self, url, is_proven: true, outcome: Trailers::Taken }),
            Trailers::OnTrial | Trailers::Left => None,
        }
    }
}
