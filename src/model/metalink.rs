//! Metalink files: what a file is called, how long it is, what it hashes to, and where it can be had. Version 4 is
//! RFC 5854; version 3 is what came before it. Pure: bytes in, words out.

use quick_xml::XmlVersion;
use quick_xml::events::{BytesRef, BytesStart, Event};
use quick_xml::reader::Reader;

use super::{Algorithm, Checksum, Source, harmless};

/// A metalink of more bytes than this is none.
pub const LONGEST_METALINK: usize = 8 << 20;
/// Elements within elements; the format has six levels.
const DEEPEST: usize = 16;
/// Files of one metalink, URLs of one file, and its pieces.
const MOST_FILES: usize = 10_000;
const MOST_SOURCES: usize = 500;
const MOST_PIECES: usize = 1 << 20;
/// A text of more bytes than this is neither a URL nor a name nor a hash.
const LONGEST_TEXT: usize = 16 << 10;
/// Characters that are told of what is wrong with the XML.
const LONGEST_REASON: usize = 200;
/// The priority of a URL that has none: after all that have one (RFC 5854, section 4.2.16.2).
const LAST: u32 = 999_999;

/// What a metalink describes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Metalink {
    /// The files that can be had over http or https, in the metalink's order.
    pub files: Vec<MetalinkFile>,
    /// How many others it describes, none of whose places is one of http or https.
    pub left_out: usize,
}

/// One file of a metalink.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MetalinkFile {
    /// The name as it stands there, perhaps with folders. It comes from outside and is not yet safe.
    pub name: String,
    /// Bytes of the file.
    pub length: Option<u64>,
    /// What the whole file hashes to, in the algorithms that haul knows.
    pub checksums: Vec<Checksum>,
    /// What its pieces hash to.
    pub pieces: Option<Pieces>,
    /// Where it can be had, the preferred first.
    pub sources: Vec<MetalinkSource>,
}

/// The checksums of a file's pieces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pieces {
    /// Bytes of each piece but the last; never 0.
    pub length: u64,
    /// One for each piece, in order.
    pub checksums: Vec<Checksum>,
}

/// One place of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MetalinkSource {
    /// Where.
    pub source: Source,
    /// A lower one is preferred; 1 to 999999.
    pub priority: u32,
    /// The country's two letters, in lower case, if told.
    pub location: Option<String>,
}

impl Metalink {
    /// What is said of a metalink whose files are none that can be had.
    pub const NOTHING: &str = "describes no file that can be had over http or https";

    /// True for a media type that metalinks have (RFC 5854, section 7.2).
    pub fn is_media(media: &str) -> bool {
        matches!(media, "application/metalink4+xml" | "application/metalink+xml")
    }

    /// Reads a metalink. Fails with the end of a sentence about it: it is too long, is no XML, declares entities, is
    /// nested too deeply, describes too many files, or gives a size or a checksum that is none. What haul does
    /// not know is skipped, and so are files that can't be had over http or https: there may be no others ([`Metalink::NOTHING`]).
    pub fn parse(bytes: &[u8]) -> Result<Self, String> {
        if bytes.len() > LONGEST_METALINK {
            return Err(format!("is longer than {LONGEST_METALINK} bytes, so it is no metalink"));
        }
        let text = std::str::from_utf8(bytes).map_err(|_| "is not UTF-8, so haul can't read it".to_owned())?;
        let mut reader = Reader::from_str(text.trim_start_matches('\u{feff}'));
        reader.config_mut().expand_empty_elements = true;
        let mut reading = Reading::default();
        loop {
            let event = reader.read_event().map_err(|why| {
                let place = reader.error_position();
                // It may quote an element's name of any length.
                let why: String = why.to_string().chars().take(LONGEST_REASON).collect();
                format!("is no proper XML at byte {place}: {}", harmless(&why))
            })?;
            if !reading.take(event)? {
                break;
            }
        }
        reading.finish()
    }
}

/// What a text or an element within a file is about.
#[derive(Clone, Debug)]
enum Open {
    File,
    Size,
    Url(u32, Option<String>),
    Hash(String),
    Pieces,
    Piece(u32),
    Other,
}

/// The state of the reading.
#[derive(Default)]
struct Reading {
    files: Vec<MetalinkFile>,
    left_out: usize,
    stack: Vec<Open>,
    text: String,
    is_metalink: bool,
    file: Option<MetalinkFile>,
    pieces: Option<Reckoning>,
}

