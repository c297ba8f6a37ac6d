//! Finds profiles by what an operator knows of a customer.

use bursar_domain::ids::{AppId, ProfileId};
use bursar_domain::time::format_time;
use schemars::JsonSchema;
use serde::Serialize;
use uuid::Uuid;

use super::apps;
use super::fields::Problems;
use super::page::{Page, Paging, bad_cursor, parse_id};
use crate::actions::ActionError;
use crate::state::AppState;
use crate::store::Turns;
use crate::store::tables::profile_search::{self, Hit};

/// The longest query, in characters: that of the longest identifier.
pub const MAX_QUERY: usize = 1_024;

/// A profile that was found.
#[derive(Debug, Serialize, JsonSchema)]
pub struct FoundProfile {
    /// Its id.
    pub profile_id: Uuid,
    /// The app's own id of the customer; `null` for an anonymous profile.
    pub customer_user_id: Option<String>,
    /// The customer's e-mail address.
    pub email: Option<String>,
    /// When it was created.
    pub created_at: String,
    /// When anything of it last changed.
    pub updated_at: String,
}

/// Which way of looking a page belongs to; part of its cursor.
const KNOWN: &str = "known";
const IDENTIFIER: &str = "identifier";

/// The profiles whose id, customer id or e-mail address is exactly the query, or who own or share a purchase with such a
/// transaction id or original transaction id; if there are none, those that have it as an identifier's value. The former
/// are looked up, the last goes through all profiles of the app.
pub async fn search(
    state: &AppState,
    app: AppId,
    query: &str,
    paging: &Paging,
) -> Result<Page<FoundProfile>, ActionError> {
    let mut problems = Problems::default();
    if query.is_empty() || query.chars().count() > MAX_QUERY {
        problems.add("query", format!("must have 1 to {MAX_QUERY} characters"));
    }
    let begin = problems.gather(first(paging))?;
    problems.check()?;
    apps::find(state, app).await?;
    let (way, from) = begin.expect("what is no beginning is a problem");
    // The database takes no NUL in texts, so no id or address holds one; an escaped identifier may.
    if way != Some(IDENTIFIER) && !query.contains('\0') {
        let id = ProfileId::parse(query);
        let rows = profile_search::by_known(app, id, query, from, paging.rows());
        let rows = state.store.read(rows).await?;
        if way.is_some() || !rows.is_empty() {
            return Ok(paging.page(rows, |row| Ok(entry(KNOWN, profile_search::read(row)?)))?);
        }
    }
    let rows = profile_search::by_identifier(app, query, from, paging.rows());
    let rows = state.store.scan(Turns::Search, rows).await?;
    Ok(paging.page(rows, |row| Ok(entry(IDENTIFIER, profile_search::read(row)?)))?)
}

/// By which way, and with which profile, the page begins.
fn first(paging: &Paging) -> Result<(Option<&str>, Uuid), ActionError> {
    match paging.key()? {
        None => Ok((None, Uuid::nil())),
        Some([way @ (KNOWN | IDENTIFIER), from]) => Ok((Some(way), parse_id(from)?)),
        Some(_) => Err(bad_cursor()),
    }
}

fn entry(way: &str, hit: Hit) -> (Vec<String>, FoundProfile) {
    let key = vec![way.to_owned(), hit.profile_id.to_string()];
    let profile = FoundProfile {
        profile_id: hit.profile_id,
        customer_user_id: hit.customer_user_id,
        email: hit.email,
        created_at: format_time(hit.created_at),
        updated_at: format_time(hit.updated_at),
    };
    (key, profile)
}
