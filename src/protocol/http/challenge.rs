//! Digest access authentication (RFC 7616, and RFC 2617 where servers still speak it): a challenge read, and answered
//! for one request after another.

use std::fmt::{self, Write as _};

use http_auth::parser::ChallengeParser;
use http_auth::{ChallengeRef, ParamValue};
use md5::Digest as _;
use percent_encoding::{AsciiSet, CONTROLS, NON_ALPHANUMERIC, percent_decode_str, percent_encode};
use reqwest::header::{HeaderMap, HeaderValue, WWW_AUTHENTICATE};

use super::auth::Login;

/// Bytes of each word of a challenge; a longer one is kept by nobody.
const MAX_WORD: usize = 4096;

/// A hash function, weakest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Hash {
    Md5,
    Sha256,
    Sha512Of256,
}

impl Hash {
    /// Reads an algorithm's name: the function, and whether a session has a key of its own.
    fn named(name: &str) -> Option<(Self, bool)> {
        let name = name.to_ascii_lowercase();
        let (bare, session) = name.strip_suffix("-sess").map_or((name.as_str(), false), |bare| (bare, true));
        let hash = match bare {
            "md5" => Self::Md5,
            "sha-256" => Self::Sha256,
            "sha-512-256" => Self::Sha512Of256,
            _ => return None,
        };
        Some((hash, session))
    }

