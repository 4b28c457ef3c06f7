//! The store's threads: a listener, and one for each connection. What a test asks of it and tells it.

use std::collections::{BTreeMap, HashSet};
use std::io::{self, BufReader};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use haul::model::{Source, Vendor};

use super::answer::Answer;
use super::faults::{Faults, Instead, Refusing, used};
use super::multipart::Upload;
use super::objects::Object;
use super::request::{Request, Seen};
use super::verify::Guard;

/// The one bucket.
const BUCKET: &str = "bkt";
/// So long a test waits for something to happen at most.
const PATIENCE: Duration = Duration::from_secs(60);

/// An upload that is open, as a test sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenUpload {
    /// Its id.
    pub id: String,
    /// The object that it is for.
    pub key: String,
    /// Its parts: number and bytes.
    pub parts: BTreeMap<u32, u64>,
}

/// All that a store holds.
pub(super) struct State {
    pub(super) vendor: Vendor,
    pub(super) objects: BTreeMap<String, Object>,
    pub(super) uploads: BTreeMap<String, Upload>,
    pub(super) faults: Faults,
    pub(super) minted: usize,
    pub(super) downloads: usize,
    pub(super) parts: usize,
    pub(super) least_part: u64,
    seen: Vec<Seen>,
    guard: Guard,
    ahead: i64,
    cname: bool,
}

pub(super) struct Shared {
    state: Mutex<State>,
    news: Condvar,
    stopping: AtomicBool,
}

/// A running store with the one bucket `bkt`.
pub struct Store {
    shared: Arc<Shared>,
    vendor: Vendor,
    port: u16,
}

impl Store {
    /// Starts one. Its login is `test-id` with `test-secret`.
    pub fn start(vendor: Vendor) -> Self {
        let region = if vendor == Vendor::S3 { "us-east-1" } else { "cn-north-1" };
        let guard = Guard {
            vendor,
            id: "test-id".to_owned(),
            secret: "test-secret".to_owned(),
            token: None,
            region: region.to_owned(),
            now: 0,
            public: false,
        };
        let state = State {
            vendor,
            objects: BTreeMap::new(),
            uploads: BTreeMap::new(),
            faults: Faults::default(),
            minted: 0,
            downloads: 0,
            parts: 0,
            least_part: if vendor == Vendor::Oss { 100 << 10 } else { 5 << 20 },
            seen: Vec::new(),
            guard,
            ahead: 0,
            cname: false,
        };
        let shared =
            Arc::new(Shared { state: Mutex::new(state), news: Condvar::new(), stopping: AtomicBool::new(false) });
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let own = shared.clone();
        std::thread::spawn(move || listen(&listener, &own));
        Self { shared, vendor, port }
    }

    /// The port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The store's own address.
    pub fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// An object's URL, with all that a client has to know.
    pub fn url(&self, key: &str) -> String {
        let region = self.state().guard.region.clone();
        format!("{}://{BUCKET}/{key}?endpoint={}&region={region}", self.vendor.scheme(), self.endpoint())
    }

    /// The same as a source.
    pub fn source(&self, key: &str) -> Source {
        Source::parse(&self.url(key)).unwrap()
    }

    /// The environment's variables with the login.
    pub fn variables(&self) -> Vec<(String, String)> {
        let guard = self.state().guard.clone();
        let names = match self.vendor {
            Vendor::S3 => ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"],
            Vendor::Oss => ["OSS_ACCESS_KEY_ID", "OSS_ACCESS_KEY_SECRET", "OSS_SESSION_TOKEN"],
            Vendor::Tos => ["TOS_ACCESS_KEY", "TOS_SECRET_KEY", "TOS_SECURITY_TOKEN"],
        };
        let values = [Some(guard.id), Some(guard.secret), guard.token];
        names.into_iter().zip(values).filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
    }

    /// From now on every request must carry this token.
    pub fn token(&self, token: Option<&str>) {
        self.state().guard.token = token.map(str::to_owned);
    }

    /// The region that requests must be signed for.
    pub fn region(&self, region: &str) {
        region.clone_into(&mut self.state().guard.region);
    }

    /// The store's clock is so many seconds ahead.
    pub fn ahead(&self, seconds: i64) {
        self.state().ahead = seconds;
    }

    /// Everyone may read.
    pub fn public(&self) {
        self.state().guard.public = true;
    }

    /// Whatever host is asked for is the bucket's own domain.
    pub fn cname(&self) {
        self.state().cname = true;
    }

    /// The smallest part that may be followed by another.
    pub fn least_part(&self, bytes: u64) {
        self.state().least_part = bytes;
    }

    /// Puts an object there.
    pub fn put(&self, key: &str, bytes: impl Into<Vec<u8>>) {
        let object = Object::new(self.vendor, bytes.into(), None);
        self.state().objects.insert(key.to_owned(), object);
    }

