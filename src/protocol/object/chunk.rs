//! The plain chunk upload (`chunk+http:`, `chunk+https:`): each chunk is a form with its number, its MD5, how many there
//! are and the file's name; a list tells which ones the server has, and `/merge` makes one file of them.

use std::sync::Arc;

use bytes::Bytes;
use reqwest::header::{AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, Response};
use serde_json::Value;
use url::Url;

use super::body::{Broken, Framed};
use super::document::is_modest;
use crate::model::{Algorithm, Checksum, Fault, FaultKind, harmless};
use crate::protocol::http::{Call, Login, beginning};
use crate::protocol::{Bounds, BoxFuture, Http, Payload, Place, Put, StoredObject, StoredPart, retry_after};

/// The name by which such a server would call the file.
const NAME: &str = "filename";
/// What the one upload is called that there is of each name.
const UPLOAD: &str = "chunks";
/// A list of a hundred thousand chunks with their MD5s has about so many bytes.
const LONGEST: usize = 16 << 20;
/// So much of a server's own words is shown.
const LONGEST_WORDS: usize = 200;

/// The driver for plain chunk uploads.
#[derive(Debug)]
pub struct Chunks {
    http: Arc<Http>,
}

/// Where a file goes: the server's address and what the file is called there.
struct Target {
    base: Url,
    name: String,
    headers: HeaderMap,
}

/// An answer that says what is so.
struct Told {
    status: u16,
    value: Value,
}

impl Chunks {
    /// A driver that goes over these HTTP clients.
    pub fn new(http: Arc<Http>) -> Self {
        Self { http }
    }

    async fn ask(
        &self,
        place: &Place,
        url: Url,
        method: Method,
        mut headers: HeaderMap,
        form: Option<Form<'_>>,
    ) -> Result<Told, Fault> {
        let broken = Broken::default();
        if let Some(form) = &form {
            headers.insert(CONTENT_TYPE, form.media()?);
            headers.insert(CONTENT_LENGTH, HeaderValue::from(form.length()));
        } else if method == Method::POST {
            headers.insert(CONTENT_LENGTH, HeaderValue::from(0));
        }
        let body = || form.as_ref().map(|form| reqwest::Body::wrap(form.body(&broken)));
        let call =
            Call { method, url: &url, subject: &place.source, headers, body: &body, brief: false, forgives: false };
        let answer = self.http.call(call).await;
        if let Some(fault) = broken.take() {
            return Err(fault);
        }
        told(place, answer?).await
    }

    /// What the server has of the file; `None` if it does not know it.
    async fn list(&self, place: &Place) -> Result<Option<Vec<StoredPart>>, Fault> {
        let target = Target::of(place)?;
        let told = self.ask(place, target.named(""), Method::GET, target.headers, None).await?;
        if told.status == 404 || told.value["total_chunks"].is_null() {
            return Ok(None);
        }
        let chunks = told.value["uploaded"].as_array().ok_or_else(|| odd(place))?;
        let part = |number: &Value| {
            let chunk = number.as_u64()?;
            let md5 = told.value["md5"][chunk.to_string()].as_str();
            let sum = md5.and_then(|md5| Checksum::of_hex(Algorithm::Md5, md5));
            let etag = sum.as_ref().map(|sum| sum.hex.clone()).unwrap_or_default();
            Some(StoredPart { number: u32::try_from(chunk).ok()?.checked_add(1)?, length: None, etag, sum, md5: None })
        };
        let mut parts: Vec<StoredPart> = chunks.iter().filter_map(part).collect();
        parts.sort_by_key(|part| part.number);
        Ok(Some(parts))
    }

    /// Makes one file of all chunks; `None` if the server knows none of this name, or not all.
    async fn merge(&self, place: &Place) -> Result<Result<StoredObject, Value>, Fault> {
        let target = Target::of(place)?;
        let told = self.ask(place, target.named("/merge"), Method::POST, target.headers, None).await?;
        if told.status != 200 {
            return Ok(Err(told.value));
        }
        let sum = told.value["md5"].as_str().and_then(|md5| Checksum::of_hex(Algorithm::Md5, md5));
        Ok(Ok(StoredObject { length: told.value["size"].as_u64(), etag: None, sum, md5: None, modified: None }))
    }
}

impl Put for Chunks {
    fn bounds(&self, _: &Place) -> Bounds {
        Bounds { least_part: 1, most_part: 1 << 30, most_parts: 100_000, takes_whole: false, sum: Algorithm::Md5 }
    }

    fn head<'a>(&'a self, place: &'a Place) -> BoxFuture<'a, Result<Option<StoredObject>, Fault>> {
        Box::pin(async move {
            if place.upload.keep {
                let detail = "the plain chunk upload can't tell what stands there already: leave --no-clobber out";
                return Err(Fault::new(FaultKind::Request, &place.source, detail));
            }
            // To merge twice is the same as to merge once.
            Ok(self.merge(place).await?.ok())
        })
    }

