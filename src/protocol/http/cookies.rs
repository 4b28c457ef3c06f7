//! Cookies: those of a cookies.txt, and those that servers set on the way, for one run and all its transfers.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::fmt;
use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use cookie_store::{Cookie, CookieExpiration, CookieStore, RawCookie};
use reqwest::header::{HeaderMap, HeaderValue, SET_COOKIE};
use url::Url;

use crate::model::{Fault, FaultKind, Lock};

/// Bytes that a cookies.txt may have.
const MAX_LENGTH: u64 = 32 << 20;
/// Bytes of a cookie's name and value (RFC 6265, section 6.1, asks for as many at least).
const MAX_COOKIE: usize = 4096;
/// Bytes of a whole Set-Cookie, with what it says of the cookie.
const MAX_LINE: usize = 8192;
/// Cookies that one answer may set.
const MAX_AT_ONCE: usize = 50;
/// Cookies that servers may set for one domain, and for all of them, in one run.
const MAX_OF_DOMAIN: usize = 50;
const MAX_COOKIES: usize = 3000;
/// Bytes of cookies in one request; servers refuse much more.
const MAX_HEADER: usize = 8190;

/// A run's cookies; clones share them. `Debug` shows none.
#[derive(Clone, Default)]
pub struct Cookies {
    jar: Arc<Lock<Jar>>,
}

#[derive(Default)]
struct Jar {
    store: CookieStore,
    /// Those that servers have set, the oldest first.
    set: VecDeque<Key>,
}

/// What makes two cookies the same (RFC 6265, section 5.3).
#[derive(PartialEq, Eq)]
struct Key {
    domain: String,
    path: String,
    name: String,
}

impl Cookies {
    /// Reads a cookies.txt; a file that is none is refused with the first line that shows it.
    pub fn read(path: &Path) -> Result<Self, Fault> {
        let wrong = |detail: String| Fault::new(FaultKind::Request, path.display(), detail);
        let unread = |why| wrong(format!("no cookies can be read from it: {why}"));
        let file = File::open(path).map_err(unread)?;
        let mut bytes = Vec::new();
        file.take(MAX_LENGTH + 1).read_to_end(&mut bytes).map_err(unread)?;
        if bytes.len() as u64 > MAX_LENGTH {
            return Err(wrong("it is too large for a cookies.txt".to_owned()));
        }
        Self::parse(&bytes).map_err(wrong)
    }

    /// Reads the text of a cookies.txt: a cookie a line, its domain, whether hosts below the domain get it too, its
    /// path, whether it is for https alone, when it expires (seconds since 1970, 0 for never), its name and its value,
    /// with tabs between them. `#HttpOnly_` may stand before the domain; other lines that begin with `#` are comments.
    pub fn parse(text: &[u8]) -> Result<Self, String> {
        let cookies = Self::default();
        let mut jar = cookies.jar.lock();
        let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
        for (index, line) in text.split(|byte| *byte == b'\n').enumerate() {
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            let wrong = |why: String| format!("line {} is none of a cookies.txt: {why}", index + 1);
            let text = std::str::from_utf8(line).map_err(|_| wrong("it is no UTF-8".to_owned()))?;
            let text = text.strip_prefix("#HttpOnly_").unwrap_or(text);
            if text.starts_with('#') || text.trim().is_empty() {
                continue;
            }
            if let Some((cookie, url)) = cookie(text).map_err(wrong)? {
                // One that has expired is not kept.
                let _ = jar.store.insert(cookie, &url);
            }
        }
        drop(jar);
        Ok(cookies)
    }

    /// The Cookie header for a URL: first what the user gave for it, then the cookies that match, the longest path
    /// first (RFC 6265, section 5.4). A cookie that the user gave by name is not sent twice.
    pub(super) fn header(&self, url: &Url, given: &[&[u8]]) -> Option<HeaderValue> {
        let mut header = given.join(&b"; "[..]);
        let text = String::from_utf8_lossy(&header).into_owned();
        let names: Vec<&str> = text.split(';').map(name).collect();
        let jar = self.jar.lock();
        let mut matches = jar.store.matches(url);
        // cookie_store takes this machine's own servers for secure ones whatever they speak.
        matches.retain(|cookie| url.scheme() == "https" || cookie.secure() != Some(true));
        matches.sort_by(|a, b| b.path.len().cmp(&a.path.len()).then_with(|| a.name().cmp(b.name())));
        for cookie in matches.into_iter().filter(|cookie| !names.contains(&cookie.name())) {
            let pair = format!("{}={}", cookie.name(), cookie.value());
            if header.len() + pair.len() + 2 <= MAX_HEADER {
                header.extend_from_slice(if header.is_empty() { b"" } else { b"; " });
                header.extend_from_slice(pair.as_bytes());
            }
        }
        let mut value = HeaderValue::from_bytes(&header).ok().filter(|_| !header.is_empty())?;
        value.set_sensitive(true);
        Some(value)
    }

    /// Takes what an answer sets.
    pub(super) fn take(&self, url: &Url, headers: &HeaderMap) {
        for value in headers.get_all(SET_COOKIE).iter().take(MAX_AT_ONCE) {
            let text = std::str::from_utf8(value.as_bytes()).ok().filter(|text| text.len() <= MAX_LINE);
            let raw = text.and_then(|text| RawCookie::parse(text.to_owned()).ok());
            let cookie = raw.filter(|raw| is_allowed(raw, url)).and_then(|raw| within(raw, url));
            if let Some(cookie) = cookie {
                self.jar.lock().set(cookie, url);
            }
        }
    }
}

