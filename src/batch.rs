//! Many calls that settle as one: outcomes are collected in the order of the souls and delivered after the last one.

use crate::completion_queue::{MAX_TURN_BYTES, MAX_TURN_ITEMS};
use crate::error::CallError;
use crate::lock::lock;
use crate::single_flight::Outcome;
use std::sync::{Arc, Mutex};

/// Outcomes of a batch, collected as they arrive.
#[derive(Debug)]
pub struct Batch {
    slots: Mutex<Slots>,
}

#[derive(Debug)]
struct Slots {
    outcomes: Vec<Option<Outcome>>,
    /// Unsettled souls, plus one until the batch is sealed.
    awaited: usize,
    hits: usize,
}

impl Batch {
    /// A batch of `souls` souls, none of them settled.
    pub fn new(souls: usize) -> Self {
        let slots = Slots { outcomes: vec![None; souls], awaited: souls + 1, hits: 0 };
        Self { slots: Mutex::new(slots) }
    }

    /// Settles one soul; called once for each. Returns the answer if this was the last one, so it is written on the thread of
    /// the last outcome, usually the network thread.
    pub fn settle(&self, index: usize, outcome: Outcome, is_hit: bool) -> Option<BatchText> {
        self.arrived(|slots| {
            slots.outcomes[index] = Some(outcome.unguarded());
            slots.hits += usize::from(is_hit);
        })
    }

    /// Called once, when the call of every soul has begun; `hits` of them were answered from the cache. The batch cannot end
    /// before. Returns the answer if every soul is settled.
    pub fn seal(&self, hits: usize) -> Option<BatchText> {
        self.arrived(|slots| slots.hits += hits)
    }

    fn arrived(&self, note: impl FnOnce(&mut Slots)) -> Option<BatchText> {
        let (outcomes, hits) = {
            let mut slots = lock(&self.slots);
            note(&mut slots);
            slots.awaited -= 1;
            if slots.awaited > 0 {
                return None;
            }
            (std::mem::take(&mut slots.outcomes), slots.hits)
        };
        Some(BatchText { hits, ..BatchText::new(outcomes.into_iter().flatten()) })
    }
}

/// A batch's outcomes as JSON.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct BatchText {
    /// The parts of the answer, in order. Each fits into one turn of the event loop.
    pub parts: Vec<Part>,
    /// Outcomes that end a call ([`Outcome::ends_a_call`]).
    pub calls: usize,
    /// Those of them that were answered from the cache.
    pub hits: usize,
}

/// A part of a batch's answer.
#[derive(Debug, PartialEq, Eq)]
pub struct Part {
    /// An array of JSON: a record, or `null` for missing and for failed.
    pub text: String,
    /// Whether all of it is ASCII: such text becomes a one-byte string of V8 with no decoding.
    pub is_ascii: bool,
    /// Failed calls, by their index in the whole batch.
    pub failures: Vec<(usize, Arc<CallError>)>,
}

impl BatchText {
    /// Writes the outcomes of a batch as JSON.
    fn new(outcomes: impl Iterator<Item = Outcome>) -> Self {
        Self::in_parts_of(MAX_TURN_BYTES, MAX_TURN_ITEMS, outcomes)
    }

    fn in_parts_of(max_bytes: usize, max_failures: usize, outcomes: impl Iterator<Item = Outcome>) -> Self {
        let mut written = Self::default();
        let mut part = Part::begin();
        for (index, outcome) in outcomes.enumerate() {
            written.calls += usize::from(outcome.ends_a_call());
            let (record, is_ascii) = match &outcome {
                Outcome::Found(record) => (record.as_str(), record.is_ascii),
                Outcome::Missing | Outcome::Failed(_) => ("null", true),
            };
            // With a comma and the closing bracket.
            let is_full = part.text.len() + record.len() + 2 > max_bytes || part.failures.len() >= max_failures;
            if is_full && !part.is_empty() {
                written.parts.push(std::mem::replace(&mut part, Part::begin()).end());
            }
            part.add(record, is_ascii);
            if let Outcome::Failed(error) = outcome {
                part.failures.push((index, error));
            }
        }
        written.parts.push(part.end());
        written
    }
}

