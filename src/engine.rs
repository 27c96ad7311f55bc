//! The network thread: one for all clients of the process. It runs while any of them is open.

use crate::lock::lock;
use std::io;
use std::sync::{Arc, Mutex, Weak};
use std::thread;
use std::time::Duration;
use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;

/// Idle time after which a thread for blocking work (host name lookups, sweeps) ends.
const HELPER_IDLE: Duration = Duration::from_secs(1);
const MAX_HELPERS: usize = 4;

/// Keeps the thread running. It ends when the last owner is dropped, on whatever thread.
#[derive(Debug)]
pub struct Engine {
    handle: Handle,
    /// The thread waits for this to be dropped with the engine.
    _stop: oneshot::Sender<()>,
}

static SHARED: Mutex<Weak<Engine>> = Mutex::new(Weak::new());

impl Engine {
    /// The engine of the process, started if necessary. Fails if the system has no thread or event queue left.
    pub fn shared() -> io::Result<Arc<Engine>> {
        let mut shared = lock(&SHARED);
        if let Some(engine) = shared.upgrade() {
            return Ok(engine);
        }
        let engine = Arc::new(Engine::start()?);
        *shared = Arc::downgrade(&engine);
        Ok(engine)
    }

    /// One thread: a call passes through no other, and the other cores are left to JavaScript.
    fn start() -> io::Result<Engine> {
        let runtime = Builder::new_current_thread()
            .enable_io()
            .enable_time()
            .max_blocking_threads(MAX_HELPERS)
            .thread_keep_alive(HELPER_IDLE)
            .thread_name("gun-native-helper")
            .build()?;
        let handle = runtime.handle().clone();
        let (stop, stopped) = oneshot::channel::<()>();
        thread::Builder::new().name("gun-native".to_owned()).spawn(move || {
            // The error means that the sender is gone, which is what this waits for.
            let _ = runtime.block_on(stopped);
            runtime.shutdown_background();
        })?;
        Ok(Engine { handle, _stop: stop })
    }

    /// Spawns tasks on the thread.
    pub fn handle(&self) -> &Handle {
        &self.handle
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;

    #[test]
    fn the_thread_is_shared_while_somebody_owns_it_and_ends_with_the_last_owner() {
        let engine = Engine::shared().expect("a thread");
        let again = Engine::shared().expect("a thread");
        assert!(Arc::ptr_eq(&engine, &again));
        let (done, waits) = mpsc::channel();
        let on_thread = Arc::clone(&engine);
        engine.handle().spawn(async move {
            // The last owner may be a task of the thread itself.
            drop(on_thread);
            let _ = done.send(thread::current().name().map(str::to_owned));
        });
        assert_eq!(waits.recv().expect("ran"), Some("gun-native".to_owned()));

        let (ended, waits) = mpsc::channel::<()>();
        engine.handle().spawn(async move {
            let _ended = ended;
            std::future::pending::<()>().await;
        });
        drop((engine, again));
        assert!(waits.recv().is_err(), "the runtime is gone and its tasks with it");
    }
}