impl Jar {
    fn set(&mut self, cookie: Cookie<'static>, url: &Url) {
        let Some(domain) = cookie.domain.as_cow().map(Cow::into_owned) else { return };
        let key = Key { domain, path: cookie.path.to_string(), name: cookie.name().to_owned() };
        let is_new = !cookie.is_expired() && !self.store.contains_any(&key.domain, &key.path, &key.name);
        if self.store.insert(cookie, url).is_ok() && is_new {
            self.set.push_back(key);
            self.make_room();
        }
    }

    /// If there are too many now, those go that have expired, and then the oldest ones (RFC 6265, section 5.3).
    fn make_room(&mut self) {
        let Some(domain) = self.set.back().map(|newest| newest.domain.clone()) else { return };
        if self.surplus(&domain).is_none() {
            return;
        }
        let is_good = |key: &Key| self.store.contains(&key.domain, &key.path, &key.name);
        let (kept, mut leaving): (VecDeque<Key>, VecDeque<Key>) =
            std::mem::take(&mut self.set).into_iter().partition(is_good);
        self.set = kept;
        leaving.extend(self.surplus(&domain).and_then(|oldest| self.set.remove(oldest)));
        for Key { domain, path, name } in leaving {
            self.store.remove(&domain, &path, &name);
        }
    }

    /// The oldest cookie of a domain that has one too many; or of all, if these are one too many.
    fn surplus(&self, domain: &str) -> Option<usize> {
        let mut of_domain = self.set.iter().enumerate().filter(|(_, key)| key.domain == domain);
        let (oldest, _) = of_domain.next()?;
        if of_domain.count() >= MAX_OF_DOMAIN { Some(oldest) } else { (self.set.len() > MAX_COOKIES).then_some(0) }
    }
}

impl fmt::Debug for Cookies {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Cookies({})", self.jar.lock().store.iter_any().count())
    }
}

fn name(pair: &str) -> &str {
    pair.split('=').next().unwrap_or("").trim()
}

/// What cookie_store leaves to others: size, the prefixes of names, and what may be said over plain HTTP (RFC 6265bis,
/// sections 4.1.3 and 5.7).
fn is_allowed(raw: &RawCookie<'_>, url: &Url) -> bool {
    let secure = raw.secure() == Some(true);
    let begins =
        |prefix: &str| raw.name().get(..prefix.len()).is_some_and(|beginning| beginning.eq_ignore_ascii_case(prefix));
    let at_host = !begins("__Host-") || (raw.domain().is_none() && raw.path() == Some("/"));
    let prefixed = begins("__Secure-") || begins("__Host-");
    let over_tls = url.scheme() == "https";
    raw.name().len() + raw.value().len() <= MAX_COOKIE
        && HeaderValue::from_bytes(format!("{}={}", raw.name(), raw.value()).as_bytes()).is_ok()
        && (over_tls || !secure)
        && (!prefixed || secure)
        && at_host
}

/// The cookie for the hosts that its server may set it for: a domain without a dot, as all of `com` would be, is none.
fn within(mut raw: RawCookie<'static>, url: &Url) -> Option<Cookie<'static>> {
    let whole = raw.domain().is_some_and(|domain| !domain.trim_matches('.').contains('.'));
    if whole {
        let own = raw.domain().is_some_and(|domain| url.host_str() == Some(&domain.to_ascii_lowercase()));
        own.then(|| raw.unset_domain())?;
    }
    Cookie::try_from_raw_cookie(&raw, url).ok()
}

/// A line's cookie with a URL that may set it; `None` for one without a name, which can't be sent.
fn cookie(line: &str) -> Result<Option<(Cookie<'static>, Url)>, String> {
    let fields: Vec<&str> = line.split('\t').collect();
    let (domain, below, path, secure, expires, name, value) = match fields[..] {
        [domain, below, path, secure, expires, name, value] => (domain, below, path, secure, expires, name, value),
        // A cookie without a value may have lost its last tab.
        [domain, below, path, secure, expires, name] => (domain, below, path, secure, expires, name, ""),
        _ => return Err(format!("it has {} fields with tabs between them, and 7 are needed", fields.len())),
    };
    let flag = |text: &str, which: &str| match text.to_ascii_uppercase().as_str() {
        "TRUE" => Ok(true),
        "FALSE" => Ok(false),
        _ => Err(format!("its {which} field is neither TRUE nor FALSE")),
    };
    let (below, secure) = (flag(below, "second")?, flag(secure, "fourth")?);
    let host = domain.trim_start_matches('.');
    let url = Url::parse(&format!("https://{host}/"))
        .ok()
        .filter(|url| url.host_str().is_some_and(|host| url.as_str() == format!("https://{host}/")));
    let url = url.ok_or("its first field is no domain")?;
    if !path.starts_with('/') {
        return Err("its third field is no path".to_owned());
    }
    // Some programs write a fraction.
    let whole = expires.split('.').next().unwrap_or("");
    let expires: i64 = if whole.is_empty() { 0 } else { whole.parse().map_err(|_| "its fifth field is no time")? };
    let mut raw = RawCookie::new(name.to_owned(), value.to_owned());
    if HeaderValue::from_bytes(format!("{name}={value}").as_bytes()).is_err() {
        return Err("its name or its value holds control characters".to_owned());
    }
    raw.set_path(path.to_owned());
    raw.set_secure(secure);
    if below && url.domain().is_some() {
        raw.set_domain(host.to_owned());
    }
    let mut cookie = Cookie::try_from_raw_cookie(&raw, &url).map_err(|why| why.to_string())?.into_owned();
    if expires > 0 {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        cookie.expires = CookieExpiration::from(expires.unsigned_abs().saturating_sub(now));
    }
    Ok((!name.is_empty()).then_some((cookie, url)))
}
