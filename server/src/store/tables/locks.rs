//! Locks of all profiles that a change may concern.
//!
//! On PostgreSQL each of these changes begins with one statement that locks them all in one order, that of their ids as texts,
//! as [`super::profiles::lock`] does: two changes that need the same ones never wait for each other. What stands behind it
//! reads them, and locks who has come in between.

use bursar_domain::ids::{AppId, ProfileId};
use bursar_domain::profile::selector::Selector;
use bursar_domain::purchases::transaction::Transaction;

use super::profiles::profile_columns;
use crate::store::{Sql, Statement, Value};

// `OFFSET 0` holds PostgreSQL to the order of joins that is written. In a new database, whose tables it knows nothing
// of yet, it takes one that is slower by a factor of thousands.

/// The rows of profiles that some ids are of, locked in the order of all.
macro_rules! in_order {
    ($app:literal) => {
        concat!(
            " AS found (profile_id)
             JOIN profiles AS p ON p.app_id = ",
            $app,
            " AND p.profile_id = found.profile_id
             ORDER BY p.profile_id::text COLLATE \"C\" FOR UPDATE OF p"
        )
    };
}

/// The chain of a transaction, and that to which it belonged when it was last reported.
macro_rules! chains {
    () => {
        "(SELECT $3::text UNION ALL
          SELECT original_id FROM transactions
          WHERE app_id = $1 AND store = $2 AND transaction_id = $5 AND original_id <> $3 OFFSET 0) AS chain (original_id)"
    };
    (wanted) => {
        "(SELECT wanted.original_id UNION ALL
          SELECT t.original_id FROM transactions AS t
          WHERE t.app_id = wanted.app_id AND t.store = wanted.store AND t.transaction_id = wanted.transaction_id
                AND t.original_id <> wanted.original_id OFFSET 0) AS chain (original_id)"
    };
}

/// The transactions of many changes, each with its caller.
macro_rules! wanted {
    ($type:literal) => {
        concat!(
            " FROM unnest($1::uuid[], $2::text[], $3::text[], $4::",
            $type,
            "[], $5::text[]) WITH ORDINALITY AS wanted (app_id, store, original_id, caller, transaction_id, place)"
        )
    };
}

/// Who has something to do with a chain that `own` has something to do with.
macro_rules! beside_own {
    () => {
        "SELECT others.profile_id FROM chain_holders AS own CROSS JOIN LATERAL (
             SELECT profile_id FROM chain_holders
             WHERE app_id = own.app_id AND store = own.store AND original_id = own.original_id OFFSET 0) AS others"
    };
}

/// Locks everyone whom a report may concern: the caller, and who owns or shares the chain of the transaction, or that to which it
/// belonged when it was last reported. Stands before all other locks of its change, and answers the ids alone.
///
/// PostgreSQL locks what it has found before, so it would miss who joins while it waits. Whoever joins locks the owner:
/// what reads the holders behind this sees all who have joined by then.
pub fn people(app: AppId, transaction: &Transaction, caller: &Selector) -> Statement {
    macro_rules! people {
        ($caller:literal, $wanted:literal, $type:literal) => {
            Sql::with_lock(
                "",
                concat!(
                    "SELECT p.profile_id FROM (",
                    $caller,
                    " UNION
                     SELECT h.profile_id FROM ",
                    chains!(),
                    " CROSS JOIN LATERAL (
                         SELECT profile_id FROM chain_holders
                         WHERE app_id = $1 AND store = $2 AND original_id = chain.original_id OFFSET 0) AS h OFFSET 0)",
                    in_order!("$1")
                ),
            )
            .together(concat!(
                "SELECT wanted.place, p.profile_id",
                wanted!($type),
                " CROSS JOIN LATERAL (",
                $wanted,
                " UNION
                 SELECT h.profile_id FROM ",
                chains!(wanted),
                " CROSS JOIN LATERAL (
                     SELECT profile_id FROM chain_holders
                     WHERE app_id = wanted.app_id AND store = wanted.store AND original_id = chain.original_id
                     OFFSET 0) AS h OFFSET 0)",
                in_order!("wanted.app_id")
            ))
        };
    }
    static BY_ID: Sql = people!("SELECT $4::uuid", "SELECT wanted.caller", "uuid");
    static BY_CUSTOMER: Sql = people!(
        "SELECT profile_id FROM profiles WHERE app_id = $1 AND customer_user_id = $4",
        "SELECT c.profile_id FROM profiles AS c
         WHERE c.app_id = wanted.app_id AND c.customer_user_id = wanted.caller",
        "text"
    );
    of_transaction([&BY_ID, &BY_CUSTOMER], app, transaction, caller)
}

