//! Sending: the box that takes a file and the place that it goes to.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::super::{Begin, Effect, Form, Inquiry, Mode, Slot, State, Tone};
use super::{add, toast, twins};
use crate::api::{Direction, Row};
use crate::ask::{Gathered, Sending};
use crate::model::{Limits, Source, Spec, Status, TransferId, Upload, Vendor};

/// Opens the box.
pub fn open(state: &mut State) {
    state.mode = Mode::Send(Box::new(Form::new(&Slot::UPLOAD)));
}

/// Enter: the disk is asked which files there are.
pub fn submit(state: &mut State, effects: &mut Vec<Effect>) {
    let Mode::Send(form) = &state.mode else { return };
    if form.waits {
        return;
    }
    if form.is_untouched() {
        state.mode = Mode::Browse;
        return;
    }
    let read = read(state, form);
    let Mode::Send(form) = &mut state.mode else { return };
    match read {
        Err((slot, why)) => form.complain(slot, why),
        Ok((place, ..)) => {
            let file = form.value(Slot::File).into();
            effects.push(Effect::Ask(Inquiry::Gather(file, place)));
            form.waits = true;
        }
    }
}

/// What the box says beside the file.
fn read(state: &State, form: &Form) -> Result<(Source, Limits, Begin), (Slot, String)> {
    if form.value(Slot::File).is_empty() {
        return Err((Slot::File, "name a file or a folder".to_owned()));
    }
    if form.value(Slot::Place).is_empty() {
        return Err((Slot::Place, "name a place, such as s3://bucket/name".to_owned()));
    }
    let place = Source::parse(form.value(Slot::Place)).map_err(|why| (Slot::Place, why))?;
    if Vendor::of_scheme(place.url().scheme()).is_none() && place.chunked().is_none() {
        let why = "an upload goes to s3://bucket/name, oss://bucket/name, tos://bucket/name or chunk+https://host/name";
        return Err((Slot::Place, why.to_owned()));
    }
    Ok((place, add::limits(form)?, add::begin(state, form)?))
}

/// The disk has said which files there are. What another box asked for, which was left since, is nobody's.
pub fn gathered(
    state: &mut State,
    (file, place): (&Path, &Source),
    result: Result<Gathered, String>,
    effects: &mut Vec<Effect>,
) {
    let Mode::Send(form) = &mut state.mode else { return };
    let is_asked = Path::new(form.value(Slot::File)) == file
        && Source::parse(form.value(Slot::Place)).is_ok_and(|asked| asked == *place);
    if !is_asked || !std::mem::take(&mut form.waits) {
        return;
    }
    let Gathered { files, is_batch, passed_over } = match result {
        Ok(gathered) => gathered,
        Err(why) => return form.complain(Slot::File, why),
    };
    let Mode::Send(form) = &state.mode else { return };
    let Ok((_, limits, begin)) = read(state, form) else { return };
    let class = Some(form.value(Slot::Class)).filter(|class| !class.is_empty()).map(str::to_owned);
    let spec = |sending: Sending| {
        let upload = Upload { storage_class: class.clone(), unless_equal: is_batch, ..Upload::of(sending.file) };
        (TransferId::mint(), Spec { limits, ..Spec::of_upload(sending.place, upload) })
    };
    let mut batch: Vec<(TransferId, Spec)> = files.into_iter().map(spec).collect();
    let twins = twins_of(state, &batch);
    batch.retain(|(_, spec)| !twins.contains_key(&identity(spec)));
    let told = told(batch.len(), twins.len());
    state.mode = Mode::Browse;
    let tone = if batch.is_empty() { Tone::Warning } else { Tone::Good };
    if let (true, Some(twin)) = (batch.is_empty(), twins.into_values().next()) {
        state.list.await_arrival(twin);
    }
    let now = twins::begin_so(&mut batch, begin);
    twins::add(state, batch, now, effects);
    toast::show(state, tone, told);
    if let Some(remark) = passed_over {
        toast::show(state, Tone::Warning, remark);
    }
}

/// What makes two uploads the same: where it goes, and the file.
fn identity(spec: &Spec) -> (Source, PathBuf) {
    (spec.source.clone(), spec.upload.as_ref().map(|upload| upload.file.clone()).unwrap_or_default())
}

/// The uploads in the list that are the same as some of these. One that is finished is none: it is sent anew.
fn twins_of(state: &State, batch: &[(TransferId, Spec)]) -> HashMap<(Source, PathBuf), TransferId> {
    let wanted: HashSet<_> = batch.iter().map(|entry| identity(&entry.1)).collect();
    let is_open = |row: &&Arc<Row>| row.direction == Direction::Upload && row.status != Status::Done;
    let open = state.list.all().filter(is_open).map(|row| (identity(&row.spec), row.id));
    open.filter(|(upload, _)| wanted.contains(upload)).collect()
}

fn told(added: usize, known: usize) -> String {
    match (added, known) {
        (0, 1) => "it is in the list already".to_owned(),
        (0, known) => format!("all {known} are in the list already"),
        (1, 0) => "1 upload added".to_owned(),
        (added, 0) => format!("{added} uploads added"),
        (added, known) => format!("{added} added, {known} in the list already"),
    }
}
