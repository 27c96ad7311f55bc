//! What a client knows about souls without asking the relay: missing souls, found records, and stores that outlive the
//! process.

mod stores;

use crate::config::Config;
use crate::negative_cache::{CachePolicy, Lookup, NegativeCache, Swept};
use crate::notice::Notice;
use crate::record::RecordText;
use crate::record_cache::{RecordCache, RecordPolicy};
use crate::relay::Answer;
use crate::single_flight::{Request, SingleFlight};
use crate::store::Listener;
use crate::store::file::{FileStore, Opened};
use crate::store::shared::{LookUp, SharedStore, StoreConfig, Trust};
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Weak};
pub use stores::{StoreSnapshot, WRITE_EVERY};
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::time::Instant;

/// What is known of a soul.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Known {
    /// Nothing.
    Nothing,
    /// The relay has no record.
    Missing,
    /// The same; the entry expires soon and is to be refreshed now.
    MissingRefresh,
    /// The record, fetched within its TTL.
    Found(RecordText),
}

/// What a client knows. All methods may be called from any thread.
pub struct Knowledge {
    /// Souls known to be missing.
    pub missing: NegativeCache,
    /// Found records, if they are cached.
    pub records: Option<RecordCache>,
    file: Option<File>,
    shared: Option<Shared>,
}

/// The shared store.
struct Shared {
    store: SharedStore,
    /// Failed operations by the end of the last outage.
    errors_before: AtomicU64,
}

/// The embedded store.
struct File {
    store: Arc<FileStore>,
    /// Whether it has been loaded.
    is_loaded: watch::Sender<bool>,
    /// Entries remembered and removed by the time of the last write.
    written: AtomicU64,
}

impl Knowledge {
    /// Starts with nothing known. Opens the store's file, if one is configured; also returns a log line if it cannot be used.
    pub fn open(config: &Config, now: Instant) -> (Self, Option<String>) {
        let first_ttl = config.first_ttl.unwrap_or(config.ttl);
        let Config { capacity, ttl, refresh, .. } = *config;
        let records = RecordPolicy {
            ttl: config.record_ttl,
            max_bytes: config.record_max_bytes,
            stale_if_error: config.stale_if_error,
        };
        let mut knowledge = Self {
            missing: NegativeCache::new(CachePolicy { capacity, ttl, first_ttl, refresh }, now),
            records: RecordCache::new(records),
            file: None,
            shared: None,
        };
        let Some(path) = config.cache_file.as_ref().filter(|_| capacity > 0) else { return (knowledge, None) };
        match FileStore::open(path, &config.relay.shown, ttl) {
            Opened::Without { warning } => (knowledge, Some(warning)),
            Opened::Ours(store) => {
                let is_loaded = watch::Sender::new(false);
                knowledge.file = Some(File { store: Arc::new(store), is_loaded, written: AtomicU64::new(0) });
                (knowledge, None)
            }
        }
    }

    /// Begins to connect to the shared store, if one is configured. `listener` is called on `handle`'s threads.
    pub fn with_shared_store(mut self, config: &Config, handle: &Handle, listener: Weak<dyn Listener>) -> Self {
        let Some(url) = config.cache_url.as_ref().filter(|_| config.capacity > 0) else { return self };
        let namespace = config.cache_namespace.as_deref().unwrap_or(&config.relay.shown).to_owned();
        let store = StoreConfig { url: url.clone(), namespace, tls: config.tls.clone() };
        self.missing.trust_mirrors(None);
        let store = SharedStore::open(&store, handle, listener);
        self.shared = Some(Shared { store, errors_before: AtomicU64::new(0) });
        self
    }

    /// The shared store, if there is one.
    pub fn shared_store(&self) -> Option<&SharedStore> {
        self.shared.as_ref().map(|shared| &shared.store)
    }

    /// What a call that begins now may use. Read once per call.
    pub fn trust(&self, now: Instant) -> Trust {
        self.shared.as_ref().map_or(Trust::Everything, |shared| shared.store.trust(now))
    }

    /// What is known of the soul now.
    pub fn look_up(&self, soul: &str, trust: Trust, now: Instant) -> Known {
        match self.look_up_missing(soul, trust, now) {
            Lookup::Known => Known::Missing,
            Lookup::KnownRefresh => Known::MissingRefresh,
            Lookup::Unknown if trust == Trust::Nothing => Known::Nothing,
            Lookup::Unknown => {
                let record = self.records.as_ref().and_then(|records| records.get(soul, now));
                record.map_or(Known::Nothing, Known::Found)
            }
        }
    }