/// Locks the profile with the id and the one with the customer id, where a selector has both. Stands before all other locks
/// of its change, and answers the ids alone.
pub fn both(app: AppId, selector: &Selector) -> Option<Statement> {
    static SQL: Sql = Sql::with_lock(
        "",
        concat!(
            "SELECT p.profile_id
             FROM (SELECT $2::uuid UNION
                   SELECT profile_id FROM profiles WHERE app_id = $1 AND customer_user_id = $3 OFFSET 0)",
            in_order!("$1")
        ),
    )
    .together(concat!(
        "SELECT wanted.place, p.profile_id
         FROM unnest($1::uuid[], $2::uuid[], $3::text[]) WITH ORDINALITY
              AS wanted (app_id, profile_id, customer_user_id, place)
         CROSS JOIN LATERAL (
             SELECT wanted.profile_id UNION
             SELECT c.profile_id FROM profiles AS c
             WHERE c.app_id = wanted.app_id AND c.customer_user_id = wanted.customer_user_id OFFSET 0)",
        in_order!("wanted.app_id")
    ));
    match selector {
        Selector::Both(id, customer) => Some(Statement::new(
            &SQL,
            [app.0.into(), id.0.into(), customer.as_str().into()],
        )),
        Selector::Id(_) | Selector::Customer(_) => None,
    }
}

/// Locks the profiles that own or share the chain of a transaction; also those of the chain that it belonged to
/// when it was last reported; behind [`people`]. The rows are those of [`super::profiles::lock_whole`]. The one that the
/// selector looks up is left out: as a rule it is the only one, and is read as the caller.
pub fn holders(app: AppId, transaction: &Transaction, caller: &Selector) -> Statement {
    macro_rules! holders {
        ($caller:literal, $wanted:literal, $type:literal) => {
            Sql::with_lock(
                // Who holds both chains is found twice. An `IN` would need temporary tables.
                concat!(
                    "SELECT ",
                    profile_columns!("p.", details),
                    ", p.rowid
                     FROM chain_holders AS h CROSS JOIN profiles AS p
                     WHERE h.app_id = $1 AND h.store = $2 AND h.original_id = $3
                           AND p.app_id = $1 AND p.profile_id = h.profile_id AND h.profile_id <> ",
                    $caller,
                    " UNION ALL SELECT ",
                    profile_columns!("p.", details),
                    ", p.rowid
                     FROM transactions AS t CROSS JOIN chain_holders AS h CROSS JOIN profiles AS p
                     WHERE t.app_id = $1 AND t.store = $2 AND t.transaction_id = $5 AND t.original_id <> $3
                           AND h.app_id = $1 AND h.store = $2 AND h.original_id = t.original_id
                           AND p.app_id = $1 AND p.profile_id = h.profile_id AND h.profile_id <> ",
                    $caller
                ),
                concat!(
                    "SELECT ",
                    profile_columns!("p.", details),
                    ", 0::bigint
                     FROM ",
                    chains!(),
                    " CROSS JOIN LATERAL (
                         SELECT profile_id FROM chain_holders
                         WHERE app_id = $1 AND store = $2 AND original_id = chain.original_id AND profile_id <> ",
                    $caller,
                    " OFFSET 0)",
                    in_order!("$1")
                ),
            )
            .together(concat!(
                "SELECT wanted.place, ",
                profile_columns!("p.", details),
                ", 0::bigint",
                wanted!($type),
                " CROSS JOIN LATERAL ",
                chains!(wanted),
                " CROSS JOIN LATERAL (
                     SELECT h.profile_id FROM chain_holders AS h
                     WHERE h.app_id = wanted.app_id AND h.store = wanted.store AND h.original_id = chain.original_id
                           AND h.profile_id <> ",
                $wanted,
                " OFFSET 0)",
                in_order!("wanted.app_id")
            ))
        };
    }
    static BY_ID: Sql = holders!("$4", "wanted.caller", "uuid");
    static BY_CUSTOMER: Sql = holders!(
        "(SELECT profile_id FROM profiles WHERE app_id = $1 AND customer_user_id = $4)",
        "(SELECT c.profile_id FROM profiles AS c
          WHERE c.app_id = wanted.app_id AND c.customer_user_id = wanted.caller)",
        "text"
    );
    of_transaction([&BY_ID, &BY_CUSTOMER], app, transaction, caller)
}

