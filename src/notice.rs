//! Notices of a client beside its answers: sweeps, circuit changes, warnings.

use crate::error::Elapsed;
use crate::stats::SweepLine;
use std::sync::Arc;
use std::time::Duration;

/// An event of a client, for its log and its diagnostics channels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// A sweep removed entries.
    Swept(SweepLine),
    /// The circuit of a relay opened or closed.
    Circuit(Circuit),
    /// A line for `warn`.
    Warning(String),
}

/// A change of a relay's circuit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Circuit {
    /// The relay as it may be shown: without credentials.
    pub relay: Arc<str>,
    /// Whether it is open now.
    pub is_open: bool,
    /// Duration of the failure streak.
    pub lasted: Duration,
    /// Calls that failed since its last proper answer.
    pub failed_calls: u64,
    /// Its last failure as a sentence; empty if unknown.
    pub last_error: String,
}

impl Circuit {
    /// The line for `warn`.
    pub fn line(&self) -> String {
        let Self { relay, is_open, lasted, failed_calls, last_error } = self;
        let (lasted, calls) = (Elapsed(*lasted), if *failed_calls == 1 { "call" } else { "calls" });
        if *is_open {
            format!(
                "⚠️  [GUN relay] {relay} is down: every request has failed for {lasted} ({last_error}). Calls fail at once \
                 until it answers again; check that it runs and can be reached"
            )
        } else {
            format!("✅ [GUN relay] {relay} is back after {lasted}; {failed_calls} {calls} failed")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outage_has_one_line_when_it_begins_and_one_when_it_ends() {
        let open = Circuit {
            relay: "http://gun-relay:8765".into(),
            is_open: true,
            lasted: Duration::from_millis(1_240),
            failed_calls: 51,
            last_error: "it answered 503".to_owned(),
        };
        assert_eq!(
            open.line(),
            "⚠️  [GUN relay] http://gun-relay:8765 is down: every request has failed for 1.2 s (it answered 503). Calls \
             fail at once until it answers again; check that it runs and can be reached"
        );
        let closed = Circuit { is_open: false, lasted: Duration::from_secs(180), failed_calls: 1, ..open };
        assert_eq!(closed.line(), "✅ [GUN relay] http://gun-relay:8765 is back after 180.0 s; 1 call failed");
    }
}
