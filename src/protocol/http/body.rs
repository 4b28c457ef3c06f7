//! The bytes of an answer, and the connection that they come on.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http_body::Body as _;
use hyper_util::client::legacy::connect::HttpInfo;
use reqwest::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use reqwest::{Response, Version};

use super::error::fault;
use crate::model::{Fault, FaultKind, Source};
use crate::protocol::{Body, Chunk, Ends};

/// The ends of the connection that a response comes on.
pub(in crate::protocol) fn ends(response: &Response) -> Option<Ends> {
    let found = response.extensions().get::<HttpInfo>()?;
    let shared = response.version() == Version::HTTP_2;
    Some(Ends { local: found.local_addr(), peer: found.remote_addr(), shared })
}

/// The bytes of a response.
pub(in crate::protocol) struct Stream {
    body: reqwest::Body,
    at: Source,
    is_empty: bool,
    is_http2: bool,
}

impl Stream {
    /// The bytes of this response, or none at all where it `is_empty`.
    pub(in crate::protocol) fn new(response: Response, at: Source, is_empty: bool) -> Self {
        let is_http2 = response.version() == Version::HTTP_2;
        Self { body: reqwest::Body::from(response), at, is_empty, is_http2 }
    }
}

impl Body for Stream {
    fn poll_chunk(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Chunk, Fault>>> {
        if self.is_empty {
            return Poll::Ready(None);
        }
        loop {
            match ready!(Pin::new(&mut self.body).poll_frame(context)) {
                // A stream that is reset with NO_ERROR ends without an error (RFC 9113, section 8.1), but not with its body.
                None if self.is_http2 && !self.body.is_end_stream() => {
                    let detail = "the server has ended the answer too early";
                    return Poll::Ready(Some(Err(Fault::new(FaultKind::Cut, &self.at, detail))));
                }
                None => return Poll::Ready(None),
                Some(Err(error)) => return Poll::Ready(Some(Err(fault(&self.at, &error)))),
                Some(Ok(frame)) => {
                    if let Ok(chunk) = frame.into_data() {
                        return Poll::Ready(Some(Ok(chunk)));
                    }
                }
            }
        }
    }
}

/// True if a head that some lines were left out of tells without a doubt where its body ends: by a Content-Length or in chunks,
/// and not by both. A line that was left out may have been the one that told it.
pub(super) fn is_framed(response: &Response) -> bool {
    let headers = response.headers();
    let codings = headers.get_all(TRANSFER_ENCODING);
    match (codings.iter().count(), headers.contains_key(CONTENT_LENGTH)) {
        (0, has_length) => has_length,
        (1, false) => codings.iter().all(|coding| coding.as_bytes().eq_ignore_ascii_case(b"chunked")),
        _ => false,
    }
}
