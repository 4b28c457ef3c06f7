//! Commands as browsers copy them ("Copy as cURL"): what they fetch, and with which headers.

use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::Entry;
use super::pattern::{Made, made};
use crate::model::{Header, Source, Target, harmless};

/// Options that need nothing from haul: it does so anyway, or they are about what curl shows.
const PASSED_OVER: [&str; 24] = [
    "-L",
    "--location",
    "--location-trusted",
    "-s",
    "--silent",
    "-S",
    "--show-error",
    "-f",
    "--fail",
    "-g",
    "--globoff",
    "-O",
    "--remote-name",
    "-J",
    "--remote-header-name",
    "-#",
    "--progress-bar",
    "-v",
    "--verbose",
    "--compressed",
    "--http1.1",
    "--http2",
    "-N",
    "--no-buffer",
];
/// The same, with a value.
const PASSED_OVER_WITH_VALUE: [&str; 9] =
    ["-C", "--continue-at", "--retry", "--retry-delay", "--connect-timeout", "-m", "--max-time", "-w", "--write-out"];
/// Options that make a request with a body.
const BODIES: [&str; 13] = [
    "-d",
    "--data",
    "--data-raw",
    "--data-binary",
    "--data-ascii",
    "--data-urlencode",
    "--json",
    "-F",
    "--form",
    "--form-string",
    "-T",
    "--upload-file",
    "--url-query",
];
/// Options with a value that haul takes over.
const TAKEN: [&str; 17] = [
    "-H",
    "--header",
    "-b",
    "--cookie",
    "-A",
    "--user-agent",
    "-e",
    "--referer",
    "-u",
    "--user",
    "-o",
    "--output",
    "--output-dir",
    "-X",
    "--request",
    "--url",
    "--oauth2-bearer",
];

/// Reads one or more curl commands; `None` if the text is none. An error is a sentence that holds no secret.
pub fn read_curl(text: &str) -> Option<Result<Vec<Entry>, String>> {
    let rest = text.trim_start().strip_prefix("curl")?;
    rest.starts_with(char::is_whitespace).then(|| read(text))
}

/// The same of a text that was pasted. It may be one of a page's making, and nobody is asked: it suggests names as a server does,
/// and no place for them.
pub fn read_pasted(text: &str) -> Option<Result<Vec<Entry>, String>> {
    let read = read_curl(text)?;
    let placeless = |entry: Entry| {
        let suggested = entry.output.as_deref().and_then(plain_name);
        Entry { output: None, suggested, folder: None, ..entry }
    };
    Some(read.map(|entries| entries.into_iter().map(placeless).collect()))
}

/// A path's last part, which is not hidden and no option; `None` if nothing is left that can be a name.
fn plain_name(output: &Path) -> Option<String> {
    let last = output.to_str()?.rsplit(['/', '\\']).next()?;
    let shown: String = harmless(last).chars().filter(|next| *next != '\u{fffd}').collect();
    let name = shown.trim().trim_start_matches(['.', '-', ' ']);
    Target::named(Path::new(""), Path::new(name)).is_ok().then(|| name.to_owned())
}

fn read(text: &str) -> Result<Vec<Entry>, String> {
    let mut entries = Vec::new();
    for command in commands(&without_dollars(&text.replace("\r\n", "\n")))? {
        let words = shell_words::split(command);
        let words = words.map_err(|_| "this curl command can't be read: a quote is not closed in it".to_owned())?;
        match &words[..] {
            [] => {}
            [curl, rest @ ..] if curl == "curl" => entries.extend(Call::read(rest)?.entries()?),
            _ => return Err("only curl commands can be read, one after the other".to_owned()),
        }
    }
    Ok(entries)
}

