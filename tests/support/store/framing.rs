//! Bodies with their checksum behind the bytes (`aws-chunked`), read apart from haul's own code.

use super::request::Request;
use super::verify::No;

/// What a store makes of checksums behind the bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Trailers {
    /// It compares them, and tells them with its answer.
    #[default]
    Compared,
    /// It takes the bytes, and says nothing of the checksum.
    Silent,
    /// It refuses such requests.
    Refused,
    /// It knows nothing of them, and keeps what stands around the bytes too.
    Kept,
}

/// The bytes of a body, and the checksum that came behind them.
pub(super) fn unframed(request: &Request, body: Vec<u8>, trailers: Trailers) -> Result<(Vec<u8>, Option<String>), No> {
    let is_framed = request.header("x-amz-content-sha256") == Some("STREAMING-UNSIGNED-PAYLOAD-TRAILER");
    match trailers {
        _ if !is_framed => Ok((body, None)),
        Trailers::Kept => Ok((body, None)),
        Trailers::Refused => Err((501, "NotImplemented", "Transfer-Encoding is not implemented.".to_owned())),
        Trailers::Compared | Trailers::Silent => {
            let (bytes, trailer) = read(&body).ok_or_else(|| broken("The request body is no aws-chunked one."))?;
            if request.header("x-amz-decoded-content-length") != Some(&bytes.len().to_string()) {
                return Err(broken("The decoded length is another one."));
            }
            let (name, value) = trailer.split_once(':').ok_or_else(|| broken("No trailer."))?;
            if request.header("x-amz-trailer") != Some(name) || name != "x-amz-checksum-crc64nvme" {
                return Err(broken("Another trailer than was announced."));
            }
            let sum = value.to_owned();
            Ok((bytes, Some(sum)))
        }
    }
}

fn broken(why: &str) -> No {
    (400, "IncompleteBody", why.to_owned())
}

/// The bytes and the one line behind them.
fn read(mut body: &[u8]) -> Option<(Vec<u8>, String)> {
    let mut bytes = Vec::new();
    loop {
        let end = body.windows(2).position(|pair| pair == b"\r\n")?;
        let size = usize::from_str_radix(std::str::from_utf8(&body[..end]).ok()?, 16).ok()?;
        body = &body[end + 2..];
        if size == 0 {
            let trailer = body.strip_suffix(b"\r\n\r\n")?;
            return Some((bytes, String::from_utf8(trailer.to_vec()).ok()?));
        }
        // A chunk that is not the last has at least 8 KiB.
        let (chunk, rest) = body.split_at_checked(size)?;
        bytes.extend_from_slice(chunk);
        body = rest.strip_prefix(b"\r\n")?;
        if size < 8192 && !body.starts_with(b"0\r\n") {
            return None;
        }
    }
}
