//! The checksums that an answer's header announces, of the whole file or of this body alone. Pure: what can't be
//! understood announces nothing.

use reqwest::header::HeaderMap;
use sfv::{Dictionary, ListEntry, Parser};

use super::fields::named;
use crate::model::{Algorithm, Announced, ByteRange, Checksum, Weight};

/// A header block with more digests than this means no good.
const MOST: usize = 32;
/// What S3 and those that speak its dialect call a checksum.
const AMAZON: [(&str, Algorithm); 5] = [
    ("x-amz-checksum-sha256", Algorithm::Sha256),
    ("x-amz-checksum-sha1", Algorithm::Sha1),
    ("x-amz-checksum-crc32", Algorithm::Crc32),
    ("x-amz-checksum-crc32c", Algorithm::Crc32c),
    ("x-amz-checksum-crc64nvme", Algorithm::Crc64Nvme),
];
/// The CRC-64 of OSS, TOS and COS: a decimal number, of the whole object even beside a part of it.
const ECMA: [&str; 3] = ["x-oss-hash-crc64ecma", "x-tos-hash-crc64ecma", "x-cos-hash-crc64ecma"];

/// What a header block announces of the file's bytes as they are sent, its content coding included. `part` says which
/// bytes the body holds where it is a part (206), else it is the whole file.
pub fn announced_digests(headers: &HeaderMap, part: Option<ByteRange>) -> Vec<Announced> {
    let mut found = Vec::new();
    structured(headers, "repr-digest", None, &mut found);
    structured(headers, "content-digest", part, &mut found);
    instance(headers, &mut found);
    content_md5(headers, part, &mut found);
    if is_stored(headers) {
        google(headers, &mut found);
        amazon(headers, part, &mut found);
        for name in ECMA {
            let sums = named(headers, name).filter_map(|value| Checksum::of_decimal(Algorithm::Crc64, &value));
            found.extend(sums.map(|sum| whole(sum, Weight::Firm)));
        }
        found.extend(entity_tag(headers).map(|sum| whole(sum, Weight::Hint)));
    }
    let mut agreed = without_contradictions(&found);
    agreed.truncate(MOST);
    agreed
}

fn whole(checksum: Checksum, weight: Weight) -> Announced {
    Announced { range: None, checksum, weight }
}

/// Two sums of one kind for the same bytes that differ say nothing.
fn without_contradictions(found: &[Announced]) -> Vec<Announced> {
    let mut agreed: Vec<Announced> = Vec::new();
    for one in found {
        let same = |other: &Announced| other.range == one.range && other.checksum.algorithm == one.checksum.algorithm;
        let weighty = |other: &&Announced| same(other) && other.weight >= one.weight;
        let contradicted = found.iter().filter(weighty).any(|other| other.checksum != one.checksum);
        if !contradicted && !agreed.iter().any(same) {
            agreed.push(one.clone());
        }
    }
    agreed
}

/// Repr-Digest and Content-Digest (RFC 9530, sections 2 and 3): a dictionary of byte sequences.
fn structured(headers: &HeaderMap, name: &str, range: Option<ByteRange>, found: &mut Vec<Announced>) {
    let field = named(headers, name).collect::<Vec<_>>().join(", ");
    let Ok(members) = Parser::new(&field).parse::<Dictionary>() else { return };
    for (key, member) in members {
        let Some(algorithm) = registered(key.as_str()) else { continue };
        if let ListEntry::Item(item) = member
            && let Some(bytes) = item.bare_item.as_byte_sequence()
            && let Some(checksum) = Checksum::of_bytes(algorithm, bytes)
        {
            found.push(Announced { range, checksum, weight: Weight::Firm });
        }
    }
}

/// Digest (RFC 3230, with RFC 5843's SHA-2): of the whole file whichever part of it was sent.
fn instance(headers: &HeaderMap, found: &mut Vec<Announced>) {
    for field in named(headers, "digest") {
        for (name, value) in pairs(&field) {
            let Some(algorithm) = registered(&name.to_ascii_lowercase()) else { continue };
            let sum = Checksum::of_base64(algorithm, value).or_else(|| Checksum::of_hex(algorithm, value));
            found.extend(sum.map(|sum| whole(sum, Weight::Firm)));
        }
    }
}

