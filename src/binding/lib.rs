//! The only place that knows N-API. It converts JavaScript values to calls of the core, and outcomes to values.
#![allow(unsafe_code, reason = "N-API is a C interface")]

mod body;
mod calls;
mod completion;
mod dispatcher;
mod events;
mod getter;
mod mirror;
mod values;

use calls::{Calls, JsCaller};
use completion::{Completion, CompletionQueue};
use dispatcher::{Dispatcher, Pending};
use events::{Events, error_json};
use gun_native::client::{CallOptions, Client as CoreClient, Relays};
use gun_native::config::{Config, OptionValue};
use gun_native::engine::Engine;
use gun_native::error::{Cause, Code, Fault};
use gun_native::lock::lock;
use gun_native::notice::Notice;
use napi::bindgen_prelude::*;
use napi_derive::napi;
use std::cell::OnceCell;
use std::rc::Rc;
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;
use values::{Handle, NamedValues, SoulBuffer};

type Client = CoreClient<JsCaller>;

/// Delivers completions. The callback receives events ([`events`]) and whether there are more: then it must yield to the event
/// loop and call [`NativeDispatcher::next_turn`].
#[napi]
pub struct NativeDispatcher {
    dispatcher: Rc<Dispatcher>,
}

#[napi]
impl NativeDispatcher {
    /// Keeps the callback weakly while nothing is pending.
    #[napi(constructor, catch_unwind)]
    pub fn new(env: Env, callback: Handle) -> Result<Self> {
        let dispatcher = Dispatcher::open(env.raw(), callback.0)?;
        Ok(Self { dispatcher })
    }

    /// Delivers more of what did not fit into the last turn of the event loop.
    #[napi(catch_unwind)]
    pub fn next_turn(&self) -> Result<()> {
        self.dispatcher.next_turn()
    }

    /// A client with a pool and a cache of its own. `client_id` names it in log lines.
    #[napi(catch_unwind)]
    pub fn open(&self, client_id: u32, options: NamedValues, has_logger: bool) -> Result<NativeClient> {
        let mut config = Config::from_options(&options.0).map_err(thrown)?;
        if !has_logger {
            // A stats line costs as much as ten cached answers.
            config.stats_every = 0;
        }
        let queue = Arc::downgrade(&self.dispatcher.queue);
        let client = open(&config, move |notice| {
            send_notice(&queue, client_id, notice);
        })?;
        Ok(self.client(client_id, client))
    }

    /// The client that the process shares, created from the environment on first use.
    #[napi(catch_unwind)]
    pub fn open_default(&self, client_id: u32, variables: NamedValues) -> Result<NativeClient> {
        let mut default = lock(&DEFAULT);
        let (client, log) = match &mut *default {
            Some(shared) => shared,
            none => {
                let variables: Vec<_> = variables.0.into_iter().filter_map(as_text).collect();
                let config = Config::from_env(&variables).map_err(thrown)?;
                // Registered before the client can send a notice.
                let log = SharedLog::default();
                let reader = (Arc::downgrade(&self.dispatcher.queue), client_id);
                lock(&log).push(reader);
                let ours = Arc::clone(&log);
                none.insert((open(&config, move |notice| send_to_first(&ours, notice))?, log))
            }
        };
        let mut readers = lock(log);
        let ours = Arc::downgrade(&self.dispatcher.queue);
        readers.retain(|(queue, _)| queue.strong_count() > 0 && !queue.ptr_eq(&ours));
        readers.push((ours, client_id));
        Ok(self.client(client_id, client.clone()))
    }

    /// Writes the cache files before the process exits. Blocks.
    #[napi(catch_unwind)]
    pub fn persist(&self) {
        self.dispatcher.persist();
    }

    fn client(&self, id: u32, client: Client) -> NativeClient {
        let dispatcher = Rc::clone(&self.dispatcher);
        let calls = Rc::new(Calls { dispatcher, client, id, mirror: OnceCell::new() });
        self.dispatcher.add_client(&calls);
        NativeClient { calls }
    }
}

