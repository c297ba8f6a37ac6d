//! What a replay is about, understood: which events, which deliveries of theirs, in which lanes.

use std::collections::HashMap;
use std::sync::Arc;

use bursar_domain::events::{EventKind, id_prefix};
use bursar_domain::ids::ProfileId;
use bursar_domain::integrations;
use bursar_domain::profile::Details;
use bursar_domain::time::parse_time_in_any_case;
use uuid::{Builder, Uuid};

use super::{ReplayFilter, ReplayState};
use crate::actions::ActionError;
use crate::actions::deliveries::{Before, lane_of, refuses_again};
use crate::admin::fields::{MUST_BE_SLUG, MUST_BE_TIME, Problems};
use crate::directory::{App, AppIntegration, Target};
use crate::store::tables::delivery_list::Shown;
use crate::store::tables::delivery_states::DeliveryState;
use crate::store::tables::lanes::LaneKey;
use crate::store::tables::past_events::PastEvent;
use crate::vault::digest;

/// What a replay is about.
#[derive(Clone)]
pub struct Order {
    /// The app.
    pub app: Arc<App>,
    /// The integration.
    pub known: Arc<AppIntegration>,
    /// Events of one profile alone.
    pub profile: Option<ProfileId>,
    /// Events that were made from then on and before then, in microseconds.
    pub made: (i64, i64),
    kinds: Option<Vec<EventKind>>,
    states: Option<Vec<ReplayState>>,
}

/// A delivery that a replay opens.
pub struct Matching<'a> {
    /// Its event.
    pub event: &'a PastEvent,
    /// Where to.
    pub target: Target,
    /// How it was closed; `None`: there is none yet.
    pub closed: Option<&'a Shown>,
}

impl Order {
    /// Reads a filter, `now`: what is made later goes out by itself.
    pub fn new(app: Arc<App>, filter: &ReplayFilter, now: i64) -> Result<Self, ActionError> {
        let mut problems = Problems::default();
        let mut time = |field: &str, said: &Option<String>| {
            problems.read(field, said.as_deref(), parse_time_in_any_case, MUST_BE_TIME)
        };
        let after = time("filter.after", &filter.after);
        let before = time("filter.before", &filter.before);
        let profile = filter.profile_id.as_deref();
        let profile = problems.read("filter.profile_id", profile, ProfileId::parse, "must be a UUID");
        let slug = Some(filter.integration.as_str());
        let integration = problems.read("filter.integration", slug, integrations::find, MUST_BE_SLUG);
        problems.check()?;
        let Some(known) = app.integration(&filter.integration).cloned() else {
            let title = integration.map_or(filter.integration.as_str(), |integration| integration.title);
            return Err(ActionError::Conflict(format!(
                "{title} was never set up for this app"
            )));
        };
        Ok(Self {
            app,
            known,
            profile,
            made: (
                after.unwrap_or(i64::MIN),
                before.unwrap_or(i64::MAX).min(now.saturating_add(1)),
            ),
            kinds: filter.event_types.clone(),
            states: filter.states.clone(),
        })
    }

    /// Is this event asked for? What the integration has no place for never is.
    pub fn wants(&self, event: &PastEvent) -> bool {
        let kinds = self.kinds.as_ref();
        kinds.is_none_or(|kinds| kinds.contains(&event.kind)) && (self.known.integration.takes)(event.kind)
    }

    /// Which deliveries of these events are opened, of all that there are of them.
    pub fn matching<'a>(
        &self,
        events: &'a [PastEvent],
        profiles: &HashMap<ProfileId, Details>,
        deliveries: &'a [Shown],
        now: i64,
    ) -> Vec<Matching<'a>> {
        let there: HashMap<_, _> = deliveries
            .iter()
            .map(|shown| ((shown.event, shown.target), shown))
            .collect();
        let mut all = Vec::new();
        for event in events {
            let Some(details) = profiles.get(&event.profile) else {
                continue;
            };
            let wanted = |target: &&Target| target.part.is_wanted(&self.known.settings, event.kind);
            for target in self.known.targets.iter().filter(wanted) {
                let closed = there.get(&(event.id, target.id)).copied();
                let is_open = closed.is_some_and(|shown| shown.open.is_some());
                let before = Before::of(closed);
                if !is_open
                    && self.wants_state(closed)
                    && refuses_again(&self.known, event, details, before, now).is_none()
                {
                    all.push(Matching {
                        event,
                        target: *target,
                        closed,
                    });
                }
            }
        }
        all
    }

    fn wants_state(&self, closed: Option<&Shown>) -> bool {
        let state = match closed.map(|shown| shown.state) {
            None => ReplayState::Missing,
            Some(DeliveryState::Delivered) => ReplayState::Delivered,
            Some(DeliveryState::Rejected) => ReplayState::Rejected,
            Some(DeliveryState::Expired) => ReplayState::Expired,
            Some(DeliveryState::Skipped) => ReplayState::Skipped,
            Some(
                DeliveryState::Pending
                | DeliveryState::Sending
                | DeliveryState::Waiting
                | DeliveryState::Blocked,
            ) => return false,
        };
        self.states.as_ref().is_none_or(|states| states.contains(&state))
    }

    /// The lane of a delivery in this replay: like its usual lane, but of the replay alone. It begins as the ids of the
    /// profile's events do, so that it is found when the profile is deleted.
    pub fn lane(&self, replay: Uuid, matching: &Matching<'_>) -> LaneKey {
        let (event, profile) = (matching.event, matching.event.profile);
        let usual = lane_of(&self.known, matching.target.part, profile, event.seq);
        let hash = digest(&[replay.as_bytes(), usual.as_bytes()]);
        let mut id: [u8; 16] = std::array::from_fn(|place| hash[place]);
        let prefix = id_prefix(profile);
        id[..prefix.len()].copy_from_slice(&prefix);
        LaneKey {
            target: matching.target.id,
            id: Builder::from_custom_bytes(id).into_uuid(),
        }
    }
}

#[cfg(test)]
mod tests {
    use bursar_domain::app::AppSettings;
    use bursar_domain::ids::AppId;
    use bursar_domain::integrations::{Settings, webhook};

    use super::*;
    use crate::store::tables::integrations::Saved;

    #[test]
    fn what_is_made_after_the_order_is_not_asked_for() {
        let known = AppIntegration {
            integration: &webhook::INTEGRATION,
            enabled: true,
            settings: Settings::defaults(webhook::INTEGRATION.settings),
            blocked: None,
            timers_since: 0,
            saved: Saved::default(),
            targets: Vec::new(),
        };
        let app = Arc::new(App {
            id: AppId(Uuid::nil()),
            settings: AppSettings::default(),
            integrations: vec![Arc::new(known)],
        });
        let made_before = |before: Option<&str>| {
            let filter = ReplayFilter {
                integration: "webhook".into(),
                states: None,
                event_types: None,
                after: None,
                before: before.map(str::to_owned),
                profile_id: None,
            };
            let order = Order::new(Arc::clone(&app), &filter, 5);
            order.unwrap_or_else(|error| panic!("{error:?}")).made.1
        };
        assert_eq!(made_before(None), 6, "what is made at that instant counts");
        assert_eq!(made_before(Some("2099-01-01T00:00:00Z")), 6);
        assert_eq!(made_before(Some("1970-01-01T00:00:00.000003Z")), 3);
    }
}
