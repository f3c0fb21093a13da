//! Waiting for a task of our own.

use tokio::task::JoinError;

/// What the task came to. Its panic goes on here. A task that was never begun, since the runtime
/// ends, comes to nothing: whoever waits for it ends with the runtime, too.
pub(super) async fn joined<T>(task: impl Future<Output = Result<T, JoinError>>) -> T {
    match task.await.map_err(JoinError::try_into_panic) {
        Ok(done) => done,
        Err(Ok(panic)) => std::panic::resume_unwind(panic),
        Err(Err(_)) => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn whoever_waits_for_a_task_that_was_ended_waits_until_it_ends_too() {
        let task = tokio::spawn(std::future::pending::<()>());
        task.abort();
        let waited = tokio::time::timeout(std::time::Duration::from_secs(1), joined(task)).await;
        assert!(waited.is_err());
    }

    #[tokio::test]
    #[should_panic(expected = "as it was")]
    async fn a_panic_goes_on() {
        joined(tokio::spawn(async { panic!("as it was") })).await;
    }
}
