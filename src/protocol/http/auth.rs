//! Which login is shown to whom: the URL's own at the URL's own origin, a header that the user gave before all others,
//! netrc's at the hosts that it names; and what is done when a server refuses it.

use std::collections::HashMap;
use std::fmt;
use std::net::IpAddr;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use percent_encoding::percent_decode_str;
use reqwest::StatusCode;
use reqwest::header::{HeaderMap, HeaderValue};
use url::{Host, Origin, Position, Url};

use super::challenge::{Challenge, offers_basic, unknown_schemes};
use super::netrc::Netrc;
use super::tls;
use crate::model::{Fault, FaultKind, Lock, Source};
use crate::protocol::Request;

/// Challenges that are remembered at once; a `default` in netrc could else gather any number.
const MAX_CHALLENGES: usize = 256;
/// Requests for one answer: as Basic, as Digest, and once more when the nonce has become too old.
const MAX_TRIES: u8 = 3;

/// A user and a password, as the bytes that go over the wire. `Debug` shows neither.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(in crate::protocol) struct Login {
    pub(super) user: Vec<u8>,
    pub(super) password: Vec<u8>,
}

impl Login {
    /// The login in a URL, percent-decoded, and whether it has a password.
    pub(in crate::protocol) fn of(url: &Url) -> Option<(Self, bool)> {
        let bytes = |text: &str| percent_decode_str(text).collect();
        let given = !url.username().is_empty() || url.password().is_some();
        let login = Self { user: bytes(url.username()), password: bytes(url.password().unwrap_or("")) };
        given.then_some((login, url.password().is_some()))
    }

    /// As Basic has it (RFC 7617).
    pub(in crate::protocol) fn basic(&self) -> Option<HeaderValue> {
        let encoded = BASE64_STANDARD.encode([&self.user[..], b":", &self.password].concat());
        let mut value = HeaderValue::from_str(&format!("Basic {encoded}")).ok()?;
        value.set_sensitive(true);
        Some(value)
    }
}

impl fmt::Debug for Login {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Login(***)")
    }
}

/// The logins of a run, and what servers asked for so far.
#[derive(Debug)]
pub(super) struct Logins {
    netrc: Netrc,
    challenges: Lock<HashMap<(Origin, Login), Challenge>>,
}

impl Logins {
    pub(super) fn new(netrc: Netrc) -> Self {
        Self { netrc, challenges: Lock::default() }
    }

    /// What a request may show to the place that it is about to go to.
    pub(super) fn pass(&self, request: &Request, at: &Source) -> Pass<'_> {
        let own = at.url().origin() == request.source.url().origin();
        let by_header = own && request.headers.iter().any(|header| header.name.eq_ignore_ascii_case("authorization"));
        let login = if by_header { None } else { self.login(request, at, own) };
        let key = login.map(|login| (at.url().origin(), login));
        Pass { logins: self, at: at.clone(), by_header, key, shown: Shown::Nothing, tries: 0, is_fresh: false }
    }

    fn login(&self, request: &Request, at: &Source, own: bool) -> Option<Login> {
        let given = Login::of(at.url()).or_else(|| if own { Login::of(request.source.url()) } else { None });
        match given {
            Some((login, true)) => Some(login),
            Some((login, false)) => Some(self.named(request, at, Some(&login.user)).unwrap_or(login)),
            None => self.named(request, at, None),
        }
    }

    /// netrc's login for a place. To a host that only a redirect, a link or a metalink names it goes over TLS alone: whoever can change what
    /// comes from one plain host could else ask for the logins of all others. So does that of a host that was to be asked over TLS.
    fn named(&self, request: &Request, at: &Source, user: Option<&[u8]>) -> Option<Login> {
        let (first, url) = (request.source.url(), at.url());
        let asked = request.named && url.host() == first.host();
        let safe = (asked && first.scheme() != "https")
            || url.scheme() == "https"
            || url.host().is_some_and(|host| is_here(&host));
        self.netrc.login(url.host_str()?, user, asked).filter(|_| safe)
    }
}

/// True for this machine: nobody else is on the way.
fn is_here(host: &Host<&str>) -> bool {
    match host {
        Host::Domain(name) => *name == "localhost",
        Host::Ipv4(address) => IpAddr::from(*address).is_loopback(),
        Host::Ipv6(address) => IpAddr::from(*address).is_loopback(),
    }
}

