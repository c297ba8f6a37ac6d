//! Events from what the rules found out, in the form in which they are stored.

use bursar_domain::events::payload;
use bursar_domain::events::recipient::{Recipient, Sharer};
use bursar_domain::events::{Event, EventKind, event_id};
use bursar_domain::money::Money;
use bursar_domain::profile::{Details, Profile};
use bursar_domain::purchases::account::{Draft, Drafts};
use bursar_domain::purchases::holdings::Key;

use super::Rules;
use super::people::{People, Person};
use crate::actions::deliveries::{Gate, plan};
use crate::store::Statement;
use crate::store::tables::events;

/// How many of those who share a purchase an event lists: without an end each event of one that very many share would grow with
/// their number.
const MAX_SHARERS: usize = 100;

/// The statements that add the events and their deliveries. Changes of access levels are told only where the app's webhook wants them.
pub(super) fn tell(rules: &Rules, people: &People, drafts: Drafts, now: i64) -> Vec<Statement> {
    let wants_levels = rules.app.makes_access_level_updated();
    let drafts = drafts.into_iter().filter_map(|(profile, draft)| {
        let wanted = wants_levels || matches!(draft, Draft::Fact(_));
        let place = people.position(profile)?;
        wanted.then_some((place, draft))
    });
    let teller = Teller { rules, people, now };
    let mut writes = Vec::new();
    for (place, draft) in drafts {
        let event = teller.event(place, &draft);
        let timer_days = match &draft {
            Draft::Fact(fact) => fact.timer_days,
            Draft::Level { .. } => None,
        };
        let gate = Gate::new(event.kind, event.at, timer_days, &people.known[place].details);
        let deliveries = plan(&rules.app, event.profile, event.id, &gate, event.created_at, now);
        writes.push(events::insert(event));
        writes.extend(deliveries);
    }
    writes
}

struct Teller<'a> {
    rules: &'a Rules,
    people: &'a People,
    now: i64,
}

impl Teller<'_> {
    fn event(&self, place: usize, draft: &Draft) -> Event {
        let Person { profile, details, .. } = &self.people.known[place];
        let (kind, at, key) = match draft {
            Draft::Fact(fact) => (fact.kind, fact.at, Key::of(&fact.transaction)),
            Draft::Level { level, .. } => (EventKind::AccessLevelUpdated, self.now, Key::of_level(level)),
        };
        let id_of = |store: &str, transaction: &str, number, level: &str| {
            event_id(profile.app, profile.id, kind, store, transaction, number, level)
        };
        let id = match draft {
            Draft::Fact(fact) => {
                let transaction = &fact.transaction;
                id_of(&transaction.store, &transaction.id, fact.discriminator, "")
            }
            Draft::Level { level, number } => {
                let number = i64::from(*number);
                id_of(
                    &level.store,
                    &level.transaction_id,
                    number,
                    &level.access_level_id,
                )
            }
        };
        let sharing = self.sharing(place, &key);
        let recipient = self.recipient(profile, details, &sharing);
        let options = self.rules.app.payload_options(kind);
        let payload = match draft {
            Draft::Fact(fact) => {
                let settings = &self.rules.app.settings;
                let money = Money::of(&fact.transaction, fact.rate_after_first_year, settings);
                payload::of_fact(id, fact, &money, &recipient, &options)
            }
            Draft::Level { level, .. } => payload::of_level(id, level, self.now, &recipient, &options),
        };
        Event {
            payload,
            id,
            app: profile.app,
            profile: profile.id,
            kind,
            at,
            // Another server's clock may have been ahead: what comes later is never told to be older.
            created_at: profile.updated_at.max(self.now),
        }
    }

    /// The others who hold the chain, at most [`MAX_SHARERS`] of them. Who has lost it shares it with nobody.
    fn sharing(&self, place: usize, key: &Key) -> Vec<Sharer<'_>> {
        if !self.people.known[place].profile.holdings.holds(key) {
            return Vec::new();
        }
        let everybody = self.people.known.iter().enumerate();
        let others = everybody.filter(|(other, one)| *other != place && one.profile.holdings.holds(key));
        others
            .take(MAX_SHARERS)
            .map(|(_, Person { profile, .. })| Sharer {
                profile_id: profile.id,
                customer_user_id: profile.customer_user_id.as_deref(),
            })
            .collect()
    }

    fn recipient<'a>(
        &self,
        profile: &'a Profile,
        details: &'a Details,
        sharing: &'a [Sharer<'a>],
    ) -> Recipient<'a> {
        Recipient {
            has_access_level: profile.holdings.has_access(self.now),
            total_revenue_usd: profile.holdings.revenue_usd,
            sharing,
            ..Recipient::new(profile, details, &self.rules.app.settings)
        }
    }
}
