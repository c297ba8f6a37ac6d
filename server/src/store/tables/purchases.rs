//! Transactions, and which profiles own or share the chains that they form.

use bursar_domain::ids::{AppId, ProfileId};
use bursar_domain::profile::selector::Selector;
use bursar_domain::purchases::holdings::Key;
use bursar_domain::purchases::transaction::Transaction;

use crate::store::{Row, Sql, Statement, StoreError, Value};

// `OFFSET 0` holds PostgreSQL to the order of joins that is written. In a new database, whose tables it knows nothing
// of yet, it takes one that is slower by a factor of thousands.

/// Locks the profiles that own or share the chain of a transaction; also those of the chain that it belonged to
/// when it was last reported. The rows of the second statement are those of [`super::profiles::lock_whole`]. The one that the
/// selector looks up is left out: as a rule it is the only one, and is read as the caller.
///
/// PostgreSQL locks what it has found before, so it would miss who joins while it waits. Whoever joins locks the owner: the
/// first statement does that, and the second sees all who have joined by then.
pub fn lock_holders(app: AppId, transaction: &Transaction, caller: &Selector) -> [Statement; 2] {
    macro_rules! on_sqlite {
        ($caller:literal) => {
            // Who holds both chains is found twice. An `IN` would need temporary tables.
            concat!(
                "SELECT p.profile_id, p.customer_user_id, p.created_at, p.updated_at, p.identifiers, p.attributes,
                        p.holdings, p.details, p.rowid
                 FROM chain_holders AS h CROSS JOIN profiles AS p
                 WHERE h.app_id = $1 AND h.store = $2 AND h.original_id = $3
                       AND p.app_id = $1 AND p.profile_id = h.profile_id AND h.profile_id <> ",
                $caller,
                " UNION ALL
                 SELECT p.profile_id, p.customer_user_id, p.created_at, p.updated_at, p.identifiers, p.attributes,
                        p.holdings, p.details, p.rowid
                 FROM transactions AS t CROSS JOIN chain_holders AS h CROSS JOIN profiles AS p
                 WHERE t.app_id = $1 AND t.store = $2 AND t.transaction_id = $5 AND t.original_id <> $3
                       AND h.app_id = $1 AND h.store = $2 AND h.original_id = t.original_id
                       AND p.app_id = $1 AND p.profile_id = h.profile_id AND h.profile_id <> ",
                $caller
            )
        };
    }
    macro_rules! holders {
        ($sqlite:expr, $which:literal, $columns:literal, $caller:literal, $wanted:literal, $type:literal) => {
            Sql::with_lock(
                $sqlite,
                concat!(
                    "SELECT p.profile_id",
                    $columns,
                    " FROM (SELECT $3::text UNION ALL
                           SELECT original_id FROM transactions
                           WHERE app_id = $1 AND store = $2 AND transaction_id = $5 AND original_id <> $3 OFFSET 0)
                          AS chain (original_id)
                     CROSS JOIN LATERAL (
                         SELECT profile_id FROM chain_holders
                         WHERE app_id = $1 AND store = $2 AND original_id = chain.original_id
                               AND profile_id <> ",
                    $caller,
                    $which,
                    " OFFSET 0) AS holder
                     JOIN profiles AS p ON p.app_id = $1 AND p.profile_id = holder.profile_id
                     ORDER BY p.profile_id FOR UPDATE OF p"
                ),
            )
            .together(concat!(
                "SELECT wanted.place, p.profile_id",
                $columns,
                " FROM unnest($1::uuid[], $2::text[], $3::text[], $4::",
                $type,
                "[], $5::text[]) WITH ORDINALITY
                      AS wanted (app_id, store, original_id, caller, transaction_id, place)
                 CROSS JOIN LATERAL (
                     SELECT wanted.original_id UNION ALL
                     SELECT t.original_id FROM transactions AS t
                     WHERE t.app_id = wanted.app_id AND t.store = wanted.store
                           AND t.transaction_id = wanted.transaction_id AND t.original_id <> wanted.original_id
                     OFFSET 0) AS chain (original_id)
                 CROSS JOIN LATERAL (
                     SELECT h.profile_id FROM chain_holders AS h
                     WHERE h.app_id = wanted.app_id AND h.store = wanted.store AND h.original_id = chain.original_id
                           AND h.profile_id <> ",
                $wanted,
                $which,
                " OFFSET 0) AS holder
                 JOIN profiles AS p ON p.app_id = wanted.app_id AND p.profile_id = holder.profile_id
                 ORDER BY wanted.place, p.profile_id FOR UPDATE OF p"
            ))
        };
    }
    macro_rules! owner_and_all {
        ($caller:literal, $wanted:literal, $type:literal) => {
            [
                holders!("", " AND is_owner = 1", "", $caller, $wanted, $type),
                holders!(
                    on_sqlite!($caller),
                    "",
                    ", p.customer_user_id, p.created_at, p.updated_at, p.identifiers, p.attributes, p.holdings,
                       p.details, 0::bigint",
                    $caller,
                    $wanted,
                    $type
                ),
            ]
        };
    }
    static BY_ID: [Sql; 2] = owner_and_all!("$4", "wanted.caller", "uuid");
    static BY_CUSTOMER: [Sql; 2] = owner_and_all!(
        "(SELECT profile_id FROM profiles WHERE app_id = $1 AND customer_user_id = $4)",
        "(SELECT c.profile_id FROM profiles AS c
          WHERE c.app_id = wanted.app_id AND c.customer_user_id = wanted.caller)",
        "text"
    );
    let (sql, caller): (_, Value) = match caller {
        Selector::Id(id) | Selector::Both(id, _) => (&BY_ID, id.0.into()),
        Selector::Customer(customer) => (&BY_CUSTOMER, customer.as_str().into()),
    };
    let params = [
        app.0.into(),
        transaction.store.as_str().into(),
        transaction.original_id.as_str().into(),
        caller,
        transaction.id.as_str().into(),
    ];
    [
        Statement::new(&sql[0], params.clone()),
        Statement::new(&sql[1], params),
    ]
}

