//! What a store answers in XML or JSON, as one tree: namespaces don't matter, and a JSON list is as many elements of one
//! name. Pure: what can't be understood is `None`.

use std::borrow::Cow;

use quick_xml::XmlVersion;
use quick_xml::events::Event;
use serde_json::Value;

/// Elements within elements,
const DEEPEST: usize = 16;
/// and in all. A list of a thousand objects has about 15,000; each takes more memory here than on the wire.
const MOST: usize = 1 << 18;

/// An element with its text and what is in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Element {
    name: String,
    text: String,
    inner: Vec<Element>,
}

impl Element {
    /// Reads a whole document. Blanks before it are those that a store sends while it is busy.
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(bytes).ok()?.trim_start_matches('\u{feff}').trim();
        if text.starts_with('{') {
            if !is_modest(text.as_bytes()) {
                return None;
            }
            return Self::of_json("", &serde_json::from_str(text).ok()?, 0);
        }
        Self::of_xml(text)
    }

    /// The element's name; empty for a JSON document.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// The text of the first element of this name that is not empty.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.all(name).map(|element| element.text.trim()).find(|text| !text.is_empty())
    }

    /// The same with the blanks around it, which are part of an object's name.
    pub(super) fn raw(&self, name: &str) -> Option<&str> {
        self.all(name).map(|element| element.text.as_str()).find(|text| !text.is_empty())
    }

    /// True if it is what this name stands for: in XML its root, in JSON any of these members.
    pub(super) fn is_called(&self, root: &str, members: &[&str]) -> bool {
        if self.name.is_empty() {
            members.iter().any(|name| self.all(name).next().is_some())
        } else {
            self.name == root
        }
    }

    /// A number in the first element of this name.
    pub(super) fn number(&self, name: &str) -> Option<u64> {
        self.text(name)?.parse().ok()
    }

    /// True if the first element of this name says so.
    pub(super) fn says(&self, name: &str) -> bool {
        self.text(name).is_some_and(|text| text.eq_ignore_ascii_case("true"))
    }

    /// The elements of this name right in this one.
    pub(super) fn all<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a Self> {
        self.inner.iter().filter(move |element| element.name == name)
    }

    fn of_json(name: &str, value: &Value, depth: usize) -> Option<Self> {
        let named = |text: String| Self { name: name.to_owned(), text, inner: Vec::new() };
        if depth > DEEPEST {
            return None;
        }
        Some(match value {
            Value::Null => named(String::new()),
            Value::Bool(value) => named(value.to_string()),
            Value::Number(value) => named(value.to_string()),
            Value::String(value) => named(value.clone()),
            Value::Array(_) => return None,
            Value::Object(members) => {
                let mut inner = Vec::new();
                for (name, member) in members {
                    match member {
                        // TOS writes an empty list so.
                        Value::Null => {}
                        Value::Array(items) => {
                            inner.extend(items.iter().filter_map(|item| Self::of_json(name, item, depth + 1)));
                        }
                        other => inner.extend(Self::of_json(name, other, depth + 1)),
                    }
                }
                Self { inner, ..named(String::new()) }
            }
        })
    }

    /// A document type is refused, since entities that it declares could make a small answer a large one.
    fn of_xml(text: &str) -> Option<Self> {
        let mut reader = quick_xml::Reader::from_str(text);
        let (mut stack, mut count) = (vec![Self::default()], 0);
        loop {
            let event = reader.read_event().ok()?;
            count += usize::from(matches!(event, Event::Start(_) | Event::Empty(_)));
            if count > MOST {
                return None;
            }
            match event {
                Event::Eof => break,
                Event::Start(start) if stack.len() <= DEEPEST => stack.push(Self::called(start.local_name().as_ref())),
                Event::DocType(_) | Event::Start(_) => return None,
                Event::End(_) => {
                    let done = stack.pop()?;
                    stack.last_mut()?.inner.push(done);
                }
                Event::Empty(start) => stack.last_mut()?.inner.push(Self::called(start.local_name().as_ref())),
                Event::Text(text) => stack.last_mut()?.text.push_str(&text.xml_content(XmlVersion::Implicit1_0)),
                Event::CData(text) => stack.last_mut()?.text.push_str(&text.xml_content(XmlVersion::Implicit1_0)),
                Event::GeneralRef(reference) => {
                    let character = match reference.resolve_char_ref().ok()? {
                        Some(character) => Cow::Owned(character.to_string()),
                        None => Cow::Borrowed(entity(&reference)?),
                    };
                    stack.last_mut()?.text.push_str(&character);
                }
                Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
            }
        }
        let mut document = stack.pop().filter(|_| stack.is_empty())?;
        if document.inner.len() == 1 { document.inner.pop() } else { None }
    }

    fn called(name: &str) -> Self {
        Self { name: name.to_owned(), ..Self::default() }
    }
}

/// The five entities that XML has of its own.
fn entity(name: &str) -> Option<&'static str> {
    Some(match name {
        "amp" => "&",
        "lt" => "<",
        "gt" => ">",
        "apos" => "'",
        "quot" => "\"",
        _ => return None,
    })
}

/// True if a JSON text has no more values than a list needs: what it becomes in memory is many times as large.
pub(super) fn is_modest(text: &[u8]) -> bool {
    let (mut is_text, mut is_escaped, mut count) = (false, false, 0);
    for byte in text {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if is_text => is_escaped = true,
            b'"' => is_text = !is_text,
            b',' | b'[' | b'{' if !is_text => count += 1,
            _ => {}
        }
    }
    count <= MOST
}
