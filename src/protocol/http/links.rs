//! Other places of a file that its server tells of in Link headers (RFC 6249, section 3; RFC 8288, section 3). Pure.

use reqwest::header::{HeaderMap, LINK};

use super::fields::address;
use crate::model::{MOST_MIRRORS, Source};

/// The priority of a link that has none: after all that have one (RFC 6249, section 3.1).
const LAST: u32 = 999_999;

/// The places of the same file (`rel=duplicate`), the preferred first. What can't be understood, is no http or https, or
/// would lead from https to plain http, is left out.
pub fn duplicates(headers: &HeaderMap, at: &Source) -> Vec<Source> {
    let mut found: Vec<(u32, Source)> = Vec::new();
    for value in headers.get_all(LINK) {
        let text = address(value.as_bytes());
        let mut rest = text.as_str();
        while let Some((target, parameters, behind)) = next_link(rest) {
            rest = behind;
            if let (Some(priority), Some(source)) = (priority(parameters), place(at, target))
                && found.len() < MOST_MIRRORS
                && source != *at
            {
                found.push((priority, source));
            }
        }
    }
    found.sort_by_key(|(priority, _)| *priority);
    found.into_iter().map(|(_, source)| source).collect()
}

/// The next link of a header: its target, its parameters, and what stands behind it.
fn next_link(text: &str) -> Option<(&str, &str, &str)> {
    let (_, behind) = text.split_once('<')?;
    let (target, behind) = behind.split_once('>')?;
    let end = unquoted(behind, ',').unwrap_or(behind.len());
    Some((target, &behind[..end], &behind[end..]))
}

/// The priority that a link's parameters give a duplicate; `None` if it is something else.
fn priority(parameters: &str) -> Option<u32> {
    let (mut is_duplicate, mut priority) = (false, LAST);
    let mut rest = parameters;
    while !rest.is_empty() {
        let end = unquoted(rest, ';').unwrap_or(rest.len());
        if let Some((name, value)) = rest[..end].split_once('=') {
            let value = value.trim().trim_matches('"');
            match name.trim().to_ascii_lowercase().as_str() {
                "rel" => {
                    is_duplicate |= value.split_ascii_whitespace().any(|rel| rel.eq_ignore_ascii_case("duplicate"));
                }
                "pri" => priority = value.parse().unwrap_or(LAST),
                _ => {}
            }
        }
        rest = rest.get(end + 1..).unwrap_or_default();
    }
    is_duplicate.then_some(priority)
}

/// Where a character stands first outside of quotes.
fn unquoted(text: &str, wanted: char) -> Option<usize> {
    let (mut is_quoted, mut is_escaped) = (false, false);
    text.char_indices().find_map(|(at, character)| {
        let is_here = !is_quoted && character == wanted;
        is_quoted ^= character == '"' && !is_escaped;
        is_escaped = is_quoted && character == '\\' && !is_escaped;
        is_here.then_some(at)
    })
}

fn place(at: &Source, target: &str) -> Option<Source> {
    let source = Source::parse(at.url().join(target.trim()).ok()?.as_str()).ok()?;
    // A server must not choose where requests go that are signed with the user's keys.
    let is_fit = match source.url().scheme() {
        "https" => true,
        "http" => at.url().scheme() == "http",
        _ => false,
    };
    is_fit.then_some(source)
}
