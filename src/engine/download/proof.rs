//! Whether the bytes on disk are the ones that were promised. Pure: sums in, a finding out.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use crate::model::{Algorithm, Announced, ByteRange, Checksum, RangeSet, Weight};

/// What is known of a finished file's bytes.
pub(super) struct Evidence<'a> {
    /// Bytes of the file.
    pub(super) length: u64,
    /// The checksum that the user gave, or a list beside the file.
    pub(super) given: Option<&'a Checksum>,
    /// What was announced of the whole file and of parts.
    pub(super) announced: &'a [Announced],
    /// The sums of the whole file, as it is on disk.
    pub(super) whole: &'a [Checksum],
    /// Of each announced part, in the order of `announced`: the sum of its bytes on disk. Empty if they were not read,
    /// since the whole is proven.
    pub(super) parts: &'a [Checksum],
}

/// What came of it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Finding {
    /// What speaks against the file, if anything does.
    pub(super) wrong: Option<Wrong>,
    /// The algorithms in which the whole file is what was promised.
    pub(super) checked: Vec<Algorithm>,
    /// What is odd and does not decide, each as a sentence about the file.
    pub(super) remarks: Vec<String>,
}

/// What speaks against a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wrong {
    /// The bytes that are known to be the wrong ones; if there are none, it may be any.
    pub(super) bad: RangeSet,
    /// False if it is no more than a hint.
    pub(super) firm: bool,
    /// True if a promise of the server's own is kept: these bytes are its file's, and would come so again.
    pub(super) as_served: bool,
    /// What it is, as the end of a sentence that begins with the file.
    pub(super) detail: String,
}

