//! Properties that hold for any input. The fuzz targets check them on generated inputs, `fuzz/corpus.rs` on those in
//! `corpus/`.
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
