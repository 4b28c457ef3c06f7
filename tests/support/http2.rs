//! A server over TLS whose every connection is handed to the test: HTTP/2 as no proper server speaks it, or HTTP/1.1.

use std::future::Future;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tempfile::TempDir;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::LazyConfigAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::server::Acceptor;
use tokio_rustls::server::TlsStream;

use super::nginx::certificates;

/// Which protocol a client of these offers is told; `None` for none.
pub type Choose = fn(&[&[u8]]) -> Option<&'static [u8]>;

type Serve = fn(TlsStream<TcpStream>) -> Pin<Box<dyn Future<Output = ()> + Send>>;

/// The running server. It stops with the runtime.
pub struct Tls {
    folder: TempDir,
    port: u16,
    connections: Arc<AtomicUsize>,
}

impl Tls {
    /// Starts it on the test's runtime.
    pub async fn start(choose: Choose, serve: Serve) -> Self {
        let folder = tempfile::Builder::new().prefix("haul-tls-").tempdir().unwrap();
        certificates(folder.path());
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let (port, connections) = (listener.local_addr().unwrap().port(), Arc::new(AtomicUsize::new(0)));
        let (files, count) = (folder.path().to_path_buf(), connections.clone());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                count.fetch_add(1, Ordering::Relaxed);
                tokio::spawn(attend(stream, files.clone(), choose, serve));
            }
        });
        Self { folder, port, connections }
    }

    /// A URL; the certificate is for `localhost`.
    pub fn url(&self, path: &str) -> String {
        format!("https://localhost:{}{path}", self.port)
    }

    /// The authority's certificate.
    pub fn authority(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    /// How many connections were made to it.
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }
}

async fn attend(stream: TcpStream, files: PathBuf, choose: Choose, serve: Serve) {
    let Ok(begun) = LazyConfigAcceptor::new(Acceptor::default(), stream).await else { return };
    let offered: Vec<Vec<u8>> = begun.client_hello().alpn().into_iter().flatten().map(<[u8]>::to_vec).collect();
    let offered: Vec<&[u8]> = offered.iter().map(Vec::as_slice).collect();
    let chain = CertificateDer::pem_file_iter(files.join("server.pem")).unwrap().map(Result::unwrap).collect();
    let key = PrivateKeyDer::from_pem_file(files.join("server.key")).unwrap();
    let config =
        ServerConfig::builder_with_provider(Arc::new(default_provider())).with_safe_default_protocol_versions();
    let mut config = config.unwrap().with_no_client_auth().with_single_cert(chain, key).unwrap();
    config.alpn_protocols = choose(&offered).into_iter().map(<[u8]>::to_vec).collect();
    if let Ok(stream) = begun.into_stream(Arc::new(config)).await {
        serve(stream).await;
    }
}
