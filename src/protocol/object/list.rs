//! What lies in a bucket, page by page.

use reqwest::Method;

use super::answers::decoded;
use super::document::Element;
use super::draft::Draft;
use super::exchange::Stores;
use super::offer::given;
use super::time;
use crate::model::{Fault, FaultKind, Listed, Listing, ObjectUrl, Vendor};
use crate::protocol::{BoxFuture, Folder, List};

/// What is done, for faults.
const LIST: &str = "list";

impl List for Stores {
    fn list<'a>(&'a self, folder: &'a Folder<'a>, after: Option<&'a str>) -> BoxFuture<'a, Result<Listing, Fault>> {
        Box::pin(async move {
            let no_store = || Fault::new(FaultKind::Request, folder.place, "only the folders of stores can be listed");
            let url = ObjectUrl::of(folder.place).ok_or_else(no_store)?;
            let (_, document) = self.told(&url, &draft(&url, folder, after)?).await?;
            page(&url, &document)
                .ok_or_else(|| Fault::new(FaultKind::BadAnswer, &url, "the store sends a list that makes no sense"))
        })
    }
}

fn draft(url: &ObjectUrl, folder: &Folder<'_>, after: Option<&str>) -> Result<Draft, Fault> {
    let mut draft = Draft::new(Method::GET, "", LIST).query("list-type", 2).query("max-keys", 1000);
    if !url.key.is_empty() {
        draft = draft.query("prefix", &url.key);
    }
    if !folder.deep {
        draft = draft.query("delimiter", "/");
    }
    if let Some(after) = after {
        draft = draft.query("continuation-token", after);
    }
    // JSON holds any character; XML does not.
    if url.vendor != Vendor::Tos {
        draft = draft.query("encoding-type", "url");
    }
    for header in folder.headers {
        draft.headers.push(given(&header.name, &header.value, url)?);
    }
    Ok(draft)
}

/// Reads a page. What is none, such as the page of a login, is no end of the list.
fn page(url: &ObjectUrl, document: &Element) -> Option<Listing> {
    if !document.is_called("ListBucketResult", &["IsTruncated", "Contents", "Name", "KeyCount", "MaxKeys"]) {
        return None;
    }
    let is_encoded = document.text("EncodingType") == Some("url");
    let plain = |key: &str| if is_encoded { decoded(key, url.vendor) } else { key.to_owned() };
    // Names are told from the last folder on that was named; what lies elsewhere was not asked for.
    let above = url.key.rfind('/').map_or(0, |slash| slash + 1);
    let name = |key: &str| key.strip_prefix(&url.key).and_then(|_| key.get(above..)).map(str::to_owned);
    let mut entries = Vec::new();
    for folder in document.all("CommonPrefixes") {
        let key = plain(folder.raw("Prefix")?);
        let source = url.with_key(&key).source().ok();
        entries.push(Listed { name: name(&key)?, source, is_folder: true, length: None, modified: None, etag: None });
    }
    for object in document.all("Contents") {
        let key = plain(object.raw("Key")?);
        let length = object.number("Size");
        // Tools mark a folder by an empty object; one that holds something can't be told from a folder by its URL.
        let is_slashed = key.ends_with('/');
        let is_folder = is_slashed && length.unwrap_or(0) == 0;
        entries.push(Listed {
            name: name(&key)?,
            source: url.with_key(&key).source().ok().filter(|_| is_folder || !is_slashed),
            is_folder,
            length,
            modified: object.text("LastModified").and_then(time::read),
            etag: object.text("ETag").map(str::to_owned),
        });
    }
    // OSS encodes this too; that of S3 is its own affair.
    let token = |token: &str| if url.vendor == Vendor::Oss { plain(token) } else { token.to_owned() };
    let next = document.raw("NextContinuationToken").map(token);
    if document.says("IsTruncated") && next.is_none() {
        return None;
    }
    Some(Listing { entries, next: next.filter(|_| document.says("IsTruncated")) })
}
