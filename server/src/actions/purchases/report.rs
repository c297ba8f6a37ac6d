//! A transaction is reported.

use std::sync::{Arc, OnceLock};

use bursar_domain::app::{PREMIUM, UnknownProduct};
use bursar_domain::ids::ProfileId;
use bursar_domain::money::rates;
use bursar_domain::profile::Profile;
use bursar_domain::purchases::account::{self, Draft, Drafts, Party, Report};
use bursar_domain::purchases::holdings::Key;
use bursar_domain::purchases::transaction::Transaction;
use bursar_domain::time::format_day;
use rust_decimal::Decimal;
use uuid::Uuid;

use super::findings::{Finding, Findings};
use super::people::{People, Person};
use super::tell::tell;
use super::{Rules, refused};
use crate::actions::profiles::Request;
use crate::actions::remember::commit;
use crate::actions::{ActionError, Reply};
use crate::state::AppState;
use crate::store::tables::catalogue;
use crate::store::tables::locks;
use crate::store::tables::profiles;
use crate::store::tables::purchases;
use crate::store::{Decision, Loaded, Row, Statement, StoreError, rows_of};

/// Needs no rate.
const US_DOLLARS: &str = "USD";

/// Takes in a transaction as it is reported now, and answers the profile that reported it.
pub async fn set_transaction(
    state: &AppState,
    request: Request,
    transaction: Transaction,
    render: impl Fn(&Profile) -> Reply + Send + Sync + 'static,
) -> Result<Reply, ActionError> {
    let render = Arc::new(render);
    let mut beside = Beside::default();
    let findings = Findings::default();
    loop {
        let lacking = Arc::new(OnceLock::new());
        let once = Once {
            rules: Rules::of(&request.app),
            request: request.clone(),
            transaction: transaction.clone(),
            beside,
            lacking: Arc::clone(&lacking),
            locks_people: state.store.locks_rows(),
            purchase_id: Uuid::new_v4(),
            findings: findings.clone(),
        };
        let (reads, render) = (once.reads(), Arc::clone(&render));
        let done = commit(
            state,
            request.remember.clone(),
            request.now,
            reads,
            move |loaded| once.decide(loaded),
            move |profile| render(profile),
        );
        match (done.await, lacking.get()) {
            // Rare: a chain shows another transaction, because this one leaves it or is corrected to an older one; another chain
            // gives the level now; or the chain was handed over meanwhile.
            (Err(_), Some(more)) => beside = Beside::clone(more),
            (done, _) => {
                findings.tell(&state.metrics, done.is_ok());
                if done.is_ok() {
                    state.wake.app(request.app.id);
                }
                return done;
            }
        }
    }
}

/// What is read beside the chain that is reported, because the report turned out to need it.
#[derive(Clone, Default)]
struct Beside {
    /// The id of the transaction that the chain shows next, which this one leaves or is not the latest of any more.
    uncovered: Option<String>,
    /// Other chains and purchases that give what is told of now: the events name who shares them.
    shared: Vec<Key>,
    /// Who had become the owner of a chain while another one was locked as that.
    new_owner: Option<ProfileId>,
}

/// A report, tried once.
struct Once {
    rules: Rules,
    request: Request,
    transaction: Transaction,
    beside: Beside,
    /// Where it is put what would have to be read beside.
    lacking: Arc<OnceLock<Beside>>,
    /// Is everyone locked by a statement of its own, before it is looked who shares what?
    locks_people: bool,
    /// The id of the purchase, should it be a new one.
    purchase_id: Uuid,
    /// Where it is put what somebody should look at.
    findings: Findings,
}

impl Once {
    fn reads(&self) -> Vec<Statement> {
        let (app, transaction) = (self.rules.app.id, &self.transaction);
        let caller = &self.request.selector;
        let mut reads = vec![
            locks::people(app, transaction, caller),
            profiles::lock_whole(app, caller),
            locks::holders(app, transaction, caller),
            purchases::select(app, transaction),
            catalogue::product(app, transaction),
        ];
        let currency = &transaction.price.currency;
        if self.needs_rate() {
            reads.push(catalogue::rate(currency, &format_day(transaction.purchased_at)));
        }
        if let Some(id) = self.beside.uncovered.clone() {
            let transaction = transaction.clone();
            reads.push(purchases::select(app, &Transaction { id, ..transaction }));
        }
        for Key {
            store, original_id, ..
        } in self.beside.shared.iter().cloned()
        {
            let of_key = Transaction {
                store,
                original_id,
                ..transaction.clone()
            };
            // Of the same text as the first lock, so that both are one statement, and lock in one order.
            reads.push(locks::people(app, &of_key, caller));
            reads.push(locks::holders(app, &of_key, caller));
        }
        reads
    }

