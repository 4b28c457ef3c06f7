//! The names of commands and options.

use std::path::Path;

use haul::cli::{Command, completions};
use haul::config::Settings;

use super::support::arguments;

const URL: &str = "https://example.org/a.iso";

#[test]
fn a_word_that_is_no_command_is_said_to_be_none() {
    for (words, says) in [
        (&["gte", URL][..], "there is no command \"gte\"; did you mean \"get\"?"),
        (&["cp", "f", "s3://b/k"], "there is no command \"cp\"; did you mean \"put\"?"),
        (&["rm", "x"], "there is no command \"rm\" (haul --help"),
        (&["version"], "did you mean --version?"),
    ] {
        let why = arguments(words).unwrap().screen.specs(Path::new("/here"), &b""[..]).unwrap_err().to_string();
        assert!(why.contains(says), "{words:?}: {why}");
    }
    for command in ["get", "put", "ls", "presign", "add", "list", "run", "demo", "completions"] {
        let why = arguments(&[&format!("{command}x")]).unwrap().screen.specs(Path::new("/"), &b""[..]).unwrap_err();
        assert!(why.to_string().contains(&format!("{command:?}")), "{command}: {why}");
    }
}

#[test]
fn what_means_nothing_to_a_command_is_no_option_of_it() {
    for words in [&["put", "f", "s3://b/k"][..], &["ls", "s3://b/"]] {
        for option in [&["--on-change", "fail"][..], &["--allow-http"]] {
            let why = arguments(&[words, option].concat()).err().unwrap();
            assert!(why.contains(&format!("unexpected argument '{}'", option[0])), "{words:?} {option:?}: {why}");
        }
    }
    assert!(arguments(&["ls", "s3://b/", "-j", "2"]).err().unwrap().contains("unexpected argument '-j'"));
    let mut settings = Settings::default();
    arguments(&["put", "f", "s3://b/k", "-j", "2"]).unwrap().apply(&mut settings);
    assert_eq!(settings.transfers, Some(2));
}

#[test]
fn completions_know_the_words_of_options() {
    let script = String::from_utf8(completions(clap_complete::Shell::Bash)).unwrap();
    assert!(script.contains("low normal high") && script.contains("restart ask fail"));
}

#[test]
fn completions_know_the_commands() {
    let Some(Command::Completions { shell }) = arguments(&["completions", "bash"]).unwrap().command else {
        panic!("not completions");
    };
    let script = String::from_utf8(completions(shell)).unwrap();
    assert!(script.contains("--connect-timeout") && script.contains("demo"));
}
