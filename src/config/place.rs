//! Where in the settings file a setting stands, for mistakes that the parser doesn't know of.

/// Line and column of a setting of this name, both from 1; `None` if it does not stand there. The text is one that RON's parser
/// has taken.
pub(super) fn place_of(text: &str, name: &str) -> Option<(usize, usize)> {
    let (mut depth, mut at) = (0_usize, 0);
    while let Some(first) = text[at..].chars().next() {
        let rest = &text[at..];
        let length = match first {
            _ if rest.starts_with("//") => rest.find('\n').unwrap_or(rest.len()),
            _ if rest.starts_with("/*") => rest.find("*/").map_or(rest.len(), |end| end + 2),
            '"' => quoted(rest),
            'r' if rest[1..].trim_start_matches('#').starts_with('"') => raw(rest),
            _ if first.is_alphabetic() || first == '_' => word(rest),
            _ => first.len_utf8(),
        };
        match first {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth = depth.saturating_sub(1),
            _ if depth == 1 && &rest[..length] == name => {
                let line = text[..at].rsplit('\n').next().unwrap_or("");
                return Some((text[..at].matches('\n').count() + 1, line.chars().count() + 1));
            }
            _ => {}
        }
        at += length;
    }
    None
}

/// The length of the string that this text begins with, in bytes.
fn quoted(text: &str) -> usize {
    let mut is_escaped = false;
    let end = text.char_indices().skip(1).find(|(_, c)| {
        let is_end = *c == '"' && !is_escaped;
        is_escaped = *c == '\\' && !is_escaped;
        is_end
    });
    end.map_or(text.len(), |(at, _)| at + 1)
}

/// The same of a string such as `r#"..."#`.
fn raw(text: &str) -> usize {
    let marks = text[1..].chars().take_while(|c| *c == '#').count();
    let (begin, end) = (marks + 2, format!("\"{}", "#".repeat(marks)));
    text[begin..].find(&end).map_or(text.len(), |at| begin + at + end.len())
}

fn word(text: &str) -> usize {
    text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len())
}
