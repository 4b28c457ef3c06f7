//! The HTTP clients: one that speaks only HTTP/1.1, so that every part has a connection of its own, one with HTTP/2 for
//! servers that speak nothing else, and one whose small answers may share a connection.

use std::path::PathBuf;
use std::sync::OnceLock;
use std::time::Duration;

use reqwest::header::RETRY_AFTER;
use reqwest::{Client, Response, redirect};
use rustls::ClientConfig;

use super::addresses::Addresses;
use super::cookies::Cookies;
use super::netrc::Netrc;
use super::proxy::Route;
use super::tls;
use crate::model::{Fault, FaultKind, Secret};

/// Lines that an answer's head may have.
const MAX_HEADERS: usize = 500;
/// Bytes that a server may have on the way in one of many small answers, and in all that share a connection. Their sum is
/// never measured first (`http2_adaptive_window`), for which small files end too soon.
const SMALL_WINDOW: u32 = 1 << 20;
const SHARED_WINDOW: u32 = 16 << 20;

/// A connection that nobody uses is kept for so long.
pub(super) const IDLE: Duration = Duration::from_secs(30);

/// On which connections an answer may come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lane {
    /// One of its own, over HTTP/1.1.
    Own,
    /// The same, and a new one.
    Fresh,
    /// The same, for a server whose heads hold lines that are none: these are passed over.
    Forgiving,
    /// One that small answers share, over HTTP/2, where the server speaks it.
    Shared,
    /// The server speaks nothing but HTTP/2.
    Http2,
}

/// Which servers of a host have trouble.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    /// The one that has answered: no connection to it is to be used again, for there are others.
    Here,
    /// All that are known.
    Everywhere,
}

/// How haul speaks HTTP.
#[derive(Clone, Debug)]
pub struct HttpOptions {
    /// What haul calls itself.
    pub user_agent: String,
    /// How long a connection may take to be set up.
    pub connect_timeout: Duration,
    /// A proxy's URL; `None` follows the environment.
    pub proxy: Option<Secret>,
    /// Go to all servers directly, whatever the environment says of a proxy.
    pub is_direct: bool,
    /// Accept any certificate.
    pub insecure: bool,
    /// Follow redirects from https to http too.
    pub allow_http: bool,
    /// A PEM file with the user's own authorities.
    pub ca_cert: Option<PathBuf>,
    /// The logins of hosts.
    pub netrc: Netrc,
    /// The cookies to begin with.
    pub cookies: Cookies,
}

/// The clients, each made when it is first needed: the system's certificates take some ms to read, which plain HTTP
/// need not pay.
#[derive(Debug)]
pub(super) struct Clients {
    options: HttpOptions,
    addresses: Addresses,
    route: OnceLock<Route>,
    tls: OnceLock<ClientConfig>,
    plain: OnceLock<Client>,
    fresh_plain: OnceLock<Client>,
    fresh_secure: OnceLock<Client>,
    forgiving_plain: OnceLock<Client>,
    forgiving_secure: OnceLock<Client>,
    secure: OnceLock<Client>,
    shared: OnceLock<Client>,
    http2: OnceLock<Client>,
}

impl Clients {
    pub(super) fn new(options: HttpOptions) -> Self {
        Self {
            options,
            addresses: Addresses::default(),
            route: OnceLock::new(),
            tls: OnceLock::new(),
            plain: OnceLock::new(),
            fresh_plain: OnceLock::new(),
            fresh_secure: OnceLock::new(),
            forgiving_plain: OnceLock::new(),
            forgiving_secure: OnceLock::new(),
            secure: OnceLock::new(),
            shared: OnceLock::new(),
            http2: OnceLock::new(),
        }
    }

    /// True if a redirect may lead from https to http.
    pub(super) fn allows_http(&self) -> bool {
        self.options.allow_http
    }

    /// The way that requests take.
    pub(super) fn route(&self) -> &Route {
        self.route.get_or_init(|| Route::new(self.options.proxy.clone(), self.options.is_direct))
    }

    /// A response came: whose address it came from is one that answers. `None` if that server has no trouble. One that says when to
    /// come again has none either, and is only busy.
    pub(super) fn answered(&self, response: &Response) -> Option<Trouble> {
        let peer = response.remote_addr()?;
        let has_trouble = matches!(response.status().as_u16(), 500 | 502..=504);
        if has_trouble && !response.headers().contains_key(RETRY_AFTER) {
            let has_better = self.addresses.put_last(peer.ip());
            return Some(if has_better { Trouble::Here } else { Trouble::Everywhere });
        }
        self.addresses.answered(peer.ip());
        None
    }

