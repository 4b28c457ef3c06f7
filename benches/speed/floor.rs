//! The floor: a program that does nothing but receive and write. It checks nothing, keeps nothing for a resume and divides the
//! file evenly, so that no client can cost much less. The bench starts itself as this program.

use std::fs::File;
use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::FileExt;

use rustix::event::{PollFd, PollFlags, poll};

/// The first word of a command line that wants the floor.
pub const WORD: &str = "--floor";
/// What one call receives at most.
const BUFFER: usize = 256 * 1024;
/// So many calls for one connection before the next has its turn.
const TURNS: usize = 4;

/// One connection, and what it is to bring.
struct Part {
    stream: TcpStream,
    position: u64,
    end: u64,
}

/// Fetches `[URL, TARGET, CONNECTIONS]`; plain HTTP alone, and the server has to give ranges.
pub fn fetch(words: &[String]) -> Result<(), String> {
    let [url, target, connections] = words else { return Err("URL TARGET CONNECTIONS".to_owned()) };
    let (host, path) = url.strip_prefix("http://").and_then(|rest| rest.split_once('/')).ok_or("no plain URL")?;
    let count: u64 = connections.parse().map_err(|_| "no number of connections")?;
    receive(host, path, target, count).map_err(|error| error.to_string())
}

fn receive(host: &str, path: &str, target: &str, count: u64) -> io::Result<()> {
    let (_, head, _) = ask(host, &format!("HEAD /{path} HTTP/1.1\r\nHost: {host}\r\n\r\n"))?;
    let length = head.to_ascii_lowercase().split("content-length:").nth(1).map(|rest| rest.trim_start().to_owned());
    let length = length.and_then(|rest| rest.split("\r\n").next()?.parse().ok());
    let length: u64 = length.ok_or(ErrorKind::InvalidData)?;
    let file = File::create(target)?;
    file.set_len(length)?;
    let mut parts = Vec::new();
    for number in 0..count {
        let (mut position, end) = (length * number / count, length * (number + 1) / count);
        let range = format!("Range: bytes={position}-{}", end - 1);
        let (stream, _, begun) = ask(host, &format!("GET /{path} HTTP/1.1\r\nHost: {host}\r\n{range}\r\n\r\n"))?;
        stream.set_nonblocking(true)?;
        file.write_all_at(&begun, position)?;
        position += begun.len() as u64;
        parts.push(Part { stream, position, end });
    }
    let mut buffer = vec![0; BUFFER];
    loop {
        parts.retain(|part| part.position < part.end);
        if parts.is_empty() {
            return Ok(());
        }
        let mut waits: Vec<PollFd> = parts.iter().map(|part| PollFd::new(&part.stream, PollFlags::IN)).collect();
        poll(&mut waits, None)?;
        let ready: Vec<bool> = waits.iter().map(|wait| !wait.revents().is_empty()).collect();
        for (part, _) in parts.iter_mut().zip(ready).filter(|(_, ready)| *ready) {
            drain(part, &file, &mut buffer)?;
        }
    }
}

/// Sends a request; the connection, the answer's head, and what of its body came with it.
fn ask(host: &str, request: &str) -> io::Result<(TcpStream, String, Vec<u8>)> {
    let mut stream = TcpStream::connect(host)?;
    stream.write_all(request.as_bytes())?;
    let (mut come, mut buffer) = (Vec::new(), [0; 4096]);
    loop {
        let count = stream.read(&mut buffer)?;
        if count == 0 {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        come.extend_from_slice(&buffer[..count]);
        if let Some(at) = come.windows(4).position(|four| four == b"\r\n\r\n") {
            let body = come.split_off(at + 4);
            return Ok((stream, String::from_utf8_lossy(&come).into_owned(), body));
        }
    }
}

/// Writes what has come, a few buffers at most.
fn drain(part: &mut Part, file: &File, buffer: &mut [u8]) -> io::Result<()> {
    for _ in 0..TURNS {
        let wanted = buffer.len().min((part.end - part.position) as usize);
        match part.stream.read(&mut buffer[..wanted]) {
            Ok(0) if wanted > 0 => return Err(ErrorKind::UnexpectedEof.into()),
            Ok(count) => {
                file.write_all_at(&buffer[..count], part.position)?;
                part.position += count as u64;
                if count < wanted || part.position == part.end {
                    return Ok(());
                }
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