    fn put<'a>(&'a self, place: &'a Place, _: Arc<dyn Payload>) -> BoxFuture<'a, Result<StoredObject, Fault>> {
        Box::pin(async move {
            Err(Fault::new(FaultKind::Request, &place.source, "the plain chunk upload takes nothing but chunks"))
        })
    }

    fn create<'a>(&'a self, place: &'a Place) -> BoxFuture<'a, Result<String, Fault>> {
        Box::pin(async move { Target::of(place).map(|_| UPLOAD.to_owned()) })
    }

    fn part<'a>(
        &'a self,
        place: &'a Place,
        _: &'a str,
        number: u32,
        payload: Arc<dyn Payload>,
    ) -> BoxFuture<'a, Result<StoredPart, Fault>> {
        Box::pin(async move {
            let wrong = |why: &str| Fault::new(FaultKind::Request, &place.source, why);
            let count = payload.count();
            let count =
                count.ok_or_else(|| wrong("a chunk upload needs to know the length beforehand: send a file"))?;
            let sum = payload.sum(Algorithm::Md5).await?;
            let target = Target::of(place)?;
            let form = Form::new(&target.name, number, count, &sum, payload.as_ref());
            let told = self.ask(place, target.base, Method::POST, target.headers, Some(form)).await?;
            if told.status != 200 {
                return Err(refused(place, &told, FaultKind::Status(told.status)));
            }
            Ok(StoredPart { number, length: Some(payload.length()), etag: sum.hex.clone(), sum: Some(sum), md5: None })
        })
    }

    fn parts<'a>(&'a self, place: &'a Place, _: &'a str) -> BoxFuture<'a, Result<Vec<StoredPart>, Fault>> {
        Box::pin(async move {
            if let Some(parts) = self.list(place).await? {
                return Ok(parts);
            }
            // It has none because it has made a file of them, or because none has come.
            match self.merge(place).await? {
                Ok(_) => {
                    Err(Fault::new(FaultKind::UploadGone, &place.source, "the server has merged the file already"))
                }
                Err(_) => Ok(Vec::new()),
            }
        })
    }

    fn uploads<'a>(&'a self, place: &'a Place) -> BoxFuture<'a, Result<Vec<String>, Fault>> {
        Box::pin(async move { Ok(self.list(place).await?.map(|_| UPLOAD.to_owned()).into_iter().collect()) })
    }

    fn complete<'a>(
        &'a self,
        place: &'a Place,
        _: &'a str,
        _: &'a [StoredPart],
        _: Option<Checksum>,
    ) -> BoxFuture<'a, Result<StoredObject, Fault>> {
        Box::pin(async move {
            self.merge(place).await?.map_err(|said| {
                let missing = said["missing"].as_array().map_or(0, Vec::len);
                let detail = format!("the server lacks {missing} of the chunks that it took: they are sent again");
                let kind = if missing > 0 { FaultKind::PartDamaged } else { FaultKind::UploadGone };
                let detail = if missing > 0 { detail } else { "the server does not know the file any more".to_owned() };
                Fault::new(kind, &place.source, detail)
            })
        })
    }

    fn abort<'a>(&'a self, _: &'a Place, _: &'a str) -> BoxFuture<'a, Result<bool, Fault>> {
        // There is no call for that: the next upload of this name takes the chunks' places.
        Box::pin(async { Ok(false) })
    }
}

impl Target {
    fn of(place: &Place) -> Result<Self, Fault> {
        let wrong = |why: &str| Fault::new(FaultKind::Request, &place.source, why);
        // What has no effect is not passed over in silence.
        if place.upload.storage_class.is_some() {
            return Err(wrong("the plain chunk upload knows no storage classes: leave --storage-class out"));
        }
        if place.upload.content_type.is_some() {
            return Err(wrong("the plain chunk upload tells no type: leave --content-type out"));
        }
        let mut base = place.source.chunked().ok_or_else(|| wrong("this is no URL of a plain chunk upload"))?;
        let named = base.query_pairs().find(|(name, _)| name == NAME).map(|(_, value)| value.into_owned());
        let own = || Some(place.upload.file.file_name()?.to_str()?.to_owned());
        let name =
            named.or_else(own).ok_or_else(|| wrong("what the file is to be called is missing: add ?filename=NAME"))?;
        if name.chars().any(|c| c.is_control() || c == '"') {
            return Err(wrong("a name with quotes or control characters can't be sent in a form"));
        }
        let rest: Vec<(String, String)> = base
            .query_pairs()
            .filter(|(name, _)| name != NAME)
            .map(|(n, v)| (n.into_owned(), v.into_owned()))
            .collect();
        base.set_query(None);
        if !rest.is_empty() {
            base.query_pairs_mut().extend_pairs(rest);
        }
        let headers = fields(place, &base)?;
        let _ = base.set_username("").and_then(|()| base.set_password(None));
        Ok(Self { base, name, headers })
    }

