//! The URL in a word of a text, without what Markdown, HTML or a sentence puts around it.

/// A URL without what people put around it, and without what ends a sentence. A bracket that was opened in it is its own.
fn bare(text: &str) -> &str {
    let quotes = ['<', '>', '"', '\'', '`'];
    let mut word = text.trim().trim_start_matches(quotes).trim_start_matches('(').trim_start_matches(quotes);
    loop {
        let less = word.trim_end_matches(quotes).trim_end_matches([',', '.', ';', '!']);
        let is_over = less.ends_with(')') && less.matches(')').count() > less.matches('(').count();
        let less = if is_over { &less[..less.len() - 1] } else { less };
        if less.len() == word.len() {
            return word;
        }
        word = less;
    }
}

/// The URL in a word: what Markdown or HTML links to, if there is no URL before that.
pub fn linked(word: &str) -> &str {
    let word = plain(word);
    let begins = |text: &str| {
        let scheme = bare(text).split_once("://").map(|parts| parts.0);
        scheme.is_some_and(|scheme| scheme.chars().all(|c| c.is_ascii_alphanumeric() || c == '+'))
    };
    let behind = ["](", "href=", "src="].iter().find_map(|mark| word.split_once(mark));
    match behind {
        Some((_, rest)) if !begins(word) && begins(rest) => {
            let quote = rest.chars().next().filter(|first| ['"', '\''].contains(first));
            let inside = quote.and_then(|quote| rest[1..].split_once(quote)).map(|parts| parts.0);
            bare(inside.unwrap_or(rest))
        }
        _ => bare(word),
    }
}

/// A word without the marks that make it bold or slanted in Markdown. No URL begins with one; at the end one is taken off for
/// each at the beginning, since URLs may end so.
fn plain(word: &str) -> &str {
    let inner = word.trim_start_matches(['*', '_', '~']);
    let marks = &word[..word.len() - inner.len()];
    let mut rest = inner.trim_end_matches([',', '.', ';', ':', '!', '?']);
    for mark in marks.chars() {
        match rest.strip_suffix(mark) {
            Some(less) => rest = less,
            // They end further on in the text.
            None => return inner,
        }
    }
    if marks.is_empty() { word } else { rest }
}