    /// The client for URLs of a scheme.
    pub(super) fn client(&self, scheme: &str, lane: Lane) -> Result<Client, Fault> {
        match (scheme, lane) {
            // It keeps no connection, so that a request finds none that another one has left.
            ("https", Lane::Fresh) => made(&self.fresh_secure, || self.unkept(scheme)),
            (_, Lane::Fresh) => made(&self.fresh_plain, || self.unkept(scheme)),
            ("https", Lane::Forgiving) => made(&self.forgiving_secure, || self.forgiving(scheme)),
            (_, Lane::Forgiving) => made(&self.forgiving_plain, || self.forgiving(scheme)),
            ("https", Lane::Http2) => made(&self.http2, || {
                self.build(scheme, &self.tls(&[b"h2", b"http/1.1"])?, |builder| builder.http2_adaptive_window(true))
            }),
            ("https", Lane::Shared) => made(&self.shared, || {
                let windows = |builder: reqwest::ClientBuilder| {
                    builder
                        .http2_initial_stream_window_size(SMALL_WINDOW)
                        .http2_initial_connection_window_size(SHARED_WINDOW)
                };
                self.build(scheme, &self.tls(&[b"h2", b"http/1.1"])?, windows)
            }),
            ("https", Lane::Own) => made(&self.secure, || self.single(scheme, |builder| builder)),
            _ => made(&self.plain, || self.single(scheme, |builder| builder)),
        }
    }

    fn unkept(&self, scheme: &str) -> Result<Client, Fault> {
        self.single(scheme, |builder| builder.pool_max_idle_per_host(0))
    }

    /// What is left of such an answer on its connection is no beginning of the next one: none is kept.
    fn forgiving(&self, scheme: &str) -> Result<Client, Fault> {
        self.single(scheme, |builder| builder.pool_max_idle_per_host(0).http1_ignore_invalid_headers_in_responses(true))
    }

    /// A client that speaks HTTP/1.1 only.
    fn single(
        &self,
        scheme: &str,
        shape: impl FnOnce(reqwest::ClientBuilder) -> reqwest::ClientBuilder,
    ) -> Result<Client, Fault> {
        // A plain connection never shakes hands, so it needs no roots; a proxy that is spoken to over TLS does.
        let is_plain = scheme != "https" && !self.route().is_secure(scheme);
        let tls = if is_plain { tls::without_roots()? } else { self.tls(&[b"http/1.1"])? };
        self.build(scheme, &tls, |builder| shape(builder.http1_only()))
    }

    /// reqwest leaves the protocols of a ready TLS configuration alone, so they are set here.
    fn tls(&self, protocols: &[&[u8]]) -> Result<ClientConfig, Fault> {
        let mut config = made(&self.tls, || tls::config(self.options.ca_cert.as_deref(), self.options.insecure))?;
        config.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
        Ok(config)
    }

    fn build(
        &self,
        scheme: &str,
        tls: &ClientConfig,
        shape: impl FnOnce(reqwest::ClientBuilder) -> reqwest::ClientBuilder,
    ) -> Result<Client, Fault> {
        let options = &self.options;
        let builder = Client::builder()
            .tls_backend_preconfigured(tls.clone())
            .no_gzip()
            .no_brotli()
            .no_zstd()
            .no_deflate()
            .redirect(redirect::Policy::none())
            .referer(false)
            .dns_resolver(self.addresses.clone())
            .connect_timeout(options.connect_timeout)
            .tcp_keepalive(Duration::from_secs(30))
            .pool_idle_timeout(IDLE)
            .user_agent(&options.user_agent)
            // What other clients read too: old servers fold lines, and some send more lines than hyper takes by itself.
            .http1_max_headers(MAX_HEADERS)
            .http1_allow_obsolete_multiline_headers_in_responses(true)
            .http1_allow_spaces_after_header_name_in_responses(true);
        shape(self.route().apply(builder, scheme)?)
            .build()
            .map_err(|why| Fault::new(FaultKind::Request, "HTTP", why.to_string()))
    }
}

/// What the cell holds; made now if it is empty. Two that come at once may both make it: the first one stays.
fn made<T: Clone>(cell: &OnceLock<T>, make: impl FnOnce() -> Result<T, Fault>) -> Result<T, Fault> {
    if let Some(ready) = cell.get() {
        return Ok(ready.clone());
    }
    let new = make()?;
    Ok(cell.get_or_init(|| new).clone())
}