/// One client as one JavaScript environment sees it.
#[napi]
pub struct NativeClient {
    calls: Rc<Calls>,
}

#[napi]
impl NativeClient {
    /// The function that begins a call, `(soul, timeoutMs?, fresh?, watch?, asBody?)`. It returns undefined for a soul known to be
    /// missing, an id if the call waits, otherwise the events that settle it.
    #[napi(catch_unwind)]
    pub fn getter(&self, env: Env) -> Result<Handle> {
        getter::create(env.raw(), Rc::clone(&self.calls)).map(Handle)
    }

    /// The memory of the client's mirror in this environment, see [`mirror`]; undefined if there cannot be one. Call it once.
    #[napi(catch_unwind)]
    pub fn mirror(&self, env: Env) -> Option<Handle> {
        let Calls { client, mirror, .. } = &*self.calls;
        let added = client.add_mirror()?;
        match mirror::words(env.raw(), &added) {
            Ok(words) => mirror.set(added).is_ok().then_some(words),
            Err(_) => {
                client.remove_mirror(&added);
                None
            }
        }
    }

    /// Now, as the mirror's `trustedUntil`.
    #[napi(catch_unwind)]
    pub fn mirror_time(&self) -> f64 {
        self.calls.client.mirror_time()
    }

    /// Begins a batch. Returns an id if it waits, otherwise the events that settle it.
    #[napi(catch_unwind)]
    pub fn get_many(
        &self,
        env: Env,
        souls: Vec<Handle>,
        timeout_ms: Option<u32>,
        fresh: Option<bool>,
    ) -> Result<Handle> {
        let options = CallOptions { is_batch: true, ..call_options(timeout_ms, fresh.unwrap_or(false)) };
        self.calls.get_many(env.raw(), &souls, options)
    }

    /// Leaves a waiting call or batch. Returns events if a stats line is due.
    #[napi(catch_unwind)]
    pub fn leave(&self, env: Env, id: u32) -> Result<Option<Handle>> {
        let mut events = Events::new(env.raw());
        self.calls.dispatcher.leave(id, self.calls.id, &mut events)?;
        if events.is_empty() {
            return Ok(None);
        }
        events.into_array().map(Handle).map(Some)
    }

    /// The relay's URL without credentials.
    #[napi(catch_unwind)]
    pub fn relay(&self) -> String {
        self.calls.client.relay().to_owned()
    }

    /// Whether there is a cache file to write at exit.
    #[napi(catch_unwind)]
    pub fn has_file(&self) -> bool {
        self.calls.client.has_file()
    }

    /// Most bytes of an answer's body.
    #[napi(catch_unwind)]
    pub fn max_body_bytes(&self) -> f64 {
        self.calls.client.max_body_bytes() as f64
    }

    /// The result of `cacheStats()`, as JSON.
    #[napi(catch_unwind)]
    pub fn stats(&self) -> Result<String> {
        to_json(&self.calls.client.snapshot())
    }

    /// The figures for `gun-native/metrics`, as JSON.
    #[napi(catch_unwind)]
    pub fn metrics(&self) -> Result<String> {
        to_json(&self.calls.client.metrics())
    }

    /// Invalidates a soul; returns whether it was cached as missing.
    #[napi(catch_unwind)]
    pub fn invalidate(&self, env: Env, soul: Handle) -> Result<bool> {
        match SoulBuffer::new().read(env.raw(), soul.0) {
            Ok(soul) => Ok(self.calls.client.invalidate(soul)),
            Err(error) => Err(thrown(Fault::InvalidArgument(error.to_string()))),
        }
    }

    /// Invalidates every soul; returns how many were cached as missing.
    #[napi(catch_unwind)]
    pub fn invalidate_all(&self) -> u32 {
        // The capacity of a cache is below 2^32.
        self.calls.client.invalidate_all() as u32
    }

