//! A host with an IPv6 and an IPv4 address whose IPv6 does not answer at all.

use std::collections::BTreeSet;
use std::io::{Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream};
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};

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

/// Runs `haul get` where these are the names of hosts, in a mount of its own; `None` if this user may not mount.
fn get(sandbox: &Sandbox, hosts: &str, options: &[&str]) -> Option<Output> {
    std::fs::write(sandbox.path("hosts"), hosts).unwrap();
    let mount = format!("mount --bind {} /etc/hosts", sandbox.path("hosts").display());
    let may = Command::new("unshare").args(["-m", "sh", "-c", &mount]).stderr(Stdio::null()).status();
    if !may.is_ok_and(|status| status.success()) {
        eprintln!("skipped: this user may not mount");
        return None;
    }
    let haul = format!("{mount} && exec \"$0\" get -q \"$@\"");
    let mut command = Command::new("timeout");
    command.args(["60", "unshare", "-m", "sh", "-c", &haul, env!("CARGO_BIN_EXE_haul")]).args(options);
    command.current_dir(sandbox.downloads()).env_clear().envs(sandbox.variables().iter().cloned());
    Some(command.output().unwrap())
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
    std::thread::spawn(move || server.incoming().flatten().for_each(answer));
    // One attempt, with a connect timeout that would be the end of the test: what comes has come over IPv4 in time.
    let url = format!("http://both.test:{port}/x");
    let options = ["--retries", "0", "--connect-timeout", "600", &url];
    let Some(output) = get(&sandbox, "::1 both.test\n127.0.0.1 both.test\n", &options) else { return };
    assert!(output.status.success(), "{output:?}");
    assert_eq!(std::fs::read(sandbox.downloads().join("x")).unwrap(), b"hello");
}

/// Bytes of the file that several addresses serve.
const LENGTH: usize = 6 << 20;

/// The addresses on which connections came, and who waits for more of them.
type Met = Arc<(Mutex<BTreeSet<IpAddr>>, Condvar)>;

/// Answers a request for a part, but for a beginning only once connections have come on three addresses.
fn serve_part(mut client: TcpStream, met: &Met) -> Option<()> {
    let mut request = Vec::new();
    let mut chunk = [0; 4096];
    while !request.windows(4).any(|window| window == b"\r\n\r\n") {
        let count = client.read(&mut chunk).ok().filter(|count| *count > 0)?;
        request.extend_from_slice(&chunk[..count]);
    }
    let text = String::from_utf8_lossy(&request).to_lowercase();
    let (start, end) = text.split("range: bytes=").nth(1)?.lines().next()?.split_once('-')?;
    let (start, end) = (start.parse::<usize>().ok()?, end.trim().parse::<usize>().map_or(LENGTH, |last| last + 1));
    let head = format!(
        "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes {start}-{}/{LENGTH}\r\nContent-Length: {}\r\nETag: \"one\"\r\n\r\n",
        end - 1,
        end - start
    );
    client.write_all(head.as_bytes()).ok()?;
    client.write_all(&vec![7; 100_000]).ok()?;
    met.0.lock().unwrap().insert(client.local_addr().ok()?.ip());
    met.1.notify_all();
    drop(met.1.wait_while(met.0.lock().unwrap(), |met| met.len() < 3).unwrap());
    client.write_all(&vec![7; (end - start).saturating_sub(100_000)]).ok()
}

/// What a server answers with the file.
const HELLO: &str = "200 OK\r\nContent-Length: 5\r\n\r\nhello";

/// Answers on one connection until it is closed: at the first address that the server is busy, and at all others with the file.
fn serve_but_at_the_first(mut client: TcpStream) -> Option<()> {
    let is_ill = client.local_addr().ok()?.ip() == Ipv4Addr::LOCALHOST;
    let answer = if is_ill { "503 Busy\r\nContent-Length: 0\r\n\r\n" } else { HELLO };
    let mut request = [0; 4096];
    while client.read(&mut request).ok()? > 0 {
        client.write_all(format!("HTTP/1.1 {answer}").as_bytes()).ok()?;
    }
    Some(())
}

#[test]
fn where_one_address_has_trouble_another_one_is_tried() {
    let server = TcpListener::bind((Ipv4Addr::UNSPECIFIED, 0)).unwrap();
    let url = format!("http://many.test:{}/x", server.local_addr().unwrap().port());
    std::thread::spawn(move || {
        for client in server.incoming().flatten() {
            std::thread::spawn(move || serve_but_at_the_first(client));
        }
    });
    let sandbox = Sandbox::new();
    let options = ["--retries", "1", "--retry-wait", "0", &url];
    let Some(output) = get(&sandbox, "127.0.0.1 many.test\n127.0.0.2 many.test\n", &options) else { return };
    assert!(output.status.success(), "{output:?}");
    assert_eq!(std::fs::read(sandbox.downloads().join("x")).unwrap(), b"hello");
}

#[test]
fn the_addresses_of_a_name_are_used_side_by_side() {
    let server = TcpListener::bind((Ipv4Addr::UNSPECIFIED, 0)).unwrap();
    let url = format!("http://many.test:{}/x", server.local_addr().unwrap().port());
    let met = Met::default();
    let shared = met.clone();
    std::thread::spawn(move || {
        for client in server.incoming().flatten() {
            let met = shared.clone();
            std::thread::spawn(move || serve_part(client, &met));
        }
    });
    let sandbox = Sandbox::new();
    let hosts = "127.0.0.1 many.test\n127.0.0.2 many.test\n127.0.0.3 many.test\n";
    // The file comes only if all three addresses were used at the same time.
    let Some(output) = get(&sandbox, hosts, &["-x", "3", &url]) else { return };
    assert!(output.status.success(), "{output:?}");
    assert_eq!(std::fs::read(sandbox.downloads().join("x")).unwrap(), vec![7; LENGTH]);
    assert_eq!(met.0.lock().unwrap().len(), 3);
}

#[test]
fn where_all_addresses_have_trouble_their_connections_are_kept() {
    let server = TcpListener::bind((Ipv4Addr::UNSPECIFIED, 0)).unwrap();
    let url = format!("http://many.test:{}/x", server.local_addr().unwrap().port());
    let (connections, requests) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let opened = connections.clone();
    std::thread::spawn(move || {
        for mut client in server.incoming().flatten() {
            opened.fetch_add(1, Ordering::Relaxed);
            let asked = requests.clone();
            std::thread::spawn(move || {
                let mut request = [0; 4096];
                while client.read(&mut request).is_ok_and(|count| count > 0) {
                    let is_busy = asked.fetch_add(1, Ordering::Relaxed) < 8;
                    let answer = if is_busy { "503 Slow Down\r\nContent-Length: 0\r\n\r\n" } else { HELLO };
                    client.write_all(format!("HTTP/1.1 {answer}").as_bytes()).unwrap();
                }
            });
        }
    });
    let sandbox = Sandbox::new();
    let options = ["--retries", "20", "--retry-wait", "0", &url];
    let Some(output) = get(&sandbox, "127.0.0.1 many.test\n127.0.0.2 many.test\n", &options) else { return };
    assert!(output.status.success(), "{output:?}");
    assert_eq!(std::fs::read(sandbox.downloads().join("x")).unwrap(), b"hello");
    assert_eq!(connections.load(Ordering::Relaxed), 2, "one to each");
}
