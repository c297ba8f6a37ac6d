use super::*;
use uuid::Uuid;

const APP: AppId = AppId(Uuid::from_u128(1));
const FRESH: ProfileId = ProfileId(Uuid::from_u128(99 << 64));

fn id(n: u128) -> ProfileId {
    ProfileId(Uuid::from_u128(n << 64))
}

fn stored(n: u128, customer: Option<&str>) -> Option<(Profile, Details)> {
    Some((
        Profile::new(APP, id(n), customer.map(str::to_owned), 1),
        Details::default(),
    ))
}

fn run(selector: &Selector, found: Found) -> Result<(Profile, Details, Saving), Refusal> {
    create(APP, selector, found, &ProfileChanges::default(), FRESH, 5)
}

#[test]
fn an_unknown_customer_gets_a_fresh_profile() {
    let (profile, _, saving) = run(&Selector::Customer("c".into()), Found::default()).unwrap();
    assert_eq!((profile.id, saving), (FRESH, Saving::Insert));
    assert_eq!(profile.customer_user_id.as_deref(), Some("c"));
}

#[test]
fn a_known_customer_keeps_the_profile() {
    let found = Found {
        by_customer: stored(3, Some("c")),
        ..Found::default()
    };
    let (profile, _, saving) = run(&Selector::Customer("c".into()), found).unwrap();
    assert_eq!((profile.id, saving), (id(3), Saving::Nothing));
}

#[test]
fn an_unknown_profile_id_makes_an_anonymous_or_named_profile_with_it() {
    let (profile, _, saving) = run(&Selector::Id(id(3)), Found::default()).unwrap();
    assert_eq!(
        (profile.id, profile.customer_user_id, saving),
        (id(3), None, Saving::Insert)
    );
    let (profile, _, _) = run(&Selector::Both(id(3), "c".into()), Found::default()).unwrap();
    assert_eq!(
        (profile.id, profile.customer_user_id.as_deref()),
        (id(3), Some("c"))
    );
}

#[test]
fn no_profile_is_made_with_an_id_whose_first_half_is_zeros() {
    for n in [0, 8, u64::MAX.into()] {
        let id = ProfileId(Uuid::from_u128(n));
        for selector in [Selector::Id(id), Selector::Both(id, "c".into())] {
            let refusal = run(&selector, Found::default()).unwrap_err();
            assert!(
                matches!(refusal, Refusal::Invalid(v) if v.source == PROFILE_HEADER),
                "{n}"
            );
        }
        // One that was made before this was so.
        let known = Profile::new(APP, id, None, 1);
        let found = Found {
            by_id: Some((known, Details::default())),
            ..Found::default()
        };
        let (profile, _, saving) = run(&Selector::Id(id), found).unwrap();
        assert_eq!((profile.id, saving), (id, Saving::Nothing));
    }
    let first = ProfileId(Uuid::from_u64_pair(1, 0));
    assert!(run(&Selector::Id(first), Found::default()).is_ok());
}

#[test]
fn a_free_customer_id_is_attached_to_an_anonymous_profile() {
    let found = Found {
        by_id: stored(3, None),
        ..Found::default()
    };
    let (profile, _, saving) = run(&Selector::Both(id(3), "c".into()), found).unwrap();
    assert_eq!(
        (profile.id, saving, profile.updated_at),
        (id(3), Saving::Update, 5)
    );
    assert_eq!(profile.customer_user_id.as_deref(), Some("c"));
}

#[test]
fn nothing_is_merged_in_silence() {
    let both = Selector::Both(id(3), "c".into());
    let cases = [
        Found {
            by_id: stored(3, None),
            by_customer: stored(4, Some("c")),
        },
        Found {
            by_id: None,
            by_customer: stored(4, Some("c")),
        },
        Found {
            by_id: stored(3, Some("d")),
            by_customer: None,
        },
    ];
    for found in cases {
        let refusal = run(&both, found).unwrap_err();
        assert!(matches!(refusal, Refusal::Invalid(v) if v.source == CUSTOMER_HEADER));
    }
}

