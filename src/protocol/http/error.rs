//! What an error of the HTTP library means, read from its chain of sources.

use std::error::Error;
use std::io;

use super::tls::unread_authorities;
use crate::model::{Fault, FaultKind, Source};

/// What to do where a proxy asks for a login.
pub(super) const PROXY_LOGIN: &str = "a login is asked for: put user:password@ into the proxy's URL (HTTP 407)";

/// What the library says where a SOCKS proxy refuses who asks: that won't change, and a wrong password is not to be tried again
/// and again.
const SOCKS_LOGIN: [&str; 2] = ["credentials not accepted", "does not support user/pass authentication"];

/// What it says where the proxy itself was not reached, which is no word of the proxy's.
const NO_PROXY_THERE: &str = "failed to create underlying connection";

/// The fault behind an error while a request was made or a body was read.
pub(in crate::protocol) fn fault(source: &Source, error: &reqwest::Error) -> Fault {
    let root = root(error);
    if let Some(tls) = find::<rustls::Error>(error) {
        return insecure(source, tls, error.is_connect());
    }
    if error.is_connect() {
        let text = chain(error);
        return if text.contains("tunnel error: proxy authorization required") {
            Fault::new(FaultKind::Status(407), source, PROXY_LOGIN)
        } else if SOCKS_LOGIN.iter().any(|words| text.contains(words)) {
            Fault::new(FaultKind::Status(407), source, "it does not accept the login, or the lack of one, in its URL")
        } else if text.contains("tunnel error") && !text.contains(NO_PROXY_THERE) {
            Fault::new(FaultKind::Connect, source, "the proxy does not connect to this host")
        } else if text.contains("dns error") {
            Fault::new(FaultKind::Resolve, source, format!("the host's name was not found: {root}"))
        } else if error.is_timeout() {
            Fault::new(
                FaultKind::Connect,
                source,
                "no connection within the time that the settings give (connect_timeout)",
            )
        } else {
            Fault::new(FaultKind::Connect, source, format!("no connection: {root}"))
        };
    }
    match find::<io::Error>(error).map(io::Error::kind) {
        Some(io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionAborted) => {
            Fault::new(FaultKind::Cut, source, "the server reset the connection")
        }
        Some(io::ErrorKind::UnexpectedEof) => Fault::new(FaultKind::Cut, source, "the connection ended too early"),
        _ if error.is_builder() => Fault::new(FaultKind::Request, source, format!("the request can't be made: {root}")),
        _ => by_words(source, error, &root),
    }
}

/// The fault of a connection over TLS. What was damaged on the way may come right the next time; a certificate and what the
/// two can speak won't change.
fn insecure(source: &Source, error: &rustls::Error, while_connecting: bool) -> Fault {
    use rustls::{AlertDescription as Alert, Error as Tls};
    let lasting = match error {
        Tls::InvalidCertificate(why) => {
            let why = distrust(why);
            let detail = format!(
                "the server's certificate is not to be trusted: {why}; --ca-cert FILE names your own authority, -k accepts any"
            );
            return Fault::new(FaultKind::Tls, source, detail);
        }
        Tls::PeerIncompatible(_) | Tls::NoApplicationProtocol | Tls::InvalidMessage(_) => while_connecting,
        Tls::AlertReceived(alert) => matches!(
            alert,
            Alert::HandshakeFailure
                | Alert::ProtocolVersion
                | Alert::InsufficientSecurity
                | Alert::UnrecognisedName
                | Alert::NoApplicationProtocol
                | Alert::AccessDenied
                | Alert::CertificateRequired
        ),
        _ => false,
    };
    let kind = match lasting {
        true => FaultKind::Tls,
        false if while_connecting => FaultKind::Connect,
        false => FaultKind::Cut,
    };
    Fault::new(kind, source, format!("no secure connection: {}", refusal(error)))
}

