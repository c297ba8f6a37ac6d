//! The body of "set transaction", in its two shapes: a one-time purchase and a period of a subscription.

#[cfg(test)]
mod tests;

use serde_json::{Value, json};

use super::price;
use super::transaction::{CancellationReason, Offer, PurchaseType, Transaction};
use crate::fields::{self, Field, Kind, MAX_TEXT, Violation};
use crate::json::{Json, Object};

/// The longest transaction id, in characters.
pub const MAX_TRANSACTION_ID: usize = 50;

const OFFER: &str = "offer";

/// The fields of both shapes, in the order of the reference.
pub const FIELDS: &[Field] = &[
    Field::required(
        "purchase_type",
        Kind::OneOf(&["one_time_purchase", "subscription"]),
    ),
    Field::required("store", Kind::Id { max: MAX_TEXT })
        .about("`app_store`, `play_store`, `stripe`, `paddle` or a name of your own."),
    Field::optional_not_null("environment", Kind::OneOf(&["Production", "Sandbox"]))
        .about("Missing: `Production`."),
    Field::required("store_product_id", Kind::Id { max: MAX_TEXT }),
    Field::optional("store_base_plan_id", Kind::IdOrNone { max: MAX_TEXT })
        .about("Play base plan or Stripe price."),
    Field::required(
        "store_transaction_id",
        Kind::Id {
            max: MAX_TRANSACTION_ID,
        },
    )
    .about("One that is known: that transaction is told anew, with all of it."),
    Field::required("store_original_transaction_id", Kind::Id { max: MAX_TEXT })
        .about("The first transaction of the subscription; of a one-time purchase its own."),
    Field::optional(OFFER, Kind::Own).about("The offer under which it was bought."),
    Field::optional_not_null("is_family_shared", Kind::Bool)
        .about("`true`: somebody else of the family paid. The price is 0 then."),
    Field::required("price", Kind::Own).about("What was charged."),
    Field::required("purchased_at", Kind::Time).about("When this purchase or period began."),
    Field::optional("refunded_at", Kind::Time)
        .about("When it was paid back: together with the reason `refund`, and never without."),
    Field::optional("cancellation_reason", Kind::OneOf(&CancellationReason::NAMES))
        .about("Why it ends or has ended."),
    Field::optional("variation_id", Kind::IdOrNone { max: MAX_TEXT })
        .about("The paywall variation that led to it."),
];

/// The fields that a subscription has as well. In a one-time purchase they are ignored, whatever they hold.
pub const SUBSCRIPTION_FIELDS: &[Field] = &[
    Field::required("originally_purchased_at", Kind::Time)
        .about("When the subscription's first period began."),
    Field::required_or_null("expires_at", Kind::Time).about("When the period ends; `null`: never."),
    Field::required("renew_status", Kind::Bool).about("Will it renew by itself?"),
    Field::optional("renew_status_changed_at", Kind::Time).about("When that was last switched."),
    Field::optional("billing_issue_detected_at", Kind::Time).about("When a charge failed."),
    Field::optional("grace_period_expires_at", Kind::Time)
        .about("Until when access goes on after a failed charge."),
];

/// The fields of `offer`.
pub const OFFER_FIELDS: &[Field] = &[
    Field::required(
        "category",
        Kind::OneOf(&[
            "introductory",
            "promotional",
            "offer_code",
            "win_back",
            "retention",
        ]),
    )
    .about("All but `introductory` need an `id`."),
    Field::required(
        "type",
        Kind::OneOf(&["free_trial", "pay_as_you_go", "pay_up_front", "unknown"]),
    )
    .about("With `free_trial` the price is 0."),
    Field::optional("id", Kind::IdOrNone { max: MAX_TEXT }),
];

/// What older callers call the fields of `offer`. Read, never emitted; messages name the newer fields.
const OLDER_OFFER_NAMES: &[(&str, &str)] = &[
    ("offer_category", "category"),
    ("offer_type", "type"),
    ("offer_id", "id"),
];

/// Reads the body: every wrong field, in body order. Whether the fields suit each other, [`super::rules`] say.
pub fn parse(body: &Object<'_>) -> Result<Transaction, Vec<Violation>> {
    let mut violations = Vec::new();
    let is_subscription = body.text("purchase_type") == Some("subscription");
    let fields = if is_subscription { &all() } else { FIELDS };
    fields::check(fields, body, "", &mut violations, &mut |name, value, found| {
        if name == OFFER {
            check_offer(value, found);
        } else {
            price::check(value, found);
        }
    });
    if !violations.is_empty() {
        return Err(violations);
    }
    Ok(read(body).expect("all fields have been checked"))
}

