//! The protocol in a model, and the driver on a real server.

mod model;
mod server;
mod valkey;
