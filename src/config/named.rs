//! Options that are not whole numbers: variables and parsers.

use super::relay_url::{is_http, redacted};
use super::tls::{EXTRA_ROOTS, TlsOptions};
use super::{Config, OptionValue, ProxyUrl, RelayUrl, StoreUrl};
use crate::error::Fault;
use url::Host;

/// A configuration while its options are read. TLS is built at the end because several options affect it.
#[derive(Default)]
pub(super) struct Draft {
    pub config: Config,
    tls: TlsOptions,
}

impl Draft {
    pub fn finish(self) -> Result<Config, Fault> {
        let Draft { mut config, tls } = self;
        let mut relays = std::iter::once(&config.relay).chain(&config.fallbacks);
        let is_used = relays.any(|relay| relay.get.scheme() == "https");
        config.tls = tls.build(is_used || config.cache_url.as_ref().is_some_and(|store| store.is_tls))?;
        if config.cache_url.is_some() && config.cache_file.is_some() {
            let message = "cache.file (GUN_404_CACHE_FILE) and cache.url (GUN_404_CACHE_URL) cannot be used together: a file \
                           would bring back what other processes have invalidated; leave out one of them";
            return Err(Fault::InvalidArgument(message.to_owned()));
        }
        let mut relays = std::iter::once(&config.relay).chain(&config.fallbacks);
        let is_v6 = |relay: &RelayUrl| relay.get.scheme() == "https" && matches!(relay.get.host(), Some(Host::Ipv6(_)));
        if config.proxy.is_some() && relays.any(is_v6) {
            let message = "option proxy cannot be used with an https relay given by an IPv6 address; use its name";
            return Err(Fault::InvalidArgument(message.to_owned()));
        }
        Ok(config)
    }
}

/// A value and where it comes from.
pub(super) struct Given<'g> {
    /// `option relayUrl` or `environment variable GUN_PEERS`
    pub what: &'g str,
    pub value: &'g OptionValue,
    /// Some variables are written differently from their options: `on`, lists with commas.
    pub is_variable: bool,
}

