//! What every driver for uploads does: one request for a small file, numbered parts for a large one (a multipart upload).
//!
//! The calls are those of the object stores' own interfaces; `engine` decides which of them is made when, and how often.

use std::sync::Arc;
use std::task::{Context, Poll};

use super::{BoxFuture, Chunk};
use crate::model::{Algorithm, Checksum, Fault, Header, Source, Upload};

/// Where a file goes, and how.
#[derive(Clone, Debug)]
pub struct Place {
    /// The object's URL.
    pub source: Source,
    /// Headers that the user gave for the object.
    pub headers: Arc<[Header]>,
    /// What else the user asked for.
    pub upload: Arc<Upload>,
}

/// What a store bears, and how it proves what it has taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Bytes of the smallest part that is not the last.
    pub least_part: u64,
    /// Bytes of the largest part, and of the largest object that goes in one request.
    pub most_part: u64,
    /// Parts of one upload.
    pub most_parts: u32,
    /// True if it takes an object in one request (`Put::put`); else even a small one goes as a part.
    pub takes_whole: bool,
    /// Which checksum of each part and of the whole object goes with the requests or comes with the answers.
    pub sum: Algorithm,
}

/// Bytes that are to be sent: a part of a file, or all of it. It can be read from its beginning as often as need be.
pub trait Payload: Send + Sync {
    /// How many.
    fn length(&self) -> u64;

    /// How many parts there are in all, if these bytes are one of several of which that is known.
    fn count(&self) -> Option<u32> {
        None
    }

    /// Their checksum, for requests that tell it before the bytes: they are read for it once more than they are sent.
    fn sum(&self, algorithm: Algorithm) -> BoxFuture<'_, Result<Checksum, Fault>>;

    /// The checksum in the store's own algorithm (`Bounds::sum`) of the bytes that went out since they were opened last, once
    /// all of them have.
    fn sent_sum(&self) -> Option<Checksum>;

    /// True if it is better to say first what comes, and to wait a moment for what is said to that, before the bytes are sent.
    fn is_announced(&self) -> bool {
        false
    }

    /// The bytes, from the first. They come as fast as the limits allow.
    fn open(&self) -> Box<dyn Outgoing>;
}

/// Bytes on their way out. Exactly as many come as the payload said, or a fault: a file that has become shorter is
/// one, and then the request must not end properly.
pub trait Outgoing: Send {
    /// The next chunk, or `None` after the last.
    fn poll_chunk(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Chunk, Fault>>>;
}

/// A part that the store has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredPart {
    /// Its number, from 1.
    pub number: u32,
    /// Its bytes, where the store tells: else its checksum says whether it is the right part.
    pub length: Option<u64>,
    /// What the store calls it; Complete wants it back. As sent, with its quotes.
    pub etag: String,
    /// The checksum that the store tells of it, if it does.
    pub sum: Option<Checksum>,
    /// The MD5 of its bytes that its ETag is, unless that may be something else, as where the store encrypts.
    pub md5: Option<Checksum>,
}

/// An object as the store describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredObject {
    /// Its bytes, where the answer tells.
    pub length: Option<u64>,
    /// Its ETag as sent.
    pub etag: Option<String>,
    /// The checksum of the whole object, if the store tells it.
    pub sum: Option<Checksum>,
    /// The MD5 that its ETag is, unless that may be something else: of an object of parts it is.
    pub md5: Option<Checksum>,
    /// When it was last written, in seconds since 1970, where the answer tells.
    pub modified: Option<u64>,
}

/// An ETag without what may differ between two words for the same: that it is called weak, as what stands between may do, its
/// quotes, and its case.
pub fn bare_etag(etag: &str) -> String {
    etag.trim().trim_start_matches("W/").trim_matches('"').to_ascii_lowercase()
}

/// A driver for uploads. Each call is one exchange (or, for lists, as many as there are pages), signed anew with the
/// newest credentials. What the driver can mend itself (another region, a clock that is off, credentials that have just
/// expired) it mends; all else is a fault, told with the store's own code and its request's id.
pub trait Put: Send + Sync {
    /// What the store bears.
    fn bounds(&self, place: &Place) -> Bounds;

    /// What stands at the place now; `None` if nothing does.
    fn head<'a>(&'a self, place: &'a Place) -> BoxFuture<'a, Result<Option<StoredObject>, Fault>>;

    /// Sends a whole object in one request.
    fn put<'a>(&'a self, place: &'a Place, payload: Arc<dyn Payload>) -> BoxFuture<'a, Result<StoredObject, Fault>>;

    /// Begins an upload in parts; its id.
    fn create<'a>(&'a self, place: &'a Place) -> BoxFuture<'a, Result<String, Fault>>;

    /// Sends a part. `FaultKind::UploadGone` if the store does not know the upload any more.
    fn part<'a>(
        &'a self,
        place: &'a Place,
        upload: &'a str,
        number: u32,
        payload: Arc<dyn Payload>,
    ) -> BoxFuture<'a, Result<StoredPart, Fault>>;

    /// The parts that the store has of an upload, in the order of their numbers. `FaultKind::UploadGone` if it knows of none.
    fn parts<'a>(&'a self, place: &'a Place, upload: &'a str) -> BoxFuture<'a, Result<Vec<StoredPart>, Fault>>;

    /// The part of this number, if the store has it. `FaultKind::UploadGone` if it does not know the upload any more.
    fn stored<'a>(
        &'a self,
        place: &'a Place,
        upload: &'a str,
        number: u32,
    ) -> BoxFuture<'a, Result<Option<StoredPart>, Fault>> {
        Box::pin(async move { Ok(self.parts(place, upload).await?.into_iter().find(|part| part.number == number)) })
    }

    /// The ids of the uploads to this very place that are open, the newest first.
    fn uploads<'a>(&'a self, place: &'a Place) -> BoxFuture<'a, Result<Vec<String>, Fault>>;

    /// Makes one object of all parts. `whole` is the checksum of the whole, where it is known: the store compares it or
    /// tells its own. An error inside a 200 is a fault. `FaultKind::UploadGone` may mean that an earlier call came through.
    fn complete<'a>(
        &'a self,
        place: &'a Place,
        upload: &'a str,
        parts: &'a [StoredPart],
        whole: Option<Checksum>,
    ) -> BoxFuture<'a, Result<StoredObject, Fault>>;

    /// Gives an upload up; the store frees its parts. False if there was nothing to free, as where the upload is gone already or
    /// the protocol has no such call.
    fn abort<'a>(&'a self, place: &'a Place, upload: &'a str) -> BoxFuture<'a, Result<bool, Fault>>;
}
