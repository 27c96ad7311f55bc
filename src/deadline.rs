//! Deadlines for a process that may be paused: when a timer fires, time has passed, but the program may not have run.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;
use tokio::time::{Instant, sleep, sleep_until};

/// A timer that fires later than this was late because the process did not run (`SIGSTOP`, `docker pause`, suspend).
const LATE: Duration = Duration::from_millis(100);

/// Maximum extension after a pause: enough for the relay's three seconds and a retry.
const MAX_GIVEN_BACK: Duration = Duration::from_secs(5);

/// Turns of the network thread that data which has arrived gets to pass the socket, the connection's task and the body.
const TURNS: usize = 4;

/// The deadline has passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimedOut;

/// Runs a future until the deadline. An answer that has arrived wins over a timer that fired at the same time, and the
/// deadline is extended once by the length of a pause of the process.
///
/// The caller pins the future, because an async function holds a future that it takes by value twice, and tasks are copied.
///
/// # Errors
/// [`TimedOut`] if the future was not done in time.
pub async fn timeout_at<F: Future>(deadline: Instant, mut future: Pin<&mut F>) -> Result<F::Output, TimedOut> {
    tokio::select! {
        biased;
        output = &mut future => return Ok(output),
        () = sleep_until(deadline) => {}
    }
    let given_back = given_back(deadline);
    tokio::select! {
        biased;
        output = &mut future => Ok(output),
        () = async { sleep(given_back).await; let_arrive().await } => Err(TimedOut),
    }
}

/// How much too late a timer has fired because the process was paused.
pub fn given_back(deadline: Instant) -> Duration {
    let late = deadline.elapsed();
    if late > LATE { late.min(MAX_GIVEN_BACK) } else { Duration::ZERO }
}

/// Gives data that the system has received time to reach the tasks that wait for it.
pub async fn let_arrive() {
    for _ in 0..TURNS {
        tokio::task::yield_now().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::pending;
    use std::pin::pin;
    use std::thread;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::{TcpListener, TcpStream};
    use tokio::time::timeout;

    const SECOND: Duration = Duration::from_secs(1);

    #[tokio::test(start_paused = true)]
    async fn what_is_not_done_in_time_ends_at_its_deadline() {
        let start = Instant::now();
        assert_eq!(timeout_at(start + SECOND, pin!(pending::<()>())).await, Err(TimedOut));
        assert!(start.elapsed() < SECOND + LATE, "{:?}", start.elapsed());
        assert_eq!(timeout_at(start + 3 * SECOND, pin!(sleep(SECOND))).await, Ok(()));
    }

    #[tokio::test(start_paused = true)]
    async fn a_timer_that_fires_late_gives_the_time_back_once() {
        let start = Instant::now();
        let waits = tokio::spawn(async move { timeout_at(start + SECOND, pin!(pending::<()>())).await });
        tokio::task::yield_now().await;
        tokio::time::advance(4 * SECOND).await;
        assert_eq!(waits.await.expect("no panic"), Err(TimedOut));
        assert!(start.elapsed() >= 7 * SECOND, "{:?}", start.elapsed());
        assert!(start.elapsed() < 8 * SECOND, "{:?}", start.elapsed());
    }

    /// The answer is in the socket, its reader is another task, and the timer is due: all are seen in the same turn.
    #[tokio::test]
    async fn an_answer_that_has_arrived_wins_over_a_timer_that_fired_meanwhile() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let mut client = TcpStream::connect(listener.local_addr().expect("bound")).await.expect("listening");
        let (mut server, _) = listener.accept().await.expect("a connection");
        let (answer, arrives) = tokio::sync::oneshot::channel();
        tokio::spawn(async move {
            let mut byte = [0];
            let _ = client.read_exact(&mut byte).await;
            let _ = answer.send(byte[0]);
        });
        tokio::task::yield_now().await;
        let deadline = Instant::now() + Duration::from_millis(20);
        let waits = tokio::spawn(async move { timeout_at(deadline, pin!(arrives)).await });
        tokio::task::yield_now().await;
        server.write_all(b"a").await.expect("written");
        // The thread does not run while the deadline passes, as if the process had been stopped.
        thread::sleep(Duration::from_millis(40));
        let waited = timeout(SECOND, waits).await.expect("in time").expect("no panic");
        assert_eq!(waited, Ok(Ok(b'a')));
    }
}