/// What was shown of a login.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Shown {
    Nothing,
    Basic,
    /// An answer made with this nonce.
    Digest(Vec<u8>),
}

/// One request's way past a server that asks who is there.
#[derive(Debug)]
pub(super) struct Pass<'a> {
    logins: &'a Logins,
    at: Source,
    by_header: bool,
    key: Option<(Origin, Login)>,
    shown: Shown,
    tries: u8,
    /// The challenge came in answer to this very request.
    is_fresh: bool,
}

impl Pass<'_> {
    /// The Authorization of the next request.
    pub(super) fn show(&mut self) -> Result<Option<HeaderValue>, Fault> {
        self.tries += 1;
        let Some(key) = &self.key else { return Ok(None) };
        let mut challenges = self.logins.challenges.lock();
        let value = if let Some(challenge) = challenges.get_mut(key) {
            self.shown = Shown::Digest(challenge.nonce().to_owned());
            challenge.answer(&key.1, &self.at.url()[Position::BeforePath..Position::AfterQuery])
        } else {
            self.shown = Shown::Basic;
            key.1.basic()
        };
        let wrong = || Fault::new(FaultKind::Request, &self.at, "the user's name for it can't be written in a header");
        value.map(Some).ok_or_else(wrong)
    }

    /// Learns from an answer; true if the request is to be made again.
    pub(super) fn answered(&mut self, status: StatusCode, headers: &HeaderMap) -> Result<bool, Fault> {
        let refused = status == StatusCode::UNAUTHORIZED;
        let Some(key) = &self.key else { return if refused { self.explain(headers) } else { Ok(false) } };
        let mut challenges = self.logins.challenges.lock();
        if !refused {
            if let Some(challenge) = challenges.get_mut(key).filter(|_| headers.contains_key("authentication-info")) {
                challenge.renew(headers, &random()?);
            }
            return Ok(false);
        }
        let known = challenges.get(key).map(|challenge| challenge.nonce().to_owned());
        // Meanwhile another connection may have learnt of a newer nonce.
        let overtaken = known.is_some_and(|known| self.shown != Shown::Digest(known));
        let new = Challenge::strongest(headers, &random()?);
        let again = match &new {
            _ if self.tries >= MAX_TRIES => false,
            Some(new) => self.shown == Shown::Basic || !self.is_fresh || new.is_stale(),
            None => self.shown != Shown::Basic && offers_basic(headers) && !self.is_fresh,
        };
        match new {
            Some(new) if again => {
                self.is_fresh = !overtaken;
                if !overtaken {
                    if challenges.len() >= MAX_CHALLENGES {
                        challenges.clear();
                    }
                    challenges.insert(key.clone(), new);
                }
            }
            _ => drop(challenges.remove(key)),
        }
        drop(challenges);
        if again { Ok(true) } else { self.explain(headers) }
    }

    /// The fault of a 401 after which there is nothing to try; `Ok` where there is no more to say than that.
    fn explain(&self, headers: &HeaderMap) -> Result<bool, Fault> {
        let unknown = unknown_schemes(headers);
        let unused = self.logins.netrc.unused();
        let detail = match (self.by_header, &self.key, unused) {
            (true, ..) => {
                "the server does not accept the Authorization header that was given with -H (HTTP 401)".into()
            }
            _ if !unknown.is_empty() => {
                format!(
                    "the server asks for a login in a way that haul does not know: {} (HTTP 401)",
                    unknown.join(", ")
                )
            }
            (_, Some(_), _) => {
                "the server does not accept the login that the URL or netrc has for it (HTTP 401)".to_owned()
            }
            (_, None, Some(unused)) => format!("the server asks for a login (HTTP 401), and of {unused}"),
            (_, None, None) => return Ok(false),
        };
        Err(Fault::new(FaultKind::Status(401), &self.at, detail))
    }
}

/// A word that nobody can guess.
fn random() -> Result<String, Fault> {
    let mut bytes = [0; 16];
    let fill = tls::provider().secure_random.fill(&mut bytes);
    fill.map_err(|_| Fault::new(FaultKind::Request, "HTTP", "this machine gives no random numbers"))?;
    Ok(format!("{:032x}", u128::from_le_bytes(bytes)))
}
