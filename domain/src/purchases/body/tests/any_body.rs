//! Whatever a body holds, it is read or refused.

use proptest::prelude::*;

use super::*;

fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<f64>().prop_map(|number| json!(number)),
        any::<i64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        prop::sample::select(&CancellationReason::NAMES).prop_map(Value::from),
        "20[0-9]{2}-0[1-9]-[0-3][0-9][T ]0[0-9]:00:00([.][0-9]{1,9})?(Z|[+]0200)?".prop_map(Value::from),
    ];
    let names = OFFER_FIELDS.iter().chain(price::FIELDS).map(|field| field.name);
    let names = prop::sample::select(names.collect::<Vec<_>>());
    leaf.prop_recursive(3, 16, 4, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((names.clone(), inner), 0..4).prop_map(|fields| fields
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value))
                .collect()),
        ]
    })
}

proptest! {
    #[test]
    fn no_body_makes_it_panic(
        base in prop::sample::select(vec!["{}", ONE_TIME, SUBSCRIPTION]),
        changes in prop::collection::vec(
            (prop::sample::select(all()), any_value()), 0..4,
        ),
    ) {
        let mut body = value(base);
        for (field, value) in changes {
            body[field.name] = value;
        }
        let _ = parsed(&body);
    }
}
