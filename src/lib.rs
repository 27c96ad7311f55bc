//! Records from a GUN relay, fetched off Node's main thread.
//!
//! A call goes `binding -> client -> knowledge -> single_flight -> admission -> request -> relay` and back through the
//! completion queue. The core knows nothing of Node and is tested without it; [`binding`] is the one part that does.
//!
//! | module | its one idea |
//! |---|---|
//! | `client` | the public client: what a call does before its request, how requests complete, what is counted |
//! | `knowledge` | what is known of a soul without asking the relay |
//! | `negative_cache`, `record_cache` | souls known to be missing, and found records: bounded, each entry with a TTL |
//! | `store` | what outlives the process: a file, and Valkey or Redis for many processes |
//! | `single_flight` | one request per soul, shared by its waiters; the queue of requests to the driver |
//! | `admission` | who may ask a relay, and when: `breaker`, `budget` and permits |
//! | `request` | one request from its permit to its completion: attempts, backoff, fallbacks |
//! | `retry`, `deadline` | whether and when to try again; deadlines that hold for a paused process |
//! | `relay` | the HTTP exchange, and what its answer means |
//! | `record`, `batch`, `utf16` | the record's JSON text; many calls that settle as one; text as JavaScript has it |
//! | `completion_queue` | the way from the network thread to an event loop |
//! | `engine`, `background` | the network thread, and blocking work off it |
//! | `config` | options and environment become a checked whole |
//! | `soul`, `error`, `notice` | what a soul is, what can go wrong, what a client has to say beside its answers |
//! | `stats`, `histogram`, `metrics` | what is counted, how long things took, and all figures for those who scrape them |

pub mod admission;
pub mod background;
pub mod batch;
// The test harness has no Node to link with.
#[cfg(all(feature = "binding", not(test)))]
mod binding;
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
