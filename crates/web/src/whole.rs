//! Work that is brought to its end even when the caller hangs up.
//!
//! Not for reads: a request's future is dropped with its connection, and for them that is right. What commits must
//! also tell, so it runs in a task of its own. Layer 3.

use std::{future::Future, sync::Arc};

use tokio::sync::oneshot;
use wilco_contract::clock::Spawn;

/// Runs the work in a task of this name and waits for it. `None` when the task panicked.
pub(crate) async fn whole<T: Send + 'static>(
    spawn: &Arc<dyn Spawn>,
    name: &'static str,
    work: impl Future<Output = T> + Send + 'static,
) -> Option<T> {
    let (done, wait) = oneshot::channel();
    spawn.spawn(
        name,
        Box::pin(async move {
            // Whoever waited may be gone; the work is done all the same.
            let _ = done.send(work.await);
        }),
    );
    wait.await.ok()
}