/// An option that is not a whole number.
pub(super) struct Named {
    pub option: Option<&'static str>,
    pub variable: Option<&'static str>,
    pub apply: fn(&mut Draft, &Given<'_>) -> Result<(), Fault>,
}

impl Named {
    /// `NODE_EXTRA_CA_CERTS` is also passed with the options, because it applies to every client.
    pub fn is_option(&self, name: &str) -> bool {
        self.option == Some(name) || name == EXTRA_ROOTS && self.variable == Some(EXTRA_ROOTS)
    }
}

const fn named(
    option: &'static str,
    variable: Option<&'static str>,
    apply: fn(&mut Draft, &Given<'_>) -> Result<(), Fault>,
) -> Named {
    Named { option: Some(option), variable, apply }
}

pub(super) const NAMED: [Named; 15] = [
    named("relayUrl", Some("GUN_PEERS"), |draft, given| {
        draft.config.relay = given.relay()?;
        Ok(())
    }),
    named("fallbackUrls", Some("GUN_FALLBACK_RELAYS"), |draft, given| {
        draft.config.fallbacks = given.relays()?;
        Ok(())
    }),
    named("cache.refresh", Some("GUN_404_CACHE_REFRESH"), |draft, given| {
        draft.config.refresh = given.switch()?;
        Ok(())
    }),
    named("cache.file", Some("GUN_404_CACHE_FILE"), |draft, given| {
        draft.config.cache_file = Some(given.text("must be a path")?.into());
        Ok(())
    }),
    named("cache.url", Some("GUN_404_CACHE_URL"), |draft, given| {
        draft.config.cache_url = Some(StoreUrl::parse(given.what, given.value)?);
        Ok(())
    }),
    named("cache.namespace", Some("GUN_404_CACHE_NAMESPACE"), |draft, given| {
        draft.config.cache_namespace = Some(given.text("must be a non-empty string")?.to_owned());
        Ok(())
    }),
    named("retryBudget", None, |draft, given| {
        draft.config.budget = given.off()?;
        Ok(())
    }),
    named("retryBudget.ratio", None, |draft, given| {
        let ratio = given.fraction()?;
        draft.config.budget.iter_mut().for_each(|budget| budget.ratio = ratio);
        Ok(())
    }),
    named("breaker", None, |draft, given| {
        draft.config.breaker = given.off()?;
        Ok(())
    }),
    named("ca", None, |draft, given| {
        draft.tls.ca = Some(given.pem()?);
        Ok(())
    }),
    named("cert", None, |draft, given| {
        draft.tls.cert = Some(given.pem()?);
        Ok(())
    }),
    named("key", None, |draft, given| {
        draft.tls.key = Some(given.pem()?);
        Ok(())
    }),
    named("rejectUnauthorized", None, |draft, given| {
        draft.tls.is_unverified = !given.switch()?;
        Ok(())
    }),
    named("proxy", None, |draft, given| {
        draft.config.proxy = Some(ProxyUrl::parse(given.value)?);
        Ok(())
    }),
    Named {
        option: None,
        variable: Some(EXTRA_ROOTS),
        apply: |draft, given| {
            // An empty value names no file.
            draft.tls.extra_roots = given.as_text().filter(|file| !file.is_empty()).map(str::to_owned);
            Ok(())
        },
    },
];

impl Given<'_> {
    fn as_text(&self) -> Option<&str> {
        match self.value {
            OptionValue::Text(text) => Some(text),
            _ => None,
        }
    }

    fn refused(&self, allowed: &str, shown: &OptionValue) -> Fault {
        Fault::InvalidArgument(format!("{} {allowed}, got {shown}", self.what))
    }

    /// One relay: the option's URL, or the first http entry of the variable. If there is none, the first WebSocket entry,
    /// because a GUN peer serves both on one port.
    fn relay(&self) -> Result<RelayUrl, Fault> {
        let text = self.as_text();
        let relay = match text {
            Some(text) if self.is_variable => {
                let mut peers = entries(text);
                match peers.clone().find(|peer| is_http(peer)) {
                    Some(peer) => RelayUrl::parse(peer),
                    None => peers.find_map(RelayUrl::of_peer),
                }
            }
            Some(text) => RelayUrl::parse(text),
            None => None,
        };
        relay.ok_or_else(|| self.no_relay(text.and_then(|text| entries(text).next())))
    }

    /// Any number of relays; JavaScript passes its array of strings as lines.
    fn relays(&self) -> Result<Vec<RelayUrl>, Fault> {
        let Some(text) = self.as_text() else {
            return Err(self.refused("must be an array of http or https URLs", self.value));
        };
        let parse = |url| RelayUrl::parse(url).ok_or_else(|| self.no_relay(Some(url)));
        if self.is_variable {
            entries(text).filter(|entry| !entry.is_empty()).map(parse).collect()
        } else {
            text.lines().map(parse).collect()
        }
    }

    fn no_relay(&self, probably: Option<&str>) -> Fault {
        let hint = probably.and_then(RelayUrl::hint).map_or(String::new(), |hint| format!("; {hint}"));
        let shown = redacted(self.value);
        let allowed = "must be an http or https URL without query or fragment";
        Fault::InvalidArgument(format!("{} {allowed}, got {shown}{hint}", self.what))
    }

    fn switch(&self) -> Result<bool, Fault> {
        let (yes, no) = if self.is_variable { ("on", "off") } else { ("true", "false") };
        match self.value {
            OptionValue::Text(shown) if self.is_variable && shown == yes => Ok(true),
            OptionValue::Text(shown) if self.is_variable && shown == no => Ok(false),
            OptionValue::Other(shown) if !self.is_variable && shown == yes => Ok(true),
            OptionValue::Other(shown) if !self.is_variable && shown == no => Ok(false),
            value => Err(self.refused(&format!("must be {yes} or {no}"), value)),
        }
    }

    fn text(&self, allowed: &str) -> Result<&str, Fault> {
        let text = self.as_text().filter(|text| !text.is_empty() && !text.contains('\0'));
        text.ok_or_else(|| self.refused(allowed, self.value))
    }

    fn fraction(&self) -> Result<f64, Fault> {
        match self.value {
            OptionValue::Number(ratio) if (0.0..=1.0).contains(ratio) => Ok(*ratio),
            value => Err(self.refused("must be a number from 0 to 1", value)),
        }
    }

    /// An option of several members that is given as a whole: nothing if it is `false`.
    fn off<T>(&self) -> Result<Option<T>, Fault> {
        match self.value {
            OptionValue::Other(shown) if shown == "false" => Ok(None),
            value => Err(self.refused("must be an object or false", value)),
        }
    }

    /// Text that may contain a secret: messages do not show an invalid value.
    fn pem(&self) -> Result<String, Fault> {
        let text = self.as_text().map(str::to_owned);
        text.ok_or_else(|| Fault::InvalidArgument(format!("{} must be text in PEM", self.what)))
    }
}

fn entries(list: &str) -> impl Iterator<Item = &str> + Clone {
    list.split(',').map(str::trim)
}
