//! Records from a GUN relay, fetched off Node's main thread.
//!
//! A call goes `binding -> client -> negative_cache -> request -> retry -> relay` and back. The core knows nothing of
//! Node and is tested without it; [`binding`] is the one part that does.
//!
//! | module | its one idea |
//! |---|---|
//! | `client` | one call's way, top to bottom |
//! | `negative_cache` | souls known to be missing, bounded and mortal |
//! | `request` | one request per soul, shared by its callers |
//! | `retry` | whether and when to try again |
//! | `budget` | how much may be tried again |
//! | `breaker` | a relay that only fails is left alone |
//! | `relay` | the HTTP exchange, and what its answer means |
//! | `record` | the record's JSON text |
//! | `batch` | many calls that settle as one |
//! | `completion_queue` | the way from the network thread to an event loop |
//! | `engine` | the thread that does the network's work |
//! | `config` | options and environment become a checked whole |
//! | `store` | what outlives the process: a file, and Valkey or Redis for many processes |
//! | `soul`, `error`, `stats` | what a soul is, what can go wrong, what is counted |
//! | `histogram`, `metrics` | how long things took, and all figures for those who scrape them |

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
