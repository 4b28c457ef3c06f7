//! The help at widths where it has one column and where it has two.

use haul::config::{Action, ORDERS};

use super::stage;

/// The words of a text, whatever stands between them.
fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn nothing_of_the_help_is_cut_at_any_width() {
    for width in [40, 80, 129, 130, 131, 140, 170, 200] {
        let mut stage = stage::empty();
        let text = stage.sized(width, 250).press("?").text();
        assert!(!text.contains('…'), "{width}: {text}");
        assert!(text.lines().all(|line| line.chars().count() <= usize::from(width)));
        if width < 130 {
            let words = words(&text);
            for action in [Action::Back, Action::Quit, Action::Suspend] {
                assert!(words.contains(action.describe()), "{width}: {}: {text}", action.describe());
            }
        }
    }
}

#[test]
fn both_columns_stand_in_line_and_end_whole() {
    for width in [130, 131, 140, 160, 170] {
        let mut stage = stage::empty();
        let text = stage.sized(width, 250).press("?").text();
        let half = usize::from(width / 2);
        let column = |from: usize, to: usize| {
            let cells = |line: &str| line.chars().skip(from).take(to - from).collect::<String>();
            words(&text.lines().map(cells).collect::<Vec<_>>().join(" "))
        };
        let (left, right) = (column(0, half), column(half, usize::from(width)));
        for action in [Action::TogglePause, Action::NewUrl, Action::Check] {
            assert!(left.contains(action.describe()), "{width}: {}: {text}", action.describe());
        }
        for action in [Action::Back, Action::Quit] {
            assert!(right.contains(action.describe()), "{width}: {}: {text}", action.describe());
        }
    }
}

#[test]
fn all_that_an_order_takes_can_be_read_and_stands_apart_from_what_it_does() {
    for width in [60, 100, 160] {
        let mut stage = stage::empty();
        let text = words(&stage.sized(width, 250).press("?").text());
        for word in ORDERS {
            let said = words(&format!("{} {}", word.takes, word.does));
            assert!(text.contains(&said), "{width}: {said}");
        }
    }
}
