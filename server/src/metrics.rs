//! What the server counts and measures, in the text form of OpenMetrics.

use std::sync::Arc;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Metric, Registry, Unit};

use crate::logging;

/// Upper bounds of latencies in seconds: half a millisecond to ten seconds.
const SECONDS: [f64; 14] = [
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
];
/// Upper bounds of the sizes of commit groups.
const GROUP_SIZES: [f64; 8] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0];

/// Everything that `/metrics` shows.
pub struct Metrics {
    registry: Registry,
    /// The store's part.
    pub store: Arc<StoreMetrics>,
    requests: Family<RequestLabels, Histogram, fn() -> Histogram>,
    connections_in_use: Gauge,
    connections_limit: Gauge,
    /// Panics that were caught while a request was answered. Each is a mistake of ours.
    pub panics: Counter,
    /// Profiles for which something was due that could not be handled.
    pub due_failures: Counter,
    /// Profiles that were met and cannot be read, or have what cannot be.
    pub unsound_profiles: Counter,
    tries: Family<TryLabels, Histogram, fn() -> Histogram>,
    blocked: Family<IntegrationLabels, Gauge>,
    paused: Family<IntegrationLabels, Gauge>,
    losing: Family<IntegrationLabels, Gauge>,
    overdue: Family<IntegrationLabels, Gauge>,
}

/// What the store counts.
pub struct StoreMetrics {
    /// Changes that wait for their commit.
    pub waiting: Gauge,
    /// How many changes each commit took.
    pub group_size: Histogram,
    /// How long each commit took, from the transaction's beginning.
    pub commit_seconds: Histogram,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    method: &'static str,
    route: &'static str,
    status: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct TryLabels {
    integration: &'static str,
    verdict: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct IntegrationLabels {
    integration: &'static str,
}

impl Default for StoreMetrics {
    fn default() -> Self {
        Self::registered(&mut Registry::default())
    }
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("bursar");
        let all = &mut registry;
        let times: fn() -> Histogram = || Histogram::new(SECONDS);
        registered(
            all,
            "log_lines_lost",
            "Lines of the log that were lost because standard error did not take them",
            logging::lost_lines(),
        );
        Self {
            requests: in_seconds(
                all,
                "http_request_duration",
                "Time to answer a request, by method, route and status",
                Family::new_with_constructor(times),
            ),
            panics: counted(
                all,
                "http_panics",
                "Panics that were caught while answering a request",
            ),
            due_failures: counted(
                all,
                "due_failures",
                "Profiles for which something was due that could not be handled",
            ),
            unsound_profiles: counted(
                all,
                "unsound_profiles",
                "Times that a profile was met which cannot be read or has inconsistent purchases",
            ),
            tries: in_seconds(
                all,
                "delivery_try_duration",
                "Time of a try of a delivery, by integration and verdict",
                Family::new_with_constructor(times),
            ),
            blocked: counted(
                all,
                "integrations_blocked",
                "Apps for which an integration is on and stands still until its settings are mended",
            ),
            paused: counted(
                all,
                "integrations_paused",
                "Apps for which this server sends nothing to an integration, or to one of its addresses, for a while",
            ),
            losing: counted(
                all,
                "integrations_losing",
                "Apps for which this server has met that an integration takes nothing, or that a credential is not set",
            ),
            overdue: in_seconds(
                all,
                "delivery_overdue",
                "How long the delivery that has been due longest has been so, by integration",
                Family::default(),
            ),
            store: Arc::new(StoreMetrics::registered(all)),
            connections_in_use: counted(
                all,
                "store_connections_in_use",
                "Database connections in use (SQLite: readers)",
            ),
            connections_limit: counted(
                all,
                "store_connections_limit",
                "Database connections allowed (0: no limit)",
            ),
            registry,
        }
    }
}

impl StoreMetrics {
    fn registered(all: &mut Registry) -> Self {
        Self {
            waiting: counted(all, "store_waiting_changes", "Changes that wait for their commit"),
            group_size: registered(
                all,
                "store_group_size",
                "Changes that a commit took",
                Histogram::new(GROUP_SIZES),
            ),
            commit_seconds: in_seconds(
                all,
                "store_commit_duration",
                "Time from a transaction's beginning to the end of its commit",
                Histogram::new(SECONDS),
            ),
        }
    }
}

fn registered<M: Metric + Clone>(all: &mut Registry, name: &str, help: &str, metric: M) -> M {
    all.register(name, help, metric.clone());
    metric
}

/// What begins at nothing and has no unit.
fn counted<M: Metric + Clone + Default>(all: &mut Registry, name: &str, help: &str) -> M {
    registered(all, name, help, M::default())
}

fn in_seconds<M: Metric + Clone>(all: &mut Registry, name: &str, help: &str, metric: M) -> M {
    all.register_with_unit(name, help, Unit::Seconds, metric.clone());
    metric
}

/// How things are when the metrics are asked for.
#[derive(Default)]
pub struct Now {
    /// Database connections in use.
    pub connections_in_use: usize,
    /// How many there may be; 0 for any number.
    pub connections_limit: usize,
    /// For how many apps each integration is blocked.
    pub blocked: Vec<(&'static str, usize)>,
    /// For how many it is paused.
    pub paused: Vec<(&'static str, usize)>,
    /// For how many it loses what it is sent.
    pub losing: Vec<(&'static str, usize)>,
}

impl Metrics {
    /// Counts a request that has been answered.
    pub fn request(&self, method: &'static str, route: &'static str, status: u16, seconds: f64) {
        self.requests
            .get_or_create(&RequestLabels {
                method,
                route,
                status,
            })
            .observe(seconds);
    }

    /// Counts a try of a delivery.
    pub fn tried(&self, integration: &'static str, verdict: &'static str, seconds: f64) {
        self.tries
            .get_or_create(&TryLabels { integration, verdict })
            .observe(seconds);
    }

    /// Notes for how long the delivery of an integration has been due that has been so longest.
    pub fn overdue(&self, integration: &'static str, seconds: i64) {
        let labels = IntegrationLabels { integration };
        self.overdue.get_or_create(&labels).set(seconds);
    }

    /// All of it as text, with how things are now.
    pub fn encode(&self, now: &Now) -> String {
        let count = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
        self.connections_in_use.set(count(now.connections_in_use));
        self.connections_limit.set(count(now.connections_limit));
        for (gauge, numbers) in [
            (&self.blocked, &now.blocked),
            (&self.paused, &now.paused),
            (&self.losing, &now.losing),
        ] {
            for (integration, apps) in numbers {
                let labels = IntegrationLabels { integration };
                gauge.get_or_create(&labels).set(count(*apps));
            }
        }
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &self.registry)
            .expect("writing to a String cannot fail");
        text
    }
}
