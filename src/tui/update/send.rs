//! Sending: the box that takes a file and the place that it goes to.

use super::super::{Begin, Effect, Form, Inquiry, Mode, Slot, State, Tone};
use super::{add, toast, twins};
use crate::ask::Sending;
use crate::model::{Limits, Source, Spec, TransferId, Upload, Vendor};

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
    if form.value(Slot::File).is_empty() && form.value(Slot::Place).is_empty() {
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
    let place = Source::parse(form.value(Slot::Place)).map_err(|why| (Slot::Place, why))?;
    if Vendor::of_scheme(place.url().scheme()).is_none() && place.chunked().is_none() {
        let why = "an upload goes to s3://bucket/name, oss://bucket/name, tos://bucket/name or chunk+https://host/name";
        return Err((Slot::Place, why.to_owned()));
    }
    Ok((place, add::limits(form)?, add::begin(state, form)?))
}

/// The disk has said which files there are.
pub fn gathered(state: &mut State, result: Result<Vec<Sending>, String>, effects: &mut Vec<Effect>) {
    let Mode::Send(form) = &mut state.mode else { return };
    if !std::mem::take(&mut form.waits) {
        return;
    }
    let files = match result {
        Ok(files) => files,
        Err(why) => return form.complain(Slot::File, why),
    };
    let Mode::Send(form) = &state.mode else { return };
    let Ok((_, limits, begin)) = read(state, form) else { return };
    let class = Some(form.value(Slot::Class)).filter(|class| !class.is_empty()).map(str::to_owned);
    let spec = |sending: Sending| {
        let upload = Upload { storage_class: class.clone(), ..Upload::of(sending.file) };
        (TransferId::mint(), Spec { limits, ..Spec::of_upload(sending.place, upload) })
    };
    let batch: Vec<(TransferId, Spec)> = files.into_iter().map(spec).collect();
    let told = if batch.len() == 1 { "1 upload added".to_owned() } else { format!("{} uploads added", batch.len()) };
    state.mode = Mode::Browse;
    twins::add(state, batch, begin, effects);
    toast::show(state, Tone::Good, told, effects);
}
