//! Which deliveries follow from an event: written in the commit that makes it.

use bursar_domain::events::EventKind;
use bursar_domain::ids::ProfileId;
use bursar_domain::integrations::{Part, Skip};
use bursar_domain::profile::{Details, Profile};
use uuid::Uuid;

use crate::directory::{App, AppIntegration, Target};
use crate::store::Statement;
use crate::store::tables::lanes::{self, Added, LaneKey};
use crate::store::tables::{deliveries, superseded};

/// What decides, when an event is made, whether an integration gets it.
#[derive(Debug, Clone, Copy)]
pub struct Gate {
    /// What happened.
    pub kind: EventKind,
    /// When it happened, in microseconds.
    pub at: i64,
    /// After how many days its timer ran out, if a timer made it.
    pub timer_days: Option<i64>,
    /// Is the customer not to be analysed?
    pub analytics_disabled: bool,
    /// When the first installation was reported, if one was.
    pub installed_at: Option<i64>,
}

impl Gate {
    /// For an event of this profile.
    pub fn new(kind: EventKind, at: i64, timer_days: Option<i64>, details: &Details) -> Self {
        Self {
            kind,
            at,
            timer_days,
            analytics_disabled: details.person.is_set("analytics_disabled"),
            installed_at: None,
        }
        .known_by(details, i64::MAX)
    }

    /// The same, without installations that were reported after this time (microseconds).
    #[must_use]
    pub fn known_by(self, details: &Details, time: i64) -> Self {
        let installations = details.installations.iter();
        let reported = installations.map(|device| device.created_at);
        Self {
            installed_at: reported.filter(|at| *at <= time).min(),
            ..self
        }
    }

    /// Why an integration does not get the event, if it does not.
    pub fn refuses(&self, known: &AppIntegration) -> Option<Skip> {
        let excludes = || known.settings.is("exclude_historical_events");
        if !(known.integration.takes)(self.kind) {
            Some(Skip::EventUnsupported)
        } else if !known.settings.sends(self.kind) || !self.is_its_timer(known) {
            Some(Skip::EventDisabled)
        } else if self.analytics_disabled {
            Some(Skip::AnalyticsDisabled)
        } else if self.installed_at.is_some_and(|installed| self.at < installed) && excludes() {
            Some(Skip::Historical)
        } else {
            None
        }
    }

    /// Of several integrations that ask for a timer, each gets the event of its own time.
    fn is_its_timer(&self, known: &AppIntegration) -> bool {
        let asked = known
            .settings
            .synthetic_delays()
            .find(|(kind, _)| *kind == self.kind);
        self.timer_days.is_none() || asked.map(|(_, days)| days) == self.timer_days
    }
}

/// The statements that add the deliveries of an event, after the one that adds the event: one for each part of each
/// integration that is on. `made_at` is when the event was made, which may lie ahead of `now`; microseconds.
pub fn plan(
    app: &App,
    profile: ProfileId,
    event: Uuid,
    gate: &Gate,
    made_at: i64,
    now: i64,
) -> Vec<Statement> {
    let mut writes = Vec::new();
    for known in app.enabled() {
        let refused = gate.refuses(known);
        let wanted = |target: &&Target| target.part.is_wanted(&known.settings, gate.kind);
        for target in known.targets.iter().filter(wanted) {
            if let Some(skip) = &refused {
                writes.push(deliveries::skip(event, target.id, skip.name(), made_at));
                continue;
            }
            let added = Added {
                target: target.id,
                is_ordered: is_ordered(known, target.part),
                at: made_at,
                event,
                profile,
                now,
            };
            writes.extend(lanes::enqueue(&added));
            if target.part.is_latest_only() {
                let lane = LaneKey {
                    target: target.id,
                    id: profile.0,
                };
                writes.push(superseded::make_due(lane, now));
            }
        }
    }
    writes
}

/// Do the deliveries of a part keep their place behind the profile's others? Of those of which only the newest counts one is
/// under way at a time, whatever the settings say: an older one that arrived behind it would overwrite it.
fn is_ordered(known: &AppIntegration, part: &Part) -> bool {
    part.is_latest_only() || known.settings.is("ordered")
}

/// The lane of an event's delivery: the profile's, or one of its own where order does not matter.
pub fn lane_of(known: &AppIntegration, part: &Part, profile: ProfileId, event_seq: i64) -> Uuid {
    if is_ordered(known, part) {
        profile.0
    } else {
        lanes::of_event(event_seq)
    }
}

/// What a change of a profile lets go on, `now` (microseconds): deliveries that wait for an identifier.
pub fn release(app: &App, profile: &Profile, now: i64) -> Option<Statement> {
    // Where none was ever set up, nothing waits.
    let may_wait = !app.integrations.is_empty();
    may_wait.then(|| lanes::release(profile.app, profile.id, now))
}
