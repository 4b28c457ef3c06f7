//! Debian's nginx over HTTP and HTTPS, with a certificate authority of its own.

use std::io::{BufRead, BufReader, Read};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose};
use tempfile::TempDir;

use super::server::{content, sha256};

/// A running nginx. It stops when this is dropped.
pub struct Nginx {
    folder: TempDir,
    http: u16,
    https: u16,
    child: Child,
}

impl Nginx {
    /// Starts it on free ports; `extra` is more configuration for both servers, such as `limit_rate 1m;`.
    pub fn start(extra: &str) -> Option<Self> {
        Self::start_with(extra, "")
    }

    /// With a certificate that it has signed itself, as `openssl req -x509` makes them: an authority's, which is the
    /// server's too.
    pub fn self_signed() -> Option<Self> {
        Self::found(["", ""], |folder| own_certificate(folder, 4096))
    }

    /// The same, and it was good until the end of 1999.
    pub fn self_signed_long_ago() -> Option<Self> {
        Self::found(["", ""], |folder| own_certificate(folder, 1999))
    }

    /// The same with configuration that may stand `within` a server only, such as `return 302 ...;`.
    ///
    /// `None`, with a message, where nginx is not installed; in CI (the variable CI is set) that is a failure.
    pub fn start_with(extra: &str, within: &str) -> Option<Self> {
        Self::found([extra, within], certificates)
    }

    fn found(more: [&str; 2], certify: fn(&Path)) -> Option<Self> {
        let found = ["nginx", "/usr/sbin/nginx"].into_iter().find(|name| Command::new(name).arg("-v").output().is_ok());
        let Some(program) = found else {
            assert!(std::env::var_os("CI").is_none(), "nginx is not installed: apt-get install nginx-light");
            eprintln!("skipped: nginx is not installed (apt-get install nginx-light)");
            return None;
        };
        // Another process may take a port between its choice and its use; then others are chosen.
        let started = (0..5).find_map(|_| Self::attempt(program, more, certify));
        Some(started.expect("nginx does not start"))
    }

    fn attempt(program: &str, more: [&str; 2], certify: fn(&Path)) -> Option<Self> {
        let folder = tempfile::Builder::new().prefix("haul-nginx-").tempdir().unwrap();
        for name in ["files", "temp"] {
            std::fs::create_dir(folder.path().join(name)).unwrap();
        }
        certify(folder.path());
        let (http, https) = free_ports();
        let config = config(folder.path(), (http, https), more);
        std::fs::write(folder.path().join("nginx.conf"), config).unwrap();
        let mut child = Command::new(program)
            .arg("-p")
            .arg(folder.path())
            .args(["-c", "nginx.conf", "-e", "stderr"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // Its sockets listen before it names its event method; the end of its words is the end of it.
        let mut words = BufReader::new(child.stderr.take().unwrap());
        let mut said = String::new();
        while words.read_line(&mut said).unwrap() > 0 {
            if said.contains("event method") {
                std::thread::spawn(move || words.read_to_end(&mut Vec::new()));
                return Some(Self { folder, http, https, child });
            }
        }
        let _ = child.wait();
        assert!(said.contains("Address already in use"), "nginx: {said}");
        None
    }

    /// Puts a file of the server's content into the served folder; returns its SHA-256.
    pub fn file(&self, name: &str, seed: u64, length: u64) -> String {
        const STEP: u64 = 1 << 20;
        use std::io::Write as _;
        let mut file = std::fs::File::create(self.files().join(name)).unwrap();
        for start in (0..length).step_by(STEP as usize) {
            file.write_all(&content(seed, start, (start + STEP).min(length))).unwrap();
        }
        sha256(seed, length)
    }

    /// The folder that is served.
    pub fn files(&self) -> PathBuf {
        self.folder.path().join("files")
    }

    /// The port that speaks HTTP.
    pub fn http_port(&self) -> u16 {
        self.http
    }

    /// The port that speaks HTTPS.
    pub fn https_port(&self) -> u16 {
        self.https
    }

    /// A URL over HTTP.
    pub fn http(&self, name: &str) -> String {
        format!("http://127.0.0.1:{}/{name}", self.http)
    }

    /// A URL over HTTPS; the certificate is for `localhost`.
    pub fn https(&self, name: &str) -> String {
        format!("https://localhost:{}/{name}", self.https)
    }

    /// The authority's certificate, for `--ca-cert`.
    pub fn authority(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    /// The requests that it answered, one a line: status, bytes sent, Range, connection, protocol.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("access.log")).unwrap_or_default()
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Two ports that nobody has. Both are held until both are chosen, or the second may be the first once more.
fn free_ports() -> (u16, u16) {
    let held = [(); 2].map(|()| TcpListener::bind(("127.0.0.1", 0)).unwrap());
    let [http, https] = held.each_ref().map(|held| held.local_addr().unwrap().port());
    (http, https)
}

fn config(folder: &Path, (http, https): (u16, u16), [extra, within]: [&str; 2]) -> String {
    let folder = folder.display();
    format!(
        r#"daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log stderr notice;
events {{ worker_connections 512; }}
http {{
    log_format short '$status $body_bytes_sent "$http_range" $connection $server_protocol';
    access_log {folder}/access.log short;
    client_body_temp_path {folder}/temp; proxy_temp_path {folder}/temp; fastcgi_temp_path {folder}/temp;
    uwsgi_temp_path {folder}/temp; scgi_temp_path {folder}/temp;
    sendfile on; tcp_nopush on; default_type application/octet-stream; root {folder}/files;
    {extra}
    server {{ listen 127.0.0.1:{http}; {within} }}
    server {{
        listen 127.0.0.1:{https} ssl http2;
        server_name localhost; {within}
        ssl_certificate {folder}/server.pem;
        ssl_certificate_key {folder}/server.key;
    }}
}}
"#
    )
}

/// Writes `ca.pem` (the authority), `server.pem` and `server.key` (for localhost).
pub fn certificates(folder: &Path) {
    let key = KeyPair::generate().unwrap();
    let authority = authority(Vec::new());
    let root = authority.self_signed(&key).unwrap();
    let issuer = Issuer::new(authority, key);
    let server_key = KeyPair::generate().unwrap();
    let mut server = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    server.distinguished_name.push(DnType::CommonName, "localhost");
    let certificate = server.signed_by(&server_key, &issuer).unwrap();
    write_certificates(folder, &root.pem(), &certificate.pem(), &server_key);
}

/// The same files, in which the authority and the server are one.
fn own_certificate(folder: &Path, until: i32) {
    let key = KeyPair::generate().unwrap();
    let mut server = authority(vec!["localhost".to_owned()]);
    server.key_usages.clear();
    server.not_after = rcgen::date_time_ymd(until, 12, 31);
    let certificate = server.self_signed(&key).unwrap().pem();
    write_certificates(folder, &certificate, &certificate, &key);
}

fn authority(names: Vec<String>) -> CertificateParams {
    let mut authority = CertificateParams::new(names).unwrap();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    authority.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    authority.distinguished_name.push(DnType::CommonName, "haul test authority");
    authority
}

fn write_certificates(folder: &Path, authority: &str, server: &str, key: &KeyPair) {
    for (name, text) in [("ca.pem", authority), ("server.pem", server), ("server.key", &key.serialize_pem())] {
        std::fs::write(folder.join(name), text).unwrap();
    }
}
