//! What a report keeps of what was stored before: rate, regular price, environment, what an unknown product gives.

use rust_decimal::Decimal;

use super::{Party, Report};
use crate::purchases::holdings::Key;
use crate::purchases::transaction::{PurchaseType, Transaction};
use crate::time::DAY;

/// Fills in what no body says: rate, regular price and environment from what is stored, and the mark of the chain that takes
/// it in.
pub(super) fn complete(report: &mut Report<'_>, stored: Option<&Transaction>, parties: &[Party], key: &Key) {
    let usd_rate = usd_rate(report, stored);
    let regular_price = regular_price(report, stored);
    let chain = parties.iter().find_map(|party| party.holdings.chain_of(key));
    let transaction = &mut report.transaction;
    transaction.usd_rate = usd_rate;
    transaction.regular_price = regular_price;
    if let Some(stored) = stored {
        // The environment is no part of a transaction's identity, and stays as it was first reported.
        transaction.environment = stored.environment;
    }
    if transaction.purchase_type == PurchaseType::Subscription {
        let new = report.purchase_id.as_fields().0;
        transaction.mark = chain.map_or(new, |chain| chain.latest.mark);
    }
}

/// The rate of the day of the purchase; once known it stays, also if the table is changed later.
fn usd_rate(report: &Report<'_>, stored: Option<&Transaction>) -> Option<Decimal> {
    let new = &report.transaction;
    let day = |transaction: &Transaction| transaction.purchased_at.div_euclid(DAY);
    let is_same =
        |stored: &&Transaction| stored.price.currency == new.price.currency && day(stored) == day(new);
    let stored = stored.filter(is_same).and_then(|stored| stored.usd_rate);
    stored.or(report.usd_rate)
}

/// What the product costs without any offer, where that is not the price itself; once known it stays.
fn regular_price(report: &Report<'_>, stored: Option<&Transaction>) -> Option<Decimal> {
    let new = &report.transaction;
    let is_reduced =
        new.purchase_type == PurchaseType::Subscription && (new.offer.is_some() || new.is_free());
    let is_same_product = |stored: &&Transaction| {
        stored.product_id == new.product_id && stored.price.currency == new.price.currency
    };
    let stored = stored
        .filter(is_same_product)
        .and_then(|stored| stored.regular_price);
    stored.or(report.regular_price).filter(|_| is_reduced)
}

/// Is what it gives that of an unknown product? Once the catalogue knew the product, what it gives was noted from there.
pub(super) fn is_of_unknown_product(report: &Report<'_>, known: Option<&Transaction>) -> bool {
    let new = &report.transaction;
    let is_noted = |known: &&Transaction| {
        known.product_id == new.product_id && Key::of(new).is_of(known) && !known.is_of_unknown_product
    };
    !report.is_known_product && !known.is_some_and(|known| is_noted(&known))
}
