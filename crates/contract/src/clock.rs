//! Time, tasks and chance, as the middle of Wilco sees them.
//!
//! Not the real ones: `runtime` has those; tests and transcripts step their own. Layer 0.

use std::{future::Future, pin::Pin, time::Duration};

use async_trait::async_trait;
use futures_util::{FutureExt, future::Shared};
use jiff::Timestamp;

/// A task that runs by itself.
pub type Task = Pin<Box<dyn Future<Output = ()> + Send + 'static>>;

/// The time, and waiting for it.
#[async_trait]
pub trait Clock: Send + Sync {
    /// The wall-clock time. It may jump, backwards too: never subtract two of them to measure a pause.
    fn now(&self) -> Timestamp;

    /// Returns once the wall clock shows this time or a later one.
    async fn until(&self, at: Timestamp);

    /// Lets a moment pass, by a clock that does not jump. Where time is stepped by hand it takes none.
    async fn moment(&self, span: Duration);
}

/// Starts tasks that are named, counted and guarded against panics.
pub trait Spawn: Send + Sync {
    /// Starts the task. The name appears in logs and metrics, so it is one of few.
    fn spawn(&self, name: &'static str, task: Task);
}

/// Where unpredictable bytes come from.
pub trait Chance: Send + Sync {
    /// Sixteen bytes that nobody can guess.
    fn bytes(&self) -> [u8; 16];
}

/// A wish to stop that a running action can see and wait for.
#[derive(Clone)]
pub struct Cancel(Shared<Pin<Box<dyn Future<Output = ()> + Send>>>);

impl Cancel {
    /// A wish that comes true when the future does.
    pub fn when(future: impl Future<Output = ()> + Send + 'static) -> Self {
        let boxed: Pin<Box<dyn Future<Output = ()> + Send>> = Box::pin(future);
        Self(boxed.shared())
    }

    /// A wish that never comes true.
    #[must_use]
    pub fn never() -> Self {
        Self::when(std::future::pending())
    }

    /// Waits for the wish.
    pub async fn cancelled(&self) {
        self.0.clone().await;
    }

    /// Whether it has come true.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.0.clone().now_or_never().is_some()
    }
}

impl std::fmt::Debug for Cancel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Cancel").field(&self.is_cancelled()).finish()
    }
}
