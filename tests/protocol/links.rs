//! Link headers as servers of metalinks send them, and as they must not be read.

use haul::model::Source;
use haul::protocol::duplicates;
use reqwest::header::{HeaderMap, HeaderValue, LINK};

fn found(at: &str, values: &[&str]) -> Vec<String> {
    let mut headers = HeaderMap::new();
    for value in values {
        headers.append(LINK, HeaderValue::from_str(value).unwrap());
    }
    let found = duplicates(&headers, &Source::parse(at).unwrap());
    found.into_iter().map(|source| source.url().to_string()).collect()
}

#[test]
fn duplicates_come_in_the_order_of_their_priority() {
    let values = [
        r#"<http://two.example/f>; rel=duplicate; pri=2; geo="gb""#,
        r#"<http://last.example/f>; rel="duplicate", <http://one.example/f>; PRI=1; REL="nofollow Duplicate"; pref"#,
    ];
    let order = ["http://one.example/f", "http://two.example/f", "http://last.example/f"];
    assert_eq!(found("http://a.example/f", &values), order);
}

#[test]
fn commas_and_semicolons_within_quotes_and_angles_divide_nothing() {
    let value = r#"<http://b.example/f,1;2>; title="a, <http://no.example/>; rel=\"duplicate\""; rel=duplicate, </c>; rel=duplicate"#;
    assert_eq!(found("http://a.example/x/f", &[value]), ["http://b.example/f,1;2", "http://a.example/c"]);
}

#[test]
fn what_is_no_other_place_of_the_same_file_is_left_out() {
    let others = [
        r#"<http://b.example/f.meta4>; rel=describedby; type="application/metalink4+xml""#,
        "<http://b.example/f>",
        "<http://b.example/f>; title=duplicate",
        "<ftp://b.example/f>; rel=duplicate",
        "<oss://bucket/f?endpoint=http://b.example&region=cn-hangzhou>; rel=duplicate",
        "<s3://bucket/f?endpoint=http://b.example>; rel=duplicate",
        "<tos://bucket/f?region=cn-beijing>; rel=duplicate",
        "<chunk+http://b.example/f>; rel=duplicate",
        "<f>; rel=duplicate",
        "<http://b.example/f; rel=duplicate",
        "http://b.example/f; rel=duplicate",
        "<http://>; rel=duplicate",
        "<>; rel=duplicate",
    ];
    assert!(found("http://a.example/f", &others).is_empty());
    // What came over https is not asked for over plain http.
    let plain = ["<http://b.example/f>; rel=duplicate", "<https://c.example/f>; rel=duplicate"];
    assert_eq!(found("https://a.example/f", &plain), ["https://c.example/f"]);
    assert_eq!(found("s3://bucket/f", &["</g>; rel=duplicate", plain[0], plain[1]]), ["https://c.example/f"]);
}

#[test]
fn a_flood_of_links_is_cut() {
    let many: Vec<String> = (0..1000).map(|number| format!("<http://b.example/{number}>; rel=duplicate")).collect();
    assert_eq!(found("http://a.example/f", &[&many.join(", ")]).len(), 32);
}