/// The pieces that are being read.
struct Reckoning {
    algorithm: String,
    length: u64,
    found: Vec<(u32, Option<Checksum>)>,
}

impl Reading {
    /// Takes one event in; false at the end.
    fn take(&mut self, event: Event<'_>) -> Result<bool, String> {
        match event {
            Event::Eof => return Ok(false),
            Event::DocType(_) => return Err("declares a document type, which a metalink has no need of".to_owned()),
            Event::Start(start) => self.open(&start)?,
            Event::End(_) => self.close()?,
            Event::Text(text) => self.add(&text.xml_content(XmlVersion::Implicit1_0))?,
            Event::CData(text) => self.add(&text.xml_content(XmlVersion::Implicit1_0))?,
            Event::GeneralRef(reference) => self.add(&resolved(&reference)?)?,
            Event::Empty(_) | Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
        }
        Ok(true)
    }

    fn add(&mut self, text: &str) -> Result<(), String> {
        if !matches!(self.stack.last(), None | Some(Open::Other | Open::File | Open::Pieces)) {
            if self.text.len() + text.len() > LONGEST_TEXT {
                return Err(format!("holds a text of more than {LONGEST_TEXT} bytes"));
            }
            self.text.push_str(text);
        }
        Ok(())
    }

    fn open(&mut self, start: &BytesStart<'_>) -> Result<(), String> {
        if self.stack.len() >= DEEPEST {
            return Err(format!("is nested more than {DEEPEST} levels deep"));
        }
        let name = start.local_name();
        let name: &str = name.as_ref();
        if self.stack.is_empty() {
            self.is_metalink |= name == "metalink";
        }
        let within_file = self.file.is_some();
        let open = match name {
            "file" if !within_file => {
                let name = attribute(start, "name").unwrap_or_default();
                self.file = Some(MetalinkFile { name, ..MetalinkFile::default() });
                Open::File
            }
            "size" if within_file => Open::Size,
            "url" if within_file && is_web(start) => Open::Url(priority(start), location(start)),
            "hash" if self.pieces.is_some() => Open::Piece(number(start, "piece").unwrap_or(u32::MAX)),
            "hash" if within_file => Open::Hash(attribute(start, "type").unwrap_or_default()),
            "pieces" if within_file && self.pieces.is_none() => {
                let length = attribute(start, "length").and_then(|text| text.trim().parse().ok()).unwrap_or(0);
                let algorithm = attribute(start, "type").unwrap_or_default();
                self.pieces = Some(Reckoning { algorithm, length, found: Vec::new() });
                Open::Pieces
            }
            _ => Open::Other,
        };
        self.text.clear();
        self.stack.push(open);
        Ok(())
    }

    fn close(&mut self) -> Result<(), String> {
        let text = std::mem::take(&mut self.text);
        let text = text.trim();
        match (self.stack.pop(), &mut self.file) {
            (Some(Open::File), Some(_)) => self.close_file()?,
            (Some(Open::Size), Some(file)) if !text.is_empty() => {
                file.length = Some(text.parse().map_err(|_| unreadable("a size", text, &file.name))?);
            }
            (Some(Open::Url(priority, location)), Some(file)) => {
                // Whoever wrote it must not choose where requests go that are signed with the user's keys.
                if let Ok(source) = Source::parse(text)
                    && matches!(source.url().scheme(), "http" | "https")
                    && file.sources.len() < MOST_SOURCES
                {
                    file.sources.push(MetalinkSource { source, priority, location });
                }
            }
            (Some(Open::Hash(algorithm)), Some(file)) => {
                let sum = checksum(&algorithm, text);
                if let (None, Some(known), false) = (&sum, Algorithm::named(&algorithm), text.is_empty()) {
                    return Err(unreadable(&format!("a {known} checksum"), text, &file.name));
                }
                file.checksums.extend(sum.filter(|_| file.checksums.len() < 16));
            }
            (Some(Open::Piece(number)), Some(_)) => {
                if let Some(pieces) = &mut self.pieces
                    && pieces.found.len() < MOST_PIECES
                {
                    let number = if number == u32::MAX { pieces.found.len() as u32 } else { number };
                    pieces.found.push((number, checksum(&pieces.algorithm, text)));
                }
            }
            (Some(Open::Pieces), Some(file)) => {
                let pieces = self.pieces.take().and_then(Reckoning::finish);
                // Of several kinds the first is taken that haul knows.
                file.pieces = file.pieces.take().or(pieces);
            }
            _ => {}
        }
        Ok(())
    }