/// What keeps a secure connection from coming about.
fn refusal(error: &rustls::Error) -> String {
    use rustls::{AlertDescription as Alert, Error, InvalidMessage};
    let told = match error {
        Error::AlertReceived(Alert::CertificateRequired) => {
            "the server wants a certificate of yours, and haul shows none"
        }
        Error::AlertReceived(Alert::ProtocolVersion) => "the server speaks no TLS 1.2 or newer",
        Error::AlertReceived(Alert::UnrecognisedName) => "the server knows no host of this name",
        Error::InvalidMessage(InvalidMessage::InvalidContentType) => "what answers there does not speak TLS; try http:",
        other => return other.to_string(),
    };
    told.to_owned()
}

/// Why a certificate is refused.
fn distrust(why: &rustls::CertificateError) -> String {
    use rustls::CertificateError as Why;
    match why {
        Why::UnknownIssuer => {
            let why = unread_authorities().map_or_else(String::new, |why| format!(" ({why})"));
            format!("no authority that this machine trusts has signed it{why}")
        }
        Why::NotValidForName | Why::NotValidForNameContext { .. } => "it is for another host".to_owned(),
        Why::Expired | Why::ExpiredContext { .. } => "it has expired, or this machine's clock is wrong".to_owned(),
        Why::NotValidYet | Why::NotValidYetContext { .. } => {
            "it is not valid yet, or this machine's clock is wrong".to_owned()
        }
        Why::Revoked => "it was revoked".to_owned(),
        Why::BadEncoding => "it is damaged".to_owned(),
        Why::BadSignature => "its signature is wrong".to_owned(),
        Why::Other(other) if other.to_string().contains("CaUsedAsEndEntity") => "it is self-signed".to_owned(),
        Why::Other(_) => "it is not made as a server's certificate has to be".to_owned(),
        other => other.to_string(),
    }
}

/// hyper does not export its kinds of errors, only their words.
fn by_words(source: &Source, error: &reqwest::Error, root: &str) -> Fault {
    let text = chain(error);
    let ended = [
        "end of file before message length reached",
        "connection closed before message completed",
        "unexpected EOF",
        "close_notify",
    ];
    if ended.iter().any(|words| text.contains(words)) {
        return Fault::new(FaultKind::Cut, source, "the connection ended too early");
    }
    let text = text.to_ascii_lowercase();
    if text.contains("invalid") || text.contains("parse") || text.contains("too large") {
        return Fault::new(FaultKind::BadAnswer, source, format!("the answer is no proper HTTP: {root}"));
    }
    Fault::new(FaultKind::Cut, source, format!("the connection failed: {root}"))
}

/// True if the server wants to speak only HTTP/2, or may: some answer in its frames whatever was agreed on.
pub(super) fn wants_http2(error: &reqwest::Error) -> bool {
    let is_no_http1 = |error: &(dyn Error + 'static)| error.to_string().contains("invalid HTTP version");
    let refused = rustls::Error::AlertReceived(rustls::AlertDescription::NoApplicationProtocol);
    find::<rustls::Error>(error).is_some_and(|tls| *tls == refused)
        || matches!(find::<rustls::Error>(error), Some(rustls::Error::NoApplicationProtocol))
        || error.url().is_some_and(|url| url.scheme() == "https") && sources(error).any(is_no_http1)
}

/// True if all that is wrong with an answer are lines of its head.
pub(super) fn is_garbled(error: &reqwest::Error) -> bool {
    sources(error).any(|error| error.to_string() == "invalid HTTP header parsed")
}

fn sources(error: &reqwest::Error) -> impl Iterator<Item = &(dyn Error + 'static)> {
    let mut next = Some(error as &(dyn Error + 'static));
    std::iter::from_fn(move || {
        let current = next?;
        next = current.source();
        Some(current)
    })
}

/// An error of this type in the chain; those count too that an io::Error carries, or one within another: its `source`
/// skips them.
fn find<E: Error + 'static>(error: &reqwest::Error) -> Option<&E> {
    sources(error).find_map(|mut error| {
        while let Some(inner) = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            if error.is::<E>() {
                break;
            }
            error = inner;
        }
        error.downcast_ref::<E>()
    })
}

fn chain(error: &reqwest::Error) -> String {
    sources(error).map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

fn root(error: &reqwest::Error) -> String {
    sources(error).last().map(ToString::to_string).unwrap_or_default()
}
