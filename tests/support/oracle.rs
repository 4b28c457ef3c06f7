//! Object stores whose signature check is the vendor's own code: small servers in Python, where they and the vendors' SDKs
//! are at hand. The folder with the servers is named by HAUL_ORACLES or lies beside the project (`../shared/oracles`); the
//! Python that has the SDKs by HAUL_ORACLES_PYTHON, or in `~/.cache/haul-oracles`, as `.ci/run` makes it.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use haul::model::Vendor;
use serde_json::Value;

use super::{Sandbox, eventually};

/// A running oracle with the one bucket `bkt`. It stops when this is dropped.
pub struct Oracle {
    name: String,
    child: Child,
    port: u16,
    region: String,
}

/// Where the servers are, and the Python that they need.
fn found() -> Option<(PathBuf, PathBuf)> {
    let beside = || Some(Path::new(env!("CARGO_MANIFEST_DIR")).parent()?.join("shared/oracles"));
    let folder = std::env::var_os("HAUL_ORACLES").map(PathBuf::from).or_else(beside)?;
    let cached = || Some(PathBuf::from(std::env::var_os("HOME")?).join(".cache/haul-oracles/bin/python"));
    let python = std::env::var_os("HAUL_ORACLES_PYTHON").map(PathBuf::from).or_else(cached)?;
    let is_there = folder.join("oss_oracle.py").is_file() && python.is_file();
    is_there.then_some((folder, python))
}

impl Oracle {
    /// Starts the one of a vendor with these further arguments. `None`, with a message, where there is none.
    pub fn start(vendor: Vendor, arguments: &[&str]) -> Option<Self> {
        Self::found(vendor.scheme(), &[&["--bucket", "bkt"], arguments].concat())
    }

    /// Starts the one of a vendor, with what it holds in a file, so that it can be started `again`.
    pub fn lasting(vendor: Vendor, state: &Path, arguments: &[&str]) -> Option<Self> {
        Self::start(vendor, &[&["--state", state.to_str().unwrap()], arguments].concat())
    }

    /// Ends a lasting one, and starts it where it was, with what it holds and these further arguments.
    pub fn again(mut self, state: &Path, arguments: &[&str]) -> Self {
        eventually("its end", || {
            // It may be gone before it has answered.
            let _ = self.answer("POST", "shutdown", "");
            self.child.try_wait().unwrap().is_some()
        });
        let (name, port) = (self.name.clone(), self.port.to_string());
        let own = ["--port", &port, "--state", state.to_str().unwrap()];
        Self::found(&name, &[&own[..], arguments].concat()).unwrap()
    }

    /// Starts the one for the plain chunk upload.
    pub fn chunks() -> Option<Self> {
        Self::found("chunk", &[])
    }

    fn found(name: &str, arguments: &[&str]) -> Option<Self> {
        let Some((folder, python)) = found() else {
            println!("skipped: the oracles or the SDKs that they need are not here");
            return None;
        };
        let mut command = Command::new(python);
        command.arg(folder.join(format!("{name}_oracle.py"))).args(arguments);
        command.env("PYTHONDONTWRITEBYTECODE", "1").stdin(Stdio::null()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let told: Value = serde_json::from_str(&line).unwrap_or_else(|why| panic!("{name}: {why}: {line:?}"));
        let port = told["port"].as_u64().unwrap() as u16;
        let region = told["region"].as_str().unwrap_or_default().to_owned();
        Some(Self { name: name.to_owned(), child, port, region })
    }

    /// The port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The region that requests have to be signed for.
    pub fn region(&self) -> &str {
        &self.region
    }

    /// An object's URL.
    pub fn url(&self, key: &str) -> String {
        self.url_over(self.port, key)
    }

    /// An object's URL, over a relay on this port.
    pub fn url_over(&self, port: u16, key: &str) -> String {
        format!("{}://bkt/{key}?endpoint=http://127.0.0.1:{port}&region={}", self.name, self.region)
    }

    /// A home whose environment has the login.
    pub fn sandbox(&self) -> Sandbox {
        let mut sandbox = Sandbox::new();
        let (id, secret) = match self.name.as_str() {
            "s3" => ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"),
            "oss" => ("OSS_ACCESS_KEY_ID", "OSS_ACCESS_KEY_SECRET"),
            _ => ("TOS_ACCESS_KEY", "TOS_SECRET_KEY"),
        };
        sandbox.set(id, "oracle-ak");
        sandbox.set(secret, "oracle-sk");
        sandbox
    }

    /// Makes it misbehave.
    pub fn faults(&self, faults: &Value) {
        self.ask("POST", "faults", &faults.to_string());
    }

    /// What it tells under `/_admin/`.
    pub fn tell(&self, what: &str) -> Value {
        self.ask("GET", what, "")
    }

    /// Puts an object of so many bytes there.
    pub fn put(&self, key: &str, length: u64) {
        self.ask("POST", &format!("put?bucket=bkt&key={key}&size={length}&seed=1"), "");
    }

    /// Puts an object with these bytes there.
    pub fn put_text(&self, key: &str, text: &str) {
        self.ask("POST", &format!("put?bucket=bkt&key={key}"), text);
    }

    /// Puts other bytes of the same length in an object's place.
    pub fn mutate(&self, key: &str) {
        self.ask("POST", &format!("mutate?bucket=bkt&key={key}"), "");
    }

    /// All requests of a call that are in its log.
    pub fn calls(&self, call: &str) -> Vec<Value> {
        let log = self.tell("log");
        log.as_array().unwrap().iter().filter(|one| one["op"] == call).cloned().collect()
    }

    /// An object's SHA-256; empty if it is not there.
    pub fn sha256(&self, key: &str) -> String {
        let told = self.tell(&format!("sha256?bucket=bkt&key={key}"));
        told["sha256"].as_str().unwrap_or_default().to_owned()
    }

    /// How many uploads are open.
    pub fn open_uploads(&self) -> usize {
        self.tell("state")["uploads"].as_object().unwrap().len()
    }

    /// Lets the vendor's SDK do something with a file.
    #[track_caller]
    pub fn sdk(&self, arguments: &[&str]) {
        let (_, python) = found().unwrap();
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/support/sdk.py");
        let mut command = Command::new(python);
        command.arg(script).args([&self.name, &self.port.to_string(), &self.region]).args(arguments);
        for name in ["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"] {
            command.env_remove(name);
        }
        // What the SDKs keep goes to a home of their own.
        let home = tempfile::tempdir().unwrap();
        let output = command.env("HOME", home.path()).output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    }

    fn ask(&self, method: &str, what: &str, body: &str) -> Value {
        let answer = self.answer(method, what, body).unwrap();
        let at = answer.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
        serde_json::from_slice(&answer[at + 4..]).unwrap()
    }

    fn answer(&self, method: &str, what: &str, body: &str) -> io::Result<Vec<u8>> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port))?;
        let host = format!("127.0.0.1:{}", self.port);
        let head = format!("{method} /_admin/{what} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n");
        write!(stream, "{head}Content-Length: {}\r\n\r\n{body}", body.len())?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer)?;
        Ok(answer)
    }
}

impl Drop for Oracle {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
