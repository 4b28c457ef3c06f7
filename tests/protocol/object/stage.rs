//! What the tests of the stores' drivers share: a driver with a login, places, and payloads.

use std::sync::Arc;
use std::task::{Context, Poll};

use haul::model::{Algorithm, Checksum, Fault, Header, Source, Upload};
use haul::protocol::{BoxFuture, Chunk, Http, Outgoing, Payload, Place, Stores, Surroundings};

use crate::protocol::driver::options;
use crate::support::Store;

/// The three vendors.
pub(super) const VENDORS: [haul::model::Vendor; 3] = haul::model::Vendor::ALL;
/// Bytes of a part, where the store takes such small ones.
pub(super) const PART: usize = 100_000;

/// A driver that knows the store's login from the environment.
pub(super) fn driver(store: &Store) -> Stores {
    driver_with(store.variables())
}

/// A driver with these variables.
pub(super) fn driver_with(variables: Vec<(String, String)>) -> Stores {
    let http = Arc::new(Http::new(options()));
    Stores::new(http, std::collections::BTreeMap::new(), Surroundings::new(variables, None))
}

/// The place of an object in a store.
pub(super) fn place(store: &Store, key: &str) -> Place {
    place_at(store.source(key), Upload::default())
}

/// A place with what the user asked for.
pub(super) fn place_at(source: Source, upload: Upload) -> Place {
    Place { source, headers: Arc::from([]), upload: Arc::new(upload) }
}

/// The same place with these headers.
pub(super) fn with_headers(place: Place, headers: &[(&str, &str)]) -> Place {
    let one = |(name, value): &(&str, &str)| Header { name: (*name).to_owned(), value: (*value).to_owned() };
    Place { headers: headers.iter().map(one).collect(), ..place }
}

/// Bytes that look like nothing.
pub(super) fn bytes(seed: u64, length: usize) -> Vec<u8> {
    let mut random = fastrand::Rng::with_seed(seed);
    std::iter::repeat_with(|| random.u8(..)).take(length).collect()
}

/// A payload out of memory.
pub(super) struct Memory {
    bytes: Chunk,
    sum: Option<Checksum>,
    /// The fault that comes after so many bytes.
    breaks: Option<(usize, Fault)>,
    is_announced: bool,
}

/// Bytes as a payload, of which it is said first that they come.
pub(super) fn announced(bytes: &[u8]) -> Arc<dyn Payload> {
    let sum = Some(whole(haul::model::Vendor::S3, bytes));
    Arc::new(Memory { bytes: Chunk::copy_from_slice(bytes), sum, breaks: None, is_announced: true })
}

/// Bytes as a payload, with the checksum that S3 wants beforehand.
pub(super) fn payload(bytes: &[u8]) -> Arc<dyn Payload> {
    let crc = crc_fast::checksum(crc_fast::CrcAlgorithm::Crc64Nvme, bytes);
    let sum = Checksum::of_bytes(Algorithm::Crc64Nvme, &crc.to_be_bytes());
    Arc::new(Memory { bytes: Chunk::copy_from_slice(bytes), sum, breaks: None, is_announced: false })
}

/// A payload that breaks off after so many bytes.
pub(super) fn breaking(bytes: &[u8], after: usize, fault: Fault) -> Arc<dyn Payload> {
    let sum = Some(whole(haul::model::Vendor::S3, bytes));
    Arc::new(Memory { bytes: Chunk::copy_from_slice(bytes), sum, breaks: Some((after, fault)), is_announced: false })
}

/// A whole file's checksum in the store's own algorithm.
pub(super) fn whole(vendor: haul::model::Vendor, bytes: &[u8]) -> Checksum {
    let (algorithm, crc) = match vendor {
        haul::model::Vendor::S3 => (Algorithm::Crc64Nvme, crc_fast::CrcAlgorithm::Crc64Nvme),
        _ => (Algorithm::Crc64, crc_fast::CrcAlgorithm::Crc64Xz),
    };
    Checksum::of_bytes(algorithm, &crc_fast::checksum(crc, bytes).to_be_bytes()).unwrap()
}

impl Payload for Memory {
    fn length(&self) -> u64 {
        self.bytes.len() as u64
    }

    fn sum(&self, algorithm: Algorithm) -> BoxFuture<'_, Result<Checksum, Fault>> {
        let md5 = || Checksum::of_bytes(Algorithm::Md5, &<md5::Md5 as md5::Digest>::digest(&self.bytes));
        let sum = if algorithm == Algorithm::Md5 { md5() } else { self.sum.clone() };
        Box::pin(async move { Ok(sum.unwrap()) })
    }

    fn is_announced(&self) -> bool {
        self.is_announced
    }

    fn sent_sum(&self) -> Option<Checksum> {
        self.sum.clone()
    }

    fn open(&self) -> Box<dyn Outgoing> {
        Box::new(Going { rest: self.bytes.clone(), done: 0, breaks: self.breaks.clone() })
    }
}

struct Going {
    rest: Chunk,
    done: usize,
    breaks: Option<(usize, Fault)>,
}

impl Outgoing for Going {
    fn poll_chunk(&mut self, _: &mut Context<'_>) -> Poll<Option<Result<Chunk, Fault>>> {
        if let Some((_, fault)) = self.breaks.take_if(|breaks| breaks.0 <= self.done) {
            return Poll::Ready(Some(Err(fault)));
        }
        if self.rest.is_empty() {
            return Poll::Ready(None);
        }
        let chunk = self.rest.split_to(self.rest.len().min(64 << 10));
        self.done += chunk.len();
        Poll::Ready(Some(Ok(chunk)))
    }
}

/// Runs one test's work.
pub(super) fn run<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
}
