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

/// MiB of the parts that other tools send where nobody says how large they are to be.
const USUAL: [u64; 9] = [8, 16, 5, 10, 15, 20, 32, 50, 64];

/// How large the parts may be of an object that is called by their MD5s, if it is a file of so many bytes: as many as its name
/// says. `own` is what haul would choose, and goes first; at most so many others follow. `None` if it is not called so.
pub(super) fn sizes_of(etag: &str, length: u64, own: Option<u64>, most: usize) -> Option<Vec<u64>> {
    let (word, count) = bare_etag(etag).split_once('-').map(|(word, count)| (word.to_owned(), count.parse::<u64>()))?;
    let count = count.ok().filter(|_| Checksum::of_hex(Algorithm::Md5, &word).is_some())?;
    let usual = USUAL.into_iter().map(|mib| mib << 20).filter(|size| Some(*size) != own);
    Some(own.into_iter().chain(usual).filter(|size| length.div_ceil(*size) == count).take(most).collect())
}

/// What a store calls an object of this file in parts of this size, if its ETags are MD5s.
pub(super) async fn etag_in_parts(original: Arc<Original>, size: u64) -> Result<Option<String>, Fault> {
    let mut etags = Vec::new();
    for start in (0..original.length).step_by(usize::try_from(size).unwrap_or(usize::MAX)) {
        let range = ByteRange::new(start, original.length.min(start + size));
        etags.extend(sums(original.clone(), range, vec![Algorithm::Md5]).await?.pop().map(|sum| sum.hex));
    }
    Ok(multipart_etag(&etags))
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
