//! netrc: the logins of hosts, as ftp, curl and git read them.

use std::fmt;
use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::Path;

use super::auth::Login;
use crate::model::{Fault, FaultKind};

/// Bytes that such a file may have; larger ones are something else.
const MAX_LENGTH: u64 = 1 << 20;

/// The logins of a netrc file. `Debug` shows none of them.
#[derive(Clone, Default)]
pub struct Netrc {
    machines: Vec<Machine>,
    /// What stands after the word `default`.
    rest: Option<Machine>,
    /// Why the file in its usual place is not used.
    unused: Option<String>,
}

#[derive(Clone, Default)]
struct Machine {
    host: String,
    login: Option<Vec<u8>>,
    password: Option<Vec<u8>>,
}

impl Netrc {
    /// Reads a file that the user names. It is refused if it is missing, if it makes no sense, or if group or others
    /// can read it.
    pub fn read(path: &Path) -> Result<Self, Fault> {
        let wrong = |detail: String| Fault::new(FaultKind::Request, path.display(), detail);
        let file = File::open(path).map_err(|why| wrong(format!("no logins can be read from it: {why}")))?;
        Self::of(file).map_err(wrong)
    }

    /// Reads the file in its usual place. Its absence is no fault, and one that can't be used is told in the log, and
    /// again when a server asks for a login.
    pub fn usual(path: &Path) -> Self {
        match File::open(path) {
            Err(why) if why.kind() == ErrorKind::NotFound => Ok(Self::default()),
            Err(why) => Err(format!("it can't be read: {why}")),
            Ok(file) => Self::of(file),
        }
        .unwrap_or_else(|why| {
            let fault = Fault::new(FaultKind::Request, path.display(), why);
            tracing::warn!("{fault}");
            Self { unused: Some(fault.to_string()), ..Self::default() }
        })
    }

    fn of(file: File) -> Result<Self, String> {
        if is_readable_by_others(&file) {
            let detail = "its passwords are not used, as others than you can read or write it; chmod 600 mends that";
            return Err(detail.to_owned());
        }
        let mut bytes = Vec::new();
        let read = file.take(MAX_LENGTH + 1).read_to_end(&mut bytes);
        read.map_err(|why| format!("no logins can be read from it: {why}"))?;
        if bytes.len() as u64 > MAX_LENGTH {
            return Err("it is too large for a netrc file".to_owned());
        }
        Self::parse(&bytes)
    }

    /// Reads the text of such a file: `machine HOST login NAME password WORD`, in any order and over any number of
    /// lines, `default` in place of `machine HOST`, macros skipped, comments from `#` on, and values between double
    /// quotes, in which `\"`, `\\`, `\n`, `\r` and `\t` stand for one character each (as curl has it). A mistake is
    /// told with its line.
    pub fn parse(text: &[u8]) -> Result<Self, String> {
        // Editors of another system begin a file with a byte order mark.
        let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
        let mut words = Words { text, at: 0, line: 1 };
        let mut netrc = Self::default();
        let mut current: Option<Machine> = None;
        while let Some(word) = words.keyword()? {
            match word.to_ascii_lowercase().as_slice() {
                b"machine" => {
                    netrc.keep(current.take());
                    let host = normal(&String::from_utf8_lossy(&words.value("machine")?));
                    current = Some(Machine { host, ..Machine::default() });
                }
                b"default" => {
                    netrc.keep(current.take());
                    current = Some(Machine::default());
                }
                b"login" => {
                    let login = words.value("login")?;
                    // Without a host before it, it is nobody's.
                    if let Some(machine) = &mut current {
                        machine.login = Some(login);
                    }
                }
                b"password" => {
                    let password = words.value("password")?;
                    if let Some(machine) = &mut current {
                        machine.password = Some(password);
                    }
                }
                b"account" => drop(words.value("account")?),
                b"macdef" => words.skip_macro(),
                // Words of other programs.
                _ => {}
            }
        }
        netrc.keep(current);
        Ok(netrc)
    }

    fn keep(&mut self, machine: Option<Machine>) {
        let Some(machine) = machine.filter(|machine| machine.login.is_some() || machine.password.is_some()) else {
            return;
        };
        if machine.host.is_empty() {
            self.rest.get_or_insert(machine);
        } else {
            self.machines.push(machine);
        }
    }

