//! Names in Content-Disposition, as real servers write them.

use haul::protocol::Asked;

use super::driver::first;
use crate::support::server::Answer;

/// The name that an answer with these raw bytes as its Content-Disposition gives.
fn name(value: &[u8]) -> Option<String> {
    let mut answer = b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Disposition: ".to_vec();
    answer.extend_from_slice(value);
    answer.extend_from_slice(b"\r\n\r\nx");
    first(Answer::raw(answer), Asked::From(0)).unwrap().resource.name
}

#[test]
fn names_come_out_as_they_are_meant() {
    for (value, expected) in [
        ("attachment", None),
        ("", None),
        ("attachment; filename=", None),
        ("attachment; filename=\"\"", None),
        ("attachment; filename=\"  \"", None),
        ("attachment; filename=a.txt", Some("a.txt")),
        ("attachment; filename=\"a.txt\"", Some("a.txt")),
        ("attachment;filename=\"a.txt\";", Some("a.txt")),
        ("ATTACHMENT ; FileName = \"a.txt\" ; size=5", Some("a.txt")),
        ("inline; filename=\"a.txt\"", Some("a.txt")),
        ("filename=a.txt", Some("a.txt")),
        ("attachment; filename=\"a; filename=b.txt\"", Some("a; filename=b.txt")),
        ("attachment; filename=\"a \\\"b\\\" c.txt\"", Some("a \"b\" c.txt")),
        ("attachment; filename=\"a\\\\b.txt\"", Some("a\\b.txt")),
        ("attachment; filename=a b c.txt", Some("a b c.txt")),
        ("attachment; filename=\"open.txt", Some("open.txt")),
        ("attachment; filename=\"a%20b%E2%82%AC.txt\"", Some("a b€.txt")),
        ("attachment; filename=\"100%.txt\"", Some("100%.txt")),
        ("attachment; filename=\"%ff.txt\"", Some("%ff.txt")),
        ("attachment; filename=\"日本.txt\"", Some("日本.txt")),
        ("attachment; xfilename=a.txt", None),
        ("attachment; filename=\"../../etc/passwd\"", Some("../../etc/passwd")),
    ] {
        assert_eq!(name(value.as_bytes()).as_deref(), expected, "{value}");
    }
}

#[test]
fn the_extended_form_wins_if_it_can_be_read() {
    for (value, expected) in [
        ("attachment; filename*=UTF-8''a%20b%e2%82%ac.txt", "a b€.txt"),
        ("attachment; filename=\"plain.txt\"; filename*=UTF-8''extended.txt", "extended.txt"),
        ("attachment; filename*=UTF-8''extended.txt; filename=\"plain.txt\"", "extended.txt"),
        ("attachment; filename*=utf-8'en'a.txt", "a.txt"),
        ("attachment; filename*=ISO-8859-1''%E9.txt", "é.txt"),
        ("attachment; filename*=GBK''%C4%E3%BA%C3.txt", "你好.txt"),
        ("attachment; filename*=\"UTF-8''quoted.txt\"", "quoted.txt"),
        ("attachment; filename=plain.txt; filename*=nonsense''a.txt", "plain.txt"),
        ("attachment; filename=plain.txt; filename*=UTF-8''%ff.txt", "plain.txt"),
        ("attachment; filename=plain.txt; filename*=a.txt", "plain.txt"),
        ("attachment; filename=plain.txt; filename*=UTF-8''", "plain.txt"),
        ("attachment; filename=plain.txt; filename*=UTF-8''%20", "plain.txt"),
    ] {
        assert_eq!(name(value.as_bytes()).as_deref(), Some(expected), "{value}");
    }
}

#[test]
fn mail_words_and_raw_bytes_are_read() {
    for (value, expected) in [
        (&b"attachment; filename=\"=?UTF-8?B?5pel5pysLnR4dA==?=\""[..], "日本.txt"),
        (b"attachment; filename=\"=?utf-8?q?a_b=E2=82=AC=2Etxt?=\"", "a b€.txt"),
        (b"attachment; filename=\"=?UTF-8?B?5pel?= =?UTF-8?B?5pys?=\"", "日本"),
        (b"attachment; filename=\"=?GBK?B?xOO6ww==?=.txt\"", "=?GBK?B?xOO6ww==?=.txt"),
        (b"attachment; filename=\"=?GBK?B?xOO6ww==?=\"", "你好"),
        (b"attachment; filename=\"=?UTF-8?X?abc?=\"", "=?UTF-8?X?abc?="),
        (b"attachment; filename=\"caf\xe9.txt\"", "café.txt"),
        (b"attachment; filename=\"caf\xc3\xa9.txt\"", "café.txt"),
    ] {
        assert_eq!(name(value).as_deref(), Some(expected), "{}", String::from_utf8_lossy(value));
    }
}
