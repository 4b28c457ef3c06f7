//! A server's side of Digest logins (RFC 7616), by arithmetic of the tests' own.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use md5::Digest as _;

use super::server::{Answer, File, Request};

/// What stands before a file. In what it offers, `{nonce}` and `{stale}` are filled in.
#[derive(Clone)]
pub struct Guard(Arc<Mutex<State>>);

struct State {
    offers: Vec<String>,
    user: Vec<u8>,
    password: Vec<u8>,
    /// How often each nonce may be used.
    uses: usize,
    /// Whether it says when only the nonce was too old.
    says_stale: bool,
    /// Whether an answer names the next nonce.
    names_next: bool,
    nonce: usize,
    /// Nonces with the words of clients and their counts.
    seen: BTreeSet<[String; 3]>,
}

impl Guard {
    /// One that lets in `me` with the password `hunter2`.
    pub fn new(offers: &[&str]) -> Self {
        let offers = offers.iter().map(|offer| (*offer).to_owned()).collect();
        let (user, password) = (b"me".to_vec(), b"hunter2".to_vec());
        let (uses, says_stale, names_next, nonce) = (usize::MAX, true, false, 1);
        let seen = BTreeSet::new();
        Self(Arc::new(Mutex::new(State { offers, user, password, uses, says_stale, names_next, nonce, seen })))
    }

    fn with(self, change: impl FnOnce(&mut State)) -> Self {
        change(&mut self.0.lock().unwrap());
        self
    }

    /// Who is let in.
    pub fn login(self, user: &[u8], password: &[u8]) -> Self {
        self.with(|state| (state.user, state.password) = (user.to_vec(), password.to_vec()))
    }

    /// Never says that only the nonce was too old.
    pub fn says_no_stale(self) -> Self {
        self.with(|state| state.says_stale = false)
    }

    /// Each answer names the next nonce.
    pub fn names_next(self) -> Self {
        self.with(|state| state.names_next = true)
    }

    /// Each nonce is good for so many requests.
    pub fn uses(self, uses: usize) -> Self {
        self.with(|state| state.uses = uses)
    }

    /// `file`, for those who know the password.
    pub fn before(&self, file: File) -> File {
        let state = self.0.clone();
        let good = file.answer.clone();
        file.rule(move |request| {
            let mut state = state.lock().unwrap();
            match state.judge(request) {
                Ok(()) if state.names_next => {
                    state.nonce += 1;
                    let next = format!("nextnonce=\"n{}\", qop=auth", state.nonce);
                    Some(good.clone().header("Authentication-Info", &next))
                }
                Ok(()) => None,
                Err(stale) => Some(state.refusal(stale)),
            }
        })
    }
}

impl State {
    fn refusal(&mut self, stale: bool) -> Answer {
        let stale = if stale && self.says_stale { ", stale=TRUE" } else { "" };
        let nonce = format!("n{}", self.nonce);
        let offers = self.offers.iter().map(|offer| offer.replace("{nonce}", &nonce).replace("{stale}", stale));
        offers.fold(Answer::status(401), |answer, offer| answer.header("WWW-Authenticate", &offer))
    }

    /// `Err(true)` if only the nonce is too old.
    fn judge(&mut self, request: &Request) -> Result<(), bool> {
        let fields = request.header("authorization").and_then(fields).ok_or(false)?;
        let get = |name: &str| fields.get(name).map_or("", String::as_str);
        assert_eq!(get("uri"), request.path);
        assert_eq!(get("opaque"), "o\"p");
        if get("response") != response(&fields, &self.user, &self.password) {
            return Err(false);
        }
        let used = self.seen.iter().filter(|used| used[0] == get("nonce")).count();
        if get("nonce") != format!("n{}", self.nonce) || used >= self.uses {
            self.nonce += usize::from(used >= self.uses);
            return Err(true);
        }
        if !get("qop").is_empty() {
            let count = ["nonce", "cnonce", "nc"].map(|name| get(name).to_owned());
            assert!(self.seen.insert(count), "a count twice: {fields:?}");
        }
        Ok(())
    }
}

/// The parameters of a Digest header, unquoted.
pub fn fields(header: &str) -> Option<BTreeMap<String, String>> {
    let mut rest = header.strip_prefix("Digest ")?;
    let mut fields = BTreeMap::new();
    while let Some((name, value)) = rest.split_once('=') {
        let (value, after) = if let Some(quoted) = value.strip_prefix('"') {
            let mut text = String::new();
            let mut letters = quoted.chars();
            while let Some(letter) = letters.next().filter(|letter| *letter != '"') {
                text.push(if letter == '\\' { letters.next()? } else { letter });
            }
            (text, letters.as_str())
        } else {
            let end = value.find(',').unwrap_or(value.len());
            (value[..end].to_owned(), &value[end..])
        };
        assert!(fields.insert(name.trim().to_owned(), value).is_none(), "twice: {name}");
        rest = after.trim_start_matches([',', ' ']);
    }
    Some(fields)
}

fn hash(algorithm: &str, text: &[u8]) -> String {
    let bytes = match algorithm.trim_end_matches("-sess") {
        "MD5" | "md5" | "" => md5::Md5::digest(text).to_vec(),
        "SHA-256" => sha2::Sha256::digest(text).to_vec(),
        "SHA-512-256" => sha2::Sha512_256::digest(text).to_vec(),
        other => panic!("{other} was not offered"),
    };
    bytes.iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"))
}

/// RFC 7616, section 3.4.1, and RFC 2069 where there is no qop.
pub fn response(fields: &BTreeMap<String, String>, user: &[u8], password: &[u8]) -> String {
    let get = |name: &str| fields.get(name).map_or("", String::as_str);
    let hash = |text: &[u8]| hash(get("algorithm"), text);
    let mut first = hash(&[user, get("realm").as_bytes(), password].join(&b':'));
    if get("algorithm").ends_with("-sess") {
        first = hash(format!("{first}:{}:{}", get("nonce"), get("cnonce")).as_bytes());
    }
    let second = match get("qop") {
        "auth-int" => hash(format!("GET:{}:{}", get("uri"), hash(b"")).as_bytes()),
        _ => hash(format!("GET:{}", get("uri")).as_bytes()),
    };
    let between = match get("qop") {
        "" => get("nonce").to_owned(),
        qop => format!("{}:{}:{}:{qop}", get("nonce"), get("nc"), get("cnonce")),
    };
    hash(format!("{first}:{between}:{second}").as_bytes())
}