    /// An object that stands there is described by one more header.
    pub fn describe(&self, key: &str, header: (String, String)) {
        self.state().objects.get_mut(key).unwrap().headers.push(header);
    }

    /// An object's bytes.
    pub fn object(&self, key: &str) -> Option<Vec<u8>> {
        self.state().objects.get(key).map(|object| object.bytes.to_vec())
    }

    /// A header that an object was made with.
    pub fn header_of(&self, key: &str, name: &str) -> Option<String> {
        let state = self.state();
        let headers = &state.objects.get(key)?.headers;
        headers.iter().find(|(own, _)| own == name).map(|(_, value)| value.clone())
    }

    /// Takes an object away.
    pub fn remove(&self, key: &str) {
        self.state().objects.remove(key);
    }

    /// Refuses a call from now on.
    pub fn refuse(&self, call: &'static str, status: u16, code: &'static str) {
        self.state().faults.refusing = vec![Refusing { call, times: usize::MAX, status, code }];
    }

    /// Changes what is done wrong.
    pub fn faults(&self, change: impl FnOnce(&mut Faults)) {
        change(&mut self.state().faults);
    }

    /// The uploads that are open.
    pub fn uploads(&self) -> Vec<OpenUpload> {
        let state = self.state();
        let parts =
            |upload: &Upload| upload.parts.iter().map(|(number, part)| (*number, part.bytes.len() as u64)).collect();
        let all = state.uploads.iter();
        all.map(|(id, upload)| OpenUpload { id: id.clone(), key: upload.key.clone(), parts: parts(upload) }).collect()
    }

    /// Forgets all uploads, as a store's rules do after days.
    pub fn forget_uploads(&self) {
        self.state().uploads.clear();
    }

    /// All requests so far, in the order of their beginning.
    pub fn requests(&self) -> Vec<Seen> {
        self.state().seen.clone()
    }

    /// How often a call was answered with success.
    pub fn count(&self, call: &str) -> usize {
        let good = |seen: &&Seen| seen.call == call && (200..300).contains(&seen.status);
        self.state().seen.iter().filter(good).count()
    }

    /// Bytes of parts and of whole objects that came, whatever became of them.
    pub fn received(&self) -> u64 {
        let body = |seen: &&Seen| matches!(seen.call.as_str(), "UploadPart" | "PutObject");
        self.state().seen.iter().filter(body).map(|seen| seen.received).sum()
    }

    /// Waits until something is true of the requests.
    pub fn wait_for(&self, what: &str, is_so: impl Fn(&[Seen]) -> bool) {
        let until = Instant::now() + PATIENCE;
        let mut state = self.state();
        while !is_so(&state.seen) {
            let left = until.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "it did not come to this: {what}; {:?}", state.seen);
            state = self.shared.news.wait_timeout(state, left.min(Duration::from_millis(100))).unwrap().0;
        }
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.shared.state.lock().unwrap()
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        self.shared.stopping.store(true, Ordering::Relaxed);
        // Wakes the listener.
        let _ = TcpStream::connect(("127.0.0.1", self.port));
    }
}

fn listen(listener: &TcpListener, shared: &Arc<Shared>) {
    for stream in listener.incoming() {
        if shared.stopping.load(Ordering::Relaxed) {
            return;
        }
        let Ok(stream) = stream else { continue };
        let shared = shared.clone();
        std::thread::spawn(move || {
            let _ = stream.set_nodelay(true);
            let _ = stream.set_read_timeout(Some(PATIENCE));
            serve(&stream, &shared);
            let _ = stream.shutdown(Shutdown::Both);
        });
    }
}

/// Answers the requests of one connection.
fn serve(stream: &TcpStream, shared: &Shared) {
    let Ok(read) = stream.try_clone() else { return };
    let Ok(mut write) = stream.try_clone() else { return };
    let mut reader = BufReader::new(read);
    loop {
        let cname = shared.state.lock().unwrap().cname.then_some(BUCKET);
        let Some(request) = Request::read(&mut reader, cname) else { return };
        let number = shared.begin(&request);
        let Some(answer) = shared.answer(&request, number, &mut reader) else { return };
        let (vendor, rate, unread) = {
            let mut state = shared.state.lock().unwrap();
            state.seen[number].status = answer.status;
            // What was not read of a body would be taken for the next request, and lose the answer in a reset.
            (state.vendor, state.faults.rate, state.seen[number].received != request.length().unwrap_or(0))
        };
        let answer = if unread { answer.header("Connection", "close") } else { answer };
        let (sent, is_good) = answer.write(&mut write, vendor, request.method == "HEAD", rate);
        shared.state.lock().unwrap().seen[number].sent = sent;
        shared.news.notify_all();
        if is_good && unread {
            let _ = stream.shutdown(Shutdown::Write);
            let _ = io::copy(&mut reader, &mut io::sink());
        }
        if !is_good || unread {
            return;
        }
    }
}