fn of_transaction(
    [by_id, by_customer]: [&'static Sql; 2],
    app: AppId,
    transaction: &Transaction,
    caller: &Selector,
) -> Statement {
    let (sql, caller): (_, Value) = match caller {
        Selector::Id(id) | Selector::Both(id, _) => (by_id, id.0.into()),
        Selector::Customer(customer) => (by_customer, customer.as_str().into()),
    };
    let params = [
        app.0.into(),
        transaction.store.as_str().into(),
        transaction.original_id.as_str().into(),
        caller,
        transaction.id.as_str().into(),
    ];
    Statement::new(sql, params)
}

/// Locks a profile and all who share a chain with it. Stands before all other locks of its change, and answers the ids alone.
/// What reads them behind this sees also who has joined while this waited: whoever joins locks those who share already.
pub fn all_sharers(app: AppId, selector: &Selector) -> Statement {
    macro_rules! sharers {
        ($one:literal, $wanted:literal, $type:literal) => {
            Sql::with_lock(
                "",
                concat!(
                    "SELECT p.profile_id FROM (",
                    $one,
                    ") AS one (profile_id)
                     CROSS JOIN LATERAL (SELECT one.profile_id UNION ",
                    beside_own!(),
                    " WHERE own.app_id = $1 AND own.profile_id = one.profile_id OFFSET 0)",
                    in_order!("$1")
                ),
            )
            .together(concat!(
                "SELECT wanted.place, p.profile_id
                 FROM unnest($1::uuid[], $2::",
                $type,
                "[]) WITH ORDINALITY AS wanted (app_id, who, place)
                 CROSS JOIN LATERAL (",
                $wanted,
                ") AS one (profile_id)
                 CROSS JOIN LATERAL (SELECT one.profile_id UNION ",
                beside_own!(),
                " WHERE own.app_id = wanted.app_id AND own.profile_id = one.profile_id OFFSET 0)",
                in_order!("wanted.app_id")
            ))
        };
    }
    static BY_ID: Sql = sharers!("SELECT $2::uuid", "SELECT wanted.who", "uuid");
    static BY_CUSTOMER: Sql = sharers!(
        "SELECT profile_id FROM profiles WHERE app_id = $1 AND customer_user_id = $2 OFFSET 0",
        "SELECT c.profile_id FROM profiles AS c
         WHERE c.app_id = wanted.app_id AND c.customer_user_id = wanted.who OFFSET 0",
        "text"
    );
    let (sql, who): (_, Value) = match selector {
        Selector::Id(id) | Selector::Both(id, _) => (&BY_ID, id.0.into()),
        Selector::Customer(customer) => (&BY_CUSTOMER, customer.as_str().into()),
    };
    Statement::new(sql, [app.0.into(), who])
}

/// Locks the profiles that share a chain with this one, itself among them; behind [`all_sharers`].
pub fn sharers(app: AppId, profile: ProfileId) -> Statement {
    static SQL: Sql = Sql::with_lock(
        concat!(
            "SELECT ",
            profile_columns!("", details),
            ", rowid
             FROM profiles WHERE app_id = $1 AND profile_id IN (
                 SELECT $2 UNION ALL
                 SELECT others.profile_id FROM chain_holders AS own CROSS JOIN chain_holders AS others
                 WHERE own.app_id = $1 AND own.profile_id = $2 AND others.app_id = own.app_id
                       AND others.store = own.store AND others.original_id = own.original_id)"
        ),
        concat!(
            "SELECT ",
            profile_columns!("p.", details),
            ", 0::bigint
             FROM (SELECT $2::uuid UNION ",
            beside_own!(),
            " WHERE own.app_id = $1 AND own.profile_id = $2 OFFSET 0)",
            in_order!("$1")
        ),
    )
    .together(concat!(
        "SELECT wanted.place, ",
        profile_columns!("p.", details),
        ", 0::bigint
         FROM unnest($1::uuid[], $2::uuid[]) WITH ORDINALITY AS wanted (app_id, profile_id, place)
         CROSS JOIN LATERAL (SELECT wanted.profile_id UNION ",
        beside_own!(),
        " WHERE own.app_id = wanted.app_id AND own.profile_id = wanted.profile_id OFFSET 0)",
        in_order!("wanted.app_id")
    ));
    Statement::new(&SQL, [app.0.into(), profile.0.into()])
}

/// As [`sharers`], for the profile that the selector looks up. Without chains that is nobody, or itself alone.
pub fn sharers_of(app: AppId, selector: &Selector) -> Statement {
    static BY_CUSTOMER: Sql = Sql::with_lock(
        concat!(
            "SELECT ",
            profile_columns!("", details),
            ", rowid
             FROM profiles WHERE app_id = $1 AND profile_id IN (
                 SELECT others.profile_id
                 FROM profiles AS p CROSS JOIN chain_holders AS own CROSS JOIN chain_holders AS others
                 WHERE p.app_id = $1 AND p.customer_user_id = $2 AND own.app_id = $1 AND own.profile_id = p.profile_id
                       AND others.app_id = own.app_id AND others.store = own.store
                       AND others.original_id = own.original_id)"
        ),
        concat!(
            "SELECT ",
            profile_columns!("p.", details),
            ", 0::bigint
             FROM (SELECT DISTINCT others.profile_id
                   FROM profiles AS caller
                   CROSS JOIN LATERAL (
                       SELECT store, original_id FROM chain_holders
                       WHERE app_id = $1 AND profile_id = caller.profile_id OFFSET 0) AS own
                   CROSS JOIN LATERAL (
                       SELECT profile_id FROM chain_holders
                       WHERE app_id = $1 AND store = own.store AND original_id = own.original_id OFFSET 0) AS others
                   WHERE caller.app_id = $1 AND caller.customer_user_id = $2 OFFSET 0)",
            in_order!("$1")
        ),
    );
    match selector {
        Selector::Id(id) | Selector::Both(id, _) => sharers(app, *id),
        Selector::Customer(customer) => {
            Statement::new(&BY_CUSTOMER, [app.0.into(), customer.as_str().into()])
        }
    }
}
