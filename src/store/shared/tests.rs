//! The protocol in a model, and the driver on a real server.

mod model;
pub mod server;
mod valkey;
