//! Profiles. Identifiers, attributes and details are JSON texts (see `docs/decisions/0002-one-row-a-profile.md`).

use bursar_domain::ids::{AppId, ProfileId};
use bursar_domain::profile::attributes::Attributes;
use bursar_domain::profile::identifiers::Identifiers;
use bursar_domain::profile::selector::Selector;
use bursar_domain::profile::{Details, Profile};
use bursar_domain::purchases::holdings::Holdings;
use uuid::Uuid;

use crate::store::{Row, Sql, Statement, StoreError, Value};

/// The columns that [`read`] reads, or [`read_whole`] with the details. Before each stands what names the table, if anything has to.
macro_rules! profile_columns {
    ($of:literal) => {
        concat!(
            $of,
            "profile_id, ",
            $of,
            "customer_user_id, ",
            $of,
            "created_at, ",
            $of,
            "updated_at, ",
            $of,
            "identifiers, ",
            $of,
            "attributes, ",
            $of,
            "holdings"
        )
    };
    ($of:literal, details) => {
        concat!(profile_columns!($of), ", ", $of, "details")
    };
}
pub(super) use profile_columns;

/// The texts that find a profile by this column, of this type.
macro_rules! selected {
    ($columns:expr, $key:literal) => {
        Sql::same(concat!(
            "SELECT ",
            $columns,
            " FROM profiles WHERE app_id = $1 AND ",
            $key,
            " = $2"
        ))
    };
}

