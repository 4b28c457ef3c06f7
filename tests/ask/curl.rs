//! Pasted "copy as cURL" commands.

use haul::ask::{Entry, read_curl, read_pasted};

fn read(text: &str) -> Result<Vec<Entry>, String> {
    read_curl(text).expect("a curl command")
}

fn headers(entry: &Entry) -> Vec<(&str, &str)> {
    entry.headers.iter().map(|header| (header.name.as_str(), header.value.as_str())).collect()
}

#[test]
fn what_chrome_copies() {
    let text = "curl 'https://dl.example/f.iso?sig=%2F' \\\n  -H 'accept: */*' \\\n  -H 'Accept-Encoding: gzip' \\\n  \
        -b $'a=1; b=it\\'s \\u00fc\\u0021' \\\n  -H 'referer: https://example/' \\\n  -H 'user-agent: Mozilla/5.0 (X11)' \\\n  \
        --compressed";
    let entries = read(text).unwrap();
    assert_eq!(entries.len(), 1);
    assert_eq!(entries[0].source.url().as_str(), "https://dl.example/f.iso?sig=%2F");
    let wanted = [
        ("accept", "*/*"),
        ("Cookie", "a=1; b=it's ü!"),
        ("referer", "https://example/"),
        ("user-agent", "Mozilla/5.0 (X11)"),
    ];
    assert_eq!(headers(&entries[0]), wanted);
}

/// A browser that has the file in its cache asks whether that is still good: haul has nothing, and would get nothing.
#[test]
fn what_a_browser_asks_for_its_cache_is_left_out() {
    let text = "curl http://a/f -H 'If-None-Match: \"v1\"' -H 'if-modified-since: Tue, 01 Sep 2026 10:00:00 GMT' \
        -H 'If-Match: \"v1\"' -H 'If-Unmodified-Since: Tue, 01 Sep 2026 10:00:00 GMT' -H 'Range: bytes=1-' -H 'X: 1'";
    assert_eq!(headers(&read(text).unwrap()[0]), [("X", "1")]);
}

#[test]
fn what_people_type() {
    let entries = read("curl -sSLo out.bin -A haul -u me:secret -XGET -e https://a/ \"http://e.org/a b\"");
    assert!(entries.is_err(), "a blank in a URL is refused");
    let entries = read("curl -sSLo out.bin -A 'a b' -u me:secret -XGET --referer=https://a/ e.org/a").unwrap();
    assert_eq!(entries[0].source.to_string(), "http://e.org/a");
    assert_eq!(entries[0].output.as_deref(), Some("out.bin".as_ref()));
    let wanted = [("User-Agent", "a b"), ("Authorization", "Basic bWU6c2VjcmV0"), ("Referer", "https://a/")];
    assert_eq!(headers(&entries[0]), wanted);
}

#[test]
fn several_and_patterns() {
    let urls = |text| -> Vec<String> { read(text).unwrap().iter().map(|entry| entry.source.to_string()).collect() };
    assert_eq!(urls("curl 'http://a/1' -H 'X: 1' ;\ncurl 'http://a/2'"), ["http://a/1", "http://a/2"]);
    let lines = read("curl 'http://a/1' -H 'X: 1'\r\ncurl 'http://a/2' \\\r\n -H 'Y: 2'\n  -H 'Z: 3'\n").unwrap();
    assert_eq!(lines.iter().map(headers).collect::<Vec<_>>(), [vec![("X", "1")], vec![("Y", "2"), ("Z", "3")]]);
    assert_eq!(urls("curl -O http://a/1; curl -O http://a/2&curl http://a/3 && curl http://a/4 &").len(), 4);
    assert_eq!(urls("curl http://a/1?b=2&c=3;d http://a/2"), ["http://a/1?b=2&c=3;d", "http://a/2"]);
    assert_eq!(urls("curl 'http://a/1;' -H 'X: a > b | c'"), ["http://a/1;"]);
    assert_eq!(urls("curl 'http://a/[1-2]'"), ["http://a/1", "http://a/2"]);
    assert_eq!(urls("curl -g 'http://a/[1-2]'"), ["http://a/[1-2]"]);
    assert_eq!(urls("curl --url http://a/1 -O http://a/2 -O"), ["http://a/1", "http://a/2"]);
}

