//! What proves that a store has the bytes of the file: its checksum, or an ETag that is one.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::super::blocking::blocking;
use super::original::{Original, changed};
use crate::model::{Algorithm, ByteRange, Checksum, Fault};
use crate::protocol::{StoredObject, StoredPart, bare_etag};
use crate::store::{SentPart, digest, multipart_etag};

/// What is known of an object beside the file that was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Proof {
    /// It is the file, by this algorithm.
    Right(Algorithm),
    /// Nothing tells, beyond its length.
    Silent,
    /// It is another one.
    Wrong,
}

/// Compares an object with a file of `length` bytes that has this checksum; `etag` is what the store calls it if its
/// ETags are MD5s, as they are unless it encrypts.
pub(super) fn compare(object: &StoredObject, length: u64, sum: Option<&Checksum>, etag: Option<&str>) -> Proof {
    if object.length.is_some_and(|told| told != length) {
        return Proof::Wrong;
    }
    if let (Some(told), Some(sum)) = (&object.sum, sum)
        && told.algorithm == sum.algorithm
    {
        return if told == sum { Proof::Right(sum.algorithm) } else { Proof::Wrong };
    }
    match (&object.etag, etag) {
        (Some(told), Some(etag)) if bare_etag(told) == bare_etag(etag) => Proof::Right(Algorithm::Md5),
        _ => Proof::Silent,
    }
}

/// True if both have the same ETag.
pub(super) fn is_called_alike(one: &StoredObject, other: &StoredObject) -> bool {
    one.etag.as_deref().map(bare_etag) == other.etag.as_deref().map(bare_etag)
}

/// What a store calls an object of these parts, if its ETags are MD5s.
pub(super) fn assembled_etag(parts: &[StoredPart]) -> Option<String> {
    let etags: Vec<String> = parts.iter().map(|part| bare_etag(&part.etag)).collect();
    multipart_etag(&etags)
}

/// Compares a part that the store claims to have with the file's bytes. What they hash to in `algorithm`, if it has
/// them; `None` if it has others, or nothing tells. An ETag that looks like an MD5 stays one only if it is that of the bytes.
pub(super) async fn verified(
    original: Arc<Original>,
    part: &mut StoredPart,
    range: ByteRange,
    known: Option<&SentPart>,
    algorithm: Algorithm,
) -> Result<Option<Checksum>, Fault> {
    let md5 = || Checksum::of_hex(Algorithm::Md5, &bare_etag(&part.etag));
    let sent = known.filter(|known| bare_etag(&known.etag) == bare_etag(&part.etag)).map(|known| known.sum.clone());
    let Some(expected) = sent.or_else(|| part.sum.clone()).or_else(md5) else { return Ok(None) };
    let mut algorithms = vec![expected.algorithm, algorithm];
    algorithms.extend(part.md5.as_ref().map(|md5| md5.algorithm));
    let sums = sums(original, range, algorithms).await?;
    part.md5 = part.md5.take().filter(|md5| sums.get(2) == Some(md5));
    let is_right = sums.first() == Some(&expected);
    Ok(sums.into_iter().nth(1).filter(|_| is_right))
}

/// What these bytes of the file hash to in each of the algorithms. Nothing is read any more once nobody waits for it.
pub(super) async fn sums(
    original: Arc<Original>,
    range: ByteRange,
    algorithms: Vec<Algorithm>,
) -> Result<Vec<Checksum>, Fault> {
    let stop = CancellationToken::new();
    let _guard = stop.clone().drop_guard();
    blocking(move || {
        digest(&original.file, range, &algorithms, || !stop.is_cancelled()).map_err(|why| match why.kind() {
            std::io::ErrorKind::UnexpectedEof => changed(&original.path),
            _ => Fault::disk(original.path.display(), "reading the file", &why),
        })
    })
    .await
}