/// The commands of a text, divided as a shell does it.
fn commands(text: &str) -> Result<Vec<&str>, String> {
    let (mut commands, mut start, mut quote) = (Vec::new(), 0, None);
    let mut chars = text.char_indices();
    while let Some((at, next)) = chars.next() {
        match (quote, next) {
            (None, '\'' | '"') => quote = Some(next),
            (Some(open), _) if open == next => quote = None,
            // Whatever comes next divides nothing.
            (None | Some('"'), '\\') => drop(chars.next()),
            (None, '>' | '<' | '|') => {
                return Err(format!("a curl command with {next} goes on beyond curl: paste it without that"));
            }
            (None, ';' | '&' | '\n') if divides(next, &text[at + 1..]) => {
                commands.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    commands.push(&text[start..]);
    Ok(commands)
}

/// True if a command ends here. Within a word `;` and `&` are a URL's, and a line that begins with an option belongs to the one
/// before it, however it was copied.
fn divides(mark: char, rest: &str) -> bool {
    if mark == '\n' {
        return !rest.trim_start().starts_with('-');
    }
    let next = rest.trim_start_matches([';', '&']);
    let is_curl = || next.strip_prefix("curl").is_some_and(|rest| rest.starts_with(char::is_whitespace));
    next.is_empty() || next.starts_with(char::is_whitespace) || is_curl()
}

/// One command.
#[derive(Default)]
struct Call {
    urls: Vec<String>,
    headers: Vec<Header>,
    /// One for each URL, in the order of both; `None` for one with the URL's own name.
    outputs: Vec<Option<String>>,
    cookies: Vec<String>,
    folder: Option<PathBuf>,
    literal: bool,
}

impl Call {
    fn read(words: &[String]) -> Result<Self, String> {
        let mut call = Self::default();
        let mut words = words.iter();
        while let Some(word) = words.next() {
            if !word.starts_with('-') {
                call.urls.push(word.clone());
                continue;
            }
            for (option, attached) in options(word) {
                call.literal |= matches!(option.as_str(), "-g" | "--globoff");
                if matches!(option.as_str(), "-O" | "--remote-name") {
                    call.outputs.push(None);
                }
                if PASSED_OVER.contains(&option.as_str()) {
                    continue;
                }
                let known = [&TAKEN[..], &PASSED_OVER_WITH_VALUE[..]].concat().contains(&option.as_str());
                if !known {
                    return Err(refusal(&option));
                }
                let value = attached.or_else(|| words.next().cloned());
                let value = value.ok_or_else(|| format!("curl's {option} has no value"))?;
                call.take(&option, &value)?;
            }
        }
        Ok(call)
    }

    fn take(&mut self, option: &str, value: &str) -> Result<(), String> {
        match option {
            "-H" | "--header" => return self.header(value),
            "-b" | "--cookie" if value.contains('=') => {
                self.cookies.push(value.to_owned());
                self.set("Cookie", &self.cookies.join("; "));
            }
            "-b" | "--cookie" => {
                return Err("curl's -b names a file: give haul the file in its settings (cookies)".into());
            }
            "-A" | "--user-agent" => self.set("User-Agent", value),
            "-e" | "--referer" => self.set("Referer", value),
            "-u" | "--user" => {
                // Without a colon curl asks for the password.
                let login = if value.contains(':') { value.to_owned() } else { format!("{value}:") };
                self.set("Authorization", &format!("Basic {}", STANDARD.encode(login)));
            }
            "--oauth2-bearer" => self.set("Authorization", &format!("Bearer {value}")),
            "-o" | "--output" => self.outputs.push(Some(value.to_owned())),
            "--output-dir" => self.folder = Some(PathBuf::from(value)),
            "--url" => self.urls.push(value.to_owned()),
            "-X" | "--request" if !value.eq_ignore_ascii_case("GET") => {
                return Err("haul only fetches: a command with another method than GET can't be taken".to_owned());
            }
            _ => {}
        }
        Ok(())
    }

    fn set(&mut self, name: &str, value: &str) {
        self.headers.retain(|header| !header.name.eq_ignore_ascii_case(name));
        self.headers.push(Header { name: name.to_owned(), value: value.to_owned() });
    }

    /// Headers that haul sets itself, such as what it can unpack, are left to it.
    fn header(&mut self, text: &str) -> Result<(), String> {
        // `Name;` is a header without a value, `Name:` takes curl's own away, and `:name: …` is one of HTTP/2's own.
        let is_empty = text
            .split_once(':')
            .map_or(text.ends_with(';'), |(name, value)| name.is_empty() || value.trim().is_empty());
        if is_empty {
            return Ok(());
        }
        let header = Header::parse(text).map_err(|why| format!("in this curl command {why}"))?;
        if !header.is_own() {
            self.set(&header.name, &header.value);
        }
        Ok(())
    }

    fn entries(self) -> Result<Vec<Entry>, String> {
        let mut entries = Vec::new();
        for (number, url) in self.urls.iter().enumerate() {
            let output = self.outputs.get(number).and_then(Option::as_ref);
            // curl knows a URL without a scheme.
            let url = if url.contains("://") { url.clone() } else { format!("http://{url}") };
            let all = if self.literal { vec![Made { url, chosen: Vec::new() }] } else { made(&url)? };
            let several = all.len() > 1;
            for Made { url, chosen } in all {
                let mut entry = Entry::new(Source::parse(&url)?);
                if let Some(output) = output {
                    let name = filled(output, &chosen);
                    if several && name == *output {
                        return Err(
                            "in this curl command -o gives several files one name: write #1 where they differ".into()
                        );
                    }
                    entry.output = Some(PathBuf::from(name));
                }
                entry.headers.clone_from(&self.headers);
                entry.folder.clone_from(&self.folder);
                entries.push(entry);
            }
        }
        if entries.is_empty() {
            return Err("this curl command names no URL".to_owned());
        }
        Ok(entries)
    }
}

/// A file's name with what was chosen of the URL's first pattern for `#1`, and so on; other numbers stay as they are.
fn filled(output: &str, chosen: &[String]) -> String {
    let mut pieces = output.split('#');
    let mut name = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let digits = piece.len() - piece.trim_start_matches(|next: char| next.is_ascii_digit()).len();
        let number = piece[..digits].parse::<usize>().ok().and_then(|number| number.checked_sub(1));
        match number.and_then(|number| chosen.get(number)) {
            Some(word) => name.extend([word.as_str(), &piece[digits..]]),
            None => name.extend(["#", piece]),
        }
    }
    name
}

/// The options that a word holds, each with the value that is attached to it: `--name=value` and `-Xvalue`, `-sSL`.
fn options(word: &str) -> Vec<(String, Option<String>)> {
    if word.starts_with("--") {
        return match word.split_once('=') {
            Some((name, value)) => vec![(name.to_owned(), Some(value.to_owned()))],
            None => vec![(word.to_owned(), None)],
        };
    }
    let mut options = Vec::new();
    for (at, letter) in word.char_indices().skip(1) {
        let option = format!("-{letter}");
        let takes_value = !PASSED_OVER.contains(&option.as_str()) && option != "-k";
        let rest = &word[at + letter.len_utf8()..];
        if takes_value {
            options.push((option, Some(rest.to_owned()).filter(|rest| !rest.is_empty())));
            return options;
        }
        options.push((option, None));
    }
    options
}

fn refusal(option: &str) -> String {
    match option {
        _ if BODIES.contains(&option) => {
            format!("haul only fetches: a curl command that sends a body ({option}) can't be taken")
        }
        "-k" | "--insecure" => {
            "haul checks certificates: start it with --insecure, and leave curl's out of the command".to_owned()
        }
        "-x" | "--proxy" => "a proxy is set in haul's settings, not in a curl command (-x)".to_owned(),
        "-r" | "--range" => "haul fetches whole files: a curl command with a range (-r) can't be taken".to_owned(),
        "-I" | "--head" => {
            "haul only fetches: a curl command that asks for the headers alone can't be taken".to_owned()
        }
        _ => format!("haul does not know what curl's {option} is to mean for it; leave it out"),
    }
}

/// The text with bash's `$'...'`, which browsers write around what plain quotes can't hold, as plain quotes.
fn without_dollars(text: &str) -> String {
    let (mut plain, mut rest) = (String::new(), text);
    let mut quote: Option<char> = None;
    while let Some(next) = rest.chars().next() {
        match (quote, next) {
            (None, '$') if rest[1..].starts_with('\'') => {
                let (value, length) = decoded(&rest[2..]);
                plain.push_str(&shell_words::quote(&value));
                rest = &rest[2 + length..];
                continue;
            }
            (None, '\'' | '"') => quote = Some(next),
            (Some(open), _) if open == next => quote = None,
            (None | Some('"'), '\\') => {
                // Whatever comes next is not a quote.
                let pair = rest.chars().take(2).map(char::len_utf8).sum();
                plain.push_str(&rest[..pair]);
                rest = &rest[pair..];
                continue;
            }
            _ => {}
        }
        plain.push(next);
        rest = &rest[next.len_utf8()..];
    }
    plain
}

/// What stands in `$'...'`, from behind its first quote, and how many bytes it takes with its last.
fn decoded(text: &str) -> (String, usize) {
    let mut value = String::new();
    let mut chars = text.char_indices();
    while let Some((at, next)) = chars.next() {
        match next {
            '\'' => return (value, at + 1),
            '\\' => {
                let Some((_, letter)) = chars.next() else { break };
                let digits = match letter {
                    'u' => 4,
                    'x' => 2,
                    'U' => 8,
                    _ => 0,
                };
                let hex: String =
                    chars.clone().map(|next| next.1).take(digits).take_while(char::is_ascii_hexdigit).collect();
                for _ in hex.chars() {
                    chars.next();
                }
                value.push(match letter {
                    'n' => '\n',
                    't' => '\t',
                    'r' => '\r',
                    'u' | 'x' | 'U' => {
                        u32::from_str_radix(&hex, 16).ok().and_then(char::from_u32).unwrap_or('\u{fffd}')
                    }
                    other => other,
                });
            }
            other => value.push(other),
        }
    }
    (value, text.len())
}
