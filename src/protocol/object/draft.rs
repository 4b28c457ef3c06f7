//! Requests to a store as its driver thinks of them, before they are signed.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use reqwest::Method;

use super::body::{Broken, PayloadBody};
use super::sign::Pair;
use super::trailer::{Trailed, framed_length};
use crate::protocol::Payload;

/// What is sent with a request.
#[derive(Clone)]
pub(super) enum Content {
    Nothing,
    Bytes(Bytes),
    Payload(Arc<dyn Payload>),
    /// A payload with its checksum behind it (S3).
    Trailed(Arc<dyn Payload>),
}

/// A request as the driver thinks of it.
#[derive(Clone)]
pub(super) struct Draft {
    pub(super) method: Method,
    /// The object; empty for the bucket itself.
    pub(super) key: String,
    pub(super) query: Vec<Pair>,
    /// Headers, with names in lower case.
    pub(super) headers: Vec<Pair>,
    pub(super) content: Content,
    /// What is done, as in "the right to ... the bucket".
    pub(super) doing: &'static str,
}

impl Draft {
    pub(super) fn new(method: Method, key: &str, doing: &'static str) -> Self {
        Self { method, key: key.to_owned(), query: Vec::new(), headers: Vec::new(), content: Content::Nothing, doing }
    }

    pub(super) fn query(mut self, name: &str, value: impl fmt::Display) -> Self {
        self.query.push((name.to_owned(), value.to_string()));
        self
    }

    pub(super) fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    pub(super) fn headers(mut self, more: impl IntoIterator<Item = Pair>) -> Self {
        self.headers.extend(more);
        self
    }

    /// The same without this header.
    pub(super) fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(own, _)| own != name);
        self
    }

    /// True if it has this header.
    pub(super) fn has(&self, name: &str) -> bool {
        self.headers.iter().any(|(own, _)| own == name)
    }

    /// True if it is about one upload in parts.
    pub(super) fn is_of_an_upload(&self) -> bool {
        self.query.iter().any(|(name, _)| name == "uploadId")
    }

    pub(super) fn content(self, content: Content) -> Self {
        Self { content, ..self }
    }
}

impl Content {
    /// The bytes, where they are at hand.
    pub(super) fn bytes(&self) -> Option<&[u8]> {
        match self {
            Self::Nothing => Some(b""),
            Self::Bytes(bytes) => Some(bytes),
            Self::Payload(_) | Self::Trailed(_) => None,
        }
    }

    pub(super) fn length(&self) -> u64 {
        match self {
            Self::Nothing => 0,
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::Payload(payload) => payload.length(),
            Self::Trailed(payload) => framed_length(payload.length()),
        }
    }

    pub(super) fn is_announced(&self) -> bool {
        match self {
            Self::Payload(payload) | Self::Trailed(payload) => payload.is_announced(),
            Self::Nothing | Self::Bytes(_) => false,
        }
    }

    pub(super) fn body(&self, broken: &Broken) -> Option<reqwest::Body> {
        match self {
            Self::Nothing => None,
            Self::Bytes(bytes) => Some(bytes.clone().into()),
            Self::Payload(payload) => Some(reqwest::Body::wrap(PayloadBody::new(payload.as_ref(), broken.clone()))),
            Self::Trailed(payload) => Some(reqwest::Body::wrap(Trailed::new(payload.clone(), broken.clone()))),
        }
    }
}