    /// The login for a host; for this user, if one is given. What stands under `default` names no host, so it counts
    /// only where the user has `asked` for this one.
    pub(super) fn login(&self, host: &str, user: Option<&[u8]>, asked: bool) -> Option<Login> {
        let host = normal(host);
        let of_user = |machine: &&Machine| match (user, &machine.login) {
            (Some(user), Some(login)) => user == login.as_slice(),
            _ => true,
        };
        let mut named = self.machines.iter().filter(|machine| machine.host == host);
        let rest = self.rest.iter().filter(|_| asked && !self.machines.iter().any(|machine| machine.host == host));
        let found = named.find(of_user).or_else(|| rest.into_iter().find(of_user))?;
        let user = user.map(<[u8]>::to_vec).or_else(|| found.login.clone()).unwrap_or_default();
        Some(Login { user, password: found.password.clone().unwrap_or_default() })
    }

    /// Why the file in its usual place is not used, as a sentence.
    pub(super) fn unused(&self) -> Option<&str> {
        self.unused.as_deref()
    }
}

impl fmt::Debug for Netrc {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Netrc({} machines)", self.machines.len())
    }
}

/// Pipes and devices keep nothing that could be read later.
fn is_readable_by_others(file: &File) -> bool {
    use std::os::unix::fs::PermissionsExt;
    file.metadata().is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o066 != 0)
}

/// A host's name in the form that URLs have it in.
fn normal(host: &str) -> String {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    match bare.parse::<std::net::Ipv6Addr>() {
        Ok(address) => address.to_string(),
        Err(_) => url::Host::parse(bare).map_or_else(|_| bare.to_lowercase(), |host| host.to_string()),
    }
}

/// The words of a text, one by one.
struct Words<'a> {
    text: &'a [u8],
    at: usize,
    line: usize,
}

impl Words<'_> {
    fn keyword(&mut self) -> Result<Option<Vec<u8>>, String> {
        loop {
            self.skip_blanks();
            match self.text.get(self.at) {
                Some(b'#') => self.skip_line(),
                None => return Ok(None),
                Some(_) => return self.word().map(Some),
            }
        }
    }

    /// The word after a keyword. A password may begin with `#`.
    fn value(&mut self, keyword: &str) -> Result<Vec<u8>, String> {
        let line = self.line;
        self.skip_blanks();
        if self.at == self.text.len() {
            return Err(format!("line {line}: nothing stands after {keyword}"));
        }
        self.word()
    }

    fn word(&mut self) -> Result<Vec<u8>, String> {
        if self.text.get(self.at) == Some(&b'"') {
            return self.quoted();
        }
        let rest = &self.text[self.at..];
        let length = rest.iter().position(u8::is_ascii_whitespace).unwrap_or(rest.len());
        self.at += length;
        Ok(rest[..length].to_vec())
    }

    fn quoted(&mut self) -> Result<Vec<u8>, String> {
        let mut word = Vec::new();
        let mut rest = self.text[self.at + 1..].iter();
        loop {
            match rest.next() {
                Some(b'"') => break,
                Some(b'\\') => match rest.next() {
                    Some(b'n') => word.push(b'\n'),
                    Some(b'r') => word.push(b'\r'),
                    Some(b't') => word.push(b'\t'),
                    Some(other) if *other != b'\n' => word.push(*other),
                    _ => return Err(format!("line {}: a quoted word does not end", self.line)),
                },
                Some(b'\n') | None => return Err(format!("line {}: a quoted word does not end", self.line)),
                Some(byte) => word.push(*byte),
            }
        }
        self.at = self.text.len() - rest.len();
        Ok(word)
    }

    fn skip_blanks(&mut self) {
        while let Some(byte) = self.text.get(self.at).filter(|byte| byte.is_ascii_whitespace()) {
            self.line += usize::from(*byte == b'\n');
            self.at += 1;
        }
    }

    fn skip_line(&mut self) {
        let rest = &self.text[self.at..];
        self.at += rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len());
    }

    /// A macro ends at the first empty line.
    fn skip_macro(&mut self) {
        loop {
            self.skip_line();
            let rest = &self.text[self.at..];
            let ends = rest.len() < 2 || rest.starts_with(b"\n\n") || rest.starts_with(b"\n\r\n");
            self.line += usize::from(!rest.is_empty());
            self.at = self.text.len().min(self.at + 1);
            if ends {
                return;
            }
        }
    }
}
