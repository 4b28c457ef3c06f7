//! What is believed of a server over TLS, and what is tried again.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::{MIB, file, holds_no_finished_file, holds_only};
use crate::support::server::{Answer, Server};
use crate::support::{Nginx, Output, Sandbox};

/// Fails with these words, and without another attempt: none would help.
#[track_caller]
fn fails_at_once(output: Output, words: &[&str]) {
    let output = output.refused(words);
    assert!(!output.stderr.contains("again "), "{output:#?}");
}

#[test]
fn an_authority_that_is_not_trusted_is_refused_before_anything_is_sent() {
    let Some(nginx) = Nginx::start("") else { return };
    let sum = nginx.file("a.iso", 4, MIB);
    let url = nginx.https("a.iso");
    let sandbox = Sandbox::new();
    fails_at_once(sandbox.get(&[&url]), &["certificate", "no authority"]);
    holds_no_finished_file(&sandbox);
    assert_eq!(nginx.log(), "");
    let mut misled = Sandbox::new();
    misled.set("SSL_CERT_FILE", "/no/such.pem");
    fails_at_once(misled.get(&[&url]), &["no authority", "SSL_CERT_FILE names /no/such.pem, but no certificate"]);
    sandbox.get(&["-k", &url]).ok();
    holds_only(&sandbox, "a.iso", &sum);
}

#[test]
fn a_proxy_of_the_environment_that_speaks_tls_is_asked_as_the_user_trusts_it() {
    let Some(nginx) = Nginx::start("") else { return };
    let sum = nginx.file("a.iso", 4, MIB);
    let (mut sandbox, authority) = (Sandbox::new(), nginx.authority());
    sandbox.set("http_proxy", nginx.https("").trim_end_matches('/'));
    sandbox.get(&["--ca-cert", authority.to_str().unwrap(), "http://files.example.test/a.iso"]).ok();
    holds_only(&sandbox, "a.iso", &sum);
}

#[test]
fn a_certificate_for_another_host_is_refused() {
    let Some(nginx) = Nginx::start("") else { return };
    nginx.file("a.iso", 4, MIB);
    let authority = nginx.authority();
    let sandbox = Sandbox::new();
    // The certificate is for the name, not for the address.
    let url = nginx.https("a.iso").replace("localhost", "127.0.0.1");
    let output = sandbox.get(&["--ca-cert", authority.to_str().unwrap(), &url]);
    fails_at_once(output, &["certificate", "another host"]);
    holds_no_finished_file(&sandbox);
}

#[test]
fn a_certificate_that_has_signed_itself_is_believed_if_the_user_names_it() {
    let Some(nginx) = Nginx::self_signed() else { return };
    let sum = nginx.file("a.iso", 4, MIB);
    let own = nginx.authority();
    let sandbox = Sandbox::new();
    let trusting = ["--ca-cert", own.to_str().unwrap()];
    fails_at_once(sandbox.get(&[&nginx.https("a.iso")]), &["certificate"]);
    let elsewhere = nginx.https("a.iso").replace("localhost", "127.0.0.1");
    fails_at_once(sandbox.get(&[&trusting[..], &[&elsewhere]].concat()), &["another host"]);
    holds_no_finished_file(&sandbox);
    sandbox.get(&[&trusting[..], &[&nginx.https("a.iso")]].concat()).ok();
    holds_only(&sandbox, "a.iso", &sum);
}

#[test]
fn one_that_is_out_of_date_is_not_believed_though_the_user_names_it() {
    let Some(nginx) = Nginx::self_signed_long_ago() else { return };
    nginx.file("a.iso", 4, MIB);
    let own = nginx.authority();
    let sandbox = Sandbox::new();
    fails_at_once(sandbox.get(&["--ca-cert", own.to_str().unwrap(), &nginx.https("a.iso")]), &["expired"]);
    holds_no_finished_file(&sandbox);
}

#[test]
fn a_port_that_speaks_no_tls_is_no_reason_to_ask_again() {
    let Some(nginx) = Nginx::start("") else { return };
    nginx.file("a.iso", 4, MIB);
    let sandbox = Sandbox::new();
    let url = nginx.http("a.iso").replace("http:", "https:");
    fails_at_once(sandbox.get(&[&url]), &["no secure connection", "does not speak TLS"]);
    holds_no_finished_file(&sandbox);
}

