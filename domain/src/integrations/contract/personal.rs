//! What of a customer may not be kept of requests and answers, as integrations write it, and what may not be kept with others.

use super::customer::Customer;
use super::told::Told;
use crate::integrations::mapping::device_id;

/// What of a person.
const OF_PERSON: [&str; 5] = ["email", "phone_number", "first_name", "last_name", "birthday"];
/// What of a device.
const OF_DEVICE: [&str; 6] = [
    "idfa",
    "idfv",
    "advertising_id",
    "android_id",
    "android_app_set_id",
    "user_agent",
];
/// Shorter values tell nothing, and masking them would make nonsense of the rest.
const SHORTEST: usize = 4;
/// Ids that are mistakes, in any case of letters: as words they stand in answers that name nobody.
const NO_IDS: [&str; 8] = [
    "anon",
    "anonymous",
    "false",
    "none",
    "null",
    "true",
    "undefined",
    "unknown",
];

/// The values as integrations write them, but for how they escape them and for the case of letters: those of the customer now,
/// and those of when the event was made.
pub fn values<'e>(customer: &Customer<'_>, event: Option<&'e Told<'_>>) -> Vec<String> {
    let person = OF_PERSON.iter().filter_map(|field| customer.person.text(field));
    let device = OF_DEVICE.iter().flat_map(|field| customer.devices(field));
    let then = event.into_iter();
    let told_person = |event: &'e Told<'_>| [event.email.as_deref(), event.text("profile_ip_address")];
    let person = person
        .chain(customer.recipient.ip)
        .chain(then.clone().flat_map(told_person).flatten())
        .map(str::to_owned);
    let device = device
        .chain(
            then.flat_map(|event| event.device.iter().flatten())
                .map(AsRef::as_ref),
        )
        .flat_map(device_forms);
    let mut values: Vec<String> = person
        .chain(device)
        .filter(|value| value.len() >= SHORTEST)
        .collect();
    values.sort_unstable();
    values.dedup();
    values
}

/// What the customer is called: by third parties and by the owner, now and when the event was made, and by us.
pub fn ids(customer: &Customer<'_>, event: Option<&Told<'_>>) -> Vec<String> {
    let by_others = customer.recipient.identifiers.iter().map(|(_, id)| id);
    let by_owner = customer.customer_user_id();
    let then = event.and_then(|event| event.customer_user_id.as_deref());
    let then = then.filter(|then| Some(*then) != by_owner);
    let all = by_others.chain(by_owner).chain(then).map(str::to_owned);
    let by_others_then = event.into_iter().flat_map(|event| &event.identifiers);
    let by_others_then = by_others_then.map(|id| id.clone().into_owned());
    let by_others_then =
        by_others_then.filter(|then| customer.recipient.identifiers.iter().all(|(_, id)| id != then));
    all.chain(by_others_then)
        .chain([customer.profile_id()])
        .filter(|id| tells_who(id))
        .collect()
}

/// What those are called who share the customer's access level: the event names them.
pub fn ids_of_sharers(event: &Told<'_>) -> Vec<String> {
    let all = event.sharers.iter().map(|id| id.clone().into_owned());
    all.filter(|id| tells_who(id)).collect()
}

fn tells_who(id: &str) -> bool {
    id.len() >= SHORTEST && !NO_IDS.iter().any(|word| word.eq_ignore_ascii_case(id))
}

