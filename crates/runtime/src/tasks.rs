//! Tasks that are named, counted and guarded: a panic in one is caught, counted and logged, and the others go on.
//!
//! Not a supervisor that starts them again: whoever must live on loops inside its own task. Layer 1.

use std::{
    any::Any,
    collections::BTreeMap,
    panic::AssertUnwindSafe,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use futures_util::FutureExt;
use tokio::{runtime::Handle, sync::watch};
use wilco_contract::clock::{Spawn, Task};

use crate::telemetry;

/// Starts tasks on the tokio runtime it was made in. Clones share one count.
#[derive(Debug, Clone)]
pub struct Tasks {
    runtime: Handle,
    running: Arc<Running>,
}

#[derive(Debug)]
struct Running {
    by_name: Mutex<BTreeMap<&'static str, usize>>,
    total: watch::Sender<usize>,
}

impl Tasks {
    /// A way to start tasks on the current runtime.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    #[must_use]
    pub fn new() -> Self {
        let running = Running { by_name: Mutex::default(), total: watch::Sender::new(0) };
        Self { runtime: Handle::current(), running: Arc::new(running) }
    }

    /// Waits until no task is under way any more, but no longer than this. Returns the names of those that still
    /// are, each as often as there are of them.
    pub async fn drain(&self, timeout: Duration) -> Vec<&'static str> {
        let mut total = self.running.total.subscribe();
        let _ = tokio::time::timeout(timeout, total.wait_for(|count| *count == 0)).await;
        let by_name = self.running.by_name.lock().unwrap_or_else(PoisonError::into_inner);
        by_name.iter().flat_map(|(name, count)| std::iter::repeat_n(*name, *count)).collect()
    }
}

impl Default for Tasks {
    fn default() -> Self {
        Self::new()
    }
}

impl Spawn for Tasks {
    fn spawn(&self, name: &'static str, task: Task) {
        let counted = Counted::start(name, Arc::clone(&self.running));
        self.runtime.spawn(async move {
            // What a task shares with others is its own to keep whole; what it held alone is dropped with it.
            let ended = AssertUnwindSafe(task).catch_unwind().await;
            if let Err(panic) = ended {
                metrics::counter!(telemetry::TASK_PANICS, "task" => name).increment(1);
                tracing::error!(task = name, panic = said(panic.as_ref()), "a task panicked");
            }
            drop(counted);
        });
    }
}

/// Counts a task for as long as it lives, also when the runtime drops it unfinished.
struct Counted {
    name: &'static str,
    running: Arc<Running>,
}

impl Counted {
    fn start(name: &'static str, running: Arc<Running>) -> Self {
        *running.by_name.lock().unwrap_or_else(PoisonError::into_inner).entry(name).or_default() += 1;
        running.total.send_modify(|total| *total += 1);
        metrics::gauge!(telemetry::TASKS_RUNNING).increment(1);
        Self { name, running }
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        let mut by_name = self.running.by_name.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = by_name.get_mut(self.name) {
            *count -= 1;
            if *count == 0 {
                by_name.remove(self.name);
            }
        }
        drop(by_name);
        self.running.total.send_modify(|total| *total -= 1);
        metrics::gauge!(telemetry::TASKS_RUNNING).decrement(1);
    }
}

/// What a panic said.
fn said(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&'static str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("it did not say why")
}

#[cfg(test)]
mod tests {
    use tokio::sync::oneshot;

    use super::*;

    #[tokio::test]
    async fn a_panic_stays_in_its_task() {
        let tasks = Tasks::new();
        let (done, seen) = oneshot::channel();
        tasks.spawn("bad", Box::pin(async { panic!("on purpose") }));
        tasks.spawn(
            "good",
            Box::pin(async move {
                let _ = done.send(());
            }),
        );
        seen.await.expect("the other task went on");
        assert!(tasks.drain(Duration::from_secs(10)).await.is_empty());
    }

    #[tokio::test]
    async fn draining_names_who_is_left() {
        let tasks = Tasks::new();
        let (end, wait) = oneshot::channel::<()>();
        tasks.spawn(
            "slow",
            Box::pin(async move {
                let _ = wait.await;
            }),
        );
        assert_eq!(tasks.drain(Duration::from_millis(10)).await, ["slow"]);
        drop(end);
        assert!(tasks.drain(Duration::from_secs(10)).await.is_empty());
    }

    #[test]
    fn a_panic_says_why_in_either_form() {
        assert_eq!(said(&"a"), "a");
        assert_eq!(said(&"b".to_owned()), "b");
        assert_eq!(said(&3), "it did not say why");
    }
}
