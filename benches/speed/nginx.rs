//! nginx on loopback in four manners: plain, TLS 1.3, so much for each connection, and so many connections.

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// nginx, ended when dropped.
pub struct Nginx {
    child: Child,
    ports: [u16; 4],
    authority: PathBuf,
}

impl Drop for Nginx {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Nginx {
    /// Serves `www` below a folder; `None` where it is not installed or does not start.
    pub fn start(folder: &Path) -> Option<Self> {
        let program =
            ["nginx", "/usr/sbin/nginx"].into_iter().find(|name| Command::new(name).arg("-v").output().is_ok())?;
        fs::create_dir_all(folder.join("temp")).ok()?;
        let key = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).ok()?;
        let authority = folder.join("server.pem");
        fs::write(&authority, key.cert.pem()).ok()?;
        fs::write(folder.join("server.key"), key.signing_key.serialize_pem()).ok()?;
        let ports = [free_port()?, free_port()?, free_port()?, free_port()?];
        fs::write(folder.join("nginx.conf"), config(folder, ports)).ok()?;
        let words = ["-c", "nginx.conf", "-e", "nginx.log", "-p"];
        let mut command = Command::new(program);
        let quiet = command.args(words).arg(folder).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let nginx = Self { child: quiet.spawn().ok()?, ports, authority };
        let deadline = Instant::now() + Duration::from_secs(10);
        while TcpStream::connect(("127.0.0.1", ports[0])).is_err() {
            if Instant::now() > deadline {
                return None;
            }
            thread::sleep(Duration::from_millis(5));
        }
        Some(nginx)
    }

    /// Without limits.
    pub fn plain(&self, name: &str) -> String {
        format!("http://127.0.0.1:{}/{name}", self.ports[0])
    }

    /// Over TLS 1.3.
    pub fn tls(&self, name: &str) -> String {
        format!("https://localhost:{}/{name}", self.ports[1])
    }

    /// 10 MB/s for each connection.
    pub fn each(&self, name: &str) -> String {
        format!("http://127.0.0.1:{}/{name}", self.ports[2])
    }

    /// The same, and four connections; one more gets 503.
    pub fn four(&self, name: &str) -> String {
        format!("http://127.0.0.1:{}/{name}", self.ports[3])
    }

    /// The certificate to trust.
    pub fn authority(&self) -> &Path {
        &self.authority
    }
}

fn free_port() -> Option<u16> {
    Some(TcpListener::bind("127.0.0.1:0").ok()?.local_addr().ok()?.port())
}

fn config(folder: &Path, [plain, tls, each, four]: [u16; 4]) -> String {
    let folder = folder.display();
    format!(
        "daemon off; master_process off; pid {folder}/nginx.pid; error_log {folder}/nginx.log;
events {{ worker_connections 4096; multi_accept on; }}
http {{
    access_log off; sendfile on; sendfile_max_chunk 2m; tcp_nopush on; default_type application/octet-stream;
    keepalive_requests 1000000; open_file_cache max=20000 inactive=600s; open_file_cache_valid 600s;
    client_body_temp_path {folder}/temp; proxy_temp_path {folder}/temp; fastcgi_temp_path {folder}/temp;
    uwsgi_temp_path {folder}/temp; scgi_temp_path {folder}/temp;
    limit_conn_zone $binary_remote_addr zone=address:1m; limit_conn_status 503;
    ssl_certificate {folder}/server.pem; ssl_certificate_key {folder}/server.key; ssl_protocols TLSv1.3;
    ssl_session_cache shared:sessions:4m;
    root {folder}/www;
    server {{ listen 127.0.0.1:{plain} backlog=4096; }}
    server {{ listen 127.0.0.1:{tls} ssl backlog=4096; }}
    server {{ listen 127.0.0.1:{each}; limit_rate 10m; }}
    server {{ listen 127.0.0.1:{four}; limit_conn address 4; limit_rate 10m; }}
}}
"
    )
}