/// What IANA's registry of HTTP digest algorithms calls them, as far as haul knows them.
fn registered(name: &str) -> Option<Algorithm> {
    Some(match name {
        "md5" => Algorithm::Md5,
        "sha" => Algorithm::Sha1,
        "sha-256" => Algorithm::Sha256,
        "sha-512" => Algorithm::Sha512,
        "crc32c" => Algorithm::Crc32c,
        _ => return None,
    })
}

/// Content-MD5 (RFC 1864): of this body. Beside a part it is often the whole file's, which is why HTTP has dropped it
/// (RFC 7231, appendix B).
fn content_md5(headers: &HeaderMap, part: Option<ByteRange>, found: &mut Vec<Announced>) {
    let weight = if part.is_some() { Weight::Hint } else { Weight::Firm };
    let sums = named(headers, "content-md5").filter_map(|value| Checksum::of_base64(Algorithm::Md5, &value));
    found.extend(sums.map(|checksum| Announced { range: part, checksum, weight }));
}

/// x-goog-hash: of the stored object, in one field or in several.
fn google(headers: &HeaderMap, found: &mut Vec<Announced>) {
    for field in named(headers, "x-goog-hash") {
        for (name, value) in pairs(&field) {
            let algorithm = match name {
                "crc32c" => Algorithm::Crc32c,
                "md5" => Algorithm::Md5,
                _ => continue,
            };
            found.extend(Checksum::of_base64(algorithm, value).map(|sum| whole(sum, Weight::Firm)));
        }
    }
}

/// x-amz-checksum-*: a composite one is a checksum of checksums (it ends in -N, which no base64 does), and beside a
/// part it may be that part's.
fn amazon(headers: &HeaderMap, part: Option<ByteRange>, found: &mut Vec<Announced>) {
    let kind = named(headers, "x-amz-checksum-type").next();
    let full = kind.as_deref().is_some_and(|kind| kind.eq_ignore_ascii_case("FULL_OBJECT"));
    let composite = kind.is_some() && !full;
    if composite || (part.is_some() && !full) {
        return;
    }
    for (name, algorithm) in AMAZON {
        let sums = named(headers, name).filter(|value| !value.contains('-'));
        let sums = sums.filter_map(|value| Checksum::of_base64(algorithm, &value));
        found.extend(sums.map(|sum| whole(sum, Weight::Firm)));
    }
}

/// S3's ETag is the MD5 of an object that was uploaded in one piece and not encrypted with a key of its own.
fn entity_tag(headers: &HeaderMap) -> Option<Checksum> {
    let encrypted = named(headers, "x-amz-server-side-encryption").any(|how| !how.eq_ignore_ascii_case("AES256"))
        || named(headers, "x-amz-server-side-encryption-customer-algorithm").next().is_some();
    named(headers, "x-amz-request-id").next()?;
    let tag = named(headers, "etag").next().filter(|_| !encrypted)?;
    Checksum::of_hex(Algorithm::Md5, tag.strip_prefix('"')?.strip_suffix('"')?)
}

/// True if the body's bytes are the stored object's own. Google unpacks an object that is stored as gzip for one who
/// takes no gzip, and a proxy that packs what was stored plain makes the ETag a weak one.
fn is_stored(headers: &HeaderMap) -> bool {
    let coding = |name: &str| named(headers, name).next().filter(|coding| !coding.eq_ignore_ascii_case("identity"));
    let sent = coding("content-encoding").filter(|coding| !coding.is_empty());
    let unpacked = named(headers, "warning").any(|warning| warning.trim_start().starts_with("214"));
    let google = named(headers, "x-goog-hash").next().is_some();
    if google && coding("x-goog-stored-content-encoding") != sent {
        return false;
    }
    let weak = named(headers, "etag").next().is_none_or(|tag| tag.starts_with("W/"));
    !unpacked && (google || sent.is_none() || !weak)
}

/// `name=value` pairs between commas.
fn pairs(field: &str) -> impl Iterator<Item = (&str, &str)> {
    field.split(',').filter_map(|piece| {
        let (name, value) = piece.split_once('=')?;
        Some((name.trim(), value.trim()))
    })
}