    /// Whether the soul is known to be missing.
    pub fn is_missing(&self, soul: &str, trust: Trust, now: Instant) -> bool {
        self.look_up_missing(soul, trust, now) != Lookup::Unknown
    }

    fn look_up_missing(&self, soul: &str, trust: Trust, now: Instant) -> Lookup {
        match trust {
            Trust::Everything => self.missing.look_up(soul, now),
            Trust::Own => self.missing.look_up_own(soul, now),
            Trust::Nothing => Lookup::Unknown,
        }
    }

    /// Updates the caches from the answers of the store and the relay; returns whether the soul is now cached as missing. Must
    /// be called before the request is completed or detached.
    pub fn learn(&self, soul: &Arc<str>, answer: &Answer, looked_up: LookUp, now: Instant) -> bool {
        if let Some(records) = &self.records {
            match answer {
                Answer::Found(record) => records.insert(soul, record.clone(), now),
                Answer::Missing { .. } => records.remove(soul),
                Answer::Failed { .. } => {}
            }
        }
        match (answer, looked_up) {
            (Answer::Missing { remember: true }, looked_up) => {
                let life = self.missing.remember(soul, now);
                if let (Some(shared), Some(life), Some(token)) = (&self.shared, life, looked_up.token()) {
                    shared.store.remember(soul, token, life);
                }
                life.is_some()
            }
            // The answer came from the store.
            (Answer::Missing { remember: false }, LookUp::Missing { life, .. }) => {
                self.missing.remember_for(soul, life, now)
            }
            _ => false,
        }
    }

    /// Forgets the soul and detaches its request; returns whether it was cached as missing.
    pub fn invalidate<C>(&self, soul: &str, single_flight: &SingleFlight<C>) -> (bool, Option<Notice>) {
        let forget = || {
            // The store first: a request that begins now must not read the old entry there.
            if let Some(shared) = &self.shared {
                shared.store.invalidate(soul);
            }
            self.forget(soul)
        };
        self.logged(
            |store| store.invalidate(soul, || single_flight.invalidate(soul, forget)),
            || single_flight.invalidate(soul, forget),
        )
    }

    /// Forgets every soul and detaches every request; returns how many were cached as missing.
    pub fn invalidate_all<C>(&self, single_flight: &SingleFlight<C>) -> (usize, Option<Notice>) {
        let forget = || {
            if let Some(shared) = &self.shared {
                shared.store.invalidate_all();
            }
            self.forget_all()
        };
        self.logged(
            |store| store.invalidate_all(|| single_flight.invalidate_all(forget)),
            || single_flight.invalidate_all(forget),
        )
    }

    /// Forgets what this process knows of the soul; returns whether it was cached as missing.
    pub fn forget(&self, soul: &str) -> bool {
        if let Some(records) = &self.records {
            records.remove(soul);
        }
        self.missing.forget(soul, Instant::now())
    }

    /// The same for every soul; returns how many were cached as missing.
    pub fn forget_all(&self) -> usize {
        if let Some(records) = &self.records {
            records.clear();
        }
        self.missing.forget_all(Instant::now())
    }

    /// Called when the relay has the record after all; returns whether the soul was cached as missing, here or in the shared
    /// store.
    pub fn forget_missing<C>(
        &self,
        request: &Arc<Request<C>>,
        looked_up: &LookUp,
        single_flight: &SingleFlight<C>,
        now: Instant,
    ) -> bool {
        let soul = &request.soul;
        let is_shared = matches!(looked_up, LookUp::Missing { .. });
        if !is_shared && self.missing.look_up(soul, now) == Lookup::Unknown {
            return false;
        }
        let forget = || {
            if let Some(shared) = &self.shared {
                shared.store.invalidate(soul);
            }
            self.missing.forget(soul, now)
        };
        self.logged(
            |store| store.invalidate(soul, || single_flight.forget_for(request, forget)),
            || single_flight.forget_for(request, forget),
        )
        .0 || is_shared
    }

    /// Removes expired entries. Blocks while there are many.
    pub fn sweep(&self, now: Instant) -> Swept {
        self.missing.sweep(now)
    }
}
