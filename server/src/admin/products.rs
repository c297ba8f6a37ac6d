//! Products of the stores: which access level each gives, and its regular price.

use bursar_domain::app::{MAX_DECIMAL, is_decimal};
use bursar_domain::fields::NO_CONTROL;
use bursar_domain::fields::is_currency;
use bursar_domain::ids::AppId;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use super::audit::{Entry, record};
use super::fields::{MAX_TEXT, Problems, bad, present};
use super::page::{Page, Paging};
use super::{Request, apps};
use crate::actions::ActionError;
use crate::state::AppState;
use crate::store::tables::catalogue;
use crate::store::{Decision, Loaded, Row, Sql, Statement, StoreError, rows_of};

/// Which product is meant.
#[derive(Debug, Clone)]
pub struct ProductId {
    /// `app_store`, `play_store`, `stripe`, `paddle` or a custom store's id.
    pub store: String,
    /// The product's id in the store.
    pub id: String,
}

/// What is said of a product.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProductDraft {
    /// The access level that it gives; `null`: none.
    #[serde(deserialize_with = "present")]
    #[schemars(schema_with = "level_or_null")]
    pub access_level_id: Option<String>,
    /// Can it be bought again?
    #[serde(default)]
    pub consumable: bool,
    /// Its name, for people.
    #[serde(default)]
    #[schemars(length(max = MAX_TEXT), extend("pattern" = NO_CONTROL))]
    pub title: Option<String>,
    /// Its regular price, used where a store does not tell it.
    #[serde(default)]
    pub price: Option<Price>,
}

/// The type alone would let it be missing.
fn level_or_null(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": ["string", "null"], "minLength": 1, "maxLength": MAX_TEXT, "pattern": NO_CONTROL, "examples": ["premium"]})
}

/// An amount of money.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Price {
    /// A decimal as text.
    #[schemars(length(min = 1, max = MAX_DECIMAL), example = &"9.99")]
    pub value: String,
    /// Three letters, ISO 4217.
    #[schemars(length(equal = 3), example = &"USD")]
    pub currency: String,
}

/// A product.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[schemars(rename = "Product")]
pub struct ProductBody {
    /// The store.
    pub store: String,
    /// The product's id in the store.
    pub store_product_id: String,
    /// What was said of it.
    #[serde(flatten)]
    pub said: ProductDraft,
}

static BEFORE: Sql = Sql::same(
    "SELECT store, store_product_id, access_level_id, consumable, title, price_value, price_currency
     FROM products WHERE app_id = $1 AND store = $2 AND store_product_id = $3",
);

/// Adds a product or replaces what was said of it.
pub async fn set(
    state: &AppState,
    request: Request,
    app: AppId,
    product: ProductId,
    draft: ProductDraft,
) -> Result<ProductBody, ActionError> {
    let draft = checked(&product, draft)?;
    let level = draft.access_level_id.clone();
    let key = [
        app.0.into(),
        product.store.as_str().into(),
        product.id.as_str().into(),
    ];
    let reads = vec![
        apps::lock(app),
        Statement::new(&BEFORE, key),
        catalogue::access_level(app, &level.unwrap_or_default()),
    ];
    let decide = move |mut loaded: Loaded| -> Result<_, ActionError> {
        apps::first(rows_of(&mut loaded, 0))?;
        let level_is_known = !rows_of(&mut loaded, 2).is_empty();
        if let (Some(level), false) = (&draft.access_level_id, level_is_known) {
            return Err(bad(
                "access_level_id",
                format!("there is no access level {level:?}"),
            ));
        }
        let before = rows_of(&mut loaded, 1).first_mut().map(read_row).transpose()?;
        let after = ProductBody {
            store: product.store.clone(),
            store_product_id: product.id.clone(),
            said: draft.clone(),
        };
        let entry = entry("product.set", app, &product, before.as_ref(), Some(&after));
        Ok(Decision {
            writes: vec![upsert(app, &after), record(&request.actor, entry, request.now)],
            answer: after,
        })
    };
    state.store.change(reads, decide).await
}