/// As it was reported, without hyphens, and with those that it has as a device's makers write it.
fn device_forms(id: &str) -> impl Iterator<Item = String> {
    let (bare, whole) = (id.replace('-', ""), device_id::google(id));
    let bare = (bare != id).then_some(bare);
    let whole = (!whole.eq_ignore_ascii_case(id)).then_some(whole);
    [Some(id.to_owned()), bare, whole].into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use uuid::Uuid;

    use super::*;
    use crate::app::AppSettings;
    use crate::events::EventKind;
    use crate::ids::{AppId, ProfileId};
    use crate::json::Object;
    use crate::profile::identifiers::IdentifierChanges;
    use crate::profile::{Details, Profile, ProfileChanges};

    #[test]
    fn a_customer_is_called_by_third_parties_by_the_owner_now_and_then_and_by_us() {
        let called = |now: &str, then: &str| {
            let id = Some(now.to_owned());
            let mut profile = Profile::new(AppId(Uuid::nil()), ProfileId(Uuid::nil()), id, 0);
            let body =
                json!({"amplitude_user_id": "at-amplitude", "branch_id": "b-1", "mixpanel_user_id": "m1"});
            let body = body.to_string();
            let changes = IdentifierChanges::parse(&Object::parse(body.as_bytes()).unwrap());
            profile.identifiers.apply(&changes.unwrap());
            let (details, app) = (Details::default(), AppSettings::default());
            let customer = Customer::new(&profile, &details, &app, 1);
            let payload = json!({"customer_user_id": then, "event_properties": {},
                "integration_ids": {"amplitude_user_id": "at-amplitude", "mixpanel_user_id": "m-then"}});
            let payload = payload.to_string();
            let event = Told::new(Uuid::nil(), EventKind::TrialStarted, 1, 1, &payload);
            ids(&customer, event.as_ref().ok())
        };
        let nil = "00000000-0000-0000-0000-000000000000";
        assert_eq!(
            called("now-1", "then-1"),
            ["at-amplitude", "now-1", "then-1", "m-then", nil]
        );
        assert_eq!(called("now-1", "now-1"), ["at-amplitude", "now-1", "m-then", nil]);
        // Neither short ones tell anything nor such words.
        assert_eq!(called("Null", "unknown"), ["at-amplitude", "m-then", nil]);
        assert_eq!(called("n", "7"), ["at-amplitude", "m-then", nil]);
        assert_eq!(called("now", "then"), ["at-amplitude", "then", "m-then", nil]);
    }

    #[test]
    fn what_was_personal_when_the_event_was_made_is_so_too_and_so_is_every_device() {
        let mut profile = Profile::new(AppId(Uuid::nil()), ProfileId(Uuid::nil()), None, 0);
        let (mut details, app) = (Details::default(), AppSettings::default());
        let bodies = [
            json!({"email": "now@b.cd", "last_name": "Byron", "ip_v4_address": "192.0.2.1",
                "installation_meta": {"device_id": "a", "idfv": "idfvold"}}),
            json!({"first_name": "Ada", "phone_number": "1234",
                "installation_meta": {"device_id": "b", "idfv": "idfvnew"}}),
        ];
        for (body, at) in bodies.iter().zip(1..) {
            let body = body.to_string();
            let changes = ProfileChanges::parse(&Object::parse(body.as_bytes()).unwrap(), None).unwrap();
            profile.update(&mut details, &changes, at).unwrap();
        }
        let customer = Customer::new(&profile, &details, &app, 9);
        let payload = json!({"email": "then@b.cd", "idfv": "idfvthen", "advertising_id": "gaidthen",
            "user_agent": "Then", "event_properties": {"profile_ip_address": "192.0.2.9"}});
        let payload = payload.to_string();
        let event = Told::new(Uuid::nil(), EventKind::TrialStarted, 1, 1, &payload).unwrap();
        let now = ["1234", "192.0.2.1", "Byron", "idfvnew", "idfvold", "now@b.cd"];
        assert_eq!(values(&customer, None), now);
        let then = ["192.0.2.9", "Then", "gaidthen", "idfvthen", "then@b.cd"];
        let mut both = [now.as_slice(), &then].concat();
        both.sort_unstable();
        assert_eq!(values(&customer, Some(&event)), both);
    }

    #[test]
    fn who_shares_the_level_is_called_by_the_owner_and_by_us() {
        let payload = json!({"event_properties": {}, "profiles_sharing_access_level": [
            {"profile_id": "profile-1", "customer_user_id": "bob-1"},
            {"profile_id": "profile-2", "customer_user_id": null}]});
        let payload = payload.to_string();
        let event = Told::new(Uuid::nil(), EventKind::TrialStarted, 1, 1, &payload).unwrap();
        assert_eq!(ids_of_sharers(&event), ["profile-1", "bob-1", "profile-2"]);
    }

    #[test]
    fn an_id_that_was_reported_without_hyphens_is_known_with_them() {
        let forms = |id| device_forms(id).collect::<Vec<_>>();
        let (bare, whole) = (
            "0D6C3B5E77A14C3E9E0B5A1F2C3D4E5F",
            "0d6c3b5e-77a1-4c3e-9e0b-5a1f2c3d4e5f",
        );
        assert_eq!(forms(bare), [bare, whole]);
        assert_eq!(forms(whole), [whole, &bare.to_ascii_lowercase()]);
        assert_eq!(forms("another one"), ["another one"]);
    }
}
