//! What an answer said of the file behind a URL.

use super::{Announced, Fault, FaultKind, Source};

/// What tells one version of a file from another (RFC 9110, section 8.8).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Validator {
    /// The ETag as sent, with its quotes and with `W/` if it is weak.
    pub etag: Option<String>,
    /// Last-Modified as sent.
    pub last_modified: Option<String>,
}

impl Validator {
    /// The ETag if it is a strong one, which promises the same bytes.
    pub fn strong_etag(&self) -> Option<&str> {
        self.etag.as_deref().filter(|etag| etag.starts_with('"'))
    }

    /// True if the server gave nothing to tell versions apart by.
    pub fn is_none(&self) -> bool {
        self.etag.is_none() && self.last_modified.is_none()
    }

    /// Takes over from another one of the same version what is missing here: the first word stays.
    pub fn fill(&mut self, other: &Self) {
        self.etag = self.etag.take().or_else(|| other.etag.clone());
        self.last_modified = self.last_modified.take().or_else(|| other.last_modified.clone());
    }

    /// True if both can belong to the same version: nothing that both give differs.
    pub fn agrees_with(&self, other: &Self) -> bool {
        let agree = |a: &Option<String>, b: &Option<String>| a.is_none() || b.is_none() || a == b;
        agree(&self.etag, &other.etag) && agree(&self.last_modified, &other.last_modified)
    }

    /// True if one thing that both give is the same.
    pub fn shares_with(&self, other: &Self) -> bool {
        let both = |a: &Option<String>, b: &Option<String>| a.is_some() && a == b;
        both(&self.etag, &other.etag) || both(&self.last_modified, &other.last_modified)
    }
}

/// Whether the server gives parts of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ranges {
    /// It answered a range with 206.
    Served,
    /// It answered a range with the whole file.
    Ignored,
}

/// The file behind a URL, as its server describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resource {
    /// Bytes of the whole file, where the server tells.
    pub length: Option<u64>,
    /// Whether parts can be asked for.
    pub ranges: Ranges,
    /// Which version it is.
    pub validator: Validator,
    /// Under which other ETags the same bytes came, once they were compared; `None` among them stands for no ETag at all, and for
    /// no date either where that is all that is known.
    pub twins: Vec<Option<String>>,
    /// A Last-Modified that two versions may share, since the file was written just before the answer. It vouches for nothing
    /// and is no condition of a request; but where it stays while the ETag does not, the file may be the same.
    pub fresh: Option<String>,
    /// The name that Content-Disposition gives, not yet made safe.
    pub name: Option<String>,
    /// Where redirects led; equal to the asked source if there were none.
    pub at: Source,
    /// Its media type, in lower case and without parameters.
    pub media: Option<String>,
    /// The content coding under which the bytes come, if any: they are stored as sent.
    pub coding: Option<String>,
    /// The checksums that were announced of it, or of the bytes that this answer holds.
    pub digests: Vec<Announced>,
    /// Other places of the same file that its server tells of, the preferred first.
    pub duplicates: Vec<Source>,
}

impl Resource {
    /// True if parts of it can be asked for and put together. Under a content coding a strong ETag has to say that they are
    /// of the same bytes: what is packed on the way may come otherwise each time (RFC 9110, sections 8.8.1 and 14.1.2).
    pub fn gives_parts(&self) -> bool {
        self.ranges == Ranges::Served && (self.coding.is_none() || self.validator.strong_etag().is_some())
    }

    /// The same file, of whose ETag nothing is believed any more.
    #[must_use]
    pub fn without_etag(&self) -> Self {
        let validator = Validator { etag: None, ..self.validator.clone() };
        Self { validator, ..self.clone() }
    }

    /// The same file, of whose version nothing is known.
    #[must_use]
    pub fn without_validators(&self) -> Self {
        Self { validator: Validator::default(), twins: Vec::new(), fresh: None, ..self.clone() }
    }

    /// An answer's validators as those of this file: a twin of its ETag is as good as the ETag itself.
    #[must_use]
    pub fn read(&self, now: &Validator) -> Validator {
        let is_twin = self.twins.contains(&now.etag);
        Validator { etag: if is_twin { &self.validator } else { now }.etag.clone(), ..now.clone() }
    }

    /// Bytes that came under these validators are those of this file. True if that makes a new twin.
    pub fn admit(&mut self, now: &Validator) -> bool {
        let is_known = match &self.validator.etag {
            None => self.validator.is_none() || !now.is_none(),
            etag => now.etag == *etag,
        };
        let is_new = !is_known && !self.twins.contains(&now.etag);
        if is_new {
            self.twins.push(now.etag.clone());
        }
        self.validator.fill(now);
        is_new
    }

    /// Fails if a whole answer speaks about this file in place of holding it: a login, an error, a few words on a quota, a
    /// body that was left out.
    pub fn check_stand_in(&self, now: &Self) -> Result<(), Fault> {
        let page = now.media.as_ref().filter(|_| now.is_page() && !self.is_page());
        let other = page.map(|page| format!("a page ({page})"));
        let Some(other) = other.or_else(|| self.is_notice(now).then(|| now.outline())) else { return Ok(()) };
        let detail = format!("{other} came in place of the file; the link may have expired, or ask for a login");
        Err(Fault::new(FaultKind::WebPage, &now.at, detail))
    }

    fn is_page(&self) -> bool {
        let is_page = |media: &String| ["html", "xml", "json"].iter().any(|kind| media.ends_with(kind));
        self.media.as_ref().is_some_and(is_page)
    }

    /// True for what has neither this file's length and type nor anything that says that it is a version of it.
    fn is_notice(&self, now: &Self) -> bool {
        if !now.validator.is_none() || self.length.is_some() && self.length == now.length {
            return false;
        }
        let is_told = !self.validator.is_none() && self.length.is_some() || self.media.is_some() && now.media.is_some();
        now.length == Some(0) || is_told && self.media != now.media
    }

    /// Its length and its type, as far as they are known.
    fn outline(&self) -> String {
        let size = self.length.map_or_else(|| "something".to_owned(), |length| format!("{length} bytes"));
        let media = self.media.as_ref().map(|media| format!(" ({media})")).unwrap_or_default();
        format!("{size}{media}, without a word on which version of it they are,")
    }
}
