//! Patterns of URLs.

use haul::ask::{MOST_OF_A_PATTERN, expand};
use haul::model::Source;

#[test]
fn a_pattern_stands_for_its_urls() {
    let cases: &[(&str, &[&str])] = &[
        ("https://e.org/a", &["https://e.org/a"]),
        ("x[1-3]", &["x1", "x2", "x3"]),
        ("x[08-10].jpg", &["x08.jpg", "x09.jpg", "x10.jpg"]),
        ("x[3-1]", &["x3", "x2", "x1"]),
        ("[0-20:10]", &["0", "10", "20"]),
        ("[a-e:2]", &["a", "c", "e"]),
        ("{one,two,}", &["one", "two", ""]),
        ("{a,b}[1-2]", &["a1", "a2", "b1", "b2"]),
        (r"\[1-3\]\{a,b\}", &["[1-3]{a,b}"]),
        ("ü[1-2]ü", &["ü1ü", "ü2ü"]),
    ];
    for (text, urls) in cases {
        assert_eq!(expand(text).unwrap(), *urls, "{text}");
    }
}

#[test]
fn brackets_without_a_pattern_stay() {
    for text in [
        "https://[::1]:8080/a",
        "https://[2001:db8::1-2]/a",
        "a?b[]=1",
        "a[b]",
        "{x}",
        "[1-",
        "{a,",
        "[a-Z]",
        "[1-2:0]",
        "][",
        // JSON in a query, as a browser's address line has it.
        r#"a?q={"k":[1,2],"l":{"m":3,"n":4}}"#,
        "a?q={%22k%22:1,%22l%22:{%22m%22:3,%22n%22:4}}",
        "a?q={k:[1,2]}",
    ] {
        assert_eq!(expand(text).unwrap(), [text], "{text}");
    }
    let urls = expand("http://[::1]:8080/[1-2]").unwrap();
    assert_eq!(urls, ["http://[::1]:8080/1", "http://[::1]:8080/2"]);
    assert!(urls.iter().all(|url| Source::parse(url).is_ok()));
}

#[test]
fn a_choice_in_a_choice_is_a_mistake() {
    assert!(expand("{x,{y,z}}").unwrap_err().contains("-g"));
    assert_eq!(expand(r"{a[1],b}{c,d}").unwrap(), ["a[1]c", "a[1]d", "bc", "bd"]);
}

#[test]
fn no_pattern_fills_the_memory() {
    assert_eq!(expand("[1-10000]").unwrap().len(), MOST_OF_A_PATTERN);
    for text in
        ["[0-10000]", "[1-18446744073709551615]", "[1-99999999999999999999]", "[1-101][1-100]", "{a,b}[1-10000]"]
    {
        assert!(expand(text).is_err(), "{text}");
    }
}