    /// The hash of these pieces with colons between them, in hex.
    fn of(self, pieces: &[&[u8]]) -> String {
        let joined = pieces.join(&b':');
        match self {
            Self::Md5 => hex(&md5::Md5::digest(joined)),
            Self::Sha256 => hex(&sha2::Sha256::digest(joined)),
            Self::Sha512Of256 => hex(&sha2::Sha512_256::digest(joined)),
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string can't fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// What a server asks for, and how often it was answered.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Challenge {
    hash: Hash,
    session: bool,
    /// The algorithm as the server wrote it; none means MD5.
    algorithm: Option<String>,
    realm: Vec<u8>,
    nonce: Vec<u8>,
    opaque: Option<Vec<u8>>,
    /// `auth` or `auth-int`; none is the way of RFC 2069.
    quality: Option<&'static str>,
    hashes_user: bool,
    is_utf8: bool,
    stale: bool,
    /// How many requests have used the nonce.
    count: u32,
    /// Our own random word. It stays with the nonce, as sessions need; the count makes each answer another one.
    cnonce: String,
}

impl Challenge {
    /// The strongest challenge among those of a 401 that can be answered. `cnonce` is random.
    pub(super) fn strongest(headers: &HeaderMap, cnonce: &str) -> Option<Self> {
        let read = |challenge: &ChallengeRef<'_>| Self::read(challenge, cnonce);
        let mut all: Vec<Self> = challenges(headers, read);
        // The first one of those that are equally strong is the one that the server prefers.
        all.reverse();
        all.into_iter().max_by_key(|challenge| challenge.hash)
    }

    fn read(challenge: &ChallengeRef<'_>, cnonce: &str) -> Option<Self> {
        if !challenge.scheme.eq_ignore_ascii_case("digest") {
            return None;
        }
        if challenge.params.iter().any(|parameter| parameter.1.unescaped_len() > MAX_WORD) {
            return None;
        }
        let bytes = |name: &str| find(challenge, name).map(value);
        let text = |name: &str| find(challenge, name).map(ParamValue::to_unescaped);
        let is = |name: &str, word: &str| text(name).is_some_and(|value| value.eq_ignore_ascii_case(word));
        let algorithm = text("algorithm");
        let (hash, session) = Hash::named(algorithm.as_deref().unwrap_or("MD5"))?;
        let quality = match text("qop") {
            None => None,
            Some(offered) => {
                let offers = |word: &str| offered.split(',').any(|one| one.trim().eq_ignore_ascii_case(word));
                Some(["auth", "auth-int"].into_iter().find(|word| offers(word))?)
            }
        };
        Some(Self {
            hash,
            session,
            algorithm,
            realm: bytes("realm")?,
            nonce: bytes("nonce")?,
            opaque: bytes("opaque"),
            quality,
            hashes_user: is("userhash", "true"),
            is_utf8: is("charset", "UTF-8"),
            stale: is("stale", "true"),
            count: 0,
            cnonce: cnonce.to_owned(),
        })
    }

    /// True if the server says that only the nonce of the answer was too old.
    pub(super) fn is_stale(&self) -> bool {
        self.stale
    }

    /// The server's word that answers are made with.
    pub(super) fn nonce(&self) -> &[u8] {
        &self.nonce
    }

    /// Takes up the nonce that an answer names for the next request (RFC 7616, section 3.5).
    pub(super) fn renew(&mut self, headers: &HeaderMap, cnonce: &str) {
        let Some(told) = headers.get("authentication-info").map(plain) else { return };
        // It has the parameters of a challenge without its scheme's name.
        let text = format!("Digest {told}");
        let next = ChallengeParser::new(&text).next().and_then(Result::ok);
        let nonce = next.as_ref().and_then(|next| find(next, "nextnonce")).map(value);
        if let Some(nonce) = nonce.filter(|next| *next != self.nonce && next.len() <= MAX_WORD) {
            *self = Self { nonce, count: 0, cnonce: cnonce.to_owned(), ..self.clone() };
        }
    }

    /// The answer to the challenge for a GET of `uri` (the path with its query); each one counts the nonce's use.
    /// `None` if the user's name can't be written into a header.
    pub(super) fn answer(&mut self, login: &Login, uri: &str) -> Option<HeaderValue> {
        self.count = self.count.checked_add(1)?;
        let mut line = b"Digest ".to_vec();
        self.put_user(&mut line, &login.user);
        let mut put = |name: &str, value: &[u8]| put_quoted(&mut line, name, value);
        put("realm", &self.realm);
        put("nonce", &self.nonce);
        put("uri", uri.as_bytes());
        put("response", self.response(login, uri).as_bytes());
        if let Some(opaque) = &self.opaque {
            put("opaque", opaque);
        }
        let mut bare = |name: &str, value: &str| line.extend_from_slice(format!("{name}={value}, ").as_bytes());
        if let Some(algorithm) = &self.algorithm {
            bare("algorithm", algorithm);
        }
        if let Some(quality) = self.quality {
            bare("qop", quality);
            bare("nc", &format!("{:08x}", self.count));
        }
        if self.quality.is_some() || self.session {
            put_quoted(&mut line, "cnonce", self.cnonce.as_bytes());
        }
        line.truncate(line.len() - 2);
        let mut value = HeaderValue::from_bytes(&line).ok()?;
        value.set_sensitive(true);
        Some(value)
    }

    /// The proof that the password is known (RFC 7616, section 3.4.1).
    fn response(&self, login: &Login, uri: &str) -> String {
        let hash = |pieces: &[&[u8]]| self.hash.of(pieces);
        let (nonce, cnonce) = (&self.nonce[..], self.cnonce.as_bytes());
        let mut key = hash(&[&login.user, &self.realm, &login.password]);
        if self.session {
            key = hash(&[key.as_bytes(), nonce, cnonce]);
        }
        let what = match self.quality {
            // The body of a GET is empty.
            Some("auth-int") => hash(&[b"GET", uri.as_bytes(), hash(&[b""]).as_bytes()]),
            _ => hash(&[b"GET", uri.as_bytes()]),
        };
        match self.quality {
            None => hash(&[key.as_bytes(), nonce, what.as_bytes()]),
            Some(quality) => {
                let count = format!("{:08x}", self.count);
                hash(&[key.as_bytes(), nonce, count.as_bytes(), cnonce, quality.as_bytes(), what.as_bytes()])
            }
        }
    }

    /// The user's name, in one of its three forms (RFC 7616, section 3.4.4).
    fn put_user(&self, line: &mut Vec<u8>, user: &[u8]) {
        if self.hashes_user {
            put_quoted(line, "username", self.hash.of(&[user, &self.realm]).as_bytes());
            line.extend_from_slice(b"userhash=true, ");
        } else if self.is_utf8 && !user.is_ascii() {
            let encoded = percent_encode(user, NON_ALPHANUMERIC);
            line.extend_from_slice(format!("username*=UTF-8''{encoded}, ").as_bytes());
        } else {
            put_quoted(line, "username", user);
        }
    }
}

/// Shows nothing that an answer could be guessed by.
impl fmt::Debug for Challenge {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Challenge({:?}, {:?})", self.hash, String::from_utf8_lossy(&self.realm))
    }
}

/// True if a 401 offers Basic.
pub(super) fn offers_basic(headers: &HeaderMap) -> bool {
    let basic = |challenge: &ChallengeRef<'_>| challenge.scheme.eq_ignore_ascii_case("basic").then_some(());
    !challenges(headers, basic).is_empty()
}

/// What a 401 offers to log in by, where haul knows nothing of it, such as NTLM.
pub(super) fn unknown_schemes(headers: &HeaderMap) -> Vec<String> {
    let schemes = challenges(headers, |challenge| Some(challenge.scheme.chars().take(20).collect::<String>()));
    let is_known = |scheme: &String| ["basic", "digest"].contains(&scheme.to_ascii_lowercase().as_str());
    if schemes.iter().any(is_known) { Vec::new() } else { schemes }
}

/// What can be made of the challenges in all fields of a 401; several may stand in one field. Those behind a mistake
/// in a field are lost.
fn challenges<T>(headers: &HeaderMap, read: impl Fn(&ChallengeRef<'_>) -> Option<T>) -> Vec<T> {
    let mut all = Vec::new();
    for text in headers.get_all(WWW_AUTHENTICATE).into_iter().map(plain) {
        all.extend(ChallengeParser::new(&text).map_while(Result::ok).filter_map(|one| read(&one)));
    }
    all
}

/// A field as the parser takes it, which knows ASCII alone: all other bytes, that a quoted word may hold too (RFC 9110, section
/// 5.6.4), are percent-encoded.
fn plain(field: &HeaderValue) -> String {
    const SPECIAL: &AsciiSet = &CONTROLS.remove(b'\t').add(b'%');
    percent_encode(field.as_bytes(), SPECIAL).to_string()
}

/// The bytes of a word in such a field, as the server wrote them.
fn value(word: &ParamValue<'_>) -> Vec<u8> {
    percent_decode_str(&word.to_unescaped()).collect()
}

fn find<'a>(challenge: &'a ChallengeRef<'_>, name: &str) -> Option<&'a ParamValue<'a>> {
    challenge.params.iter().find(|parameter| parameter.0.eq_ignore_ascii_case(name)).map(|parameter| &parameter.1)
}

fn put_quoted(line: &mut Vec<u8>, name: &str, value: &[u8]) {
    line.extend_from_slice(name.as_bytes());
    line.extend_from_slice(b"=\"");
    for byte in value {
        if matches!(byte, b'"' | b'\\') {
            line.push(b'\\');
        }
        line.push(*byte);
    }
    line.extend_from_slice(b"\", ");
}
