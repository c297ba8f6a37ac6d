//! Offers under their older names.

use super::*;

#[test]
fn older_names_of_an_offer_are_read() {
    let older = json!({"offer_category": "win_back", "offer_type": "pay_as_you_go", "offer_id": "o"});
    let expected = Offer {
        category: "win_back".into(),
        kind: OfferKind::PayAsYouGo,
        id: Some("o".into()),
    };
    for body in [ONE_TIME, SUBSCRIPTION] {
        let read = with(body, "offer", Some(older.clone())).unwrap();
        assert_eq!(read.offer, Some(expected.clone()));
    }
    let without_id = json!({"offer_category": "win_back", "offer_type": "pay_as_you_go"});
    let read = with(ONE_TIME, "offer", Some(without_id)).unwrap();
    assert_eq!(rules::first_broken(&read).unwrap().code, "missing_offer_id");
}

#[test]
fn the_schema_names_the_older_fields_of_an_offer_too() {
    let offer = &schema()["properties"]["offer"];
    for (older, newer) in OLDER_OFFER_NAMES {
        let (known, as_before) = (&offer["properties"][newer], &offer["properties"][older]);
        assert_eq!(as_before["enum"], known["enum"], "{older}");
        assert_eq!(as_before["deprecated"], true, "{older}");
    }
    let either = |names: [&str; 2]| json!({"anyOf": names.map(|name| json!({"required": [name]}))});
    let needed = [
        either(["category", "offer_category"]),
        either(["type", "offer_type"]),
    ];
    assert_eq!(
        (&offer["required"], &offer["allOf"]),
        (&json!([]), &json!(needed))
    );
}