#[test]
fn creating_what_is_known_updates_it_where_the_body_says_something_new() {
    let both = Selector::Both(id(3), "c".into());
    let found = || Found {
        by_id: stored(3, Some("c")),
        by_customer: stored(3, Some("c")),
    };
    let (profile, _, saving) = run(&both, found()).unwrap();
    assert_eq!(
        (profile.id, saving, profile.updated_at),
        (id(3), Saving::Nothing, 1)
    );
    let body = Object::parse(br#"{"first_name":"A"}"#).unwrap();
    let changes = ProfileChanges::parse(&body, None).unwrap();
    let saving = |found| create(APP, &both, found, &changes, FRESH, 5).unwrap().2;
    assert_eq!(saving(found()), Saving::Update);
    assert_eq!(saving(Found::default()), Saving::Insert);
}

#[test]
fn an_identifier_that_is_set_changes_the_profile_and_the_same_again_does_not() {
    let body = Object::parse(br#"{"branch_id":"b"}"#).unwrap();
    let changes = IdentifierChanges::parse(&body).unwrap();
    let (mut profile, _) = stored(3, None).unwrap();
    assert!(profile.set_identifiers(&changes, 5));
    assert!(!profile.set_identifiers(&changes, 9));
    assert_eq!(profile.updated_at, 5);
}

#[test]
fn a_body_without_news_changes_nothing() {
    let body = br#"{"first_name":"A","custom_attributes":[{"key":"k","value":1}],"installation_meta":{"device_id":"d"}}"#;
    let changes = ProfileChanges::parse(&Object::parse(body).unwrap(), None).unwrap();
    let (mut profile, mut details) = stored(3, None).unwrap();
    assert!(profile.update(&mut details, &changes, 7).unwrap());
    assert!(!profile.update(&mut details, &changes, 8).unwrap());
    assert_eq!(profile.updated_at, 7);
    assert_eq!(details.person.text("first_name"), Some("A"));
}

#[test]
fn where_no_address_is_kept_one_is_neither_set_nor_left() {
    let changes = |body: &[u8]| ProfileChanges::parse(&Object::parse(body).unwrap(), None).unwrap();
    let mut setting = changes(br#"{"first_name":"A","ip_v4_address":"192.0.2.1"}"#);
    let (mut profile, mut details) = stored(3, None).unwrap();
    assert!(profile.update(&mut details, &setting, 7).unwrap());
    assert_eq!(details.person.text("ip_v4_address"), Some("192.0.2.1"));
    setting.forget_ip_address();
    assert!(profile.update(&mut details, &setting, 8).unwrap());
    assert_eq!(details.person.text("ip_v4_address"), None);
    assert_eq!(details.person.text("first_name"), Some("A"));
    assert!(!profile.update(&mut details, &setting, 9).unwrap());
}

#[test]
fn the_time_of_the_last_change_never_goes_back() {
    let changes = |body: &[u8]| ProfileChanges::parse(&Object::parse(body).unwrap(), None).unwrap();
    let (mut profile, mut details) = stored(3, None).unwrap();
    profile
        .update(&mut details, &changes(br#"{"first_name":"A"}"#), 7)
        .unwrap();
    profile
        .update(&mut details, &changes(br#"{"first_name":"B"}"#), 5)
        .unwrap();
    assert_eq!(profile.updated_at, 7);
}

#[test]
fn violations_of_a_body_come_in_body_order() {
    let body = br#"{"custom_attributes":[],"gender":"x","installation_meta":{},"birthday":1}"#;
    let violations = ProfileChanges::parse(&Object::parse(body).unwrap(), None).unwrap_err();
    let sources: Vec<_> = violations
        .iter()
        .map(|violation| violation.source.as_str())
        .collect();
    assert_eq!(
        sources,
        [
            "custom_attributes",
            "gender",
            "installation_meta.device_id",
            "birthday"
        ]
    );
}
