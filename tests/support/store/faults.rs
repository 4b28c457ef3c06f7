//! What a store does wrong.

use super::framing::Trailers;

/// A call that is refused.
#[derive(Clone, Debug)]
pub struct Refusing {
    /// Which call, such as `UploadPart`; empty for every one.
    pub call: &'static str,
    /// How many times.
    pub times: usize,
    /// With which status
    pub status: u16,
    /// and which code.
    pub code: &'static str,
}

/// What is answered as a success in place of what is asked for, which is not done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Instead {
    /// This document or page.
    Text(&'static str),
    /// The beginning of an answer in chunks, which breaks off.
    Beginning,
}

/// What becomes of Complete.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lost {
    /// It is done, and no answer comes.
    Answer,
    /// It is done, and the answer is 500.
    Done500,
    /// It is not done, and the answer is 200 with an error in it, after blanks.
    Error200,
}

/// All faults; by default there are none.
#[derive(Clone, Debug, Default)]
pub struct Faults {
    /// Calls that are refused.
    pub refusing: Vec<Refusing>,
    /// Whoever signs for another region than the store's is sent there by 301, as S3 does to those who ask at another
    /// region's door.
    pub redirects: bool,
    /// Seconds of Retry-After in every refusal by status 429 or 503.
    pub retry_after: Option<u64>,
    /// Calls that are answered by something else: the call's name, how many are done before, and what is answered once.
    pub instead: Option<(&'static str, usize, Instead)>,
    /// Of so many calls, the first ones are cut before any answer: the call's name and how many.
    pub dropping: Vec<(&'static str, usize)>,
    /// Downloads are cut after so many bytes, so many times.
    pub cut_after: Option<(u64, usize)>,
    /// Bodies of uploads are cut after so many bytes, so many times.
    pub cut_upload_after: Option<(u64, usize)>,
    /// The n-th download (from 1) has its middle byte damaged.
    pub corrupt_download: Option<usize>,
    /// The n-th part that comes (from 1) is damaged on its way: the store sees other bytes than were sent.
    pub corrupt_upload: Option<usize>,
    /// After so many downloads the object is another one.
    pub mutate_after: Option<usize>,
    /// After so many parts the upload is forgotten, once.
    pub forget_upload_after: Option<usize>,
    /// What becomes of the next Complete.
    pub complete: Option<Lost>,
    /// No checksums are told, and such that are sent are not known (an old clone of S3).
    pub no_sums: bool,
    /// Headers about checksums are refused, with this status and code.
    pub no_sum_headers: Option<(u16, &'static str)>,
    /// It compares the checksum of the whole, which comes with Complete, with the body of that request.
    pub sums_of_bodies: bool,
    /// Something on the way calls the ETags of parts weak.
    pub weak_etags: bool,
    /// What it makes of checksums behind the bytes (S3).
    pub trailers: Trailers,
    /// No ranges.
    pub no_ranges: bool,
    /// Bytes a second for each body that comes in or goes out.
    pub rate: Option<u64>,
    /// A list of a bucket has no last page.
    pub circle: bool,
    /// Items of each page of a list; 0 is 1000.
    pub page: usize,
}

impl Faults {
    /// Takes one refusal of this call, if one is due.
    pub(super) fn refusal(&mut self, call: &str) -> Option<Refusing> {
        let due = |one: &&mut Refusing| one.times > 0 && (one.call.is_empty() || one.call == call);
        let found = self.refusing.iter_mut().find(due)?;
        found.times -= 1;
        Some(found.clone())
    }

    /// What is answered to this call in place of what it is about.
    pub(super) fn instead(&mut self, call: &str) -> Option<Instead> {
        let (_, before, _) = self.instead.as_mut().filter(|instead| instead.0 == call)?;
        if *before > 0 {
            *before -= 1;
            return None;
        }
        self.instead.take().map(|instead| instead.2)
    }

    pub(super) fn drops(&mut self, call: &str) -> bool {
        let due = |one: &&mut (&'static str, usize)| one.1 > 0 && (one.0.is_empty() || one.0 == call);
        self.dropping.iter_mut().find(due).is_some_and(|one| {
            one.1 -= 1;
            true
        })
    }
}

/// One use of a fault that happens so many times.
pub(super) fn used(fault: &mut Option<(u64, usize)>) -> Option<u64> {
    let (after, times) = fault.as_mut().filter(|fault| fault.1 > 0)?;
    *times -= 1;
    Some(*after)
}