    /// The address below the server's own, about this file.
    fn named(&self, below: &str) -> Url {
        let mut url = self.base.clone();
        let path = format!("{}{below}", url.path().trim_end_matches('/'));
        url.set_path(&path);
        url.query_pairs_mut().append_pair(NAME, &self.name);
        url
    }
}

/// The user's headers, and the login that stands in the URL.
fn fields(place: &Place, url: &Url) -> Result<HeaderMap, Fault> {
    let mut fields = HeaderMap::new();
    let wrong = |name: &str| Fault::new(FaultKind::Request, &place.source, format!("the header {name} can't be sent"));
    if let Some((login, _)) = Login::of(url) {
        fields.append(AUTHORIZATION, login.basic().ok_or_else(|| wrong("Authorization"))?);
    }
    let mut put = |name: &str, text: &str| -> Option<()> {
        let mut value = HeaderValue::from_str(text).ok()?;
        value.set_sensitive(true);
        fields.append(HeaderName::from_bytes(name.as_bytes()).ok()?, value);
        Some(())
    };
    for header in place.headers.iter() {
        put(&header.name, &header.value).ok_or_else(|| wrong(&header.name))?;
    }
    Ok(fields)
}

/// A chunk as a form.
struct Form<'a> {
    boundary: String,
    before: Bytes,
    after: Bytes,
    payload: &'a dyn Payload,
}

impl<'a> Form<'a> {
    fn new(name: &str, number: u32, count: u32, sum: &Checksum, payload: &'a dyn Payload) -> Self {
        // No file holds a line of this by accident.
        let boundary = format!("haul-{:016x}{:016x}", fastrand::u64(..), fastrand::u64(..));
        let field = |field: &str, value: &str| {
            format!("--{boundary}\r\nContent-Disposition: form-data; name=\"{field}\"\r\n\r\n{value}\r\n")
        };
        let mut before = field("chunk", &(number.saturating_sub(1)).to_string());
        before += &field("total_chunks", &count.to_string());
        before += &field("md5", &sum.hex);
        before += &field(NAME, name);
        before.push_str("--");
        before += &boundary;
        before += "\r\n";
        before += "Content-Disposition: form-data; name=\"file\"; filename=\"chunk\"\r\n";
        before += "Content-Type: application/octet-stream\r\n\r\n";
        let after = format!("\r\n--{boundary}--\r\n");
        Self { boundary, before: before.into(), after: after.into(), payload }
    }

    fn media(&self) -> Result<HeaderValue, Fault> {
        let text = format!("multipart/form-data; boundary={}", self.boundary);
        HeaderValue::from_str(&text).map_err(|why| Fault::new(FaultKind::Request, "a form", why.to_string()))
    }

    fn length(&self) -> u64 {
        self.before.len() as u64 + self.payload.length() + self.after.len() as u64
    }

    fn body(&self, broken: &Broken) -> Framed {
        Framed::new(self.before.clone(), self.payload, self.after.clone(), broken.clone())
    }
}

/// Reads an answer. One of 404 and 409 says what is not so; any other refusal is a fault.
async fn told(place: &Place, response: Response) -> Result<Told, Fault> {
    let status = response.status().as_u16();
    let wait = response.headers().get("retry-after").and_then(|value| value.to_str().ok()).map(str::to_owned);
    let body = beginning(response, LONGEST).await;
    let value = Some(&body)
        .filter(|body| is_modest(body))
        .and_then(|body| serde_json::from_slice(body).ok())
        .unwrap_or(Value::Null);
    let told = Told { status, value };
    let is_error = status == 200 && says_no(&told.value);
    if matches!(status, 404 | 409) || (status == 200 && told.value.is_object() && !is_error) {
        return Ok(told);
    }
    if status == 200 && !is_error {
        return Err(odd(place));
    }
    let is_damage = told.value["error"].as_str().is_some_and(|why| why.to_ascii_lowercase().contains("md5"));
    let kind = match status {
        200 | 400 if is_damage => FaultKind::PartDamaged,
        200 => FaultKind::BadAnswer,
        _ => FaultKind::Status(status),
    };
    let wait = wait.and_then(|value| retry_after(&value, std::time::SystemTime::now()));
    Err(refused(place, &told, kind).with_retry_after(wait))
}

/// True if an answer under a success is none, as servers have it that know one status alone.
fn says_no(value: &Value) -> bool {
    let is_error = |word: &Value| word.as_str().is_some_and(|why| !why.is_empty());
    is_error(&value["error"]) || value["ok"] == false || value["success"] == false
}

fn refused(place: &Place, told: &Told, kind: FaultKind) -> Fault {
    let unsaid =
        if told.status / 100 == 3 { "it sends on, which haul does not follow here" } else { "no reason is given" };
    let words = told.value["error"].as_str().unwrap_or(unsaid);
    let words: String = harmless(words).chars().take(LONGEST_WORDS).collect();
    Fault::new(kind, &place.source, format!("the server refused: {words} (HTTP {})", told.status))
}

fn odd(place: &Place) -> Fault {
    Fault::new(FaultKind::BadAnswer, &place.source, "the server's answer is none of the plain chunk upload")
}