#[test]
fn each_url_has_its_own_output() {
    let outputs = |text: &str| -> Vec<Option<String>> {
        let output = |entry: &Entry| entry.output.as_ref().map(|path| path.to_str().unwrap().to_owned());
        read(text).unwrap().iter().map(output).collect()
    };
    let some = |name: &str| Some(name.to_owned());
    assert_eq!(outputs("curl -o one http://a/1 -o two http://a/2"), [some("one"), some("two")]);
    assert_eq!(outputs("curl http://a/1 http://a/2 http://a/3 -o one -o two"), [some("one"), some("two"), None]);
    assert_eq!(outputs("curl -O http://a/1 -o two http://a/2"), [None, some("two")]);
    assert_eq!(outputs("curl -o one -o two http://a/1"), [some("one")]);
    let made = outputs("curl 'http://{a,b}/[1-2].bin' -o 'f#2-#1#3.bin' http://c/ -o 'x#1'");
    assert_eq!(made, ["f1-a#3.bin", "f2-a#3.bin", "f1-b#3.bin", "f2-b#3.bin", "x#1"].map(some));
    assert_eq!(outputs("curl -g 'http://a/[1-2]' -o 'f#1'"), [some("f#1")]);
    assert!(read("curl 'http://a/[1-2]' -o s3cret").unwrap_err().contains("write #1 where they differ"));
}

/// Text that was pasted may be a page's: it names a file, and never a place.
#[test]
fn a_pasted_command_writes_nowhere_but_to_the_folder() {
    let pasted = |output: &str| {
        let text = format!("curl http://a/f -o '{output}' --output-dir /etc");
        let entry = read_pasted(&text).unwrap().unwrap().remove(0);
        assert_eq!(entry.folder, None);
        assert_eq!(entry.output, None, "it is nobody's word");
        entry.suggested
    };
    for (output, name) in [
        ("f.iso", "f.iso"),
        ("/tmp/elsewhere/f.iso", "f.iso"),
        ("../../f.iso", "f.iso"),
        ("..\\f.iso", "f.iso"),
        ("~/.ssh/.rc", "rc"),
        ("-rf\u{202e}", "rf"),
    ] {
        assert_eq!(pasted(output).as_deref(), Some(name), "{output}");
    }
    for output in ["-", "..", "/tmp/", ".", &"x".repeat(256)] {
        assert_eq!(pasted(output), None, "{output}: the URL's own name is taken");
    }
    let typed = read("curl http://a/f -o /tmp/.f --output-dir /etc").unwrap().remove(0);
    assert_eq!((typed.output, typed.folder), (Some("/tmp/.f".into()), Some("/etc".into())), "what is typed is meant");
    assert!(read_pasted("http://a/f").is_none() && read_pasted("curl http://a/f -d x").unwrap().is_err());
}

#[test]
fn several_cookies_are_one_header_and_a_login_has_a_colon() {
    let entries = read("curl -b a=b http://a/ --cookie 'c=d; e=f' -u me").unwrap();
    assert_eq!(headers(&entries[0]), [("Cookie", "a=b; c=d; e=f"), ("Authorization", "Basic bWU6")]);
}

#[test]
fn a_header_that_ends_in_a_semicolon_is_one_like_any_other() {
    let entries = read("curl http://a/ -H 'Cookie: a=1; b=2;' -H 'X-None;' -H 'Accept:' -H ':authority: a'").unwrap();
    assert_eq!(headers(&entries[0]), [("Cookie", "a=1; b=2;")]);
}

#[test]
fn what_haul_can_not_do_is_refused_in_a_sentence_without_secrets() {
    for (text, why) in [
        ("curl http://a/ --data-raw 'token=s3cret'", "--data-raw"),
        ("curl http://a/ -ds3cret", "-d"),
        ("curl http://a/ -F f=@s3cret", "-F"),
        ("curl -X POST http://a/?s3cret", "GET"),
        ("curl -b s3cret.txt http://a/", "cookies"),
        ("curl -k http://a/", "--insecure"),
        ("curl --proto-redir s3cret http://a/", "--proto-redir"),
        ("curl -H 's3cret' http://a/", "Name: value"),
        ("curl 'http://a/s3cret", "quote"),
        ("curl -s", "no URL"),
        ("curl http://a/ -H", "no value"),
        ("curl http://a/ ; rm s3cret", "only curl"),
        ("curl http://a/\nrm s3cret", "only curl"),
        ("curl http://a/ > s3cret", "with > goes on beyond curl"),
        ("curl http://a/ 2>&1", "with > goes on beyond curl"),
        ("curl http://a/ | sh s3cret", "with | goes on beyond curl"),
    ] {
        let told = read(text).unwrap_err();
        assert!(told.contains(why) && !told.contains("s3cret"), "{text}: {told}");
    }
}

#[test]
fn other_text_is_no_command() {
    for text in ["", "curl", "curly https://a/", "https://curl.se/", "wget http://a/"] {
        assert!(read_curl(text).is_none(), "{text}");
    }
}