    /// The place of what is read beside.
    fn place_beside(&self) -> usize {
        5 + usize::from(self.needs_rate())
    }

    fn needs_rate(&self) -> bool {
        self.transaction.price.currency != US_DOLLARS
    }

    fn decide(&self, loaded: &mut Loaded) -> Result<Decision<Profile>, ActionError> {
        self.findings.begin();
        let (rules, app, now) = (&self.rules, self.rules.app.id, self.request.now);
        let mut people = People::of(Person::read(app, &self.request.selector, rows_of(loaded, 1))?);
        people.read(app, rows_of(loaded, 2))?;
        let place_of_shared = self.place_beside() + usize::from(self.beside.uncovered.is_some());
        for number in 0..self.beside.shared.len() {
            people.read(app, rows_of(loaded, place_of_shared + 2 * number + 1))?;
        }
        let known = purchases::read(rows_of(loaded, 3))?;
        let keys = self.keys(known.as_ref());
        let owners = people.require_owners(&keys);
        // One for whom the report fails is not among them any more: who answers it tells.
        people.note_problems(&self.findings);
        owners?;
        self.require_locked_owners(&people, &keys, rows_of(loaded, 0))?;
        let mut parties = people.parties();
        if let Some(known) = &known {
            self.note_environment(known);
            self.require_uncovered(&parties, known)?;
        }
        let product = Product::read(rows_of(loaded, 4), rules)?;
        let usd_rate = usd_rate(&self.transaction, rows_of(loaded, 5))?;
        if usd_rate.is_none() {
            self.findings
                .add(Finding::NoRate(app, self.transaction.clone().into()));
        }
        let report = Report {
            known: known.clone(),
            uncovered: match self.beside.uncovered {
                Some(_) => purchases::read(rows_of(loaded, self.place_beside()))?,
                None => None,
            },
            usd_rate,
            ..self.report(&product)
        };
        let (drafts, stored) = account::report(&mut parties, report).map_err(refused)?;
        let mut writes = people.settle(parties, &keys, rules, now);
        self.require_sharers(&people, &keys, &drafts)?;
        match &known {
            Some(known) if *known == stored => {}
            Some(_) => writes.push(purchases::update(app, &stored)),
            None => writes.push(purchases::insert(app, &stored)),
        }
        writes.extend(tell(rules, &people, drafts, now));
        Ok(Decision {
            writes,
            answer: people.known.swap_remove(0).profile,
        })
    }

    /// A transaction stays where it was first reported.
    fn note_environment(&self, known: &Transaction) {
        let claimed = self.transaction.environment;
        if known.environment != claimed {
            let finding = Finding::OtherEnvironment(known.clone().into(), claimed.as_str());
            self.findings.add(finding);
        }
    }

    /// The payers' keys of the chain that is reported, and of the one that the transaction leaves.
    fn keys(&self, known: Option<&Transaction>) -> Vec<Key> {
        let key_of = |transaction: &Transaction| Key::of(transaction).of_payer();
        let mut keys = vec![key_of(&self.transaction)];
        keys.extend(known.map(key_of).filter(|key| *key != keys[0]));
        keys
    }

    /// Fails if a chain was handed over after its owner was looked for: who joined the new one meanwhile may be missing. Tried
    /// again, the new one is locked first.
    fn require_locked_owners(
        &self,
        people: &People,
        keys: &[Key],
        locked: &[Row],
    ) -> Result<(), ActionError> {
        let locked = locked.iter().map(profiles::id_of);
        let locked = locked.collect::<Result<Vec<_>, _>>()?;
        let mut others = people.known.iter().skip(1).map(|other| &other.profile);
        let new_owner = others
            .find(|other| keys.iter().any(|key| other.holdings.owns(key)) && !locked.contains(&other.id));
        let new_owner = new_owner.map(|other| other.id);
        // Where it is never found first, there is nothing to wait for.
        if !self.locks_people || new_owner.is_none() || new_owner == self.beside.new_owner {
            return Ok(());
        }
        Err(self.lacks(
            "the new owner",
            Beside {
                new_owner,
                ..self.beside.clone()
            },
        ))
    }

