//! The profiles that a change touches: from their rows to the parties of the rules, and back.

use bursar_domain::ids::{AppId, ProfileId};
use bursar_domain::profile::{Details, Profile};
use bursar_domain::purchases::account::Party;
use bursar_domain::purchases::holdings::{Holdings, Key};

use super::Rules;
use crate::store::tables::{profiles, purchases};
use crate::store::{Row, Statement, StoreError};

/// Profiles with what they had before the change.
pub(super) struct People(pub Vec<(Profile, Details)>);

impl People {
    /// Adds the profiles of a read's rows that are not among them yet.
    pub fn read(&mut self, app: AppId, rows: &mut [Row]) -> Result<(), StoreError> {
        for row in rows {
            if self.position(profiles::id_of(row)?).is_none() {
                self.0
                    .extend(profiles::read_whole(app, std::slice::from_mut(row))?);
            }
        }
        Ok(())
    }

    /// The parties of the rules, in the same order.
    pub fn parties(&self) -> Vec<Party> {
        let party = |(profile, _): &(Profile, Details)| Party {
            id: profile.id,
            is_identified: profile.customer_user_id.is_some(),
            holdings: profile.holdings.clone(),
        };
        self.0.iter().map(party).collect()
    }

    /// Takes over what the parties have now, and answers what is to be written: each that has changed, and who holds
    /// the chains of `keys` now, which are the payers' keys. Who has what the family shares holds it too.
    pub fn settle(&mut self, parties: Vec<Party>, keys: &[Key], rules: &Rules, now: i64) -> Vec<Statement> {
        let (mut writes, mut held) = (Vec::new(), Vec::new());
        for ((profile, _), party) in self.0.iter_mut().zip(parties) {
            if profile.holdings == party.holdings {
                continue;
            }
            for key in keys {
                let role = |holdings: &Holdings| holdings.holds_any(key).then(|| holdings.owns(key));
                match (role(&profile.holdings), role(&party.holdings)) {
                    (before, after) if before == after => {}
                    (_, Some(is_owner)) => held.push(purchases::hold(profile.app, key, profile.id, is_owner)),
                    (_, None) => writes.push(purchases::let_go(profile.app, key, profile.id)),
                }
            }
            profile.holdings = party.holdings;
            profile.touch(now);
            let due_at = profile.holdings.next_due(rules.context(now, None));
            writes.push(profiles::update_holdings(profile, due_at));
        }
        // Whoever hands a chain over has let go of it by now.
        writes.extend(held);
        writes
    }

    pub fn position(&self, id: ProfileId) -> Option<usize> {
        self.0.iter().position(|(profile, _)| profile.id == id)
    }
}