/// The products of an app in the order of store and id.
pub async fn list(state: &AppState, app: AppId, paging: &Paging) -> Result<Page<ProductBody>, ActionError> {
    static SQL: Sql = Sql::same(
        "SELECT store, store_product_id, access_level_id, consumable, title, price_value, price_currency
         FROM products WHERE app_id = $1 AND (store, store_product_id) >= ($2, $3)
         ORDER BY store, store_product_id LIMIT $4",
    );
    apps::find(state, app).await?;
    let [store, id] = paging.key()?.unwrap_or_default();
    let params = [app.0.into(), store.into(), id.into(), paging.rows().into()];
    let rows = state.store.read(Statement::new(&SQL, params)).await?;
    Ok(paging.page(rows, |row| {
        let product = read_row(row)?;
        Ok((
            vec![product.store.clone(), product.store_product_id.clone()],
            product,
        ))
    })?)
}

/// Takes a product out of the catalogue. What customers have bought stays theirs.
pub async fn delete(
    state: &AppState,
    request: Request,
    app: AppId,
    product: ProductId,
) -> Result<(), ActionError> {
    static DELETE: Sql =
        Sql::same("DELETE FROM products WHERE app_id = $1 AND store = $2 AND store_product_id = $3")
            .for_all();
    check_id(&product).check()?;
    let key = [
        app.0.into(),
        product.store.as_str().into(),
        product.id.as_str().into(),
    ];
    let delete = Statement::new(&DELETE, key.clone());
    let reads = vec![apps::lock(app), Statement::new(&BEFORE, key)];
    let decide = move |mut loaded: Loaded| -> Result<_, ActionError> {
        apps::first(rows_of(&mut loaded, 0))?;
        let row = rows_of(&mut loaded, 1)
            .first_mut()
            .ok_or(ActionError::Missing("the product"))?;
        let entry = entry("product.delete", app, &product, Some(&read_row(row)?), None);
        Ok(Decision {
            writes: vec![delete.clone(), record(&request.actor, entry, request.now)],
            answer: (),
        })
    };
    state.store.change(reads, decide).await
}

fn check_id(product: &ProductId) -> Problems {
    let mut problems = Problems::default();
    problems.name("store", &product.store);
    problems.name("store_product_id", &product.id);
    problems
}

/// The draft with its currency in capitals, if nothing is wrong with it.
fn checked(product: &ProductId, mut draft: ProductDraft) -> Result<ProductDraft, ActionError> {
    let mut problems = check_id(product);
    problems.text("title", draft.title.as_deref(), MAX_TEXT);
    if let Some(level) = &draft.access_level_id {
        problems.name("access_level_id", level);
    }
    if let Some(price) = &mut draft.price {
        if !is_decimal(&price.value) {
            problems.add("price.value", "must be a decimal as text, such as \"9.99\"");
        }
        if !is_currency(&price.currency) {
            problems.add("price.currency", "must be three letters");
        }
        price.currency.make_ascii_uppercase();
    }
    problems.check()?;
    Ok(draft)
}

fn entry(
    action: &'static str,
    app: AppId,
    product: &ProductId,
    before: Option<&ProductBody>,
    after: Option<&ProductBody>,
) -> Entry {
    let shown = |product: &ProductBody| serde_json::json!(product.said);
    Entry {
        action,
        target: format!("{}/{}", product.store, product.id),
        app: Some(app),
        before: before.map(shown),
        after: after.map(shown),
    }
}

fn upsert(app: AppId, product: &ProductBody) -> Statement {
    static SQL: Sql = Sql::same(
        "INSERT INTO products (app_id, store, store_product_id, access_level_id, consumable, title,
                               price_value, price_currency)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
         ON CONFLICT (app_id, store, store_product_id) DO UPDATE SET
             access_level_id = excluded.access_level_id, consumable = excluded.consumable,
             title = excluded.title, price_value = excluded.price_value,
             price_currency = excluded.price_currency",
    )
    .for_all();
    let said = product.said.clone();
    let (value, currency) = said.price.map(|price| (price.value, price.currency)).unzip();
    Statement::new(
        &SQL,
        [
            app.0.into(),
            product.store.as_str().into(),
            product.store_product_id.as_str().into(),
            said.access_level_id.into(),
            said.consumable.into(),
            said.title.into(),
            value.into(),
            currency.into(),
        ],
    )
}

fn read_row(row: &mut Row) -> Result<ProductBody, StoreError> {
    let price = row.opt_text(5)?.zip(row.opt_text(6)?);
    Ok(ProductBody {
        store: row.text(0)?,
        store_product_id: row.text(1)?,
        said: ProductDraft {
            access_level_id: row.opt_text(2)?,
            consumable: row.int(3)? != 0,
            title: row.opt_text(4)?,
            price: price.map(|(value, currency)| Price { value, currency }),
        },
    })
}