    fn close_file(&mut self) -> Result<(), String> {
        self.pieces = None;
        let Some(mut file) = self.file.take() else { return Ok(()) };
        file.sources.sort_by_key(|source| source.priority);
        let fits = |pieces: &Pieces| {
            file.length.is_none_or(|length| length.div_ceil(pieces.length) == pieces.checksums.len() as u64)
        };
        file.pieces = file.pieces.take().filter(fits);
        if file.sources.is_empty() {
            self.left_out += 1;
        } else if self.files.len() == MOST_FILES {
            return Err(format!("describes more than {MOST_FILES} files"));
        } else {
            self.files.push(file);
        }
        Ok(())
    }

    fn finish(self) -> Result<Metalink, String> {
        if !self.is_metalink {
            return Err("is no metalink: its outermost element is another one".to_owned());
        }
        if !self.stack.is_empty() {
            return Err("ends in the middle of an element".to_owned());
        }
        Ok(Metalink { files: self.files, left_out: self.left_out })
    }
}

impl Reckoning {
    /// The pieces, if there is a checksum for each, in order and in an algorithm that haul knows.
    fn finish(mut self) -> Option<Pieces> {
        self.found.sort_by_key(|(number, _)| *number);
        let in_order = self.found.iter().enumerate().all(|(index, (number, _))| index == *number as usize);
        let checksums: Option<Vec<Checksum>> = self.found.into_iter().map(|(_, checksum)| checksum).collect();
        let checksums = checksums.filter(|all| in_order && !all.is_empty() && self.length > 0)?;
        Some(Pieces { length: self.length, checksums })
    }
}

/// What a file is to be compared with is not passed over.
fn unreadable(what: &str, text: &str, name: &str) -> String {
    let brief = |text: &str| harmless(&text.chars().take(LONGEST_REASON).collect::<String>()).into_owned();
    format!("gives {what} of {:?} that is none: {:?}", brief(name), brief(text))
}

fn checksum(algorithm: &str, text: &str) -> Option<Checksum> {
    let name = algorithm.trim();
    let digits: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    format!("{name}:{digits}").parse().ok()
}

fn attribute(start: &BytesStart<'_>, name: &str) -> Option<String> {
    // Without its own check for doubles, whose cost grows with the square of their number.
    let found = start
        .attributes()
        .with_checks(false)
        .flatten()
        .find(|attribute| attribute.key.local_name().as_ref() == name)?;
    let value = found.normalized_value(XmlVersion::Implicit1_0).ok()?;
    Some(value.into_owned()).filter(|value| value.len() <= LONGEST_TEXT)
}

fn number(start: &BytesStart<'_>, name: &str) -> Option<u32> {
    attribute(start, name)?.trim().parse().ok()
}

/// Version 4's priority, where 1 is best; or version 3's preference, where 100 is best.
fn priority(start: &BytesStart<'_>) -> u32 {
    let preference = || number(start, "preference").map(|preference| 101 - preference.min(100));
    number(start, "priority").or_else(preference).unwrap_or(LAST).clamp(1, LAST)
}

/// False for version 3's URLs of torrents, which are http addresses too.
fn is_web(start: &BytesStart<'_>) -> bool {
    attribute(start, "type").is_none_or(|kind| matches!(kind.trim().to_ascii_lowercase().as_str(), "http" | "https"))
}

fn location(start: &BytesStart<'_>) -> Option<String> {
    let location = attribute(start, "location")?.trim().to_ascii_lowercase();
    Some(location).filter(|text| text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_lowercase()))
}

/// A character reference or one of the five entities that XML has of its own; there are no others here.
fn resolved(reference: &BytesRef<'_>) -> Result<String, String> {
    if let Ok(Some(character)) = reference.resolve_char_ref() {
        return Ok(character.to_string());
    }
    let name = reference.xml_content(XmlVersion::Implicit1_0);
    let known = match &*name {
        "amp" => "&",
        "lt" => "<",
        "gt" => ">",
        "quot" => "\"",
        "apos" => "'",
        _ => return Err("holds an entity that nothing has declared".to_owned()),
    };
    Ok(known.to_owned())
}