/// The JSON Schema of `offer`: each field under either name.
fn offer_schema() -> Value {
    let mut schema = fields::schema(OFFER_FIELDS, |_| json!({}));
    let mut either = Vec::new();
    for (older, newer) in OLDER_OFFER_NAMES {
        let mut property = schema["properties"][newer].clone();
        property["description"] = format!("An older name of `{newer}`.").into();
        property["deprecated"] = true.into();
        schema["properties"][older] = property;
        if OFFER_FIELDS
            .iter()
            .any(|field| field.name == *newer && field.required)
        {
            either.push(json!({"anyOf": [{"required": [newer]}, {"required": [older]}]}));
        }
    }
    schema["required"] = json!([]);
    schema["allOf"] = either.into();
    schema
}

/// The JSON Schema of the body.
pub fn schema() -> Value {
    let mut schema = fields::schema(&all(), |name| match name {
        OFFER => offer_schema(),
        _ => price::schema(),
    });
    let required = |fields: &[Field]| -> Vec<_> {
        let required = fields.iter().filter(|field| field.required);
        required.map(|field| field.name).collect()
    };
    schema["required"] = json!(required(FIELDS));
    schema["if"] = json!({"properties": {"purchase_type": {"const": "subscription"}}});
    schema["then"] = json!({"required": required(SUBSCRIPTION_FIELDS)});
    schema["description"] =
        "The whole state of the transaction: an optional field that is missing is back to none. A \
        one-time purchase ignores the fields that only subscriptions have."
            .into();
    schema["examples"] = json!([example()]);
    schema
}

/// A body without what most have not.
fn example() -> Value {
    json!({
        "purchase_type": "subscription",
        "store": "app_store",
        "store_product_id": "yearly",
        "store_transaction_id": "1000",
        "store_original_transaction_id": "1000",
        "price": {"country": "US", "currency": "USD", "value": 49.99},
        "purchased_at": "2026-01-01T00:00:00Z",
        "originally_purchased_at": "2026-01-01T00:00:00Z",
        "expires_at": "2027-01-01T00:00:00Z",
        "renew_status": true,
    })
}

fn all() -> Vec<Field> {
    [FIELDS, SUBSCRIPTION_FIELDS].concat()
}

fn check_offer(offer: &Json<'_>, found: &mut Vec<Violation>) {
    match offer {
        Json::Null => {}
        Json::Object(offer) => {
            let offer = offer.with_newer_names(OLDER_OFFER_NAMES);
            fields::check(OFFER_FIELDS, &offer, OFFER, found, &mut |_, _, _| {});
        }
        _ => found.push(Violation::base(OFFER, "must be an object")),
    }
}

/// Reads a body whose fields have been checked.
fn read(body: &Object<'_>) -> Option<Transaction> {
    let purchase_type = body.choice("purchase_type")?;
    let purchased_at = body.time("purchased_at")?;
    let transaction = Transaction {
        store: body.text("store")?.to_owned(),
        id: body.text("store_transaction_id")?.to_owned(),
        original_id: body.text("store_original_transaction_id")?.to_owned(),
        purchase_type,
        environment: body.choice("environment").unwrap_or_default(),
        product_id: body.text("store_product_id")?.to_owned(),
        base_plan_id: id(body, "store_base_plan_id"),
        offer: body.object(OFFER).and_then(read_offer),
        is_family_shared: body.flag("is_family_shared").unwrap_or_default(),
        price: price::read(body.object("price")?)?,
        purchased_at,
        originally_purchased_at: purchased_at,
        expires_at: None,
        will_renew: false,
        renew_status_changed_at: None,
        billing_issue_detected_at: None,
        grace_period_expires_at: None,
        refunded_at: body.time("refunded_at"),
        cancellation_reason: body.choice("cancellation_reason"),
        variation_id: id(body, "variation_id"),
        replaces_another: false,
        refunded_share: None,
        usd_rate: None,
        regular_price: None,
        is_of_unknown_product: false,
        mark: 0,
    };
    match purchase_type {
        PurchaseType::OneTimePurchase => Some(transaction),
        PurchaseType::Subscription => read_period(body, transaction),
    }
}

/// Adds what only a subscription has.
fn read_period(body: &Object<'_>, transaction: Transaction) -> Option<Transaction> {
    Some(Transaction {
        originally_purchased_at: body.time("originally_purchased_at")?,
        expires_at: body.time("expires_at"),
        will_renew: body.flag("renew_status")?,
        renew_status_changed_at: body.time("renew_status_changed_at"),
        billing_issue_detected_at: body.time("billing_issue_detected_at"),
        grace_period_expires_at: body.time("grace_period_expires_at"),
        ..transaction
    })
}

fn read_offer(offer: &Object<'_>) -> Option<Offer> {
    let offer = offer.with_newer_names(OLDER_OFFER_NAMES);
    Some(Offer {
        category: offer.text("category")?.to_owned(),
        kind: offer.choice("type")?,
        id: id(&offer, "id"),
    })
}

/// An optional id; an empty one counts as none.
fn id(object: &Object<'_>, name: &str) -> Option<String> {
    let text = object.text(name).filter(|text| !text.is_empty())?;
    Some(text.to_owned())
}
