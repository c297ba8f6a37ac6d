//! Transactions, and which profiles own or share the chains that they form.

use bursar_domain::ids::{AppId, ProfileId};
use bursar_domain::purchases::holdings::Key;
use bursar_domain::purchases::transaction::Transaction;

use crate::store::{Row, Sql, Statement, StoreError, Value};

/// The transaction as it was last reported.
pub fn select(app: AppId, transaction: &Transaction) -> Statement {
    static SQL: Sql =
        Sql::same("SELECT report FROM transactions WHERE app_id = $1 AND store = $2 AND transaction_id = $3")
            .together(
                "SELECT wanted.place, report
                 FROM unnest($1::uuid[], $2::text[], $3::text[]) WITH ORDINALITY
                      AS wanted (app_id, store, transaction_id, place)
                 JOIN transactions USING (app_id, store, transaction_id)",
            )
            // Who changes one locks the profiles that hold its chain; one that is new is inserted.
            .covered();
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
    static SQL: Sql = Sql::same(
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
    static SQL: Sql = Sql::same(
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

/// A profile owns or shares a chain from now on. A chain has one owner: who finds it taken decides anew.
pub fn hold(app: AppId, key: &Key, profile: ProfileId, is_owner: bool) -> Statement {
    static SQL: Sql = Sql::same(
        "INSERT INTO chain_holders (app_id, store, original_id, profile_id, is_owner) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (app_id, store, original_id, profile_id) DO UPDATE SET is_owner = excluded.is_owner",
    );
    let [app, store, original_id, profile] = holder(app, key, profile);
    Statement::new(
        &SQL,
        [app, store, original_id, profile, i64::from(is_owner).into()],
    )
}

/// A profile has nothing to do with a chain any more.
pub fn part(app: AppId, key: &Key, profile: ProfileId) -> Statement {
    static SQL: Sql = Sql::same(
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
pub fn part_from_all(app: AppId, profile: ProfileId) -> Statement {
    static SQL: Sql = Sql::same("DELETE FROM chain_holders WHERE app_id = $1 AND profile_id = $2");
    Statement::new(&SQL, [app.0.into(), profile.0.into()])
}

/// A profile for which something is due, and a chain of others that it shares, if there is one.
#[derive(Debug)]
pub struct Due {
    /// Of which app.
    pub app: AppId,
    /// Which profile.
    pub profile: ProfileId,
    /// The store and the original id.
    pub chain: Option<(String, String)>,
}

/// Profiles for which something is due by `now`, those that wait longest first: a row for each chain of others that one
/// shares, or one without a chain.
pub fn due(now: i64, limit: i64) -> Statement {
    static SQL: Sql = Sql::split(
        "SELECT due.app_id, due.profile_id, shared.store, shared.original_id
         FROM (SELECT app_id, profile_id, due_at FROM profiles WHERE due_at <= $1 ORDER BY due_at LIMIT $2) AS due
         LEFT JOIN chain_holders AS shared INDEXED BY chain_holders_by_profile
              ON shared.app_id = due.app_id AND shared.profile_id = due.profile_id AND shared.is_owner = 0
         ORDER BY due.due_at, due.app_id, due.profile_id",
        "SELECT due.app_id, due.profile_id, shared.store, shared.original_id
         FROM (SELECT app_id, profile_id, due_at FROM profiles WHERE due_at <= $1 ORDER BY due_at LIMIT $2) AS due
         LEFT JOIN LATERAL (
             SELECT store, original_id FROM chain_holders
             WHERE app_id = due.app_id AND profile_id = due.profile_id AND is_owner = 0 OFFSET 0) AS shared ON true
         ORDER BY due.due_at, due.app_id, due.profile_id",
    );
    Statement::new(&SQL, [now.into(), limit.into()])
}

/// Reads a row of [`due`].
pub fn read_due(row: &mut Row) -> Result<Due, StoreError> {
    Ok(Due {
        app: AppId(row.uuid(0)?),
        profile: ProfileId(row.uuid(1)?),
        chain: row.opt_text(2)?.zip(row.opt_text(3)?),
    })
}

/// When something of a profile is due next, where nothing else of it has changed and another server has not handled it
/// meanwhile: something is still due by `now`.
pub fn set_due(app: AppId, profile: ProfileId, due_at: Option<i64>, now: i64) -> Statement {
    static SQL: Sql =
        Sql::same("UPDATE profiles SET due_at = $1 WHERE app_id = $2 AND profile_id = $3 AND due_at <= $4");
    Statement::new(&SQL, [due_at.into(), app.0.into(), profile.0.into(), now.into()])
}
