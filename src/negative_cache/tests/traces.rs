//! Requests for missing souls, as numbers, in the orders that tell eviction policies apart. Used by the tests and by
//! `bench/traces.rs`. The same seed gives the same trace.

use fastrand::Rng;

/// A trace with its name.
pub struct Trace {
    /// What it is, for a table.
    pub name: String,
    /// The souls, in the order of their requests.
    pub souls: Vec<u64>,
}

/// Souls that nothing else asks for start here.
const SCANNED: u64 = 1 << 40;
/// Requests to a capacity in each trace.
const REQUESTS_PER_ENTRY: usize = 30;

/// Every kind of trace for a cache of `capacity` entries, with a working set of a percentage of it.
pub fn all(capacity: usize, percent: usize, seed: u64) -> Vec<Trace> {
    let random = &mut Rng::with_seed(seed);
    let souls = (capacity * percent / 100).max(1);
    let requests = REQUESTS_PER_ENTRY * capacity.max(souls);
    let trace = |name: &str, souls| Trace { name: name.to_string(), souls };
    vec![
        trace("loop", cycle(souls, requests)),
        trace("loop after a scan", [scan(2 * capacity), cycle(souls, requests)].concat()),
        trace("loop, scans between", with_scans(cycle(souls, requests), souls, capacity / 2)),
        trace("Zipf 0.7", zipf(souls, 0.7, requests, random)),
        trace("Zipf 0.9", zipf(souls, 0.9, requests, random)),
        trace("Zipf 0.9, half scan", with_scans(zipf(souls, 0.9, requests, random), 1, 1)),
        trace("drift", drift(souls, requests, random)),
        trace("drift, each soul twice", twice(souls, requests)),
        trace("uniform", (0..requests).map(|_| random.u64(0..souls as u64)).collect()),
        trace("working set changes", changes(souls, requests, random)),
        trace("indexer", indexer(souls, requests, random)),
    ]
}

/// The same souls again and again, in the same order.
pub fn cycle(souls: usize, requests: usize) -> Vec<u64> {
    (0..requests).map(|request| (request % souls) as u64).collect()
}

/// Souls that are asked for once.
pub fn scan(requests: usize) -> Vec<u64> {
    (SCANNED..).take(requests).collect()
}

/// Inserts groups of souls that are requested once into a trace, at regular intervals.
pub fn with_scans(trace: Vec<u64>, every: usize, requests: usize) -> Vec<u64> {
    let mut scanned = 2 * SCANNED..;
    trace
        .chunks(every)
        .flat_map(|chunk| [chunk, &scanned.by_ref().take(requests).collect::<Vec<_>>()].concat())
        .collect()
}

/// The k-th soul is drawn in proportion to 1 / k^exponent.
pub fn zipf(souls: usize, exponent: f64, requests: usize, random: &mut Rng) -> Vec<u64> {
    let mut draw = Zipf::new(souls, exponent);
    (0..requests).map(|_| draw.next(random)).collect()
}

/// Any of the working set, from which one soul goes and another comes every tenth request.
pub fn drift(souls: usize, requests: usize, random: &mut Rng) -> Vec<u64> {
    (0..requests).map(|request| (request / 10) as u64 + random.u64(0..souls as u64)).collect()
}

/// Each soul is asked for twice: again when nine tenths of the working set have been asked for after it.
pub fn twice(souls: usize, requests: usize) -> Vec<u64> {
    let distance = (souls * 9 / 20).max(1) as u64;
    (0..requests as u64 / 2).flat_map(|n| [n + distance, n]).collect()
}

/// A working set with favourites that is replaced by another as a whole, ten times.
pub fn changes(souls: usize, requests: usize, random: &mut Rng) -> Vec<u64> {
    let part = requests / 10;
    (0..10)
        .flat_map(|n| zipf(souls, 0.8, part, random).into_iter().map(move |soul| soul + n * SCANNED / 1_024))
        .collect()
}

/// What an indexer asks for: plans that name ten parts each, drawn as in `bench/soak`. Plans and parts are unequally popular.
pub fn indexer(souls: usize, requests: usize, random: &mut Rng) -> Vec<u64> {
    const PARTS_PER_PLAN: usize = 10;
    let mut part = Zipf::new(souls, 0.7);
    let plans: Vec<Vec<u64>> =
        (0..souls.div_ceil(5)).map(|_| (0..PARTS_PER_PLAN).map(|_| part.next(random)).collect()).collect();
    let mut plan = Zipf::new(plans.len(), 0.7);
    (0..requests / PARTS_PER_PLAN).flat_map(|_| plans[plan.next(random) as usize].clone()).collect()
}

struct Zipf {
    sums: Vec<f64>,
}

impl Zipf {
    fn new(count: usize, exponent: f64) -> Self {
        let weights = (1..=count).map(|rank| (rank as f64).powf(-exponent));
        let add = |sum: &mut f64, weight: f64| {
            *sum += weight;
            Some(*sum)
        };
        Self { sums: weights.scan(0.0, add).collect() }
    }

    fn next(&mut self, random: &mut Rng) -> u64 {
        let drawn = random.f64() * self.sums[self.sums.len() - 1];
        self.sums.partition_point(|&sum| sum <= drawn).min(self.sums.len() - 1) as u64
    }
}
