//! What must hold for any input whatever. The fuzz targets call these checks with inputs of their own, and
//! `fuzz/corpus.rs` of the package with those that are kept in `corpus/`.
//!
//! | check | an input is |
//! |---|---|
//! | `classify` | a line `STATUS RETRY-AFTER`, then the body |
//! | `record` | the body of a 200 |
//! | `options` | entries `KIND NAME VALUE` with an empty line between two |

pub mod classify;
pub mod json;
pub mod options;
pub mod record;
