//! The end of a download: every claim checked, the checksums compared, damage mended, durable, named.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::super::blocking::{blocking, lost_thread};
use super::super::report::{Complete, Ending, What};
use super::begin::Held;
use super::crew::SAVE;
use super::desk::Desk;
use super::proof::{Evidence, Finding, Wrong, is_proven, worth_reading};
use super::save::Checking;
use super::task::{Halt, Task};
use crate::api::{Activity, Happening};
use crate::model::{Algorithm, ByteRange, Checksum, Fault, FaultKind, Header, ObjectUrl, RangeSet, Resource, Source};
use crate::store::{Finished, PartFile, burst, digest};

/// The endings of names that tell that what they name is packed.
const PACKED: [&str; 9] = ["gz", "tgz", "svgz", "z", "bz2", "tbz2", "xz", "br", "zst"];

/// What was fetched once more in this run, and what came of it.
#[derive(Debug, Default)]
pub(super) struct Repair {
    /// The bytes that were known to be wrong.
    named: bool,
    /// All of them.
    all: bool,
    /// What comes once more now is all of them.
    is_of_all: bool,
    /// Those in which the two fetches of all differ, for the third time.
    third: bool,
    /// Those that came otherwise the second time.
    doubtful: RangeSet,
    /// How many blocks came otherwise, and of how many.
    found: (u64, u64),
}

impl Task {
    /// Finishes a download whose bytes are all on disk. `None` if some turned out to be damaged: they are to be
    /// fetched again.
    pub(super) async fn finish(&mut self) -> Result<Option<Ending>, Halt> {
        self.show(Activity::Checking);
        let Some(held) = &mut self.held else { return Ok(None) };
        held.reserving.give_up().await;
        let part = &held.desk.part;
        if !part.is_locked()
            && let Some(earlier) = held.checking.take()
        {
            // It compares nothing of what came in this run.
            earlier.give_up().await;
        }
        if held.checking.is_none() && !(part.is_locked() && part.is_whole(held.desk.done_total())) {
            // Somebody may have cut the part file, or written to it; what is still as it was is kept.
            held.checking = Some(Checking::start(held.desk.clone(), self.orders.stop.child_token()));
        }
        if let Some(checking) = held.checking.take() {
            checking.finish().await?;
        }
        if self.orders.stop.is_cancelled() {
            return Err(Halt::Stopped);
        }
        if !held.desk.is_complete() {
            return Ok(None);
        }
        held.saver.ended().await?;
        let desk = held.desk.clone();
        self.ask_version().await?;
        self.tell_lost(&desk).await;
        if let Some((damaged, blocks, which)) = desk.compared() {
            self.repair.found = (damaged.max(self.repair.found.0), blocks);
            // All came as they were, from whatever place: a third time they would too.
            self.repair.all |= std::mem::take(&mut self.repair.is_of_all) && damaged == 0;
            // Of two that differ the first may be the right one: a third tells.
            self.repair.doubtful = which;
            self.tell(Happening::Repaired { damaged, blocks }).await;
        }
        let mut finding = self.examine(&desk).await?;
        if let Some(wrong) = finding.wrong.take() {
            if self.fetch_again(&desk, &wrong).await? {
                return Ok(None);
            }
            if wrong.firm && self.begin_where_it_differs(&desk, &wrong).await {
                return Ok(None);
            }
            if wrong.firm {
                return Err(self.refused(&desk, &wrong).into());
            }
            finding.remarks.push(format!("{}, which is no more than a hint; the file is taken", wrong.detail));
        }
        for remark in std::mem::take(&mut finding.remarks) {
            let remark = Fault::new(FaultKind::Checksum, desk.part.target().display(), remark);
            self.tell(Happening::Doubted(remark)).await;
        }
        let target = desk.part.target();
        if let Some(coding) = self.held.as_ref().and_then(|held| untold_coding(&held.resource, target)) {
            let detail =
                format!("its server sent it packed ({coding}), which nobody asked for, and it is kept as it came");
            self.tell(Happening::Doubted(Fault::new(FaultKind::BadAnswer, target.display(), detail))).await;
        }
        self.publish(desk, finding.checked).await.map(Some)
    }

