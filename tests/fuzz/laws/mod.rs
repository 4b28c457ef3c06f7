//! What must hold for any bytes whatever. Each law panics where haul breaks it, and is true if the bytes were such that
//! haul could use them, so that a corpus which tries nothing but refusals is noticed.

mod answer;
mod checkpoint;
mod content_range;
mod digest;
mod disposition;
mod journal;
mod logins;
mod metalink;
mod name;
mod pick;
mod retry_after;
mod settings;
mod source;

/// Holds haul to one thing for these bytes.
pub type Law = fn(&[u8]) -> bool;

/// Every law with its name, which is also that of its fuzz target and of its folder of seeds.
pub const LAWS: [(&str, Law); 12] = [
    ("answer", answer::hold),
    ("checkpoint", checkpoint::hold),
    ("content_range", content_range::hold),
    ("digest", digest::hold),
    ("disposition", disposition::hold),
    ("journal", journal::hold),
    ("logins", logins::hold),
    ("metalink", metalink::hold),
    ("name", name::hold),
    ("retry_after", retry_after::hold),
    ("settings", settings::hold),
    ("source", source::hold),
];