impl Evidence<'_> {
    /// Which sums of the whole file are wanted.
    pub(super) fn wanted(given: Option<&Checksum>, announced: &[Announced]) -> Vec<Algorithm> {
        // A part's MD5 may turn out to be the whole file's.
        let one = |digest: &Announced| digest.range.is_none() || digest.weight == Weight::Hint;
        let announced = announced.iter().filter(|digest| one(digest)).map(|digest| &digest.checksum);
        let mut algorithms: Vec<Algorithm> = given.into_iter().chain(announced).map(|sum| sum.algorithm).collect();
        algorithms.sort_unstable();
        algorithms.dedup();
        algorithms
    }

    /// The user's checksum decides. Without one, the firm promise does that proves most, then the parts', and last the
    /// hints. What does not decide is remarked on.
    pub(super) fn judge(&self) -> Finding {
        let mut finding = Finding { checked: self.checked(), ..Finding::default() };
        let failed = self.failed_parts();
        let strongest = strongest(self.announced);
        let decider = self.given.or(strongest);
        let bad: RangeSet = failed.iter().filter_map(|digest| digest.range).collect();
        let others = self.announced.iter().filter(|digest| digest.range.is_none() && !self.is_met(&digest.checksum));
        let mut doubts: Vec<&Announced> = others.chain(failed).collect();
        doubts.sort_by_key(|digest| Reverse(digest.weight));
        match (decider, doubts.first()) {
            (Some(sum), _) if !self.is_met(sum) => {
                let given = self.given.is_some();
                let as_served = strongest.is_some_and(|promise| self.is_met(promise));
                finding.wrong = Some(Wrong { bad, firm: true, as_served, detail: self.differs(sum, given) });
            }
            (None, Some(doubt)) => {
                let firm = doubt.weight == Weight::Firm;
                finding.wrong = Some(Wrong { bad, firm, as_served: false, detail: self.doubted(doubt) });
            }
            _ => finding.remarks = doubts.iter().take(3).map(|doubt| self.doubted(doubt)).collect(),
        }
        finding
    }

    /// The bytes that must be the wrong ones if only a few neighbours are. `find` looks for them, given the checksum that
    /// the file has and the one that it should have.
    pub(super) fn suspects(&self, find: impl Fn(&Checksum, &Checksum) -> Option<ByteRange>) -> RangeSet {
        let announced = self.announced.iter().filter(|digest| digest.range.is_none()).map(|digest| &digest.checksum);
        let unmet = self.given.into_iter().chain(announced).filter(|sum| !self.is_met(sum));
        unmet.filter_map(|wanted| find(self.sum(wanted.algorithm)?, wanted)).take(1).collect()
    }

    fn sum(&self, algorithm: Algorithm) -> Option<&Checksum> {
        self.whole.iter().find(|sum| sum.algorithm == algorithm)
    }

    fn is_met(&self, sum: &Checksum) -> bool {
        self.whole.contains(sum)
    }

    fn announced_parts(&self) -> impl Iterator<Item = (&Announced, &Checksum)> {
        self.announced.iter().filter(|digest| digest.range.is_some()).zip(self.parts)
    }

    /// Announced parts whose bytes are others. A part's sum that is the whole file's was meant as that.
    fn failed_parts(&self) -> Vec<&Announced> {
        let wrong = |digest: &Announced, sum: &Checksum| {
            digest.checksum != *sum && !(digest.weight == Weight::Hint && self.is_met(&digest.checksum))
        };
        self.announced_parts().filter(|(digest, sum)| wrong(digest, sum)).map(|(digest, _)| digest).collect()
    }

    fn checked(&self) -> Vec<Algorithm> {
        let announced = self.announced.iter().filter(|digest| digest.range.is_none()).map(|digest| &digest.checksum);
        let whole = self.given.into_iter().chain(announced).filter(|sum| self.is_met(sum)).map(|sum| sum.algorithm);
        let mut checked: Vec<Algorithm> = whole.chain(self.covered()).collect();
        checked.sort_unstable();
        checked.dedup();
        checked
    }

    /// The algorithms in which parts that cover the whole file are what was promised.
    fn covered(&self) -> Vec<Algorithm> {
        let met = self.announced_parts().filter(|(digest, sum)| digest.checksum == **sum);
        let met: Vec<(Algorithm, ByteRange)> =
            met.filter_map(|(digest, sum)| Some((sum.algorithm, digest.range?))).collect();
        let whole = |algorithm: &Algorithm| {
            let of = |part: &&(Algorithm, ByteRange)| part.0 == *algorithm;
            let parts: RangeSet = met.iter().filter(of).map(|part| part.1).collect();
            self.length > 0 && parts.contains(ByteRange::new(0, self.length))
        };
        let algorithms: BTreeSet<Algorithm> = met.iter().map(|part| part.0).collect();
        algorithms.into_iter().filter(whole).collect()
    }

    fn differs(&self, wanted: &Checksum, given: bool) -> String {
        let algorithm = wanted.algorithm;
        let found = self.sum(algorithm).map_or("unknown", |sum| &sum.hex);
        if given {
            return format!("its {algorithm} is {found}, and {} was asked for", wanted.hex);
        }
        format!("its {algorithm} is {found}, and the server announces {}", wanted.hex)
    }

    fn doubted(&self, doubt: &Announced) -> String {
        match doubt.range {
            None => self.differs(&doubt.checksum, false),
            Some(range) => format!(
                "its bytes {}-{} do not have the {} that was announced of them",
                range.start,
                range.end.saturating_sub(1),
                doubt.checksum.algorithm
            ),
        }
    }
}

/// The firm promise of the whole file that proves most.
fn strongest(announced: &[Announced]) -> Option<&Checksum> {
    let firm = announced.iter().filter(|digest| digest.range.is_none() && digest.weight == Weight::Firm);
    firm.map(|digest| &digest.checksum).max_by_key(|sum| sum.algorithm)
}

/// True if these sums of the whole file decide for it, whatever its parts are said to be.
pub(super) fn is_proven(given: Option<&Checksum>, announced: &[Announced], whole: &[Checksum]) -> bool {
    given.or(strongest(announced)).is_some_and(|sum| whole.contains(sum))
}

/// The announced digests that are worth a reading of their bytes: the firm ones and the smallest parts first, those of
/// bytes that are covered already left out, and nothing beyond the file.
pub(super) fn worth_reading(announced: &[Announced], length: u64) -> Vec<Announced> {
    let within = |digest: &&Announced| digest.range.is_none_or(|range| !range.is_empty() && range.end <= length);
    let mut chosen: Vec<&Announced> = announced.iter().filter(within).collect();
    chosen.sort_by_key(|digest| (Reverse(digest.weight), digest.range.map_or(0, ByteRange::len)));
    let mut covered = RangeSet::new();
    let mut is_new = |digest: &&Announced| {
        let Some(range) = digest.range else { return true };
        let new = !covered.contains(range);
        covered.insert(range);
        new
    };
    chosen.retain(|digest| is_new(digest));
    chosen.into_iter().cloned().collect()
}
