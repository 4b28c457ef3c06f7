//! URL patterns, as curl has them: `[1-9]`, `[001-100]`, `[0-100:10]`, `[a-z]` and `{one,two}` stand for several URLs.

use crate::model::Source;

/// So many URLs may come of one pattern.
pub const MOST_OF_A_PATTERN: usize = 10_000;

/// A piece of a pattern.
enum Piece {
    Text(String),
    Choice(Vec<String>),
}

/// The URLs that a text stands for, in order: the first pattern of several turns slowest. A text without a pattern stands
/// for itself. Brackets that enclose no pattern, such as those of `[::1]`, stay; so does one with a backslash before it.
pub fn expand(text: &str) -> Result<Vec<String>, String> {
    Ok(made(text)?.into_iter().map(|made| made.url).collect())
}

/// One of the URLs that a pattern makes.
pub(super) struct Made {
    pub(super) url: String,
    /// What stands in it for each pattern, in order.
    pub(super) chosen: Vec<String>,
}

/// The same as `expand`, with what was chosen for each URL.
pub(super) fn made(text: &str) -> Result<Vec<Made>, String> {
    let pieces = pieces(text)?;
    let too_many = || format!("this pattern makes more than {MOST_OF_A_PATTERN} URLs");
    let mut count = 1_usize;
    for piece in &pieces {
        if let Piece::Choice(words) = piece {
            count = count.saturating_mul(words.len());
        }
    }
    if count > MOST_OF_A_PATTERN {
        return Err(too_many());
    }
    let mut all = vec![Made { url: String::new(), chosen: Vec::new() }];
    for piece in pieces {
        match piece {
            Piece::Text(text) => all.iter_mut().for_each(|made| made.url.push_str(&text)),
            Piece::Choice(words) => {
                let longer = |made: &Made, word: &String| Made {
                    url: format!("{}{word}", made.url),
                    chosen: made.chosen.iter().chain([word]).cloned().collect(),
                };
                all = all.iter().flat_map(|made| words.iter().map(move |word| longer(made, word))).collect();
            }
        }
    }
    Ok(all)
}

/// The places that URLs and patterns of them stand for.
pub fn sources(urls: &[String]) -> Result<Vec<Source>, String> {
    let mut sources = Vec::new();
    for url in urls {
        for url in expand(url)? {
            sources.push(Source::parse(&url)?);
        }
    }
    Ok(sources)
}

fn pieces(text: &str) -> Result<Vec<Piece>, String> {
    let (mut pieces, mut plain, mut rest) = (Vec::new(), String::new(), text);
    while let Some(first) = rest.chars().next() {
        let found = match first {
            '\\' if rest[1..].starts_with(['[', ']', '{', '}']) => {
                plain.push_str(&rest[1..2]);
                rest = &rest[2..];
                continue;
            }
            '[' => match rest.find(']') {
                Some(end) => Some((span(&rest[1..end])?, end)),
                None => None,
            },
            '{' => match rest.find('}') {
                Some(end) => Some((words(&rest[1..end])?, end)),
                None => None,
            },
            _ => None,
        };
        if let Some((Some(choice), end)) = found {
            pieces.push(Piece::Text(std::mem::take(&mut plain)));
            pieces.push(Piece::Choice(choice));
            rest = &rest[end + 1..];
        } else {
            plain.push(first);
            rest = &rest[first.len_utf8()..];
        }
    }
    pieces.push(Piece::Text(plain));
    Ok(pieces)
}

/// What stands between braces, if it is a choice. Quotes stand in JSON, and a bracket that a comma divides from its fellow
/// in what is no choice either; an error if there is a choice within, of which nobody could tell how it was meant.
fn words(inside: &str) -> Result<Option<Vec<String>>, String> {
    let is_torn = |word: &str| word.contains('[') != word.contains(']');
    if !inside.contains(',') || inside.contains('"') || inside.contains("%22") || inside.split(',').any(is_torn) {
        return Ok(None);
    }
    if inside.contains('{') {
        return Err(format!("{{{inside}}}: braces within braces make no pattern; -g takes them as they are written"));
    }
    Ok(Some(inside.split(',').map(str::to_owned).collect()))
}

/// What stands between brackets, if it is a span; an error if it is one that is too long.
fn span(inside: &str) -> Result<Option<Vec<String>>, String> {
    let (ends, step) = inside.split_once(':').map_or((inside, Some(1)), |(ends, step)| (ends, step.parse().ok()));
    let (Some((from, to)), Some(step)) = (ends.split_once('-'), step.filter(|step| *step > 0)) else {
        return Ok(None);
    };
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if is_number(from) && is_number(to) {
        let too_long = |_| format!("[{inside}]: these numbers are too large");
        let (first, last) = (from.parse::<u64>().map_err(too_long)?, to.parse::<u64>().map_err(too_long)?);
        let is_padded = |text: &str| text.len() > 1 && text.starts_with('0');
        let padded = is_padded(from) || is_padded(to);
        let digits = if padded { from.len().max(to.len()) } else { 0 };
        return Ok(Some(steps(first, last, step)?.into_iter().map(|number| format!("{number:0digits$}")).collect()));
    }
    let letter = |text: &str| match text.as_bytes() {
        [byte] if byte.is_ascii_alphabetic() => Some(*byte),
        _ => None,
    };
    match (letter(from), letter(to)) {
        (Some(first), Some(last)) if first.is_ascii_lowercase() == last.is_ascii_lowercase() => {
            let steps = steps(first.into(), last.into(), step)?;
            Ok(Some(steps.into_iter().map(|byte| char::from(byte as u8).to_string()).collect()))
        }
        _ => Ok(None),
    }
}

/// The numbers from one to another, upwards or downwards.
fn steps(first: u64, last: u64, step: u64) -> Result<Vec<u64>, String> {
    let count = first.abs_diff(last) / step;
    if count >= MOST_OF_A_PATTERN as u64 {
        return Err(format!("this pattern makes more than {MOST_OF_A_PATTERN} URLs"));
    }
    let at = |number: u64| if first <= last { first + number * step } else { first - number * step };
    Ok((0..=count).map(at).collect())
}