    /// Says how much of what had been fetched was damaged on disk, and has come once more.
    async fn tell_lost(&self, desk: &Desk) {
        let (damaged, blocks) = desk.lost_blocks();
        if damaged > 0 {
            self.tell(Happening::Repaired { damaged, blocks }).await;
        }
    }

    async fn publish(&mut self, desk: Arc<Desk>, checked: Vec<Algorithm>) -> Result<Ending, Halt> {
        self.show(Activity::Finishing);
        let fetched = self.fetched_before + desk.fetched();
        self.report(What::Fetched { moved: fetched, shared: false }).await;
        let Some(held) = &self.held else { return Err(lost_thread().into()) };
        // The next time it is the first place that is asked whether it has the same.
        let word = self.places.first_word().unwrap_or(&held.resource);
        let (id, validator) = (held.id, word.validator.clone());
        let bytes = desk.done_total();
        let target = desk.part.target().to_path_buf();
        let mut finished = Finished { target, validator, length: bytes, by: Some(id) };
        let (spec, clerk) = (&self.orders.spec, &self.orders.shared.clerk);
        let checkpointed = self.may_have_checkpoint() || id != self.orders.id || desk.lock().log.is_saved();
        let mut committed =
            clerk.commit(desk.clone(), spec.source.clone(), finished.clone(), spec.overwrite, checkpointed).await;
        // A name that haul chose makes room for what somebody has put there meanwhile.
        while committed.as_ref().is_err_and(|fault| fault.kind == FaultKind::Exists)
            && let Some(free) = self.another_name(&desk).await
        {
            finished.target = free;
            committed = clerk.commit(desk.clone(), spec.source.clone(), finished.clone(), false, checkpointed).await;
        }
        committed?;
        self.tell_unnoted().await;
        let target = finished.target;
        self.tell(Happening::Renamed(target.clone())).await;
        // What the last answers brought beyond a limit: so that the mean over the whole is the limit. The file is there.
        let _ = self.unless_stopped(self.limiters.wait(self.limiters.charge(0))).await;
        Ok(Ending::Done(Complete { target, bytes, fetched, checked, ..Complete::default() }))
    }

    /// Says once in a run that it can't be noted, or known, what is complete, if that is so.
    pub(super) async fn tell_unnoted(&self) {
        for why in self.orders.shared.clerk.unnoted() {
            self.tell(Happening::Unnoted(why)).await;
        }
    }

    /// A free name beside one that was taken meanwhile; `None` if that one is not haul's to change.
    async fn another_name(&self, desk: &Arc<Desk>) -> Option<PathBuf> {
        let (search, taken) = (self.search(), desk.part.target().to_path_buf());
        let resource = self.held.as_ref()?.resource.clone();
        blocking(move || Ok(search.another(&taken, &resource))).await.ok().flatten()
    }

    /// Says once that a stop would lose what has come, if that is so.
    pub(super) async fn tell_unsaved(&self, held: &mut Held) {
        if let Some(Fault { kind, subject, detail, .. }) = held.saver.news() {
            let detail = format!("what has come can't be noted, so that a stop would lose it: {detail}");
            self.tell(Happening::Retried { fault: Fault::new(kind, subject, detail), after: SAVE }).await;
        }
    }

