//! Exchange rates: US dollars for one unit of a currency, each from a day on.

use bursar_domain::app::{MAX_DECIMAL, is_decimal};
use bursar_domain::fields::is_currency;
use bursar_domain::money::rates;
use bursar_domain::time::{DAY, format_time, parse_date, parse_time};
use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::Request;
use super::audit::{Entry, record};
use super::fields::{Problems, bad};
use super::page::{Page, Paging};
use crate::actions::ActionError;
use crate::directory;
use crate::state::AppState;
use crate::store::{Decision, Loaded, Sql, Statement, Store, StoreError, rows_of};

/// A rate that is so many times more or less than the shipped average is a mistake, as a rule.
const FARTHEST: u32 = 10;
/// More than any currency is worth in US dollars: the Kuwaiti dinar, the dearest, is at some 3.3.
const HIGHEST: u32 = 10;

/// What is said of a currency.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RateDraft {
    /// US dollars for one unit: a decimal above 0 as text.
    #[schemars(length(min = 1, max = MAX_DECIMAL), example = &"1.08")]
    pub usd: String,
    /// The first day on which it holds, `YYYY-MM-DD`; missing: today.
    #[serde(default)]
    #[schemars(example = &"2026-01-01")]
    pub from: Option<String>,
    /// Is it meant, though it is far from what the currency was worth?
    #[serde(default)]
    pub force: bool,
}

/// So long before the shipped rates end their end is told, in microseconds: thirty days.
const END_TOLD_AHEAD: i64 = 30 * DAY;

/// A rate. It holds until the day of the next one.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Rate {
    /// Three letters, ISO 4217.
    pub currency: String,
    /// US dollars for one unit.
    pub usd: String,
    /// The first day on which it holds.
    pub from: String,
}

/// Adds a rate, or replaces the one that begins on the same day.
pub async fn set(
    state: &AppState,
    request: Request,
    currency: &str,
    draft: RateDraft,
) -> Result<Rate, ActionError> {
    static BEFORE: Sql = Sql::same("SELECT usd FROM rates WHERE currency = $1 AND from_date = $2");
    static SET: Sql = Sql::same(
        "INSERT INTO rates (currency, from_date, usd) VALUES ($1, $2, $3)
         ON CONFLICT (currency, from_date) DO UPDATE SET usd = excluded.usd",
    )
    .for_all();
    let rate = checked(currency, draft, request.now)?;
    let key = [rate.currency.as_str().into(), rate.from.as_str().into()];
    // They belong to no app, and a new one has no row yet.
    let reads = vec![directory::lock(), Statement::new(&BEFORE, key)];
    let decide = move |mut loaded: Loaded| -> Result<_, ActionError> {
        let before = rows_of(&mut loaded, 1)
            .first_mut()
            .map(|row| row.text(0))
            .transpose()?;
        let entry = Entry {
            action: "rate.set",
            target: format!("{} from {}", rate.currency, rate.from),
            app: None,
            before: before.map(|usd| json!({"usd": usd})),
            after: Some(json!({"usd": rate.usd})),
        };
        let Rate { currency, usd, from } = rate.clone();
        let writes = vec![
            Statement::new(&SET, [currency.into(), from.into(), usd.into()]),
            record(&request.actor, entry, request.now),
        ];
        Ok(Decision {
            writes,
            answer: rate.clone(),
        })
    };
    state.store.change(reads, decide).await
}

/// What is to be told at this time of the end of the shipped rates: nothing while it is far, or where the owner has set a rate for
/// a later day than theirs.
pub async fn end_of_shipped(store: &Store, now: i64) -> Result<Option<String>, StoreError> {
    static NEWEST: Sql = Sql::same("SELECT max(from_date) FROM rates");
    if !rates::is_outdated(now.saturating_add(END_TOLD_AHEAD)) {
        return Ok(None);
    }
    let mut rows = store.read(Statement::new(&NEWEST, [])).await?;
    let newest = rows.first_mut().map(|row| row.opt_text(0)).transpose()?.flatten();
    let (last, held) = rates::last_months();
    if newest.is_some_and(|day| !day.starts_with(&last) && day > last) {
        return Ok(None);
    }
    Ok(Some(format!(
        "the shipped exchange rates end with {last} and hold until {held}: later, amounts in other currencies than US dollars \
         count nothing without rates of your own (`bursar rate set`, examples/ecb_rates.py) or a newer version"
    )))
}

/// All rates in the order of currency and day.
pub async fn list(state: &AppState, paging: &Paging) -> Result<Page<Rate>, ActionError> {
    static SQL: Sql = Sql::same(
        "SELECT currency, from_date, usd FROM rates WHERE (currency, from_date) >= ($1, $2)
         ORDER BY currency, from_date LIMIT $3",
    );
    let [currency, from] = paging.key()?.unwrap_or_default();
    let query = Statement::new(&SQL, [currency.into(), from.into(), paging.rows().into()]);
    let rows = state.store.read(query).await?;
    Ok(paging.page(rows, |row| {
        let rate = Rate {
            currency: row.text(0)?,
            from: row.text(1)?,
            usd: row.text(2)?,
        };
        Ok((vec![rate.currency.clone(), rate.from.clone()], rate))
    })?)
}

fn checked(currency: &str, draft: RateDraft, now: i64) -> Result<Rate, ActionError> {
    let mut problems = Problems::default();
    if !is_currency(currency) {
        problems.add("currency", "must be three letters");
    }
    if currency.eq_ignore_ascii_case("USD") {
        problems.add(
            "currency",
            "all rates are in US dollars, so that of USD is always 1",
        );
    }
    let is_zero = !draft.usd.bytes().any(|byte| (b'1'..=b'9').contains(&byte));
    if !is_decimal(&draft.usd) || is_zero {
        problems.add("usd", "must be a decimal above 0 as text, such as \"1.08\"");
    }
    if draft
        .from
        .as_deref()
        .is_some_and(|from| parse_date(from).is_none())
    {
        problems.add("from", "must be a date of the form YYYY-MM-DD");
    }
    problems.check()?;
    let today = || format_time(now).chars().take(10).collect();
    let rate = Rate {
        currency: currency.to_ascii_uppercase(),
        usd: draft.usd,
        from: draft.from.unwrap_or_else(today),
    };
    match doubt(&rate) {
        Some(doubt) if !draft.force => Err(bad("usd", doubt)),
        _ => Ok(rate),
    }
}

/// What makes a rate look like a mistake, which purchases would keep for good.
fn doubt(rate: &Rate) -> Option<String> {
    let Rate { currency, usd, from } = rate;
    let said: Decimal = usd.parse().ok()?;
    let day = parse_time(&format!("{from}T00:00:00Z"))?;
    let Some((average, month)) = rates::nearest(currency, day) else {
        let highest = Decimal::from(HIGHEST);
        return (said > highest).then(|| {
            format!(
                "no currency is worth more than {HIGHEST} US dollars a unit; `force` sets {usd} all the same"
            )
        });
    };
    // What is too large to be multiplied is far off.
    let is_within = |said: Decimal, factor: u32| {
        let most = said.checked_mul(factor.into());
        said <= average * Decimal::from(factor) && most.is_some_and(|most| most >= average)
    };
    let inverse = Decimal::ONE.checked_div(said);
    let guess = if inverse.is_some_and(|inverse| is_within(inverse, 2)) {
        "looks like the inverse"
    } else {
        "is more than ten times off"
    };
    (!is_within(said, FARTHEST)).then(|| {
        format!("1 {currency} was about {average} US dollars in {month}: {usd} {guess}; `force` sets it all the same")
    })
}
