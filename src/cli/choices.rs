//! Options that take one of a few words, which completions then offer.

use clap::builder::{PossibleValuesParser, TypedValueParser};

use crate::model::{OnChange, Priority};

/// Reads a priority.
pub(super) fn priority() -> impl TypedValueParser<Value = Priority> {
    PossibleValuesParser::new(["low", "normal", "high"]).try_map(|word| word.parse::<Priority>())
}

/// Reads what is done about a file that has changed on its server.
pub(super) fn on_change() -> impl TypedValueParser<Value = OnChange> {
    PossibleValuesParser::new(["restart", "ask", "fail"]).try_map(|word| word.parse::<OnChange>())
}
