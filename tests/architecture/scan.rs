//! Reads Rust source well enough for rules about it: blanks out comments and literals, cuts it into words, finds paths
//! and the lengths of functions.

use std::path::{Path, PathBuf};

/// One source file.
pub struct Source {
    /// Its path from the folder that was read, with `/`.
    pub path: String,
    /// What stands in it.
    pub text: String,
    /// The same without comments, strings and characters: blanks stand in their place, lines stay lines.
    pub code: String,
}

impl Source {
    pub fn new(path: &str, text: &str) -> Self {
        Self { path: path.to_owned(), text: text.to_owned(), code: blank_out(text) }
    }

    /// Every Rust file under a folder, in order of their names.
    pub fn all(folder: &Path) -> Vec<Self> {
        let mut files = Vec::new();
        collect(folder, &mut files);
        files.sort();
        let name = |file: &PathBuf| file.strip_prefix(folder).unwrap().to_str().unwrap().replace('\\', "/");
        files.iter().map(|file| Self::new(&name(file), &std::fs::read_to_string(file).unwrap())).collect()
    }

    /// The room that a file below `src` is in; none for `main.rs` and `lib.rs`.
    pub fn room(&self) -> Option<&str> {
        let first = self.path.split('/').next().unwrap();
        let room = first.strip_suffix(".rs").unwrap_or(first);
        (!matches!(room, "main" | "lib")).then_some(room)
    }

    /// How many modules deep the file's own module is: 1 for a room's `mod.rs`.
    pub fn depth(&self) -> usize {
        self.path.trim_end_matches("/mod.rs").split('/').count()
    }

    /// The words of the code with the lines that they stand on.
    pub fn words(&self) -> Vec<(usize, &str)> {
        let lines = self.code.lines().enumerate();
        lines.flat_map(|(line, code)| words(code).into_iter().map(move |word| (line + 1, word))).collect()
    }

    /// Every path that begins with `root`, such as `crate` or `super`, with groups taken apart.
    pub fn paths(&self, root: &str) -> Vec<(usize, Vec<String>)> {
        let words = self.words();
        let mut found = Vec::new();
        for (at, (line, word)) in words.iter().enumerate() {
            let begins = *word == root && words.get(at + 1).is_some_and(|next| next.1 == "::");
            if begins && !(at > 0 && words[at - 1].1 == "::") {
                let mut paths = Vec::new();
                branch(&words, at, &[], &mut paths);
                found.extend(paths.into_iter().map(|path| (*line, path)));
            }
        }
        found
    }

    /// Each function's name, its line, and how many lines of code it has.
    pub fn functions(&self) -> Vec<(String, usize, usize)> {
        let words = self.words();
        let begins = |at: &usize| words[*at].1 == "fn" && words.get(at + 1).is_some_and(|next| is_name(next.1));
        (0..words.len()).filter(begins).filter_map(|at| self.function(&words, at)).collect()
    }

