//! Files with logins and cookies: a mistake is told in a harmless sentence, and nothing tells a secret.

use haul::protocol::{Cookies, Netrc};

use super::name::is_harmless;
use super::pick::Pick;

/// A word that stands where secrets stand, and nowhere else.
const SECRET: &str = "Hunter2";

pub fn hold(bytes: &[u8]) -> bool {
    let netrc = told(Netrc::parse(bytes).map(|netrc| format!("{netrc:?}")));
    let cookies = told(Cookies::parse(bytes).map(|cookies| format!("{cookies:?}")));
    with_a_secret(&mut Pick::new(bytes));
    (netrc && !bytes.is_empty()) || cookies
}

/// True if there is something to use.
fn told(read: Result<String, String>) -> bool {
    let is_used = read.as_ref().is_ok_and(|text| !text.contains("(0"));
    let text = read.unwrap_or_else(|why| why);
    assert!(is_harmless(&text), "{text:?}");
    is_used
}

fn with_a_secret(pick: &mut Pick<'_>) {
    let (before, between, behind) = (pick.text(20), pick.text(6), pick.text(20));
    let texts = [
        format!("{before}\nmachine host{between} login me password \"{SECRET}{behind}"),
        format!("machine host login {SECRET} {between}password {SECRET}{behind}"),
        format!("{before}\nhost\tTRUE\t/{between}\tFALSE\t{between}0\tname\t{SECRET}{behind}"),
        format!("host\tFALSE\t/\tTRUE\t0\t{between}name\t{SECRET}\t{behind}"),
    ];
    let free = [&before, &between, &behind].iter().all(|text| !text.contains(SECRET));
    for text in texts.iter().filter(|_| free) {
        for said in [
            Netrc::parse(text.as_bytes()).map_or_else(|why| why, |netrc| format!("{netrc:?}")),
            Cookies::parse(text.as_bytes()).map_or_else(|why| why, |cookies| format!("{cookies:?}")),
        ] {
            assert!(!said.contains(SECRET) && is_harmless(&said), "{text:?} is told as {said:?}");
        }
    }
}
