//! The signal that asks haul to end, for all who end by it.

use tokio::sync::watch;

/// The signal that asks haul to end, once one has come. One listens for it, and all who end by it have it from there.
#[derive(Clone, Debug)]
pub struct Signalled(watch::Receiver<Option<i32>>);

impl Signalled {
    /// One that tells the number that is put into the other end.
    pub fn pair() -> (watch::Sender<Option<i32>>, Self) {
        let (told, signalled) = watch::channel(None);
        (told, Self(signalled))
    }

    /// Its number, if it has come.
    pub fn number(&self) -> Option<i32> {
        *self.0.borrow()
    }

    /// Waits for it and gives its number. Where nobody listens any more none comes.
    pub async fn come(&mut self) -> i32 {
        loop {
            if let Some(number) = self.number() {
                return number;
            }
            if self.0.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }
}
