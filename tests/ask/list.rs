//! Lists of URLs.

use std::path::PathBuf;

use haul::ask::{Entry, read_entries, read_metalink};

fn read(text: &[u8]) -> Result<Vec<Entry>, String> {
    read_entries("list.txt", text)
}

#[test]
fn a_list_is_urls_with_blanks_and_comments() {
    let text =
        b"\xef\xbb\xbfhttps://a.example/1\r\n\n# no\n   \n  # no either\n\thttps://a.example/2\nhttps://a.example/3";
    let urls: Vec<String> = read(text).unwrap().iter().map(|entry| entry.source.to_string()).collect();
    assert_eq!(urls, ["https://a.example/1", "https://a.example/2", "https://a.example/3"]);
    assert_eq!(read(b"").unwrap(), []);
}

#[test]
fn indented_lines_belong_to_the_url_above() {
    let text = b"https://a.example/1\n  out=sub/one.iso\n\tdir=/srv\n  header=X-One: a=b\n  header=X-Two: c\n  \
        checksum=md5=D41D8CD98F00B204E9800998ECF8427E\nhttps://a.example/2\n";
    let entries = read(text).unwrap();
    let first = &entries[0];
    assert_eq!(first.output, Some(PathBuf::from("sub/one.iso")));
    assert_eq!(first.folder, Some(PathBuf::from("/srv")));
    let headers: Vec<_> = first.headers.iter().map(|header| (header.name.as_str(), header.value.as_str())).collect();
    assert_eq!(headers, [("X-One", "a=b"), ("X-Two", "c")]);
    assert_eq!(first.checksum.as_ref().unwrap().to_string(), "md5:d41d8cd98f00b204e9800998ecf8427e");
    assert_eq!(entries[1], Entry::new(entries[1].source.clone()));
}

#[test]
fn tabs_divide_a_url_from_its_mirrors() {
    let text = b"https://a.example/1\t https://b.example/1 \t\thttp://c.example/1\t\n  mirror=http://d.example/1\n";
    let entries = read(text).unwrap();
    let mirrors: Vec<String> = entries[0].mirrors.iter().map(ToString::to_string).collect();
    assert_eq!((entries.len(), entries[0].source.to_string().as_str()), (1, "https://a.example/1"));
    assert_eq!(mirrors, ["https://b.example/1", "http://c.example/1", "http://d.example/1"]);
}

#[test]
fn a_metalink_is_an_entry_for_each_of_its_files() {
    let text = br#"<metalink xmlns="urn:ietf:params:xml:ns:metalink">
        <file name="a.iso"><size>7</size><hash type="md5">d41d8cd98f00b204e9800998ecf8427e</hash>
        <url priority="2">https://b.example/a.iso</url><url priority="1">https://a.example/a.iso</url></file>
        <file name="b.iso"><url>ftp://a.example/b.iso</url></file>
        <file name="c.iso"><url>https://a.example/c.iso</url></file></metalink>"#;
    let (entries, left) = read_metalink("x.meta4", &text[..]).unwrap();
    assert_eq!(left.unwrap(), "x.meta4: one of its files is left out: it can't be had over http or https");
    let urls: Vec<String> = entries.iter().map(|entry| entry.source.to_string()).collect();
    assert_eq!(urls, ["https://a.example/a.iso", "https://a.example/c.iso"]);
    assert_eq!(entries[0].described.as_ref().unwrap().length, Some(7));
    let why = read_metalink("x.meta4", &b"<html></html>"[..]).unwrap_err();
    assert!(why.starts_with("x.meta4 is no metalink"), "{why}");
}

#[test]
fn a_mistake_names_its_line() {
    let long = [b"https://a.example/".to_vec(), vec![b'a'; 70_000]].concat();
    let table: [(&[u8], &str); 11] = [
        (b"https://a.example/\nnonsense\n", "line 2: \"nonsense\" is not a URL"),
        (b"\nftp://a.example/\n", "line 2: haul knows no ftp"),
        (b"https://a.example/1\tftp://b.example/1\n", "line 1: haul knows no ftp"),
        (b"https://a.example/1\n  mirror=b\n", "line 2: \"b\" is not a URL"),
        (b"  out=x\n", "line 1: an indented line belongs to the URL above"),
        (b"https://a.example/\n  split=3\n", "line 2: an indented line is out="),
        (b"https://a.example/\n  out=\n", "line 2: nothing stands after"),
        (b"https://a.example/\n  checksum=md5:1\n", "line 2: a md5 checksum has 32 hex digits"),
        (b"https://a.example/\n  header=range: bytes=0-3\n", "line 2: the header range is set by haul itself"),
        (b"https://a.example/\n\xff\xfe\n", "line 2: this is not UTF-8"),
        (&long, "line 1: it is longer"),
    ];
    for (text, wanted) in table {
        let why = read(text).unwrap_err();
        assert!(why.starts_with("list.txt, ") && why.contains(wanted), "{why}");
    }
}

#[test]
fn a_secret_in_a_bad_header_is_not_repeated() {
    let why = read(b"https://a.example/\n  header=Authorization hunter2\n").unwrap_err();
    assert!(!why.contains("hunter2"), "{why}");
}
