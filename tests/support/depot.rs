//! A scripted object store on tokio's clock: a driver for uploads without a network. On paused time an hour passes at once.

use std::collections::{BTreeMap, HashMap};
use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use crc_fast::{CrcAlgorithm, checksum};
use haul::model::{Algorithm, Checksum, Fault, FaultKind};
use haul::protocol::{Bounds, BoxFuture, Payload, Place, Put, StoredObject, StoredPart};
use md5::Digest as _;
use tokio::time::sleep;

pub use super::trouble::{Call, Trouble};
use super::trouble::{called, feigned, late, unnamed, word};

type Script = Arc<dyn Fn(Call, u32) -> Option<Trouble> + Send + Sync>;

#[derive(Default)]
struct State {
    objects: HashMap<String, Vec<u8>>,
    /// What objects are called that were made of parts.
    etags: HashMap<String, String>,
    uploads: BTreeMap<String, (String, BTreeMap<u32, Vec<u8>>)>,
    calls: Vec<Call>,
    /// Bytes that came in requests for parts and whole objects, by call.
    received: u64,
    last_upload: u32,
    script: Option<Script>,
    open: usize,
    most_open: usize,
    /// For each part that was sent, whether it was announced first.
    announced: Vec<bool>,
}

/// The store with its driver.
#[derive(Clone)]
pub struct Depot {
    state: Arc<Mutex<State>>,
    /// Seconds that a MiB takes on one connection.
    pub pace: Duration,
    /// True if it tells the checksum of what it has.
    pub tells: bool,
    pub least_part: u64,
    /// True if its ETags say nothing of the bytes.
    pub encrypts: bool,
    /// True if an object of parts is called by the MD5s of those, as S3 has it.
    pub names_parts: bool,
    /// True if what it calls parts and objects looks like an MD5 and is none.
    pub pretends: bool,
}

impl Default for Depot {
    fn default() -> Self {
        Self {
            state: Arc::default(),
            pace: Duration::from_secs(1),
            tells: true,
            least_part: 1 << 20,
            encrypts: false,
            names_parts: false,
            pretends: false,
        }
    }
}

/// An open request; counted while it lives.
struct Open(Depot);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.lock().open -= 1;
    }
}

impl Depot {
    /// One that tells no checksums, if so.
    pub fn telling(tells: bool) -> Self {
        Self { tells, ..Self::default() }
    }