/// Locks a profile before [`lock_sharers`]: PostgreSQL locks what it has found before, so it would miss who joins while it
/// waits. Whoever joins locks those who share already.
pub fn lock_before_sharers(app: AppId, profile: ProfileId) -> Statement {
    static SQL: Sql = Sql::with_lock(
        "",
        "SELECT profile_id FROM profiles WHERE app_id = $1 AND profile_id = $2 FOR UPDATE",
    )
    .together(
        "SELECT wanted.place, profile_id
         FROM unnest($1::uuid[], $2::uuid[]) WITH ORDINALITY AS wanted (app_id, profile_id, place)
         JOIN profiles USING (app_id, profile_id) ORDER BY wanted.place FOR UPDATE OF profiles",
    );
    Statement::new(&SQL, [app.0.into(), profile.0.into()])
}

/// Locks the profiles that share a chain with this one, itself among them; behind a statement that locks this one.
pub fn lock_sharers(app: AppId, profile: ProfileId) -> Statement {
    static SQL: Sql = Sql::with_lock(
        "SELECT profile_id, customer_user_id, created_at, updated_at, identifiers, attributes, holdings, details, rowid
         FROM profiles WHERE app_id = $1 AND profile_id IN (
             SELECT $2 UNION ALL
             SELECT others.profile_id FROM chain_holders AS own CROSS JOIN chain_holders AS others
             WHERE own.app_id = $1 AND own.profile_id = $2 AND others.app_id = own.app_id
                   AND others.store = own.store AND others.original_id = own.original_id)",
        "SELECT p.profile_id, p.customer_user_id, p.created_at, p.updated_at, p.identifiers, p.attributes,
                p.holdings, p.details, 0::bigint
         FROM (SELECT $2::uuid UNION
               SELECT others.profile_id FROM chain_holders AS own CROSS JOIN LATERAL (
                   SELECT profile_id FROM chain_holders
                   WHERE app_id = own.app_id AND store = own.store AND original_id = own.original_id OFFSET 0)
                   AS others
               WHERE own.app_id = $1 AND own.profile_id = $2 OFFSET 0) AS holder (profile_id)
         JOIN profiles AS p ON p.app_id = $1 AND p.profile_id = holder.profile_id
         ORDER BY p.profile_id FOR UPDATE OF p",
    )
    .together(
        "SELECT wanted.place, p.profile_id, p.customer_user_id, p.created_at, p.updated_at, p.identifiers,
                p.attributes, p.holdings, p.details, 0::bigint
         FROM unnest($1::uuid[], $2::uuid[]) WITH ORDINALITY AS wanted (app_id, profile_id, place)
         CROSS JOIN LATERAL (
             SELECT wanted.profile_id UNION
             SELECT others.profile_id FROM chain_holders AS own CROSS JOIN LATERAL (
                 SELECT profile_id FROM chain_holders
                 WHERE app_id = own.app_id AND store = own.store AND original_id = own.original_id OFFSET 0)
                 AS others
             WHERE own.app_id = wanted.app_id AND own.profile_id = wanted.profile_id OFFSET 0)
             AS holder (profile_id)
         JOIN profiles AS p ON p.app_id = wanted.app_id AND p.profile_id = holder.profile_id
         ORDER BY wanted.place, p.profile_id FOR UPDATE OF p",
    );
    Statement::new(&SQL, [app.0.into(), profile.0.into()])
}