impl Shared {
    fn begin(&self, request: &Request) -> usize {
        let part = request.parameter("partNumber").and_then(|number| number.parse().ok());
        let seen = Seen {
            call: request.call().to_owned(),
            key: request.key.clone(),
            part,
            range: request.header("range").map(str::to_owned),
            headers: request.headers.clone(),
            query: request.query.clone(),
            ..Seen::default()
        };
        let mut state = self.state.lock().unwrap();
        state.seen.push(seen);
        self.news.notify_all();
        state.seen.len() - 1
    }

    /// What a request comes to; `None` if the connection is cut.
    fn answer(&self, request: &Request, number: usize, reader: &mut BufReader<TcpStream>) -> Option<Answer> {
        let call = request.call();
        let (vendor, cut, rate) = {
            let mut state = self.state.lock().unwrap();
            if state.faults.drops(call) {
                return None;
            }
            let uploading = matches!(call, "UploadPart" | "PutObject");
            let cut = if uploading { used(&mut state.faults.cut_upload_after) } else { None };
            (state.vendor, cut, state.faults.rate)
        };
        let refuse = |(status, code, words): (u16, &str, String), more: &[(&str, &str)]| {
            Some(Answer::refusal(vendor, request, status, code, &words, more))
        };
        let region = {
            let state = self.state.lock().unwrap();
            state.faults.redirects.then(|| state.guard.region.clone())
        };
        let signed_for = |region: &str| request.header("authorization").unwrap_or("").contains(&format!("/{region}/"));
        if let Some(region) = region.filter(|region| !signed_for(region)) {
            let answer = refuse((301, "PermanentRedirect", "The bucket is elsewhere.".to_owned()), &[])?;
            return Some(answer.header("x-amz-bucket-region", region));
        }
        if let Err(no) = self.verified(request) {
            let state = self.state.lock().unwrap();
            let clock = SystemTime::now() + Duration::from_secs(state.ahead.max(0).cast_unsigned());
            let clock = clock.checked_sub(Duration::from_secs(state.ahead.min(0).unsigned_abs())).unwrap_or(clock);
            let told = [("Region", state.guard.region.as_str()), ("ServerTime", &httpdate::fmt_http_date(clock))];
            let more = match no.1 {
                "AuthorizationHeaderMalformed" => &told[..1],
                "RequestTimeTooSkewed" => &told[1..],
                _ => &[],
            };
            return refuse(no, more);
        }
        if matches!(request.method.as_str(), "PUT" | "POST") && request.length().is_none() {
            return refuse((411, "MissingContentLength", "Say how long it is.".to_owned()), &[]);
        }
        let body =
            request.body(reader, cut, rate, |count| self.state.lock().unwrap().seen[number].received += count)?;
        let mut state = self.state.lock().unwrap();
        if request.bucket != BUCKET {
            return refuse((404, "NoSuchBucket", "The specified bucket does not exist.".to_owned()), &[]);
        }
        if let Some(refusing) = state.faults.refusal(call) {
            let answer = refuse((refusing.status, refusing.code, "injected".to_owned()), &[])?;
            let wait = state.faults.retry_after.filter(|_| matches!(refusing.status, 429 | 503));
            return Some(match wait {
                Some(seconds) => answer.header("Retry-After", seconds),
                None => answer,
            });
        }
        let tells_sum = request.headers.iter().any(|(name, _)| name.starts_with("x-amz-checksum"));
        if let Some((status, code)) = state.faults.no_sum_headers.filter(|_| tells_sum) {
            return refuse((status, code, "Unsupported header".to_owned()), &[]);
        }
        if let Some(instead) = state.faults.instead(call) {
            return Some(match instead {
                Instead::Text(text) => Answer::new(200).header("Content-Type", "text/html").body(text),
                Instead::Beginning => Answer { breaks: true, ..Answer::new(200) },
            });
        }
        match state.perform(request, body) {
            Ok(answer) => answer,
            Err(no) => refuse(no, &[]),
        }
    }

    fn verified(&self, request: &Request) -> Result<(), super::verify::No> {
        let guard = {
            let state = self.state.lock().unwrap();
            let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
            Guard { now: now.saturating_add_signed(state.ahead), ..state.guard.clone() }
        };
        let mut names = HashSet::new();
        let doubled = request.headers.iter().find(|(name, _)| name == "authorization" && !names.insert(name));
        assert!(doubled.is_none(), "two logins in one request");
        guard.check(request)
    }
}