    /// Reads the file back and compares it with the user's checksum and with what was announced of it; reads nothing
    /// where nobody has said what it should be.
    async fn examine(&self, desk: &Arc<Desk>) -> Result<Finding, Halt> {
        let (given, length) = (self.wanted.clone(), desk.done_total());
        let mut announced = Vec::new();
        if self.orders.spec.digests {
            announced = worth_reading(&desk.lock().announced, length);
        }
        if given.is_none() && announced.is_empty() {
            return Ok(Finding::default());
        }
        let desk = desk.clone();
        // Of several places each is to be asked once for all that another gave: a guess must not use that up; and a second one would not be heard.
        let may_guess = self.places.was_single() && !self.repair.named;
        let examined = self.read_back(move |go_on| {
            let sums = |range, algorithms: &[Algorithm]| sums(&desk.part, range, algorithms, go_on);
            let whole = sums(ByteRange::new(0, length), &Evidence::wanted(given.as_ref(), &announced))?;
            let mut parts = Vec::new();
            let proven = is_proven(given.as_ref(), &announced, &whole);
            for part in announced.iter().filter(|_| !proven) {
                let Some(range) = part.range else { continue };
                if whole.contains(&part.checksum) {
                    parts.push(part.checksum.clone());
                } else {
                    parts.extend(sums(range, &[part.checksum.algorithm])?);
                }
            }
            let evidence =
                Evidence { length, given: given.as_ref(), announced: &announced, whole: &whole, parts: &parts };
            let mut finding = evidence.judge();
            if let Some(wrong) = finding.wrong.as_mut().filter(|wrong| may_guess && wrong.bad.is_empty()) {
                wrong.bad = evidence.suspects(|found, wanted| burst(found, wanted, length, go_on));
            }
            Ok(finding)
        });
        examined.await
    }

    /// What work finds out that reads the file and ends early where it is told so; unless this is to stop.
    async fn read_back<T: Send + 'static>(
        &self,
        work: impl FnOnce(&dyn Fn() -> bool) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, Halt> {
        let stop = self.orders.stop.clone();
        let read = blocking(move || work(&|| !stop.is_cancelled())).await;
        if self.orders.stop.is_cancelled() { Err(Halt::Stopped) } else { Ok(read?) }
    }

    /// Has bytes fetched once more and compared with those on disk: first those that are known to be the wrong ones,
    /// then all, then those that came otherwise. False if that was done in this run, or is of no use.
    async fn fetch_again(&mut self, desk: &Arc<Desk>, wrong: &Wrong) -> Result<bool, Halt> {
        if let Some(ranges) = self.fetch_from_one_place(desk, &wrong.bad) {
            self.repair.is_of_all = ranges.total() >= desk.done_total();
            return self.compare_anew(desk, &ranges, wrong).await;
        }
        if wrong.as_served {
            return Ok(false);
        }
        let part = desk.clone();
        let damaged = self.read_back(move |go_on| part.damaged_on_disk(go_on)).await?;
        // TLS lets no byte be damaged on the way: there a hint is not worth all of them once more.
        let on_the_way = wrong.firm || self.orders.spec.source.url().scheme() == "http";
        let bad = if on_the_way { wrong.bad.ranges() } else { &[] };
        let named: RangeSet = bad.iter().chain(damaged.ranges()).copied().collect();
        let ranges = if !named.is_empty() && !self.repair.named {
            self.repair.named = true;
            named
        } else if !self.repair.all && on_the_way {
            self.repair.all = true;
            [ByteRange::new(0, u64::MAX)].into_iter().collect()
        } else if self.repair.all && !self.repair.doubtful.is_empty() && !self.repair.third {
            self.repair.third = true;
            std::mem::take(&mut self.repair.doubtful)
        } else {
            return Ok(false);
        };
        self.compare_anew(desk, &ranges, wrong).await
    }

    /// Lets these bytes come once more; true.
    async fn compare_anew(&mut self, desk: &Arc<Desk>, ranges: &RangeSet, wrong: &Wrong) -> Result<bool, Halt> {
        desk.compare(ranges);
        self.count_from(desk.done_total());
        let fault = Fault::new(FaultKind::Checksum, desk.part.target().display(), &wrong.detail);
        self.tell(Happening::Repairing(fault)).await;
        Ok(true)
    }