/// As `selected`, with a lock, and the row's place as the last column.
macro_rules! locked {
    ($columns:expr, $key:literal, $type:literal) => {
        Sql::with_lock(
            concat!(
                "SELECT ",
                $columns,
                ", rowid FROM profiles WHERE app_id = $1 AND ",
                $key,
                " = $2"
            ),
            concat!(
                "SELECT ",
                $columns,
                ", 0::bigint FROM profiles WHERE app_id = $1 AND ",
                $key,
                " = $2 FOR UPDATE"
            ),
        )
        .together(concat!(
            "SELECT wanted.place, ",
            $columns,
            ", 0::bigint
             FROM unnest($1::uuid[], $2::",
            $type,
            "[]) WITH ORDINALITY AS wanted (app_id, ",
            $key,
            ", place)
             JOIN profiles USING (app_id, ",
            $key,
            ") ORDER BY profile_id::text COLLATE \"C\" FOR UPDATE OF profiles"
        ))
    };
}

/// Reads the profile that the selector looks up: by its id where that is given, else by the customer id.
pub fn select(app: AppId, selector: &Selector) -> Statement {
    static BY_ID: Sql = selected!(profile_columns!(""), "profile_id");
    static BY_CUSTOMER: Sql = selected!(profile_columns!(""), "customer_user_id");
    one(&BY_ID, &BY_CUSTOMER, app, selector)
}

/// As [`select`], and locks the profile for the change that reads it. Tells the row's place, too.
///
/// Whoever locks several profiles on PostgreSQL locks them in one order, that of their ids as texts: two who need the same
/// ones never wait for each other. By the ids themselves PostgreSQL might read a whole index in its order.
pub fn lock(app: AppId, selector: &Selector) -> Statement {
    static BY_ID: Sql = locked!(profile_columns!(""), "profile_id", "uuid");
    static BY_CUSTOMER: Sql = locked!(profile_columns!(""), "customer_user_id", "text");
    one(&BY_ID, &BY_CUSTOMER, app, selector)
}

/// As [`lock`], with the profile's details before the row's place.
pub fn lock_whole(app: AppId, selector: &Selector) -> Statement {
    static BY_ID: Sql = locked!(profile_columns!("", details), "profile_id", "uuid");
    static BY_CUSTOMER: Sql = locked!(profile_columns!("", details), "customer_user_id", "text");
    one(&BY_ID, &BY_CUSTOMER, app, selector)
}

/// As [`select`], with the profile's details.
pub fn select_whole(app: AppId, selector: &Selector) -> Statement {
    static BY_ID: Sql = selected!(profile_columns!("", details), "profile_id");
    static BY_CUSTOMER: Sql = selected!(profile_columns!("", details), "customer_user_id");
    one(&BY_ID, &BY_CUSTOMER, app, selector)
}

fn one(by_id: &'static Sql, by_customer: &'static Sql, app: AppId, selector: &Selector) -> Statement {
    match selector {
        Selector::Id(id) | Selector::Both(id, _) => Statement::new(by_id, [app.0.into(), id.0.into()]),
        Selector::Customer(customer) => Statement::new(by_customer, [app.0.into(), customer.as_str().into()]),
    }
}

/// The profile of a read's rows, if there is one.
pub fn read(app: AppId, rows: &mut [Row]) -> Result<Option<Profile>, StoreError> {
    rows.first_mut().map(|row| profile(app, row)).transpose()
}

/// Where a row lies: a number that finds it without an index on SQLite, 0 on PostgreSQL.
#[derive(Debug, Clone, Copy)]
pub struct RowId(i64);

/// Where the first row of a [`lock`] or a [`lock_whole`] lies, which its last column tells.
pub fn row_of(rows: &[Row]) -> Result<RowId, StoreError> {
    let last = |row: &Row| row.int(row.0.len() - 1).map(RowId);
    rows.first().map_or(Ok(RowId(0)), last)
}

/// As [`read`], with the details.
pub fn read_whole(app: AppId, rows: &mut [Row]) -> Result<Option<(Profile, Details)>, StoreError> {
    let Some(row) = rows.first_mut() else {
        return Ok(None);
    };
    let details = read_details(id_of(row)?, row.opt_text(7)?)?;
    Ok(Some((profile(app, row)?, details)))
}

/// Whose row of [`read_whole`] it is.
pub fn id_of(row: &Row) -> Result<ProfileId, StoreError> {
    row.uuid(0).map(ProfileId)
}

/// Reads the stored form of a profile's details.
pub(super) fn read_details(id: ProfileId, text: Option<String>) -> Result<Details, StoreError> {
    let details = text.map_or_else(|| Ok(Details::default()), |text| serde_json::from_str(&text));
    details.map_err(|_| StoreError::Unreadable(id, "details"))
}

fn profile(app: AppId, row: &mut Row) -> Result<Profile, StoreError> {
    let id = id_of(row)?;
    let unreadable = |what| StoreError::Unreadable(id, what);
    let identifiers = Identifiers::decode(&row.text(4)?).ok_or_else(|| unreadable("identifiers"))?;
    let attributes =
        Attributes::decode(row.opt_text(5)?.as_deref()).ok_or_else(|| unreadable("attributes"))?;
    let holdings = row.opt_text(6)?;
    let holdings = holdings.map_or_else(|| Ok(Holdings::default()), |text| serde_json::from_str(&text));
    Ok(Profile {
        app,
        id,
        customer_user_id: row.opt_text(1)?,
        created_at: row.int(2)?,
        updated_at: row.int(3)?,
        identifiers,
        attributes,
        holdings: holdings.map_err(|_| unreadable("holdings"))?,
    })
}

/// Adds a new profile.
pub fn insert(profile: &Profile, details: &Details) -> Statement {
    static SQL: Sql = Sql::same(
        "INSERT INTO profiles (app_id, profile_id, customer_user_id, created_at, updated_at, identifiers,
                               attributes, email, details)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
    );
    Statement::new(
        &SQL,
        [
            profile.app.0.into(),
            profile.id.0.into(),
            profile.customer_user_id.clone().into(),
            profile.created_at.into(),
            profile.updated_at.into(),
            profile.identifiers.encode().into(),
            profile.attributes.encode().into(),
            email(details),
            encode(details),
        ],
    )
}

/// Saves everything of a known profile but its identifiers.
pub fn update(profile: &Profile, details: &Details) -> Statement {
    static SQL: Sql = Sql::same(
        "UPDATE profiles SET customer_user_id = $1, updated_at = $2, attributes = $3, email = $4, details = $5
         WHERE app_id = $6 AND profile_id = $7",
    );
    Statement::new(
        &SQL,
        [
            profile.customer_user_id.clone().into(),
            profile.updated_at.into(),
            profile.attributes.encode().into(),
            email(details),
            encode(details),
            profile.app.0.into(),
            profile.id.0.into(),
        ],
    )
}

/// Saves a known profile's identifiers. Finds it by its `row` on SQLite, and the way that `selector` found it on
/// PostgreSQL, so that no page of another index has to be read.
pub fn update_identifiers(profile: &Profile, selector: &Selector, row: RowId) -> Statement {
    static BY_ID: Sql = Sql::split(
        "UPDATE profiles SET updated_at = $1, identifiers = $2 WHERE app_id = $3 AND profile_id = $4 AND rowid = $5",
        "UPDATE profiles SET updated_at = $1, identifiers = $2 WHERE app_id = $3 AND profile_id = $4",
    )
    .together(
        "UPDATE profiles SET updated_at = new.updated_at, identifiers = new.identifiers
         FROM unnest($1::bigint[], $2::text[], $3::uuid[], $4::uuid[])
              AS new (updated_at, identifiers, app_id, profile_id)
         WHERE profiles.app_id = new.app_id AND profiles.profile_id = new.profile_id",
    );
    static BY_CUSTOMER: Sql = Sql::split(
        "UPDATE profiles SET updated_at = $1, identifiers = $2
         WHERE app_id = $3 AND customer_user_id = $4 AND rowid = $5",
        "UPDATE profiles SET updated_at = $1, identifiers = $2 WHERE app_id = $3 AND customer_user_id = $4",
    )
    .together(
        "UPDATE profiles SET updated_at = new.updated_at, identifiers = new.identifiers
         FROM unnest($1::bigint[], $2::text[], $3::uuid[], $4::text[])
              AS new (updated_at, identifiers, app_id, customer_user_id)
         WHERE profiles.app_id = new.app_id AND profiles.customer_user_id = new.customer_user_id",
    );
    let (sql, key): (_, Value) = match selector {
        Selector::Customer(customer) => (&BY_CUSTOMER, customer.as_str().into()),
        Selector::Id(_) | Selector::Both(..) => (&BY_ID, profile.id.0.into()),
    };
    let identifiers = profile.identifiers.encode();
    Statement::new(
        sql,
        [
            profile.updated_at.into(),
            identifiers.into(),
            profile.app.0.into(),
            key,
            row.0.into(),
        ],
    )
}

/// What profiles have and when something of it is due next, in the order of apps and profiles, of those behind the one named.
pub fn select_holdings(after: (AppId, Uuid), limit: i64) -> Statement {
    static SQL: Sql = Sql::same(
        "SELECT app_id, profile_id, holdings, due_at FROM profiles
         WHERE (app_id, profile_id) > ($1, $2) AND holdings IS NOT NULL ORDER BY app_id, profile_id LIMIT $3",
    );
    Statement::new(&SQL, [after.0.0.into(), after.1.into(), limit.into()])
}

/// Saves what a known profile has, and when something of it is due next.
pub fn update_holdings(profile: &Profile, row: RowId, due_at: Option<i64>) -> Statement {
    static SQL: Sql = Sql::split(
        "UPDATE profiles SET updated_at = $1, holdings = $2, due_at = $3
         WHERE app_id = $4 AND profile_id = $5 AND rowid = $6",
        "UPDATE profiles SET updated_at = $1, holdings = $2, due_at = $3
         WHERE app_id = $4 AND profile_id = $5",
    )
    .together(
        "UPDATE profiles SET updated_at = new.updated_at, holdings = new.holdings, due_at = new.due_at
         FROM unnest($1::bigint[], $2::text[], $3::bigint[], $4::uuid[], $5::uuid[])
              AS new (updated_at, holdings, due_at, app_id, profile_id)
         WHERE profiles.app_id = new.app_id AND profiles.profile_id = new.profile_id",
    );
    let holdings = serde_json::to_string(&profile.holdings).expect("holdings always serialise");
    Statement::new(
        &SQL,
        [
            profile.updated_at.into(),
            holdings.into(),
            due_at.into(),
            profile.app.0.into(),
            profile.id.0.into(),
            row.0.into(),
        ],
    )
}

/// Removes a profile and all that is known of it.
pub fn delete(profile: &Profile) -> Statement {
    static SQL: Sql = Sql::same("DELETE FROM profiles WHERE app_id = $1 AND profile_id = $2").erasure();
    Statement::new(&SQL, [profile.app.0.into(), profile.id.0.into()])
}

fn email(details: &Details) -> Value {
    details.person.text("email").into()
}

fn encode(details: &Details) -> Value {
    if *details == Details::default() {
        return Value::Null;
    }
    serde_json::to_string(details)
        .expect("details always serialise")
        .into()
}
