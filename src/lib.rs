//! Records from a GUN relay, fetched off Node's main thread.
//!
//! A call goes `binding -> client -> knowledge -> single_flight -> admission -> request -> relay` and back through the
//! completion queue. The core knows nothing of Node and is tested without it; only the crate in `src/binding` does.
//!
//! | module | purpose |
//! |---|---|
//! | `client` | the public client: caches, joining and completing requests, counting |
//! | `knowledge` | what is known about a soul without asking the relay |
//! | `negative_cache`, `record_cache` | souls known to be missing, and found records: bounded, each entry with a TTL |
//! | `store` | entries that outlive the process: a file, or Valkey or Redis for many processes |
//! | `single_flight` | one request per soul, shared by its callers; the queue of requests to the driver |
//! | `admission` | whether and when a request is sent: `breaker`, `budget` and permits |
//! | `request` | one request from its permit to its completion: attempts, backoff, fallbacks |
//! | `retry`, `deadline` | whether and when to try again; deadlines for a process that may be paused |
//! | `relay` | the HTTP exchange and the classification of its answer |
//! | `record`, `batch`, `utf16` | the record's JSON text; many calls that settle as one; text as JavaScript has it |
//! | `completion_queue` | delivery from the network thread to an event loop |
//! | `engine`, `background` | the network thread, and blocking work off it |
//! | `config` | validated options and environment |
//! | `soul`, `error`, `notice` | valid souls, errors, events for the log and for diagnostics |
//! | `stats`, `histogram`, `metrics` | counters, latencies, and all figures for Prometheus |

#![forbid(unsafe_code)]

pub mod admission;
pub mod background;
pub mod batch;
pub mod breaker;
pub mod budget;
pub mod client;
pub mod completion_queue;
pub mod config;
pub mod deadline;
pub mod engine;
pub mod error;
pub mod histogram;
pub mod knowledge;
pub mod lock;
pub mod metrics;
pub mod negative_cache;
pub mod notice;
pub mod record;
pub mod record_cache;
pub mod relay;
pub mod request;
pub mod retry;
pub mod single_flight;
pub mod soul;
pub mod stats;
pub mod store;
pub mod utf16;