    /// What a request for the file carries. Bytes that are fetched once more must not come from a cache on the way,
    /// which may hold the damage.
    pub(super) fn headers(&self, source: &Source, held: Option<&Held>) -> Arc<[Header]> {
        let spec = &self.orders.spec;
        // What the user gave for the URL's own origin goes to no mirror.
        let own = source.shares_origin(&spec.source);
        let headers = if own { spec.headers.clone() } else { Arc::default() };
        let said = headers.iter().any(|header| header.name.eq_ignore_ascii_case("cache-control"));
        if !said && held.is_some_and(|held| held.desk.is_comparing()) {
            let fresh = Header { name: "Cache-Control".to_owned(), value: "no-cache".to_owned() };
            return headers.iter().cloned().chain([fresh]).collect();
        }
        headers
    }

    /// The fault of a file that is wrong after all that could be done. Its bytes are kept: the checksum may be the one
    /// that is wrong.
    fn refused(&self, desk: &Desk, wrong: &Wrong) -> Fault {
        let again = match self.repair.found {
            _ if wrong.as_served => {
                "what came is what the server announces of its own file, so that is another one".to_owned()
            }
            (0, _) => "a second fetch gave the same bytes, so the server's file is another one".to_owned(),
            (damaged, blocks) => format!("{damaged} of {blocks} blocks came otherwise when they were fetched again"),
        };
        let way_out = match self.wanted {
            Some(_) => "with the right checksum, or without one",
            None => "with --no-digests",
        };
        let detail = format!(
            "{}; {again}; what came is kept as a part file, and the same command {way_out} takes it",
            wrong.detail
        );
        Fault::new(FaultKind::Checksum, desk.part.target().display(), detail)
    }

    /// The end of a transfer whose file haul has finished before and that the server says is unchanged: it is read
    /// once more if there is a checksum.
    pub(super) async fn as_before(&self, finished: Finished) -> Result<Ending, Halt> {
        let mut checked = Vec::new();
        if let Some(wanted) = self.wanted.clone() {
            self.show(Activity::Checking);
            let target = finished.target.clone();
            let algorithm = wanted.algorithm;
            let read = self.read_back(move |go_on| {
                let broken = |why| Fault::disk(target.display(), "reading for the checksum", &why);
                let file = std::fs::File::open(&target).map_err(broken)?;
                let whole = ByteRange::new(0, file.metadata().map_err(broken)?.len());
                digest(&file, whole, &[algorithm], go_on).map_err(broken)
            });
            if !read.await?.contains(&wanted) {
                let detail = format!(
                    "haul finished this file before, and it does not have the {algorithm} that was asked for; \
                     --overwrite fetches it anew"
                );
                return Err(Fault::new(FaultKind::Checksum, finished.target.display(), detail).into());
            }
            checked.push(algorithm);
        }
        let (clerk, done) = (self.orders.shared.clerk.clone(), finished.clone());
        blocking(move || clerk.conclude(&done)).await?;
        PartFile::forget_name(&finished.target);
        let (target, bytes) = (finished.target, finished.length);
        Ok(Ending::Done(Complete { target, bytes, unchanged: true, checked, ..Complete::default() }))
    }
}

/// The content coding under which a file came, unless it is called after it: many servers call `a.tar.gz` packed, which it is.
/// In a store it is said of the object by whoever put it there.
fn untold_coding<'a>(resource: &'a Resource, target: &Path) -> Option<&'a str> {
    let ending = target.extension().and_then(OsStr::to_str).unwrap_or_default();
    let is_told = PACKED.iter().any(|known| ending.eq_ignore_ascii_case(known));
    resource.coding.as_deref().filter(|_| !is_told && ObjectUrl::of(&resource.at).is_none())
}

/// The sums of these bytes of a part file.
fn sums(
    part: &PartFile,
    range: ByteRange,
    algorithms: &[Algorithm],
    go_on: impl Fn() -> bool,
) -> Result<Vec<Checksum>, Fault> {
    if algorithms.is_empty() {
        return Ok(Vec::new());
    }
    let broken = |why| Fault::disk(part.path().display(), "reading for the checksum", &why);
    digest(&part.reader()?, range, algorithms, go_on).map_err(broken)
}
