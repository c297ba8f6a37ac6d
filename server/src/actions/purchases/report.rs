//! A transaction is reported.

use std::sync::{Arc, OnceLock};

use bursar_domain::app::{PREMIUM, UnknownProduct};
use bursar_domain::profile::Profile;
use bursar_domain::purchases::account::{self, Report};
use bursar_domain::purchases::holdings::Key;
use bursar_domain::purchases::transaction::Transaction;
use bursar_domain::time::format_day;
use rust_decimal::Decimal;
use uuid::Uuid;

use super::people::People;
use super::tell::tell;
use super::{Rules, refused};
use crate::actions::profiles::Request;
use crate::actions::remember::commit;
use crate::actions::{ActionError, Reply};
use crate::directory::App;
use crate::state::AppState;
use crate::store::tables::profiles::{self, rows_of};
use crate::store::tables::purchases;
use crate::store::{Decision, Loaded, Row, StoreError};

/// Needs no rate.
const US_DOLLARS: &str = "USD";

/// Takes in a transaction as it is reported now, and answers the profile that reported it.
pub async fn set_transaction(
    state: &AppState,
    app: &Arc<App>,
    request: Request,
    transaction: Transaction,
    render: impl Fn(&Profile) -> Reply + Send + Sync + 'static,
) -> Result<Reply, ActionError> {
    let render = Arc::new(render);
    let mut uncovered = None;
    loop {
        let lacking = Arc::new(OnceLock::new());
        let once = Once {
            request: request.clone(),
            transaction: transaction.clone(),
            uncovered,
            lacking: Arc::clone(&lacking),
        };
        let render = Arc::clone(&render);
        let done = try_once(state, app, once, move |profile| render(profile)).await;
        match lacking.get() {
            // Rare: a transaction leaves its chain, which then shows another one.
            Some(id) if done.is_err() => uncovered = Some(String::clone(id)),
            _ => return done,
        }
    }
}

/// A report, tried once.
struct Once {
    request: Request,
    transaction: Transaction,
    /// The id of the transaction that is read because the chain which this one leaves shows it next.
    uncovered: Option<String>,
    /// Where the id is put of one that would have to be read for that.
    lacking: Arc<OnceLock<String>>,
}

async fn try_once(
    state: &AppState,
    app: &Arc<App>,
    once: Once,
    render: impl Fn(&Profile) -> Reply + Send + 'static,
) -> Result<Reply, ActionError> {
    let Once {
        request:
            Request {
                selector,
                now,
                remember,
                ..
            },
        transaction,
        uncovered,
        lacking,
    } = once;
    let rules = Rules::of(app);
    let mut reads = vec![
        profiles::lock_whole(app.id, &selector),
        purchases::lock_holders(app.id, &transaction),
        purchases::select(app.id, &transaction),
        purchases::product(app.id, &transaction),
    ];
    let currency = &transaction.price.currency;
    if currency != US_DOLLARS {
        reads.push(purchases::rate(currency, &format_day(transaction.purchased_at)));
    }
    let place_of_uncovered = reads.len();
    if let Some(id) = &uncovered {
        let id = id.clone();
        let transaction = Transaction {
            id,
            ..transaction.clone()
        };
        reads.push(purchases::select(app.id, &transaction));
    }
    let purchase_id = Uuid::new_v4();
    let shared = state.clone();
    let decide = move |loaded: &mut Loaded| {
        let app = rules.app.id;
        let (caller, details) = profiles::read_whole(app, rows_of(loaded, 0))?.unzip();
        let mut people = People::of(selector.pick(caller)?, details);
        people.read(app, rows_of(loaded, 1))?;
        let known = purchases::read(rows_of(loaded, 2))?;
        let product = Product::read(rows_of(loaded, 3), &rules)?;
        let key_of = |transaction: &Transaction| Key::of(transaction).of_payer();
        let mut keys = vec![key_of(&transaction)];
        keys.extend(known.as_ref().map(key_of).filter(|key| *key != keys[0]));
        people.report_problems(&shared.metrics);
        people.require_owners(&keys)?;
        if let Some(known) = &known {
            warn_of_environment(known, &transaction);
        }
        let settings = &rules.app.settings;
        let mut parties = people.parties();
        let known_one = known.as_ref();
        let wanted = known_one.and_then(|known| account::uncovers(&parties, known, &transaction));
        if let Some(id) = wanted.filter(|id| uncovered.as_ref() != Some(id)) {
            lacking.get_or_init(|| id);
            return Err(ActionError::Missing("what the chain shows next"));
        }
        let report = Report {
            known: known.clone(),
            uncovered: match uncovered {
                Some(_) => purchases::read(rows_of(loaded, place_of_uncovered))?,
                None => None,
            },
            usd_rate: usd_rate(&transaction, rows_of(loaded, 4))?,
            sharing: settings.sharing,
            sandbox_sharing: settings.sandbox_sharing.unwrap_or(settings.sharing),
            regular_price: product.regular_price(&transaction),
            is_consumable: product.is_consumable,
            purchase_id,
            context: rules.context(now, product.access_level_id.as_deref()),
            transaction: transaction.clone(),
        };
        let (drafts, stored) = account::report(&mut parties, report).map_err(refused)?;
        let mut writes = people.settle(parties, &keys, &rules, now);
        match &known {
            Some(known) if *known == stored => {}
            Some(_) => writes.push(purchases::update(app, &stored)),
            None => writes.push(purchases::insert(app, &stored)),
        }
        writes.extend(tell(&rules, &people, drafts, now));
        let (profile, _) = people.known.swap_remove(0);
        Ok(Decision {
            writes,
            answer: profile,
        })
    };
    let reply = commit(state, remember, now, reads, decide, render).await?;
    state.wake.app(app.id);
    Ok(reply)
}

/// What the catalogue says of a product.
struct Product {
    access_level_id: Option<String>,
    is_consumable: bool,
    price: Option<(Decimal, String)>,
}

impl Product {
    fn read(rows: &mut [Row], rules: &Rules) -> Result<Self, StoreError> {
        let Some(row) = rows.first_mut() else {
            let gives_premium = rules.app.settings.unknown_product == UnknownProduct::Premium;
            return Ok(Self {
                access_level_id: gives_premium.then(|| PREMIUM.to_owned()),
                is_consumable: false,
                price: None,
            });
        };
        let value = row.opt_text(2)?.map(|value| value.parse()).transpose();
        let value = value.map_err(|_| StoreError::Corrupt("a product's price cannot be read".into()))?;
        Ok(Self {
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

fn usd_rate(transaction: &Transaction, rows: &mut [Row]) -> Result<Option<Decimal>, StoreError> {
    if transaction.price.currency == US_DOLLARS {
        return Ok(Some(Decimal::ONE));
    }
    let Some(row) = rows.first_mut() else {
        let currency = &transaction.price.currency;
        tracing::warn!(%currency, "no rate is known: the amount is stored and counts 0 US dollars");
        return Ok(None);
    };
    let rate = row.text(0)?.parse();
    rate.map(Some)
        .map_err(|_| StoreError::Corrupt("a rate cannot be read".into()))
}

/// A transaction stays where it was first reported.
fn warn_of_environment(known: &Transaction, reported: &Transaction) {
    if known.environment != reported.environment {
        let (stays, claimed) = (known.environment.as_str(), reported.environment.as_str());
        tracing::warn!(
            store = %known.store, transaction.id = %known.id,
            "transaction {} is known in {stays} and was reported in {claimed}: it stays in {stays}",
            known.id,
        );
    }
}
