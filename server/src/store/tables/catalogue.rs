//! What purchases read of access levels, products and exchange rates without a lock.
//!
//! The administration sets them. What it writes to products and rates is [for all](Sql::for_all), else SQLite would let a
//! purchase pass that was decided on what they were before.

use bursar_domain::ids::AppId;
use bursar_domain::purchases::transaction::Transaction;

use crate::store::{Sql, Statement};

/// The app's access level with this id.
pub fn access_level(app: AppId, id: &str) -> Statement {
    static SQL: Sql =
        Sql::same("SELECT access_level_id FROM access_levels WHERE app_id = $1 AND access_level_id = $2");
    Statement::new(&SQL, [app.0.into(), id.into()])
}

/// The catalogue's entry of a transaction's product.
pub fn product(app: AppId, transaction: &Transaction) -> Statement {
    static SQL: Sql = Sql::same(
        "SELECT access_level_id, consumable, price_value, price_currency FROM products
         WHERE app_id = $1 AND store = $2 AND store_product_id = $3",
    )
    .together(
        "SELECT wanted.place, access_level_id, consumable, price_value, price_currency
         FROM unnest($1::uuid[], $2::text[], $3::text[]) WITH ORDINALITY
              AS wanted (app_id, store, store_product_id, place)
         JOIN products USING (app_id, store, store_product_id)",
    )
    .covered();
    Statement::new(
        &SQL,
        [
            app.0.into(),
            transaction.store.as_str().into(),
            transaction.product_id.as_str().into(),
        ],
    )
}

/// The rate of a currency on a day, `YYYY-MM-DD`.
pub fn rate(currency: &str, day: &str) -> Statement {
    static SQL: Sql = Sql::same(
        "SELECT usd FROM rates WHERE currency = $1 AND from_date <= $2 ORDER BY from_date DESC LIMIT 1",
    )
    .together(
        "SELECT wanted.place, rate.usd
         FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS wanted (currency, day, place)
         CROSS JOIN LATERAL (
             SELECT usd FROM rates WHERE currency = wanted.currency AND from_date <= wanted.day
             ORDER BY from_date DESC LIMIT 1) AS rate",
    )
    .covered();
    Statement::new(&SQL, [currency.into(), day.into()])
}
