//! A store's list that answers what it is told to.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use haul::model::{Fault, FaultKind, Listing};
use haul::protocol::{BoxFuture, Folder, List};
use tokio::time::Instant;

/// What it is to answer, in order, and when it was asked.
#[derive(Clone, Default)]
pub struct Shelf {
    pages: Arc<Mutex<VecDeque<Result<Listing, Fault>>>>,
    asked: Arc<Mutex<Vec<Instant>>>,
}

impl Shelf {
    /// These are its next answers.
    pub fn answers(&self, answers: impl IntoIterator<Item = Result<Listing, Fault>>) {
        self.pages.lock().unwrap().extend(answers);
    }

    /// When it was asked for a page.
    pub fn asked(&self) -> Vec<Instant> {
        self.asked.lock().unwrap().clone()
    }
}

impl List for Shelf {
    fn list<'a>(&'a self, folder: &'a Folder<'a>, _: Option<&'a str>) -> BoxFuture<'a, Result<Listing, Fault>> {
        Box::pin(async move {
            self.asked.lock().unwrap().push(Instant::now());
            let nothing = || Fault::new(FaultKind::Status(404), folder.place, "nothing more is listed");
            self.pages.lock().unwrap().pop_front().unwrap_or_else(|| Err(nothing()))
        })
    }
}
