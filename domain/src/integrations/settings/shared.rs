//! Settings that integrations share, by the names that they have everywhere.

use super::secret::any_text;
use super::{Kind, Setting, url};
use crate::events::EventKind;

/// A key or a token of any form.
pub const fn key(path: &'static str, about: &'static str) -> Setting {
    Setting::new(path, Kind::Secret(any_text), about)
}

/// Which events are sent.
pub const EVENTS: Setting = Setting::new("events", Kind::EventSwitches, "Which events are sent.");

/// What events are called, where nothing else is said: our names.
pub const EVENT_NAMES: Setting = event_names(EventKind::as_str);

/// What events are called; `default` tells the name of each if nobody says one. Empty text switches an event off.
pub const fn event_names(default: fn(EventKind) -> &'static str) -> Setting {
    Setting::new(
        "event_names",
        Kind::EventNames(default),
        "What each event is called there. Empty: it is not sent.",
    )
}

/// When a trial makes `trial_active`.
pub const TRIAL_ACTIVE_DAYS: Setting = Setting::new(
    "synthetic_delay_days.trial_active",
    Kind::Number(1, 90, None),
    "How many days after its start a trial that still runs makes trial_active. Switches it on.",
);

/// When a subscription makes `subscription_active`.
pub const SUBSCRIPTION_ACTIVE_DAYS: Setting = Setting::new(
    "synthetic_delay_days.subscription_active",
    Kind::Number(1, 90, None),
    "How many days after its start a subscription that still runs makes subscription_active. Switches it on.",
);

/// Is the price told on `trial_started`?
pub const SEND_TRIAL_PRICE: Setting = Setting::new(
    "send_trial_price",
    Kind::Switch(false),
    "Tell the price on trial_started.",
);

/// Are the profile's attributes added?
pub const SEND_USER_ATTRIBUTES: Setting = Setting::new(
    "send_user_attributes",
    Kind::Switch(false),
    "Add the profile's attributes.",
);

/// Are events from before the installation left out?
pub const fn exclude_historical_events(default: bool) -> Setting {
    Setting::new(
        "exclude_historical_events",
        Kind::Switch(default),
        "Skip events from before the profile's first installation.",
    )
}

/// Is money told in the customer's currency?
pub const REPORT_USER_CURRENCY: Setting = Setting::new(
    "report_user_currency",
    Kind::Switch(false),
    "Tell money in the customer's currency instead of US dollars.",
);

/// Which amount is revenue?
pub const REVENUE_MODE: Setting = Setting::new(
    "revenue_mode",
    Kind::Choice(&["gross", "proceeds", "net"]),
    "Which amount is revenue: the price, what is left after the store's share, or after taxes too.",
);

/// How long to wait for a better identifier.
pub const WAIT_FOR_IDENTIFIER: Setting = Setting::new(
    "wait_for_identifier",
    Kind::Number(0, 2_592_000, Some(0)),
    "For how many seconds after it was made an event waits for a better identifier before it goes out under another.",
);

/// Another address.
pub const BASE_URL: Setting = Setting::new(
    "base_url",
    Kind::Url(url::base_problem),
    "Scheme and host to send to instead of the usual ones: for proxies and tests.",
);

/// How many requests may be under way.
pub const MAX_IN_FLIGHT: Setting = Setting::new(
    "max_in_flight",
    Kind::Number(1, 1_000, None),
    "How many requests are under way at a time, at most. Otherwise 32.",
);

/// How many requests in a second.
pub const REQUESTS_PER_SECOND: Setting = Setting::new(
    "requests_per_second",
    Kind::Number(1, 100_000, None),
    "How many requests are made in a second, at most. Otherwise what the third party is known to take.",
);

/// Does a delivery wait for the profile's earlier ones?
pub const fn ordered(default: bool) -> Setting {
    Setting::new(
        "ordered",
        Kind::Switch(default),
        "Send a profile's events one after the other, also over retries.",
    )
}

/// The same, where that is so of some calls whatever it says.
pub const fn ordered_but(about: &'static str) -> Setting {
    Setting::new("ordered", Kind::Switch(true), about)
}
