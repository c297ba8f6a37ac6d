//! What an integration makes of an event: a record to send, or the reason why there is none.

use std::fmt;

/// An event in a third party's form, without any credentials. It stays as it is from one attempt to the next; but it is made
/// anew for a part of which only the latest counts, and after an answer that blocked.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Record {
    /// Which credentials it is for, and whatever else a request has once. Only records of one route share a request.
    pub route: String,
    /// The event; of which form only the integration knows. JSON as a rule.
    pub body: String,
}

/// Why nothing is sent of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Skip {
    /// The owner has switched the event off.
    EventDisabled,
    /// The third party has no place for such an event.
    EventUnsupported,
    /// There is no key for this store or environment: the name of the setting.
    MissingCredentials(String),
    /// The third party has to be told of a device's platform, and neither the store nor an installation names one.
    UnknownPlatform,
    /// The event is from before the first installation, and such events are excluded.
    Historical,
    /// The customer is not to be analysed.
    AnalyticsDisabled,
    /// A newer event of the profile says the same and more.
    Superseded,
    /// It is older than the third party takes.
    TooOld,
    /// It is not to be sent before this.
    NotYet {
        /// In microseconds.
        until: i64,
    },
    /// None of these identifiers is known. The delivery waits for one; at `until` (microseconds) it is looked at
    /// again, because then another identifier will do.
    Waiting {
        /// The identifiers, in order of preference.
        identifiers: &'static [&'static str],
        /// When something else will do.
        until: Option<i64>,
    },
    /// Something of the integration's own: a short name, such as `no_amount`.
    Other(&'static str),
}

impl Skip {
    /// The reason's name, as lists show it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::EventDisabled => "event_disabled",
            Self::EventUnsupported => "event_unsupported",
            Self::MissingCredentials(_) => "missing_credentials",
            Self::UnknownPlatform => "unknown_platform",
            Self::Historical => "historical",
            Self::AnalyticsDisabled => "analytics_disabled",
            Self::Superseded => "superseded",
            Self::TooOld => "too_old",
            Self::NotYet { .. } => "not_yet",
            Self::Waiting { .. } => "missing_identifier",
            Self::Other(name) => name,
        }
    }
}

/// The reason with what it is about, as it is stored and shown.
impl fmt::Display for Skip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())?;
        match self {
            Self::MissingCredentials(setting) => write!(f, ": {setting}"),
            Self::Waiting { identifiers, .. } => write!(f, ": {}", identifiers.join(" or ")),
            _ => Ok(()),
        }
    }
}
