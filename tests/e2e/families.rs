//! A host with an IPv6 and an IPv4 address whose IPv6 does not answer at all.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream};
use std::process::{Command, Stdio};

use rustix::net::{AddressFamily, SocketFlags, SocketType, bind, connect, listen, socket_with};

use crate::support::Sandbox;

/// Listens on `[::1]:port` with so short a queue, already full, that further connections are never answered.
fn black_hole(port: u16) -> Option<Vec<rustix::fd::OwnedFd>> {
    let address = SocketAddr::from((Ipv6Addr::LOCALHOST, port));
    let socket = || socket_with(AddressFamily::INET6, SocketType::STREAM, SocketFlags::NONBLOCK, None).ok();
    let listener = socket()?;
    bind(&listener, &address).ok()?;
    listen(&listener, 0).ok()?;
    let mut held = vec![listener];
    for _ in 0..4 {
        let waiting = socket()?;
        let _ = connect(&waiting, &address);
        held.push(waiting);
    }
    Some(held)
}

fn answer(mut client: TcpStream) {
    let mut request = [0; 4096];
    let _ = client.read(&mut request);
    let _ = client.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello");
}

#[test]
fn an_ipv6_that_does_not_answer_falls_back_to_ipv4_long_before_the_connect_timeout() {
    let server = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = server.local_addr().unwrap().port();
    let Some(_held) = black_hole(port) else {
        eprintln!("skipped: no IPv6 on this machine's loopback");
        return;
    };
    let sandbox = Sandbox::new();
    std::fs::write(sandbox.path("hosts"), "::1 both.test\n127.0.0.1 both.test\n").unwrap();
    // A mount of its own, so that a name has both addresses for this program alone.
    let mount = format!("mount --bind {} /etc/hosts", sandbox.path("hosts").display());
    let may = Command::new("unshare").args(["-m", "sh", "-c", &mount]).stderr(Stdio::null()).status();
    if !may.is_ok_and(|status| status.success()) {
        eprintln!("skipped: this user may not mount");
        return;
    }
    std::thread::spawn(move || server.incoming().flatten().for_each(answer));
    // One attempt, with a connect timeout that would be the end of the test: what comes has come over IPv4 in time.
    let haul = format!(
        "{mount} && exec {} get -q --retries 0 --connect-timeout 600 http://both.test:{port}/x",
        env!("CARGO_BIN_EXE_haul")
    );
    let mut command = Command::new("timeout");
    command.args(["60", "unshare", "-m", "sh", "-c", &haul]).current_dir(sandbox.downloads());
    let output = command.env_clear().envs(sandbox.variables().iter().cloned()).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    assert_eq!(std::fs::read(sandbox.downloads().join("x")).unwrap(), b"hello");
}
