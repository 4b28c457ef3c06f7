//! The proxy that requests go through: that of the settings, or that of the environment. The HTTP library finds its way by
//! itself, and without a word; here is what has to be said about it.

use std::env;
use std::fmt::Display;

use hyper_util::client::proxy::matcher::Matcher;
use reqwest::{ClientBuilder, Proxy};
use url::Url;

use crate::model::{Fault, FaultKind, Secret, proxy_url};

/// Which proxy is for which URLs.
#[derive(Debug)]
pub(super) struct Route {
    /// The settings' proxy, for all URLs.
    fixed: Option<Secret>,
    /// No host is to be asked through a proxy.
    is_off: bool,
    matcher: Matcher,
}

impl Route {
    /// By the settings or, without them, by the environment; `is_direct`: by neither.
    pub(super) fn new(fixed: Option<Secret>, is_direct: bool) -> Self {
        // The library has two readings of a URL, of which one takes more: it gets one that both take.
        let read = |proxy: Secret| proxy_url(proxy.text()).map_or(proxy, Secret::from);
        let fixed = fixed.filter(|_| !is_direct).map(read);
        let is_off = is_direct || fixed.is_none() && is_off();
        let matcher = match &fixed {
            Some(proxy) => Matcher::builder().all(proxy.text().to_owned()).build(),
            None if is_off => Matcher::builder().build(),
            None => Matcher::from_system(),
        };
        Self { fixed, is_off, matcher }
    }

    /// A client for a scheme that takes this way. A proxy's URL that makes no sense is an error: the library would go to the
    /// site itself.
    pub(super) fn apply(&self, builder: ClientBuilder, scheme: &str) -> Result<ClientBuilder, Fault> {
        if let Some(proxy) = &self.fixed {
            let wrong = |why: &dyn Display| Fault::new(FaultKind::Request, "proxy", format!("{why}"));
            if !is_proxy(proxy.text().to_owned()) {
                return Err(wrong(
                    &"the setting holds no proxy's URL, such as http://host:port or socks5h://host:port",
                ));
            }
            return Ok(builder.proxy(Proxy::all(proxy.text()).map_err(|why| wrong(&why))?));
        }
        if self.is_off {
            return Ok(builder.no_proxy());
        }
        if let Some((name, text)) = variable(scheme)
            && !is_proxy(text)
        {
            let detail = "this variable holds no proxy's URL, such as http://host:port or socks5h://host:port";
            return Err(Fault::new(FaultKind::Request, name, detail));
        }
        Ok(builder)
    }

    /// True if the proxy for URLs of this scheme is spoken to over TLS.
    pub(super) fn is_secure(&self, scheme: &str) -> bool {
        if self.is_off {
            return false;
        }
        let own = self.fixed.as_ref().map(|proxy| proxy.text().to_owned());
        let proxy = own.or_else(|| variable(scheme).map(|(_, text)| text));
        proxy.is_some_and(|proxy| proxy.get(..6).is_some_and(|start| start.eq_ignore_ascii_case("https:")))
    }

    /// The fault of a connection to this URL. Where a proxy is between, it is the proxy that was not reached or said no.
    pub(super) fn explain(&self, fault: Fault, url: &Url) -> Fault {
        if !matches!(fault.kind, FaultKind::Connect | FaultKind::Resolve | FaultKind::Status(407)) {
            return fault;
        }
        match self.proxy(url) {
            Some(proxy) => {
                let detail = format!("through the proxy {proxy}: {}", fault.detail);
                Fault { detail, ..fault }
            }
            None => fault,
        }
    }

    /// Host and port of the proxy for a URL.
    fn proxy(&self, url: &Url) -> Option<String> {
        let found = self.matcher.intercept(&url.as_str().parse().ok()?)?;
        let host = found.uri().host()?;
        Some(found.uri().port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}")))
    }
}

/// The environment's proxy for URLs of a scheme, and the variable that names it.
fn variable(scheme: &str) -> Option<(&'static str, String)> {
    let own = if scheme == "https" { ["HTTPS_PROXY", "https_proxy"] } else { ["HTTP_PROXY", "http_proxy"] };
    set(&own).or_else(|| set(&["ALL_PROXY", "all_proxy"]))
}

/// The first of these variables that is there, if it says anything.
fn set(names: &[&'static str]) -> Option<(&'static str, String)> {
    let (name, text) = names.iter().find_map(|name| Some((*name, env::var(name).ok()?)))?;
    (!text.is_empty()).then_some((name, text))
}

/// True if no host is to be asked through the proxy. The library takes `*` for names alone, and not for addresses.
fn is_off() -> bool {
    set(&["NO_PROXY", "no_proxy"]).is_some_and(|(_, hosts)| hosts.split(',').any(|host| host.trim() == "*"))
}

fn is_proxy(text: String) -> bool {
    let any = Matcher::builder().all(text).build();
    "http://host/".parse().is_ok_and(|uri| any.intercept(&uri).is_some())
}