    /// Waits for the shared store. The returned id is reported as closed when every invalidation so far has reached the store,
    /// or as failed. Returns undefined without a store.
    #[napi(catch_unwind)]
    pub fn flushed(&self) -> Result<Either<u32, Undefined>> {
        let Calls { dispatcher, client, .. } = &*self.calls;
        if !client.has_shared_store() {
            return Ok(Either::B(()));
        }
        let id = dispatcher.wait(|_| Ok::<_, Error>(Pending::Close))?;
        let queue = Arc::clone(&dispatcher.queue);
        client.flushed(move |result| {
            queue.put([Completion::Flushed { id, result }]);
        });
        Ok(Either::A(id))
    }

    /// Accepts no more calls. The returned id is reported as closed when the connections are closed. Call it once.
    #[napi(catch_unwind)]
    pub fn close(&self) -> Result<u32> {
        let Calls { dispatcher, client, .. } = &*self.calls;
        let id = dispatcher.wait(|_| Ok::<_, Error>(Pending::Close))?;
        let queue = Arc::clone(&dispatcher.queue);
        client.close(move || {
            queue.put([Completion::Closed { id }]);
        });
        Ok(id)
    }
}

/// The codes of `GunError`.
#[napi(catch_unwind)]
pub fn error_codes() -> Vec<&'static str> {
    Code::ALL.into_iter().map(Code::as_str).collect()
}

/// The options of a client, nested ones by path: `cache.ttlMs`.
#[napi(catch_unwind)]
pub fn option_names() -> Vec<&'static str> {
    Config::option_names().collect()
}

/// The variables of the environment that the default client is made from.
#[napi(catch_unwind)]
pub fn variables() -> Vec<&'static str> {
    Config::variables().collect()
}

/// The environments that log the notices of the default client, oldest first.
type SharedLog = Arc<Mutex<Vec<(Weak<CompletionQueue>, u32)>>>;

/// The default client, from its first use to the end of the process.
static DEFAULT: Mutex<Option<(Client, SharedLog)>> = Mutex::new(None);

fn open(config: &Config, on_notice: impl Fn(Notice) + Send + Sync + 'static) -> Result<Client> {
    // Windows unloads the addon with the last environment, but the network thread may still run.
    retain_current_module_for_unload_safety();
    let engine = Engine::shared().map_err(|error| {
        let message = format!("the network's thread could not be started: {error}");
        thrown(Fault::Connect(Cause::new(None, message)))
    })?;
    let handle = engine.handle().clone();
    Ok(Client::open(config, Relays::new(config), &handle, engine, on_notice))
}

/// Sends a notice of the default client to the oldest environment that still exists, so it is logged once.
fn send_to_first(log: &SharedLog, notice: Notice) {
    let readers = lock(log);
    let _ = readers.iter().any(|(queue, id)| send_notice(queue, *id, notice.clone()));
}

fn send_notice(queue: &Weak<CompletionQueue>, client_id: u32, notice: Notice) -> bool {
    queue.upgrade().is_some_and(|queue| queue.put([Completion::Notice { client_id, notice }]))
}

fn to_json(figures: &impl serde::Serialize) -> Result<String> {
    serde_json::to_string(figures).map_err(|error| Error::from_reason(error.to_string()))
}

fn call_options(timeout_ms: Option<u32>, fresh: bool) -> CallOptions {
    CallOptions { timeout: timeout_ms.map(|ms| Duration::from_millis(ms.into())), fresh, is_batch: false }
}

fn as_text((name, value): (String, OptionValue)) -> Option<(String, String)> {
    match value {
        OptionValue::Text(text) => Some((name, text)),
        _ => None,
    }
}

/// A fault outside of a call, as an exception whose message contains the members of a `GunError` as JSON.
fn thrown(fault: Fault) -> Error {
    let message = match &fault {
        Fault::InvalidArgument(text) => text.clone(),
        Fault::Connect(cause) => cause.message.clone(),
        other => other.code().as_str().to_owned(),
    };
    Error::from_reason(error_json(&fault, &message).to_string())
}