/// As [`lock_sharers`], for the profile that the selector looks up. Without chains that is nobody, or itself alone.
pub fn lock_sharers_of(app: AppId, selector: &Selector) -> Statement {
    static BY_CUSTOMER: Sql = Sql::with_lock(
        "SELECT profile_id, customer_user_id, created_at, updated_at, identifiers, attributes, holdings, details, rowid
         FROM profiles WHERE app_id = $1 AND profile_id IN (
             SELECT others.profile_id
             FROM profiles AS p CROSS JOIN chain_holders AS own CROSS JOIN chain_holders AS others
             WHERE p.app_id = $1 AND p.customer_user_id = $2 AND own.app_id = $1 AND own.profile_id = p.profile_id
                   AND others.app_id = own.app_id AND others.store = own.store
                   AND others.original_id = own.original_id)",
        "SELECT p.profile_id, p.customer_user_id, p.created_at, p.updated_at, p.identifiers, p.attributes,
                p.holdings, p.details, 0::bigint
         FROM (SELECT DISTINCT others.profile_id
               FROM profiles AS found
               CROSS JOIN LATERAL (
                   SELECT store, original_id FROM chain_holders
                   WHERE app_id = $1 AND profile_id = found.profile_id OFFSET 0) AS own
               CROSS JOIN LATERAL (
                   SELECT profile_id FROM chain_holders
                   WHERE app_id = $1 AND store = own.store AND original_id = own.original_id OFFSET 0) AS others
               WHERE found.app_id = $1 AND found.customer_user_id = $2 OFFSET 0) AS holder (profile_id)
         JOIN profiles AS p ON p.app_id = $1 AND p.profile_id = holder.profile_id
         ORDER BY p.profile_id FOR UPDATE OF p",
    );
    match selector {
        Selector::Id(id) | Selector::Both(id, _) => lock_sharers(app, *id),
        Selector::Customer(customer) => {
            Statement::new(&BY_CUSTOMER, [app.0.into(), customer.as_str().into()])
        }
    }
}

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
pub fn let_go(app: AppId, key: &Key, profile: ProfileId) -> Statement {
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
pub fn let_go_of_all(app: AppId, profile: ProfileId) -> Statement {
    static SQL: Sql = Sql::same("DELETE FROM chain_holders WHERE app_id = $1 AND profile_id = $2");
    Statement::new(&SQL, [app.0.into(), profile.0.into()])
}

/// Profiles for which something is due by `now`, those that wait longest first.
pub fn due(now: i64, limit: i64) -> Statement {
    static SQL: Sql = Sql::same(
        "SELECT app_id, profile_id, due_at FROM profiles WHERE due_at <= $1 ORDER BY due_at LIMIT $2",
    );
    Statement::new(&SQL, [now.into(), limit.into()])
}

/// When something of a profile is due next, where nothing else of it has changed and another server has not handled it
/// meanwhile: something is still due by `now`.
pub fn set_due(app: AppId, profile: ProfileId, due_at: Option<i64>, now: i64) -> Statement {
    static SQL: Sql =
        Sql::same("UPDATE profiles SET due_at = $1 WHERE app_id = $2 AND profile_id = $3 AND due_at <= $4");
    Statement::new(&SQL, [due_at.into(), app.0.into(), profile.0.into(), now.into()])
}
