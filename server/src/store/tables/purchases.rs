//! Transactions, and which profiles own or share the chains that they form.

use bursar_domain::ids::{AppId, ProfileId};
use bursar_domain::purchases::holdings::Key;
use bursar_domain::purchases::transaction::Transaction;

use crate::store::{Row, Sql, Statement, StoreError, Value};

/// Locks the profiles that own or share the chain of a transaction; also those of the chain that it belonged to
/// when it was last reported. The rows are those of [`super::profiles::lock_whole`].
pub fn lock_holders(app: AppId, transaction: &Transaction) -> Statement {
    const SQL: Sql = Sql::with_lock(
        "SELECT profile_id, customer_user_id, created_at, updated_at, identifiers, attributes, holdings, details
         FROM profiles WHERE app_id = $1 AND profile_id IN (
             SELECT profile_id FROM chain_holders
             WHERE app_id = $1 AND store = $2 AND original_id IN ($3, (
                 SELECT original_id FROM transactions
                 WHERE app_id = $1 AND store = $2 AND transaction_id = $4)))",
        "SELECT profile_id, customer_user_id, created_at, updated_at, identifiers, attributes, holdings, details
         FROM profiles WHERE app_id = $1 AND profile_id IN (
             SELECT profile_id FROM chain_holders
             WHERE app_id = $1 AND store = $2 AND original_id IN ($3, (
                 SELECT original_id FROM transactions
                 WHERE app_id = $1 AND store = $2 AND transaction_id = $4)))
         ORDER BY profile_id FOR UPDATE",
    );
    Statement::new(
        &SQL,
        [
            app.0.into(),
            transaction.store.as_str().into(),
            transaction.original_id.as_str().into(),
            transaction.id.as_str().into(),
        ],
    )
}

/// Locks the profiles that share a chain with this one, itself among them.
pub fn lock_sharers(app: AppId, profile: ProfileId) -> Statement {
    const SQL: Sql = Sql::with_lock(
        "SELECT profile_id, customer_user_id, created_at, updated_at, identifiers, attributes, holdings, details
         FROM profiles WHERE app_id = $1 AND (profile_id = $2 OR profile_id IN (
             SELECT others.profile_id FROM chain_holders AS own JOIN chain_holders AS others
             ON others.app_id = own.app_id AND others.store = own.store AND others.original_id = own.original_id
             WHERE own.app_id = $1 AND own.profile_id = $2))",
        "SELECT profile_id, customer_user_id, created_at, updated_at, identifiers, attributes, holdings, details
         FROM profiles WHERE app_id = $1 AND (profile_id = $2 OR profile_id IN (
             SELECT others.profile_id FROM chain_holders AS own JOIN chain_holders AS others
             ON others.app_id = own.app_id AND others.store = own.store AND others.original_id = own.original_id
             WHERE own.app_id = $1 AND own.profile_id = $2))
         ORDER BY profile_id FOR UPDATE",
    );
    Statement::new(&SQL, [app.0.into(), profile.0.into()])
}

/// The transaction as it was last reported.
pub fn select(app: AppId, transaction: &Transaction) -> Statement {
    const SQL: Sql =
        Sql::same("SELECT report FROM transactions WHERE app_id = $1 AND store = $2 AND transaction_id = $3");
    Statement::new(
        &SQL,
        [
            app.0.into(),
            transaction.store.as_str().into(),
            transaction.id.as_str().into(),
        ],
    )
}

/// The rows of [`select`].
pub fn read(rows: &mut [Row]) -> Result<Option<Transaction>, StoreError> {
    let Some(row) = rows.first_mut() else {
        return Ok(None);
    };
    serde_json::from_str(&row.text(0)?)
        .map(Some)
        .map_err(|_| StoreError::Corrupt("a transaction cannot be read".into()))
}

/// Adds a transaction that is not stored yet. Of two profiles that report it at once the second one finds it taken and
/// decides anew.
pub fn insert(app: AppId, transaction: &Transaction) -> Statement {
    const SQL: Sql = Sql::same(
        "INSERT INTO transactions (original_id, report, app_id, store, transaction_id)
         VALUES ($1, $2, $3, $4, $5)",
    )
    .together(
        "INSERT INTO transactions (original_id, report, app_id, store, transaction_id)
         SELECT * FROM unnest($1::text[], $2::text[], $3::uuid[], $4::text[], $5::text[])",
    );
    Statement::new(&SQL, columns(app, transaction))
}

