//! What events are called at Airbridge: each by one category, by several, or by none.

use serde_json::{Value as Json, json};

use super::super::settings::setting::{Shape, of_each_event, read_each_event};
use super::super::{Problem, Settings};
use crate::events::EventKind;

/// How many categories one event may have.
pub const MOST: usize = 5;
/// The longest category, in characters.
const MAX_LENGTH: usize = 128;

/// Airbridge's own categories. Other names that begin with `airbridge.` are refused.
const STANDARD: [&str; 25] = [
    "airbridge.achieveLevel",
    "airbridge.adClick",
    "airbridge.adImpression",
    "airbridge.addPaymentInfo",
    "airbridge.addToWishlist",
    "airbridge.completeTutorial",
    "airbridge.ecommerce.home.viewed",
    "airbridge.ecommerce.order.canceled",
    "airbridge.ecommerce.order.completed",
    "airbridge.ecommerce.product.addedToCart",
    "airbridge.ecommerce.product.viewed",
    "airbridge.ecommerce.productList.viewed",
    "airbridge.ecommerce.searchResults.viewed",
    "airbridge.initiateCheckout",
    "airbridge.rate",
    "airbridge.schedule",
    "airbridge.share",
    "airbridge.spendCredits",
    "airbridge.startTrial",
    "airbridge.subscribe",
    "airbridge.unlockAchievement",
    "airbridge.unsubscribe",
    "airbridge.user.signin",
    "airbridge.user.signout",
    "airbridge.user.signup",
];

/// The setting `event_names`: a text or a list of texts for each event. Empty: the event is not sent.
pub const SHAPE: Shape = Shape {
    default: || of_each_event(|event| json!(category(event))),
    schema,
    read,
};

/// The category of an event if nobody says one.
fn category(event: EventKind) -> &'static str {
    match event {
        EventKind::TrialStarted => "airbridge.startTrial",
        EventKind::SubscriptionStarted | EventKind::TrialConverted | EventKind::SubscriptionRenewed => {
            "airbridge.subscribe"
        }
        EventKind::NonSubscriptionPurchase => "airbridge.ecommerce.order.completed",
        EventKind::SubscriptionExpired => "airbridge.unsubscribe",
        EventKind::NonSubscriptionPurchaseRefunded => "airbridge.ecommerce.order.canceled",
        EventKind::TrialActive | EventKind::SubscriptionActive | EventKind::AccessLevelUpdated => "",
        other => other.as_str(),
    }
}

/// The category of an event at this place of its list, counted from 0.
pub fn at(settings: &Settings, event: EventKind, place: usize) -> Option<&str> {
    match settings.get("event_names").get(event.as_str())? {
        Json::Array(names) => names.get(place)?.as_str(),
        Json::String(name) if place == 0 => Some(name),
        _ => None,
    }
}

fn schema() -> Json {
    let name = json!({"type": "string", "maxLength": MAX_LENGTH});
    let names = json!({"type": "array", "items": name, "maxItems": MOST, "uniqueItems": true});
    let either = json!({"anyOf": [name, names]});
    json!({"type": "object", "properties": of_each_event(|_| either.clone()), "additionalProperties": false})
}

/// One name is kept as text, several as a list, none as empty text.
fn read(value: &Json, problems: &mut Vec<Problem>) -> Json {
    read_each_event(value, (SHAPE.default)(), problems, |value| {
        Ok(Some(usual_form(value)?))
    })
}

fn usual_form(value: &Json) -> Result<Json, &'static str> {
    let list = match value {
        Json::String(name) if name.is_empty() => return Ok(json!("")),
        Json::String(_) => std::slice::from_ref(value),
        Json::Array(names) if names.len() > MOST => return Err("must have at most 5 names"),
        Json::Array(names) => names,
        _ => return Err("must be text or a list of texts"),
    };
    let mut names = Vec::with_capacity(list.len());
    for name in list {
        let name = name.as_str().ok_or("must be text or a list of texts")?;
        if let Some(why) = problem(name) {
            return Err(why);
        }
        if names.contains(&name) {
            return Err("holds a name twice");
        }
        names.push(name);
    }
    match names.as_slice() {
        [] => Ok(json!("")),
        [name] => Ok(json!(name)),
        names => Ok(json!(names)),
    }
}

/// What keeps a text from being a category.
fn problem(name: &str) -> Option<&'static str> {
    let is_own = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    if STANDARD.contains(&name) {
        None
    } else if name.starts_with("airbridge.") {
        Some("is no standard category of Airbridge: own names must not begin with airbridge.")
    } else if name.is_empty() || name.len() > MAX_LENGTH || !name.bytes().all(is_own) {
        Some("must have 1 to 128 letters, digits and underscores")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_kept_in_their_usual_form() {
        let longest = "x".repeat(128);
        for (said, kept) in [
            (json!(longest), json!(longest)),
            (json!(["a", "b", "c", "d", "e"]), json!(["a", "b", "c", "d", "e"])),
            (json!("Own_1"), json!("Own_1")),
            (json!(["Own_1"]), json!("Own_1")),
            (json!(["a", "airbridge.share"]), json!(["a", "airbridge.share"])),
            (json!([]), json!("")),
            (json!(""), json!("")),
        ] {
            let all = SHAPE.checked(&json!({"trial_expired": said})).unwrap();
            assert_eq!(all["trial_expired"], kept);
            assert_eq!(all["subscription_renewed"], "airbridge.subscribe");
        }
    }

    #[test]
    fn names_that_are_not_taken_are_refused() {
        let long = "x".repeat(129);
        for said in [
            json!("airbridge.own"),
            json!("airbridge_own.1"),
            json!("two words"),
            json!(long),
            json!([""]),
            json!(["a", "a"]),
            json!(["a", "b", "c", "d", "e", "f"]),
            json!(7),
            json!(null),
        ] {
            let problems = SHAPE.checked(&json!({"trial_expired": said})).unwrap_err();
            assert_eq!(problems[0].field, "trial_expired");
        }
        // Before any is looked at: a body has room for many.
        let many = vec![json!("a"); 6];
        assert_eq!(usual_form(&many.into()), Err("must have at most 5 names"));
        assert!(SHAPE.checked(&json!({"none": "a"})).is_err() && SHAPE.checked(&json!([])).is_err());
    }
}
