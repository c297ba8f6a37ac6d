//! Profiles as the search of the administration finds them.

use bursar_domain::ids::{AppId, ProfileId};
use uuid::Uuid;

use crate::store::{Row, Sql, Statement, StoreError};

/// A profile that was found. Times are microseconds.
#[derive(Debug)]
pub struct Hit {
    /// Its id.
    pub profile_id: Uuid,
    /// The caller's own id of the customer.
    pub customer_user_id: Option<String>,
    /// The customer's e-mail address.
    pub email: Option<String>,
    /// When it was created.
    pub created_at: i64,
    /// When anything of it last changed.
    pub updated_at: i64,
}

/// Looks up profiles by id, customer id, e-mail address, and by a transaction of a purchase that they own or share, each in
/// its index: in those of purchases the store comes first, so the stores that there are go from one to the next. `from` is
/// the first profile id.
pub fn by_known(app: AppId, id: Option<ProfileId>, text: &str, from: Uuid, limit: i64) -> Statement {
    static SQL: Sql = Sql::same(
        "WITH RECURSIVE stores (store) AS (
             SELECT min(store) FROM transactions WHERE app_id = $1
             UNION ALL
             SELECT (SELECT min(later.store) FROM transactions later WHERE later.app_id = $1 AND later.store > stores.store)
             FROM stores WHERE store IS NOT NULL
         ), found (profile_id) AS (
             SELECT profile_id FROM profiles WHERE app_id = $1 AND profile_id = $2
             UNION
             SELECT profile_id FROM profiles WHERE app_id = $1 AND customer_user_id = $3
             UNION
             SELECT profile_id FROM profiles WHERE app_id = $1 AND email = $3
             UNION
             SELECT held.profile_id FROM stores
             JOIN chain_holders held ON held.app_id = $1 AND held.store = stores.store AND held.original_id = $3
             UNION
             SELECT held.profile_id FROM stores
             JOIN transactions sold ON sold.app_id = $1 AND sold.store = stores.store AND sold.transaction_id = $3
             JOIN chain_holders held ON held.app_id = $1 AND held.store = stores.store
                 AND held.original_id = sold.original_id
         )
         SELECT hit.profile_id, customer_user_id, email, created_at, updated_at FROM found
         JOIN profiles hit ON hit.app_id = $1 AND hit.profile_id = found.profile_id
         WHERE found.profile_id >= $4 ORDER BY found.profile_id LIMIT $5",
    );
    let id = id.map(|id| id.0);
    Statement::new(
        &SQL,
        [app.0.into(), id.into(), text.into(), from.into(), limit.into()],
    )
}

/// Looks through the profiles of an app for one that has an identifier with this value.
///
/// In the stored form a quotation mark inside a text has a backslash before it, so `:"` begins a value and
/// nothing else, and what is found is exact.
pub fn by_identifier(app: AppId, value: &str, from: Uuid, limit: i64) -> Statement {
    static SQL: Sql = Sql::split(
        "SELECT profile_id, customer_user_id, email, created_at, updated_at FROM profiles
         WHERE app_id = $1 AND profile_id >= $2 AND instr(identifiers, $3) > 0
         ORDER BY profile_id LIMIT $4",
        "SELECT profile_id, customer_user_id, email, created_at, updated_at FROM profiles
         WHERE app_id = $1 AND profile_id >= $2 AND strpos(identifiers, $3) > 0
         ORDER BY profile_id LIMIT $4",
    );
    let stored = serde_json::to_string(value).expect("a text always serialises");
    let stored = format!(":{stored}");
    Statement::new(&SQL, [app.0.into(), from.into(), stored.into(), limit.into()])
}

/// The profile of a row of either.
pub fn read(row: &mut Row) -> Result<Hit, StoreError> {
    Ok(Hit {
        profile_id: row.uuid(0)?,
        customer_user_id: row.opt_text(1)?,
        email: row.opt_text(2)?,
        created_at: row.int(3)?,
        updated_at: row.int(4)?,
    })
}