    /// One that tells no checksums, and whose ETags are none, as where it encrypts.
    pub fn mute() -> Self {
        Self { tells: false, encrypts: true, pace: Duration::from_millis(1), ..Self::default() }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// What goes wrong: by the call, and how often this very call has come before.
    pub fn script(&self, script: impl Fn(Call, u32) -> Option<Trouble> + Send + Sync + 'static) {
        self.lock().script = Some(Arc::new(script));
    }

    pub fn calls(&self) -> Vec<Call> {
        self.lock().calls.clone()
    }

    pub fn count(&self, wanted: impl Fn(Call) -> bool) -> usize {
        self.calls().into_iter().filter(|call| wanted(*call)).count()
    }

    pub fn forget_calls(&self) {
        let mut state = self.lock();
        state.calls.clear();
        state.most_open = state.open;
    }

    /// For each part that was asked for to be taken, whether it was announced first.
    pub fn announced(&self) -> Vec<bool> {
        self.lock().announced.clone()
    }

    pub fn object(&self, url: &str) -> Option<Vec<u8>> {
        self.lock().objects.get(url).cloned()
    }

    pub fn put_object(&self, url: &str, bytes: &[u8]) {
        let mut state = self.lock();
        state.etags.remove(url);
        state.objects.insert(url.to_owned(), bytes.to_vec());
    }

    pub fn take_away(&self, url: &str) {
        self.lock().objects.remove(url);
    }

    /// What an object is called: by its MD5, unless it was made of parts.
    fn etag_of(&self, url: &str, bytes: &[u8]) -> String {
        let made = self.lock().etags.get(url).cloned();
        made.unwrap_or_else(|| format!("\"{}\"", self.md5_of(bytes)))
    }

    pub fn received(&self) -> u64 {
        self.lock().received
    }

    pub fn most_open(&self) -> usize {
        self.lock().most_open
    }

    pub fn open_now(&self) -> usize {
        self.lock().open
    }

    /// The ids of the uploads that are open.
    pub fn open_uploads(&self) -> Vec<String> {
        self.lock().uploads.keys().cloned().collect()
    }

    /// The store forgets an upload, as it does after some days.
    /// True if it was there.
    pub fn lose(&self, upload: &str) -> bool {
        self.lock().uploads.remove(upload).is_some()
    }

    /// An upload that somebody else has begun, with these parts.
    pub fn begun(&self, url: &str, parts: &[(u32, &[u8])]) -> String {
        let mut state = self.lock();
        state.last_upload += 1;
        let id = format!("upload-{}", state.last_upload);
        let parts = parts.iter().map(|(number, bytes)| (*number, bytes.to_vec())).collect();
        state.uploads.insert(id.clone(), (url.to_owned(), parts));
        id
    }

    /// A part comes in that was on its way from somebody who is gone.
    pub fn arrives(&self, upload: &str, number: u32, bytes: &[u8]) {
        let mut state = self.lock();
        let (_, parts) = state.uploads.get_mut(upload).unwrap();
        parts.insert(number, bytes.to_vec());
    }

    /// Damages a part that the store has.
    pub fn damage(&self, upload: &str, number: u32) {
        let mut state = self.lock();
        if let Some(part) = state.uploads.get_mut(upload).and_then(|(_, parts)| parts.get_mut(&number)) {
            part[0] ^= 1;
        }
    }

    fn begin(&self, call: Call) -> (Option<Trouble>, Open) {
        let mut state = self.lock();
        let before = state.calls.iter().filter(|earlier| **earlier == call).count() as u32;
        state.calls.push(call);
        state.open += 1;
        state.most_open = state.most_open.max(state.open);
        let script = state.script.clone();
        // What goes wrong may be about what the store has.
        drop(state);
        let open = Open(self.clone());
        (script.and_then(|script| script(call, before)), open)
    }

    fn sum(&self, bytes: &[u8]) -> Option<Checksum> {
        let crc = checksum(CrcAlgorithm::Crc64Xz, bytes);
        Checksum::of_bytes(Algorithm::Crc64, &crc.to_be_bytes()).filter(|_| self.tells)
    }

    /// Takes the bytes of a request at the store's pace.
    async fn take(&self, payload: &Arc<dyn Payload>) -> Result<Vec<u8>, Fault> {
        let (mut bytes, mut body) = (Vec::new(), payload.open());
        while let Some(chunk) = poll_fn(|context| body.poll_chunk(context)).await {
            let chunk = chunk?;
            sleep(self.pace.mul_f64(chunk.len() as f64 / f64::from(1 << 20))).await;
            self.lock().received += chunk.len() as u64;
            bytes.extend_from_slice(&chunk);
        }
        assert_eq!(bytes.len() as u64, payload.length(), "a payload gives as much as it says");
        Ok(bytes)
    }

    /// What an object of these parts is called.
    fn etag_of_parts(&self, bytes: &[u8], parts: &[StoredPart]) -> String {
        if !self.names_parts {
            return format!("\"of-parts-{:x}\"", checksum(CrcAlgorithm::Crc64Nvme, bytes));
        }
        let etags: Vec<String> = parts.iter().map(|part| part.etag.trim_matches('"').to_owned()).collect();
        format!("\"{}\"", haul::store::multipart_etag(&etags).unwrap())
    }

    fn object_of(&self, bytes: &[u8], etag: String) -> StoredObject {
        let md5 = Checksum::of_hex(Algorithm::Md5, etag.trim_matches('"')).filter(|_| !self.encrypts);
        StoredObject { md5, etag: Some(etag), sum: self.sum(bytes), ..unnamed(Some(bytes.len() as u64)) }
    }

    fn md5_of(&self, bytes: &[u8]) -> String {
        let told = Checksum::of_bytes(Algorithm::Md5, &md5::Md5::digest(bytes)).unwrap().hex;
        if self.pretends { told.chars().rev().collect() } else { told }
    }

    fn part_of(&self, number: u32, bytes: &[u8]) -> StoredPart {
        let told = if self.encrypts {
            format!("{:016x}", checksum(CrcAlgorithm::Crc64Nvme, bytes))
        } else {
            self.md5_of(bytes)
        };
        let (etag, md5) = (format!("\"{told}\""), Checksum::of_hex(Algorithm::Md5, &told));
        StoredPart { number, length: Some(bytes.len() as u64), etag, sum: self.sum(bytes), md5 }
    }
}

fn fault(place: &Place, kind: FaultKind) -> Fault {
    Fault::new(kind, &place.source, "the script says so")
}

fn gone(place: &Place) -> Fault {
    Fault::new(FaultKind::UploadGone, &place.source, "NoSuchUpload")
}

/// Does what a call is to do, unless the script says otherwise.
macro_rules! obey {
    ($depot:expr, $place:expr, $trouble:expr, $work:expr) => {{
        if let Some(Trouble::Refused(kind)) = $trouble {
            return Err(fault($place, kind));
        }
        let done = $work;
        match $trouble {
            Some(Trouble::Unheard(kind)) => Err(fault($place, kind)),
            Some(Trouble::Silent) => std::future::pending().await,
            Some(Trouble::Late) => late(done).await,
            _ => done,
        }
    }};
}

impl Put for Depot {
    fn bounds(&self, _: &Place) -> Bounds {
        Bounds {
            least_part: self.least_part,
            most_part: 5 << 30,
            most_parts: 10_000,
            takes_whole: true,
            sum: Algorithm::Crc64,
        }
    }

