//! Lists of checksums, as the tools of the world write them.

use haul::model::{Source, Sums, find_sum};
use proptest::prelude::*;

const MD5: &str = "d41d8cd98f00b204e9800998ecf8427e";
const SHA1: &str = "da39a3ee5e6b4b0d3255bfef95601890afd80709";
const ONE: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
const TWO: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

fn found(text: &str, name: &str) -> Option<String> {
    find_sum(text, "SHA256SUMS", name).map(|sum| sum.to_string())
}

#[test]
fn every_tools_lines_are_read() {
    for (text, name, wanted) in [
        (format!("{ONE}  a.iso\n{TWO}  b.iso\n"), "b.iso", format!("sha256:{TWO}")),
        (format!("{TWO} *a.iso\r\n"), "a.iso", format!("sha256:{TWO}")),
        (format!("\u{feff}# made today\n\n{} a.iso", TWO.to_uppercase()), "a.iso", format!("sha256:{TWO}")),
        (format!("SHA256 (a (1).iso) = {TWO}\n"), "a (1).iso", format!("sha256:{TWO}")),
        (format!("SHA2-256(a.iso)= {TWO}\n"), "a.iso", format!("sha256:{TWO}")),
        (format!("MD5 (a.iso) = {MD5}\n"), "a.iso", format!("md5:{MD5}")),
        // Several checksums of one file: the one that proves most.
        (
            format!("MD5 (a.iso) = {MD5}\nSHA256 (a.iso) = {TWO}\nSHA1 (a.iso) = {SHA1}\n"),
            "a.iso",
            format!("sha256:{TWO}"),
        ),
        (format!("{SHA1}  pool/a.iso\n{MD5}  pool/a.iso\n"), "a.iso", format!("sha1:{SHA1}")),
        (format!("{MD5}  a.iso\n"), "a.iso", format!("md5:{MD5}")),
        (format!("{SHA1}\ta.iso\n"), "a.iso", format!("sha1:{SHA1}")),
        (format!("{TWO}  ./pool/a.iso\n{ONE}  ./pool/b.iso\n"), "a.iso", format!("sha256:{TWO}")),
        (format!("{ONE}  old/a.iso\n{TWO}  a.iso\n"), "a.iso", format!("sha256:{TWO}")),
        (format!("\\{TWO}  a\\nb\\\\c\n"), "a\nb\\c", format!("sha256:{TWO}")),
        (format!("{TWO}   leading.iso\n"), "leading.iso", format!("sha256:{TWO}")),
        (format!("{TWO}\n"), "whatever.iso", format!("sha256:{TWO}")),
        (
            format!(
                "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\n{TWO} *a.iso\n-----BEGIN PGP SIGNATURE-----\n"
            ),
            "a.iso",
            format!("sha256:{TWO}"),
        ),
    ] {
        assert_eq!(found(&text, name), Some(wanted), "{text:?}");
    }
    assert_eq!(find_sum(&format!("{ONE}  a"), "B3SUMS", "a").map(|sum| sum.to_string()), Some(format!("blake3:{ONE}")));
}

#[test]
fn what_is_unsure_is_no_answer() {
    for text in [
        String::new(),
        "<!DOCTYPE html><title>Not Found</title>".to_owned(),
        format!("{ONE}  b.iso\n"),
        format!("{ONE}  a.iso.asc\n{TWO}  xa.iso\n"),
        // Two things of one name.
        format!("{ONE}  a.iso\n{TWO}  a.iso\n"),
        format!("{ONE}  x/a.iso\n{TWO}  y/a.iso\n"),
        format!("{SHA1}  x/a.iso\n{TWO}  y/a.iso\n"),
        format!("{MD5}  a.iso\n{TWO}  a.iso\n{}  a.iso\n", MD5.replace('d', "e")),
        // A bare sum among others.
        format!("{ONE}\n{TWO}\n"),
        format!("{}  a.iso\n", &ONE[1..]),
        format!("{}  a.iso\n", "g".repeat(64)),
        format!("SHA9 (a.iso) = {ONE}\n"),
    ] {
        assert_eq!(found(&text, "a.iso"), None, "{text:?}");
    }
    assert!(find_sum(&format!("{ONE}{ONE}  a.iso"), "B2SUMS", "a.iso").is_none());
}

#[test]
fn lists_are_looked_for_beside_the_file_and_without_its_secrets() {
    let source = Source::parse("https://host/pool/a.iso?token=1#x").unwrap();
    let places: Vec<String> = Sums::Beside.places(&source).iter().map(|place| place.url().to_string()).collect();
    assert_eq!(places[0], "https://host/pool/a.iso.sha256");
    for name in ["SHA256SUMS", "a.iso.sha256sum", "a.iso.sha512sum"] {
        assert!(places.contains(&format!("https://host/pool/{name}")), "{places:?}");
    }
    assert!(places.iter().all(|place| !place.contains("token")) && places.len() <= 12, "{places:?}");
    // Of an object, what stands there is where its bucket is; its version is not that of what lies beside it.
    let object = Source::parse("s3://b/dir/a%20b?endpoint=http://e:1&region=r&versionId=7").unwrap();
    let places: Vec<String> = Sums::Beside.places(&object).iter().map(|place| place.url().to_string()).collect();
    assert_eq!(places[0], "s3://b/dir/a%20b.sha256?endpoint=http://e:1&region=r");
    assert!(places.contains(&"s3://b/dir/SHA256SUMS?endpoint=http://e:1&region=r".to_owned()), "{places:?}");
    let there: Sums = "https://other/list".parse().unwrap();
    assert_eq!(there.places(&source), [Source::parse("https://other/list").unwrap()]);
    assert_eq!((there.text(), Sums::Beside.text()), ("https://other/list".to_owned(), "auto".to_owned()));
    for sums in [there, Sums::Beside] {
        assert_eq!(sums.text().parse(), Ok(sums));
    }
    assert!("beside".parse::<Sums>().is_err() && "ftp://host/x".parse::<Sums>().is_err());
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in "(?s).{0,200}", name in ".{0,20}") {
        let _ = find_sum(&text, "SHA256SUMS", &name);
        let _ = find_sum(&format!("{ONE} {text}"), &name, &name);
    }
}
