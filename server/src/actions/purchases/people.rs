//! The profiles that a change touches: from their rows to the parties of the rules, and back.

use bursar_domain::ids::{AppId, ProfileId};
use bursar_domain::profile::selector::Selector;
use bursar_domain::profile::{Details, Profile};
use bursar_domain::purchases::account::Party;
use bursar_domain::purchases::holdings::{Holdings, Key};

use super::Rules;
use super::findings::{Finding, Findings};
use crate::actions::ActionError;
use crate::store::tables::profiles::{self, RowId};
use crate::store::tables::purchases;
use crate::store::{Row, Statement, StoreError};

/// Profiles with what they had before the change.
#[derive(Default)]
pub(super) struct People {
    /// Those that a change is about, the first of whom it is made for.
    pub known: Vec<Person>,
    /// Those that cannot be read, and why.
    unreadable: Vec<(ProfileId, StoreError)>,
}

/// A profile of them.
pub(super) struct Person {
    pub profile: Profile,
    pub details: Details,
    /// Where its row lies.
    pub row: RowId,
}

impl Person {
    /// The one that the selector means, of its rows.
    pub fn read(app: AppId, selector: &Selector, rows: &mut [Row]) -> Result<Self, ActionError> {
        let row = profiles::row_of(rows)?;
        let (profile, details) = profiles::read_whole(app, rows)?.unzip();
        Ok(Self {
            profile: selector.pick(profile)?,
            details: details.unwrap_or_default(),
            row,
        })
    }
}

impl People {
    /// A change that is made for this profile.
    pub fn of(person: Person) -> Self {
        Self {
            known: vec![person],
            unreadable: Vec::new(),
        }
    }

    /// Adds the profiles of a read's rows that are not among them yet. One that cannot be read does not hold up the
    /// others: it is left out.
    pub fn read(&mut self, app: AppId, rows: &mut [Row]) -> Result<(), StoreError> {
        for one in rows {
            let id = profiles::id_of(one)?;
            if self.position(id).is_some() {
                continue;
            }
            let one = std::slice::from_mut(one);
            let row = profiles::row_of(one)?;
            match profiles::read_whole(app, one) {
                Ok(found) => self.known.extend(found.map(|(profile, details)| Person {
                    profile,
                    details,
                    row,
                })),
                Err(error) => self.unreadable.push((id, error)),
            }
        }
        Ok(())
    }

    /// Fails if the profile was left out.
    pub fn require(&mut self, id: ProfileId) -> Result<(), StoreError> {
        let place = self.unreadable.iter().position(|(other, _)| *other == id);
        place.map_or(Ok(()), |place| Err(self.unreadable.swap_remove(place).1))
    }

    /// Fails if it could be that a chain's owner was left out: who takes its place would take what it has.
    pub fn require_owners(&mut self, keys: &[Key]) -> Result<(), StoreError> {
        let is_owned = |key: &Key| self.known.iter().any(|one| one.profile.holdings.owns(key));
        match self.unreadable.first() {
            Some((id, _)) if !keys.iter().all(is_owned) => self.require(*id),
            _ => Ok(()),
        }
    }

    /// Adds those that cannot be read, and those that have what cannot be.
    pub fn note_problems(&self, findings: &Findings) {
        for (id, error) in &self.unreadable {
            findings.add(Finding::Unreadable(*id, error.to_string()));
        }
        for Person { profile, .. } in &self.known {
            if let Some(problem) = profile.holdings.problem() {
                findings.add(Finding::Unsound(profile.id, problem.to_string()));
            }
        }
    }

    /// The parties of the rules, in the same order.
    pub fn parties(&self) -> Vec<Party> {
        let party = |Person { profile, .. }: &Person| Party {
            id: profile.id,
            is_identified: profile.customer_user_id.is_some(),
            holdings: profile.holdings.clone(),
        };
        self.known.iter().map(party).collect()
    }

    /// Takes over what the parties have now, and answers what is to be written: each that has changed, and who holds
    /// the chains of `keys` now, which are the payers' keys. Who has what the family shares holds it too.
    pub fn settle(&mut self, parties: Vec<Party>, keys: &[Key], rules: &Rules, now: i64) -> Vec<Statement> {
        let (mut writes, mut held) = (Vec::new(), Vec::new());
        for (Person { profile, row, .. }, party) in self.known.iter_mut().zip(parties) {
            if profile.holdings == party.holdings {
                continue;
            }
            for key in keys {
                let role = |holdings: &Holdings| holdings.holds_any(key).then(|| holdings.owns(key));
                match (role(&profile.holdings), role(&party.holdings)) {
                    (before, after) if before == after => {}
                    (_, Some(is_owner)) => {
                        held.push((is_owner, purchases::hold(profile.app, key, profile.id, is_owner)))
                    }
                    (_, None) => writes.push(purchases::part(profile.app, key, profile.id)),
                }
            }
            profile.holdings = party.holdings;
            profile.touch(now);
            let due_at = profile.holdings.next_due(rules.context(now, None));
            writes.push(profiles::update_holdings(profile, *row, due_at));
        }
        // A chain has one owner at any time: whoever hands it over has let go of it, or only shares it, by then.
        held.sort_by_key(|(is_owner, _)| *is_owner);
        writes.extend(held.into_iter().map(|(_, statement)| statement));
        writes
    }

    pub fn position(&self, id: ProfileId) -> Option<usize> {
        self.known.iter().position(|one| one.profile.id == id)
    }
}