/// A port that leads to another one, and that changes a byte of what comes back, once.
fn damaging(port: u16, at: usize) -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let own = listener.local_addr().unwrap().port();
    let done = Arc::new(AtomicBool::new(false));
    std::thread::spawn(move || {
        for client in listener.incoming() {
            let (client, server) = (client.unwrap(), TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap());
            let (asking, asked) = (client.try_clone().unwrap(), server.try_clone().unwrap());
            std::thread::spawn(move || relay(asking, asked, |_, _| {}));
            let done = done.clone();
            std::thread::spawn(move || {
                relay(server, client, |position, bytes| {
                    let place = at.checked_sub(position).filter(|place| *place < bytes.len());
                    if let Some(place) = place.filter(|_| !done.swap(true, Ordering::Relaxed)) {
                        bytes[place] ^= 1;
                    }
                });
            });
        }
    });
    own
}

fn relay(mut from: TcpStream, mut to: TcpStream, mut change: impl FnMut(usize, &mut [u8])) {
    let (mut buffer, mut position) = ([0; 16384], 0);
    while let Ok(length @ 1..) = from.read(&mut buffer) {
        change(position, &mut buffer[..length]);
        position += length;
        if to.write_all(&buffer[..length]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(std::net::Shutdown::Both);
}

#[test]
fn what_was_damaged_on_the_way_is_asked_for_again() {
    let Some(nginx) = Nginx::start("") else { return };
    let sum = nginx.file("a.iso", 4, 4 * MIB);
    let own = nginx.authority();
    let (port, through) = (nginx.https_port(), damaging(nginx.https_port(), 300_000));
    let url = nginx.https("a.iso").replace(&port.to_string(), &through.to_string());
    let sandbox = Sandbox::new();
    let output = sandbox.get(&["-x", "1", "--ca-cert", own.to_str().unwrap(), &url]).ok();
    assert!(output.stderr.contains("again "), "{output:#?}");
    holds_only(&sandbox, "a.iso", &sum);
}

/// A proxy that connects whatever host is asked for to this port. It takes nobody any more once the program is gone.
fn tunnel_to(port: u16) -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let own = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for mut client in listener.incoming().flatten() {
            let mut server = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
            let (mut head, mut byte) = (Vec::new(), [0]);
            while !head.ends_with(b"\r\n\r\n") && client.read(&mut byte).is_ok_and(|read| read > 0) {
                head.push(byte[0]);
            }
            assert!(head.starts_with(b"CONNECT "), "{}", String::from_utf8_lossy(&head));
            client.write_all(b"HTTP/1.1 200 OK\r\n\r\n").unwrap();
            let (mut from, mut to) = (client.try_clone().unwrap(), server.try_clone().unwrap());
            std::thread::spawn(move || std::io::copy(&mut from, &mut to));
            std::thread::spawn(move || std::io::copy(&mut server, &mut client));
        }
    });
    own
}

#[test]
fn a_redirect_from_https_to_http_takes_no_login_along() {
    let Some(nginx) = Nginx::start_with("", "return 302 http://named.example/b;") else { return };
    // Names that no DNS has: this machine's own may be told anything.
    let plain = Server::new().file("http://named.example/b", file(Answer::new())).start();
    let mut sandbox = Sandbox::new();
    sandbox.set("https_proxy", format!("http://127.0.0.1:{}", tunnel_to(nginx.https_port())));
    sandbox.set("http_proxy", format!("http://{}", plain.address()));
    let netrc = sandbox.path("home/.netrc");
    std::fs::write(&netrc, "machine named.example login me password hunter2").unwrap();
    std::fs::set_permissions(&netrc, std::fs::Permissions::from_mode(0o600)).unwrap();
    for user in ["", "me@", "me:hunter2@"] {
        sandbox.get(&["-k", "--allow-http", "-o", "b", "--overwrite", &format!("https://{user}named.example/a")]).ok();
        let shown = plain.seen().requests.iter().find_map(|request| request.header("authorization").map(str::to_owned));
        assert_eq!(shown, None, "{user:?}");
    }
}