/// Saves a stored transaction as it was reported now.
pub fn update(app: AppId, transaction: &Transaction) -> Statement {
    const SQL: Sql = Sql::same(
        "UPDATE transactions SET original_id = $1, report = $2
         WHERE app_id = $3 AND store = $4 AND transaction_id = $5",
    );
    Statement::new(&SQL, columns(app, transaction))
}

fn columns(app: AppId, transaction: &Transaction) -> [Value; 5] {
    let report = serde_json::to_string(transaction).expect("a transaction always serialises");
    [
        transaction.original_id.as_str().into(),
        report.into(),
        app.0.into(),
        transaction.store.as_str().into(),
        transaction.id.as_str().into(),
    ]
}

/// Removes a transaction: who reports it again tells of something new.
pub fn forget(app: AppId, store: &str, transaction_id: &str) -> Statement {
    const SQL: Sql =
        Sql::same("DELETE FROM transactions WHERE app_id = $1 AND store = $2 AND transaction_id = $3");
    Statement::new(&SQL, [app.0.into(), store.into(), transaction_id.into()])
}

/// A profile owns or shares a chain from now on.
pub fn hold(app: AppId, key: &Key, profile: ProfileId) -> Statement {
    const SQL: Sql = Sql::same(
        "INSERT INTO chain_holders (app_id, store, original_id, profile_id) VALUES ($1, $2, $3, $4)
         ON CONFLICT DO NOTHING",
    );
    Statement::new(&SQL, holder(app, key, profile))
}

/// A profile has nothing to do with a chain any more.
pub fn let_go(app: AppId, key: &Key, profile: ProfileId) -> Statement {
    const SQL: Sql = Sql::same(
        "DELETE FROM chain_holders WHERE app_id = $1 AND store = $2 AND original_id = $3 AND profile_id = $4",
    );
    Statement::new(&SQL, holder(app, key, profile))
}

fn holder(app: AppId, key: &Key, profile: ProfileId) -> [Value; 4] {
    [
        app.0.into(),
        key.store.as_str().into(),
        key.original_id.as_str().into(),
        profile.0.into(),
    ]
}

/// A deleted profile holds nothing: its chains are free for the next who reports one of their transactions.
pub fn let_go_of_all(app: AppId, profile: ProfileId) -> Statement {
    const SQL: Sql = Sql::same("DELETE FROM chain_holders WHERE app_id = $1 AND profile_id = $2");
    Statement::new(&SQL, [app.0.into(), profile.0.into()])
}

/// Profiles for which something is due by `now`, those that wait longest first.
pub fn due(now: i64, limit: i64) -> Statement {
    const SQL: Sql = Sql::same(
        "SELECT app_id, profile_id, due_at FROM profiles WHERE due_at <= $1 ORDER BY due_at LIMIT $2",
    );
    Statement::new(&SQL, [now.into(), limit.into()])
}

/// When something of a profile is due next, where nothing else of it has changed.
pub fn set_due(app: AppId, profile: ProfileId, due_at: Option<i64>) -> Statement {
    const SQL: Sql = Sql::same("UPDATE profiles SET due_at = $1 WHERE app_id = $2 AND profile_id = $3");
    Statement::new(&SQL, [due_at.into(), app.0.into(), profile.0.into()])
}

/// The catalogue's entry of a transaction's product.
pub fn product(app: AppId, transaction: &Transaction) -> Statement {
    const SQL: Sql = Sql::same(
        "SELECT access_level_id, consumable, price_value, price_currency FROM products
         WHERE app_id = $1 AND store = $2 AND store_product_id = $3",
    );
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
    const SQL: Sql = Sql::same(
        "SELECT usd FROM rates WHERE currency = $1 AND from_date <= $2 ORDER BY from_date DESC LIMIT 1",
    );
    Statement::new(&SQL, [currency.into(), day.into()])
}