    /// Fails if the chain in which the transaction was the latest shows one next that was not read.
    fn require_uncovered(&self, parties: &[Party], known: &Transaction) -> Result<(), ActionError> {
        match account::uncovers(parties, known, &self.transaction) {
            Some(id) if self.beside.uncovered.as_ref() != Some(&id) => Err(self.lacks(
                "what the chain shows next",
                Beside {
                    uncovered: Some(id),
                    ..self.beside.clone()
                },
            )),
            _ => Ok(()),
        }
    }

    /// Fails if a level that is told of comes from a chain or purchase whose sharers were not read.
    fn require_sharers(&self, people: &People, keys: &[Key], drafts: &Drafts) -> Result<(), ActionError> {
        if !self.rules.app.makes_access_level_updated() {
            return Ok(());
        }
        let is_read = |key: &Key| keys.contains(key) || self.beside.shared.contains(key);
        let lacks = |(profile, draft): &(ProfileId, Draft)| {
            let Draft::Level { level, .. } = draft else {
                return None;
            };
            let key = Key::of_level(level);
            let holdings = &people.known[people.position(*profile)?].profile.holdings;
            (holdings.holds(&key) && !is_read(&key)).then_some(key)
        };
        let lacking: Vec<_> = drafts.iter().filter_map(lacks).collect();
        if lacking.is_empty() {
            return Ok(());
        }
        Err(self.lacks(
            "who shares the access level",
            Beside {
                shared: [&self.beside.shared[..], &lacking].concat(),
                ..self.beside.clone()
            },
        ))
    }

    /// Notes what is to be read beside when this is tried again, and fails for now.
    fn lacks(&self, what: &'static str, beside: Beside) -> ActionError {
        self.lacking.get_or_init(|| beside);
        ActionError::Missing(what)
    }

    /// The report as far as the request, the app and the catalogue tell it.
    fn report<'a>(&'a self, product: &'a Product) -> Report<'a> {
        let settings = &self.rules.app.settings;
        Report {
            transaction: self.transaction.clone(),
            known: None,
            uncovered: None,
            usd_rate: None,
            sharing: settings.sharing,
            sandbox_sharing: settings.sandbox_sharing.unwrap_or(settings.sharing),
            regular_price: product.regular_price(&self.transaction),
            is_consumable: product.is_consumable,
            is_known_product: product.is_known,
            purchase_id: self.purchase_id,
            context: self
                .rules
                .context(self.request.now, product.access_level_id.as_deref()),
        }
    }
}

/// What the catalogue says of a product.
struct Product {
    is_known: bool,
    access_level_id: Option<String>,
    is_consumable: bool,
    price: Option<(Decimal, String)>,
}

impl Product {
    fn read(rows: &mut [Row], rules: &Rules) -> Result<Self, StoreError> {
        let Some(row) = rows.first_mut() else {
            let gives_premium = rules.app.settings.unknown_product == UnknownProduct::Premium;
            return Ok(Self {
                is_known: false,
                access_level_id: gives_premium.then(|| PREMIUM.to_owned()),
                is_consumable: false,
                price: None,
            });
        };
        let value = row.opt_text(2)?.map(|value| value.parse()).transpose();
        let value = value.map_err(|_| StoreError::Corrupt("a product's price cannot be read".into()))?;
        Ok(Self {
            is_known: true,
            access_level_id: row.opt_text(0)?,
            is_consumable: row.int(1)? != 0,
            price: value.zip(row.opt_text(3)?),
        })
    }

    /// The price without any offer, if it is told in the transaction's currency.
    fn regular_price(&self, transaction: &Transaction) -> Option<Decimal> {
        let (value, currency) = self.price.as_ref()?;
        currency
            .eq_ignore_ascii_case(&transaction.price.currency)
            .then_some(*value)
    }
}

/// The owner's rate of the day, else the shipped one.
fn usd_rate(transaction: &Transaction, rows: &mut [Row]) -> Result<Option<Decimal>, StoreError> {
    if transaction.price.currency == US_DOLLARS {
        return Ok(Some(Decimal::ONE));
    }
    if let Some(row) = rows.first_mut() {
        let rate = row.text(0)?.parse();
        return rate
            .map(Some)
            .map_err(|_| StoreError::Corrupt("a rate cannot be read".into()));
    }
    let currency = &transaction.price.currency;
    Ok(rates::usd(currency, transaction.purchased_at))
}
