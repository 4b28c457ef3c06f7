//! A server for the plain chunk upload in this process, with faults on request.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard};

use md5::Digest as _;
use serde_json::{Value, json};

/// A file that comes in chunks.
#[derive(Default)]
struct Coming {
    total: u64,
    chunks: BTreeMap<u64, Vec<u8>>,
}

#[derive(Default)]
struct State {
    coming: BTreeMap<String, Coming>,
    done: BTreeMap<String, Vec<u8>>,
    /// Every chunk that came, by its number.
    seen: Vec<u64>,
    headers: Vec<(String, String)>,
    damaging: Option<u64>,
    losing: Option<u64>,
    refusing: Option<u16>,
    merging: Option<Value>,
}

/// A running server. Its thread ends with the program.
pub struct Chunks {
    state: Arc<Mutex<State>>,
    port: u16,
}

impl Chunks {
    pub fn start() -> Self {
        let state = Arc::new(Mutex::new(State::default()));
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let shared = state.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let state = shared.clone();
                std::thread::spawn(move || while serve(&stream, &state).is_some() {});
            }
        });
        Self { state, port }
    }

    /// The address that a user writes; `more` is put behind it.
    pub fn url(&self, more: &str) -> String {
        format!("chunk+http://127.0.0.1:{}/upload{more}", self.port)
    }

    /// A finished file.
    pub fn file(&self, name: &str) -> Option<Vec<u8>> {
        self.state().done.get(name).cloned()
    }

    /// The numbers of all chunks that came.
    pub fn seen(&self) -> Vec<u64> {
        self.state().seen.clone()
    }

    /// A header of the last request.
    pub fn header(&self, name: &str) -> Option<String> {
        self.state().headers.iter().find(|(own, _)| own == name).map(|(_, value)| value.clone())
    }

    /// This chunk is damaged on its way, once.
    pub fn damage(&self, chunk: u64) {
        self.state().damaging = Some(chunk);
    }

    /// This chunk is taken and forgotten, once.
    pub fn lose(&self, chunk: u64) {
        self.state().losing = Some(chunk);
    }

    /// The next chunk is refused with this status.
    pub fn refuse(&self, status: u16) {
        self.state().refusing = Some(status);
    }

    /// Whoever asks for the whole file is answered so, by a success.
    pub fn merge_says(&self, answer: Value) {
        self.state().merging = Some(answer);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }
}

/// Answers one request; `None` at the end of the connection.
fn serve(stream: &TcpStream, state: &Mutex<State>) -> Option<()> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|count| *count > 0)?;
    let mut words = line.split_whitespace();
    let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok().filter(|count| *count > 0)?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    let header = |name: &str| headers.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str());
    let length: usize = header("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let boundary = header("content-type").and_then(|media| media.split_once("boundary=")).map(|(_, word)| word);
    let url = url::Url::parse(&format!("http://host{target}")).unwrap();
    let name = url.query_pairs().find(|(name, _)| name == "filename").map(|(_, name)| name.into_owned());
    let mut state = state.lock().unwrap();
    state.headers.clone_from(&headers);
    let (status, answer) = match (method.as_str(), url.path()) {
        ("GET", "/upload") => state.list(&name?),
        ("POST", "/upload") => state.take(&body, boundary?),
        ("POST", "/upload/merge") => state.merge(&name?),
        _ => (404, json!({ "error": "not found" })),
    };
    let answer = answer.to_string();
    let head = format!("HTTP/1.1 {status} Told\r\nContent-Type: application/json\r\nContent-Length: {}", answer.len());
    let mut stream = stream;
    stream.write_all(format!("{head}\r\n\r\n{answer}").as_bytes()).ok()
}

/// The fields of a form, and the file in it.
fn form(body: &[u8], boundary: &str) -> (BTreeMap<String, String>, Vec<u8>) {
    let mark = format!("--{boundary}");
    let find = |text: &[u8], what: &[u8]| text.windows(what.len()).position(|window| window == what);
    let (mut fields, mut file, mut rest) = (BTreeMap::new(), Vec::new(), body);
    while let Some(at) = find(rest, mark.as_bytes()) {
        rest = &rest[at + mark.len()..];
        let Some(end) = find(rest, format!("\r\n{mark}").as_bytes()) else { break };
        let part = &rest[2..end];
        let head = find(part, b"\r\n\r\n").unwrap();
        let (head, value) = (String::from_utf8_lossy(&part[..head]).into_owned(), part[head + 4..].to_vec());
        let name = head.split("name=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
        if name == "file" {
            file = value;
        } else {
            fields.insert(name, String::from_utf8(value).unwrap());
        }
        rest = &rest[end..];
    }
    (fields, file)
}

fn md5(bytes: &[u8]) -> String {
    md5::Md5::digest(bytes).iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"))
}

impl State {
    fn list(&self, name: &str) -> (u16, Value) {
        let Some(coming) = self.coming.get(name) else {
            return (200, json!({ "filename": name, "total_chunks": null, "uploaded": [], "md5": {} }));
        };
        let sums: BTreeMap<String, String> =
            coming.chunks.iter().map(|(number, bytes)| (number.to_string(), md5(bytes))).collect();
        let numbers: Vec<&u64> = coming.chunks.keys().collect();
        (200, json!({ "filename": name, "total_chunks": coming.total, "uploaded": numbers, "md5": sums }))
    }

    fn take(&mut self, body: &[u8], boundary: &str) -> (u16, Value) {
        let (fields, mut bytes) = form(body, boundary);
        let number: u64 = fields["chunk"].parse().unwrap();
        let total: u64 = fields["total_chunks"].parse().unwrap();
        self.seen.push(number);
        if let Some(status) = self.refusing.take() {
            return (status, json!({ "error": "not now" }));
        }
        if self.damaging.take_if(|damaging| *damaging == number).is_some() {
            bytes[0] ^= 0x5a;
        }
        if md5(&bytes) != fields["md5"] {
            return (400, json!({ "error": "md5 mismatch" }));
        }
        let coming = self.coming.entry(fields["filename"].clone()).or_default();
        if coming.total != total {
            *coming = Coming { total, ..Coming::default() };
        }
        if self.losing.take_if(|losing| *losing == number).is_none() {
            coming.chunks.insert(number, bytes);
        }
        (200, json!({ "ok": true, "chunk": number }))
    }

    fn merge(&mut self, name: &str) -> (u16, Value) {
        if let Some(answer) = &self.merging {
            return (200, answer.clone());
        }
        if let Some(coming) = self.coming.get(name) {
            let missing: Vec<u64> = (0..coming.total).filter(|number| !coming.chunks.contains_key(number)).collect();
            if !missing.is_empty() {
                return (409, json!({ "missing": missing }));
            }
            let whole = coming.chunks.values().flatten().copied().collect();
            self.done.insert(name.to_owned(), whole);
            self.coming.remove(name);
        }
        match self.done.get(name) {
            Some(bytes) => (200, json!({ "size": bytes.len(), "md5": md5(bytes) })),
            None => (404, json!({ "error": "unknown file" })),
        }
    }
}
