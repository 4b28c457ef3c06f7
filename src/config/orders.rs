//! The words of the command line: what each is called, what it takes, what it does. The help, the completion and the reader
//! of a line have them from this one table.

use crate::model::Categories;

/// A word that a line can begin with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OrderWord {
    /// What it is called.
    pub name: &'static str,
    /// Another name, mostly a shorter one.
    pub alias: Option<&'static str>,
    /// What is written behind it.
    pub takes: &'static str,
    /// What it does, in a line.
    pub does: &'static str,
    /// What can follow it, where that is one of a few words.
    pub follows: &'static [&'static str],
    /// It changes what the screen shows, so that the plain mode does not have it.
    pub is_for_screen: bool,
}

const fn word(name: &'static str, takes: &'static str, does: &'static str) -> OrderWord {
    OrderWord { name, alias: None, takes, does, follows: &[], is_for_screen: false }
}

const fn with(word: OrderWord, alias: Option<&'static str>, follows: &'static [&'static str]) -> OrderWord {
    OrderWord { alias, follows, ..word }
}

const fn on_screen(word: OrderWord) -> OrderWord {
    OrderWord { is_for_screen: true, ..word }
}

/// Every word, in the order of the help.
pub const ORDERS: [OrderWord; 33] = [
    with(
        word(
            "add",
            "URL... [dir=DIR] [name=NAME] [limit=RATE] [priority=low|normal|high] [at=TIME|paused] [category=NAME] \
             [connections=N] [checksum=ALGO:SUM] [mirror=URL]",
            "add URLs or patterns of them, with what is said of them",
        ),
        None,
        &["dir=", "name=", "limit=", "priority=", "at=", "category=", "connections=", "checksum=", "mirror="],
    ),
    with(word("pause", "[all]", "pause these, or all"), None, &["all"]),
    with(word("resume", "[all]", "let these go on, or all"), None, &["all"]),
    word("retry", "", "try these again now"),
    with(word("start", "", "start these next, whatever the hour is"), Some("now"), &[]),
    with(word("at", "TIME|never", "start these at a time: 22:00, mon 07:30, in 2h"), None, &["in", "never"]),
    with(word("limit", "[this] RATE|none", "limit all downloads, or each of these"), None, &["this", "none"]),
    with(word("priority", "low|normal|high", "let these go before or after others"), None, &["low", "normal", "high"]),
    word("category", "NAME|auto|none", "give these a category; what is on disk stays where it is"),
    word("up", "", "move this one up in the queue"),
    word("down", "", "move this one down in the queue"),
    word("top", "", "move these to the beginning of the queue"),
    word("bottom", "", "move these to the end of the queue"),
    with(word("remove", "", "remove these from the list, keep the data"), Some("rm"), &[]),
    word("remove!", "", "remove these with their partial data"),
    word("undo", "", "take the last removal back, within ten seconds"),
    word("url", "URL", "give this one a new URL"),
    word("rename", "NAME", "give this one's file another name"),
    with(word("move", "DIR", "move these into another folder"), Some("mv"), &[]),
    with(word("check", "", "read finished files back and compare them"), Some("verify"), &[]),
    word("open", "", "open this one's file"),
    word("folder", "", "open the folder of this one's file"),
    with(word("copy", "url|path", "copy the URLs or the paths of these"), Some("yank"), &["url", "path"]),
    on_screen(word("filter", "[WORDS]", "show rows that hold words")),
    with(
        on_screen(word("sort", "COLUMN", "sort the list by a column, or as the queue runs")),
        None,
        &[
            "queue",
            "name",
            "size",
            "progress",
            "done",
            "speed",
            "eta",
            "connections",
            "state",
            "category",
            "added",
            "direction",
            "host",
        ],
    ),
    with(
        word("mark", "all|none|STATE|WORD", "mark rows"),
        None,
        &["all", "none", "active", "queued", "paused", "done", "failed"],
    ),
    with(
        on_screen(word("view", "VIEW", "show all, or some of the rows")),
        None,
        &["all", "active", "queued", "done", "failed", "uploads"],
    ),
    with(
        word("set", "folder|columns|limit|clipboard|confirm_quit VALUE", "change a setting until haul ends"),
        None,
        &["folder ", "columns ", "limit ", "clipboard ", "confirm_quit "],
    ),
    with(on_screen(word("write", "FILE", "write the list of URLs to a file")), Some("w"), &[]),
    word("log", "", "show this one's log"),
    word("help", "", "show all keys and words"),
    with(word("quit", "", "leave"), Some("q"), &[]),
    on_screen(word("!", "COMMAND", "run a command of the shell with the transfer in its environment")),
];

/// What the last word of a line can become, each time the whole line; where it is a category's name, one of these. One that is complete already is not among them.
pub fn complete(line: &str, categories: &Categories) -> Vec<String> {
    let begun = line.trim_start();
    let Some((first, rest)) = begun.split_once(' ') else {
        let names = ORDERS.iter().filter(|word| word.name.starts_with(begun) && word.name != "!");
        let whole =
            |word: &OrderWord| if word.takes.is_empty() { word.name.to_owned() } else { format!("{} ", word.name) };
        return names.map(whole).filter(|whole| whole != begun).collect();
    };
    let Some(word) = ORDERS.iter().find(|word| word.name == first || word.alias == Some(first)) else {
        return Vec::new();
    };
    let last = rest.rsplit(' ').next().unwrap_or("");
    let stem = &begun[..begun.len() - last.len()];
    let (option, begun) =
        if word.name == "add" { ("category=", last.strip_prefix("category=")) } else { ("", Some(last)) };
    let named = word.name == "category" || (word.name == "add" && begun.is_some());
    let names = categories.names().chain(["auto", "none"]).filter(|_| named);
    let names =
        names.filter(|name| begun.is_some_and(|begun| name.starts_with(begun))).map(|name| format!("{option}{name}"));
    let follows = word.follows.iter().filter(|next| next.starts_with(last)).map(|next| (*next).to_owned());
    // Only `add` takes more than one of its words.
    let several = word.name == "add" || !rest.trim_start().contains(' ');
    let all = follows.chain(names).filter(|next| several && next != last);
    all.map(|next| format!("{stem}{next}")).collect()
}
