//! A request of one that has no connection: it waits for its host's next one, and for the answer.

use super::super::hosts::Permit;
use super::super::patiently::in_time;
use super::super::report::Resting;
use super::task::{Halt, Task};
use super::trouble::{as_refused_range, is_refusal};
use crate::model::Resource;
use crate::protocol::{Answer, Request};

impl Task {
    /// Opens a request as soon as its host bears a connection.
    pub(super) async fn open(&self, request: Request) -> Result<(Answer, Permit), Halt> {
        let shared = self.orders.shared.clone();
        let driver = shared.registry.driver(&request.source)?;
        let source = request.source.clone();
        let host = request.expected.as_ref().map_or_else(|| source.host(), |known| known.at.host());
        loop {
            let permit = self.stand_in_line(&host).await?;
            let opening = in_time(&source, shared.patience.stall, driver.open(request.clone()));
            let opened = if self.is_at_dead_host() {
                self.orders
                    .beside(Resting { silent: true, ..self.at_rest() }, opening, |activity| self.show(activity))
                    .await?
            } else {
                self.unless_stopped(opening).await?
            };
            match opened {
                Ok(answer) => {
                    shared.hosts.served(&source.host());
                    return Ok((answer, permit));
                }
                // It was the one that tried whether the host bears more. That is no failure of this download, unless the
                // host says when to come again.
                Err(fault) if is_refusal(&fault) && permit.refused() && fault.retry_after.is_none() => {
                    tracing::info!("{host}: {fault}");
                }
                Err(fault) => return Err(as_refused_range(fault, &request).into()),
            }
        }
    }

    /// The permit for an answer: the one that it came with or, where that was given back, the next one.
    pub(super) async fn permit(&self, permit: Option<Permit>, resource: &Resource) -> Result<Permit, Halt> {
        match permit {
            Some(permit) => Ok(permit),
            None => self.stand_in_line(&resource.at.host()).await,
        }
    }

    /// A host's next connection.
    async fn stand_in_line(&self, host: &str) -> Result<Permit, Halt> {
        let permit = self.orders.shared.hosts.open(host);
        self.orders.beside(self.at_rest(), permit, |activity| self.show(activity)).await
    }

    fn at_rest(&self) -> Resting {
        Resting::now().with_files(self.held.is_some())
    }

    /// True if no answer has come in this run.
    pub(super) fn is_unanswered(&self) -> bool {
        self.held.as_ref().is_none_or(|held| !held.answered)
    }

    /// True if none is to be expected: others have heard nothing from the host either.
    pub(super) fn is_at_dead_host(&self) -> bool {
        self.is_unanswered() && self.orders.shared.hosts.is_missing(&self.places.lead().host())
    }
}