impl Part {
    fn begin() -> Self {
        Self { text: String::from("["), is_ascii: true, failures: Vec::new() }
    }

    fn is_empty(&self) -> bool {
        self.text.len() == 1
    }

    fn add(&mut self, value: &str, is_ascii: bool) {
        if !self.is_empty() {
            self.text.push(',');
        }
        self.text.push_str(value);
        self.is_ascii &= is_ascii;
    }

    fn end(mut self) -> Self {
        self.text.push(']');
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Fault;
    use crate::record::read_answer;
    use std::time::Duration;

    fn found(data: &str) -> Outcome {
        let body = format!(r#"{{"success":true,"data":{data}}}"#);
        Outcome::Found(read_answer(&body.into()).expect("usable").expect("a record"))
    }

    fn failed() -> Outcome {
        Outcome::Failed(Arc::new(CallError {
            fault: Fault::Timeout,
            relay: "http://a".into(),
            soul: "s".into(),
            attempts: 1,
            elapsed: Duration::ZERO,
            others: Vec::new(),
        }))
    }

    fn texts(written: &BatchText) -> Vec<&str> {
        written.parts.iter().map(|part| part.text.as_str()).collect()
    }

    fn failed_indices(written: &BatchText) -> Vec<Vec<usize>> {
        let indices = |part: &Part| part.failures.iter().map(|(index, _)| *index).collect();
        written.parts.iter().map(indices).collect()
    }

    #[test]
    fn an_answer_has_records_and_null_in_the_order_of_the_souls_and_failures_beside() {
        let batch = Batch::new(3);
        assert_eq!(batch.settle(2, Outcome::Missing, true), None);
        assert_eq!(batch.seal(1), None);
        assert_eq!(batch.settle(0, found(r#"{"a":1}"#), false), None);
        let answer = batch.settle(1, failed(), false).expect("the last one");
        assert_eq!(texts(&answer), [r#"[{"a":1},null,null]"#]);
        assert_eq!(failed_indices(&answer), [vec![1]]);
        assert_eq!((answer.calls, answer.hits), (3, 2));
    }

    #[test]
    fn a_batch_does_not_end_before_it_is_sealed() {
        let batch = Batch::new(1);
        assert_eq!(batch.settle(0, Outcome::Missing, false), None);
        assert_eq!(texts(&batch.seal(1).expect("the end")), ["[null]"]);
        let none = Batch::new(0).seal(0).expect("the end");
        assert_eq!((texts(&none), none.calls), (vec!["[]"], 0));
    }

    #[test]
    fn text_too_long_for_one_turn_comes_in_parts_that_each_know_their_letters() {
        let outcomes = [found(r#"{"a":1}"#), found(r#"{"b":"é"}"#), Outcome::Missing];
        let written = BatchText::in_parts_of(12, 9, outcomes.into_iter());
        assert_eq!(texts(&written), [r#"[{"a":1}]"#, r#"[{"b":"é"}]"#, "[null]"]);
        let ascii: Vec<bool> = written.parts.iter().map(|part| part.is_ascii).collect();
        assert_eq!(ascii, [true, false, true]);
        let whole = BatchText::in_parts_of(12, 9, [found(r#"{"a":123456789012345}"#)].into_iter());
        assert_eq!(texts(&whole), [r#"[{"a":123456789012345}]"#]);
    }
    #[test]
    fn failures_too_many_for_one_turn_come_in_parts() {
        let outcomes = [failed(), Outcome::Missing, failed(), failed()];
        let written = BatchText::in_parts_of(1_000, 2, outcomes.into_iter());
        assert_eq!(texts(&written), ["[null,null,null]", "[null]"]);
        assert_eq!(failed_indices(&written), [vec![0, 2], vec![3]]);
    }
}