    fn function(&self, words: &[(usize, &str)], at: usize) -> Option<(String, usize, usize)> {
        let (first, name) = (words[at].0, words[at + 1].1.to_owned());
        let mut brackets = 0;
        let mut braces = 0;
        for (line, word) in &words[at..] {
            match *word {
                "(" | "[" => brackets += 1,
                ")" | "]" => brackets -= 1,
                ";" if brackets == 0 && braces == 0 => return None,
                "{" => braces += 1,
                "}" => {
                    braces -= 1;
                    if braces == 0 {
                        let body = self.code.lines().skip(first - 1).take(line - first + 1);
                        return Some((name, first, body.filter(|line| !line.trim().is_empty()).count()));
                    }
                }
                _ => {}
            }
        }
        None
    }
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

/// Follows one path from the word at `at`; returns the place after it.
fn branch(words: &[(usize, &str)], mut at: usize, before: &[String], found: &mut Vec<Vec<String>>) -> usize {
    let mut path = before.to_vec();
    loop {
        match words.get(at).map(|word| word.1) {
            Some("{") => return group(words, at + 1, &path, found),
            // A room brought in as itself.
            Some("self") if !path.is_empty() => {}
            Some(word) if is_name(word) || word == "*" => path.push(word.to_owned()),
            _ => return at,
        }
        at += 1;
        if words.get(at).map(|word| word.1) != Some("::") {
            // `as` gives another name, which is not part of the path.
            if words.get(at).map(|word| word.1) == Some("as") {
                at += 2;
            }
            found.push(path);
            return at;
        }
        // A turbofish ends the path as far as rooms are concerned.
        if words.get(at + 1).map(|word| word.1) == Some("<") {
            found.push(path);
            return at;
        }
        at += 1;
    }
}

/// Follows the members of a group up to its closing brace; returns the place after it.
fn group(words: &[(usize, &str)], mut at: usize, before: &[String], found: &mut Vec<Vec<String>>) -> usize {
    loop {
        match words.get(at).map(|word| word.1) {
            None => return at,
            Some("}") => return at + 1,
            Some(",") => at += 1,
            // At least one word further, whatever stands here.
            Some(_) => at = branch(words, at, before, found).max(at + 1),
        }
    }
}

fn is_name(word: &str) -> bool {
    word.starts_with(|c: char| c.is_alphabetic() || c == '_')
}

/// Cuts a line of code into names, numbers, `::`, `->`, `=>` and single other characters.
fn words(code: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let mut rest = code.trim_start();
    while let Some(first) = rest.chars().next() {
        let length = if first.is_alphanumeric() || first == '_' {
            rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len())
        } else if ["::", "->", "=>"].iter().any(|pair| rest.starts_with(pair)) {
            2
        } else {
            first.len_utf8()
        };
        words.push(&rest[..length]);
        rest = rest[length..].trim_start();
    }
    words
}

/// Puts blanks in the place of comments, strings and characters.
pub fn blank_out(text: &str) -> String {
    let mut code = String::with_capacity(text.len());
    let mut rest = text;
    let mut before = ' ';
    while let Some(first) = rest.chars().next() {
        let length = literal(rest, before);
        if length == 0 {
            code.push(first);
            before = first;
            rest = &rest[first.len_utf8()..];
        } else {
            code.extend(rest[..length].chars().map(|c| if c == '\n' { '\n' } else { ' ' }));
            before = ' ';
            rest = &rest[length..];
        }
    }
    code
}

/// How many bytes of a comment, a string or a character stand here; 0 if none does.
fn literal(text: &str, before: char) -> usize {
    let after_name = before.is_alphanumeric() || before == '_';
    if text.starts_with("//") {
        return text.find('\n').unwrap_or(text.len());
    }
    if text.starts_with("/*") {
        return block_comment(text);
    }
    let prefix = text.find(|c: char| !matches!(c, 'b' | 'r' | 'c' | '#')).unwrap_or(text.len());
    let (prefix, tail) = text.split_at(prefix);
    if tail.starts_with('"') && !after_name && (prefix.is_empty() || prefix.starts_with(['b', 'r', 'c'])) {
        let hashes = prefix.matches('#').count();
        return prefix.len() + if prefix.contains('r') { raw_string(tail, hashes) } else { string(tail) };
    }
    if text.starts_with('\'') { character(text) } else { 0 }
}

fn block_comment(text: &str) -> usize {
    let (mut depth, mut at) = (0, 0);
    while at < text.len() {
        if text[at..].starts_with("/*") {
            (depth, at) = (depth + 1, at + 2);
        } else if text[at..].starts_with("*/") {
            (depth, at) = (depth - 1, at + 2);
            if depth == 0 {
                return at;
            }
        } else {
            at += text[at..].chars().next().map_or(1, char::len_utf8);
        }
    }
    text.len()
}

fn raw_string(text: &str, hashes: usize) -> usize {
    let end = format!("\"{}", "#".repeat(hashes));
    text[1..].find(&end).map_or(text.len(), |at| 1 + at + end.len())
}

fn string(text: &str) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// A character such as `'x'` or `'\n'`; 0 for a lifetime or a label.
fn character(text: &str) -> usize {
    let mut inside = text.char_indices().skip(1);
    match inside.next() {
        Some((_, '\\')) => text[3..].find('\'').map_or(0, |at| at + 4),
        Some((_, c)) if text[1 + c.len_utf8()..].starts_with('\'') => 2 + c.len_utf8(),
        _ => 0,
    }
}