    fn head<'a>(&'a self, place: &'a Place) -> BoxFuture<'a, Result<Option<StoredObject>, Fault>> {
        Box::pin(async move {
            let (trouble, _open) = self.begin(Call::Head);
            obey!(self, place, trouble, {
                let url = place.source.url().as_str();
                Ok(self.object(url).map(|bytes| self.object_of(&bytes, self.etag_of(url, &bytes))))
            })
        })
    }

    fn put<'a>(&'a self, place: &'a Place, payload: Arc<dyn Payload>) -> BoxFuture<'a, Result<StoredObject, Fault>> {
        Box::pin(async move {
            let (trouble, _open) = self.begin(Call::Put);
            obey!(self, place, trouble, {
                let mut bytes = self.take(&payload).await?;
                if let Some(object) = feigned(trouble, bytes.len()) {
                    return Ok(object);
                }
                if let Some(trouble) = trouble {
                    trouble.spoil(&mut bytes);
                }
                let told = word(trouble).unwrap_or_else(|| self.md5_of(&bytes));
                let length = Some(payload.length());
                let object = StoredObject { length, ..self.object_of(&bytes, format!("\"{told}\"")) };
                self.put_object(place.source.url().as_str(), &bytes);
                Ok(StoredObject { etag: object.etag.filter(|_| !matches!(trouble, Some(Trouble::Unnamed))), ..object })
            })
        })
    }

    fn create<'a>(&'a self, place: &'a Place) -> BoxFuture<'a, Result<String, Fault>> {
        Box::pin(async move {
            let (trouble, _open) = self.begin(Call::Create);
            obey!(self, place, trouble, Ok(self.begun(place.source.url().as_str(), &[])))
        })
    }

    fn part<'a>(
        &'a self,
        place: &'a Place,
        upload: &'a str,
        number: u32,
        payload: Arc<dyn Payload>,
    ) -> BoxFuture<'a, Result<StoredPart, Fault>> {
        Box::pin(async move {
            let (trouble, _open) = self.begin(Call::Part(number));
            self.lock().announced.push(payload.is_announced());
            obey!(self, place, trouble, {
                let mut bytes = self.take(&payload).await?;
                if let Some(trouble) = trouble {
                    trouble.spoil(&mut bytes);
                }
                let stored = called(trouble, self.part_of(number, &bytes));
                let mut state = self.lock();
                let (_, parts) = state.uploads.get_mut(upload).ok_or_else(|| gone(place))?;
                parts.insert(number, bytes);
                Ok(stored)
            })
        })
    }

    fn parts<'a>(&'a self, place: &'a Place, upload: &'a str) -> BoxFuture<'a, Result<Vec<StoredPart>, Fault>> {
        Box::pin(async move {
            let (trouble, _open) = self.begin(Call::Parts);
            obey!(self, place, trouble, {
                let found = self.lock().uploads.get(upload).cloned();
                let (_, parts) = found.ok_or_else(|| gone(place))?;
                Ok(parts.iter().map(|(number, bytes)| called(trouble, self.part_of(*number, bytes))).collect())
            })
        })
    }

    fn uploads<'a>(&'a self, place: &'a Place) -> BoxFuture<'a, Result<Vec<String>, Fault>> {
        Box::pin(async move {
            let (trouble, _open) = self.begin(Call::Uploads);
            obey!(self, place, trouble, {
                let url = place.source.url().as_str();
                let state = self.lock();
                let here = state.uploads.iter().filter(|(_, (at, _))| at == url).map(|(id, _)| id.clone());
                Ok(here.rev().collect())
            })
        })
    }

    fn complete<'a>(
        &'a self,
        place: &'a Place,
        upload: &'a str,
        parts: &'a [StoredPart],
        _: Option<Checksum>,
    ) -> BoxFuture<'a, Result<StoredObject, Fault>> {
        Box::pin(async move {
            let (trouble, _open) = self.begin(Call::Complete);
            if matches!(trouble, Some(Trouble::Feigned)) {
                return Ok(unnamed(None));
            }
            obey!(self, place, trouble, {
                let mut state = self.lock();
                let (url, stored) = state.uploads.remove(upload).ok_or_else(|| gone(place))?;
                let told: Vec<u32> = parts.iter().map(|part| part.number).collect();
                assert!(told.is_sorted() && told.iter().copied().eq(stored.keys().copied()), "{told:?}");
                let bytes: Vec<u8> = stored.into_values().flatten().collect();
                let etag = self.etag_of_parts(&bytes, parts);
                let object = self.object_of(&bytes, etag.clone());
                state.etags.insert(url.clone(), etag);
                state.objects.insert(url, bytes);
                Ok(object)
            })
        })
    }

    fn abort<'a>(&'a self, place: &'a Place, upload: &'a str) -> BoxFuture<'a, Result<bool, Fault>> {
        Box::pin(async move {
            let (trouble, _open) = self.begin(Call::Abort);
            obey!(self, place, trouble, { Ok(self.lose(upload)) })
        })
    }
}
