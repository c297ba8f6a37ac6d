//! What holds for every integration, whatever the event, the profile and the answer.

use std::collections::BTreeSet;

use bursar_domain::integrations::settings::MASK;
use bursar_domain::integrations::{
    ALL, Answer, Integration, Judgement, Part, Probe, Record, Request, Sending, Settings, Verdict, find,
};

use crate::readable::decode;
use crate::scene::{
    IDS, PROFILES, SECRET, WITHOUT_ADDRESSES, empty_record, encode, encode_in, events, personal,
    plain_events, said, sendings, settings, with_identifier,
};

/// More requests than this never follow each other for one event.
const MOST_STEPS: u8 = 4;

fn each_record(integration: &Integration, mut look: impl FnMut(&Settings, &Part, &Record)) {
    let settings = settings(integration, &said(integration));
    for event in events(integration) {
        for (_, profile) in PROFILES.iter() {
            for part in integration.parts {
                let once = encode(integration, &settings, part, event, profile);
                let again = encode(integration, &settings, part, event, profile);
                assert_eq!(once, again, "{}: not the same twice", integration.slug);
                if let Ok(record) = once {
                    look(&settings, part, &record);
                }
            }
        }
    }
}

fn text(request: &Request) -> String {
    format!(
        "{} {} {:?} {}",
        request.method.as_str(),
        request.url,
        request.headers,
        request.body
    )
}

#[test]
fn every_event_is_told_or_skipped_and_always_in_the_same_words() {
    for integration in ALL {
        let mut told = 0;
        each_record(integration, |settings, part, record| {
            told += 1;
            let records = std::slice::from_ref(record);
            for sending in sendings(settings, part, records) {
                let request = || (integration.request)(&sending);
                assert_eq!(request(), request(), "{}", integration.slug);
                assert!(request().url.starts_with("http"), "{}", request().url);
            }
        });
        assert!(told > 0, "{} tells nothing", integration.slug);
    }
}

#[test]
fn requests_stay_within_the_limits() {
    for integration in ALL {
        each_record(integration, |settings, part, record| {
            let most = part.most_records(settings, &integration.limits);
            let records = vec![record.clone(); most.min(10)];
            let limit = integration
                .limits
                .request_bytes
                .map_or(usize::MAX, |bytes| bytes as usize);
            for sending in sendings(settings, part, &records) {
                let body = (integration.request)(&sending).body;
                assert!(body.len() <= limit, "{}: {} bytes", integration.slug, body.len());
            }
        });
    }
}

#[test]
fn secrets_stand_in_requests_alone_and_can_be_masked_there() {
    for integration in ALL {
        let mut seen = false;
        each_record(integration, |settings, part, record| {
            let slug = integration.slug;
            assert!(
                !format!("{record:?}").contains(SECRET),
                "{slug}: a secret in a record"
            );
            let records = std::slice::from_ref(record);
            let masks = settings.with_masks(integration.settings);
            for sending in sendings(settings, part, records) {
                seen |= text(&(integration.request)(&sending)).contains(SECRET);
            }
            for sending in sendings(&masks, part, records) {
                let masked = text(&(integration.request)(&sending));
                assert!(!masked.contains(SECRET), "{slug}: {masked}");
            }
        });
        let has_secrets = integration
            .settings
            .iter()
            .any(bursar_domain::integrations::Setting::is_secret);
        let shown = settings(integration, &said(integration)).masked(integration.settings);
        let shown = serde_json::to_string(&shown).unwrap();
        assert!(!shown.contains(SECRET), "{}: {shown}", integration.slug);
        assert!(!has_secrets || shown.contains(MASK), "{}", integration.slug);
    }
}

#[test]
fn what_is_personal_can_be_masked_in_requests() {
    let person = [
        "ada@example.com",
        "+12025550143",
        "1990-12-10",
        "192.0.2.7",
        "Example/1.0 (iPhone; iOS 18.3)",
        "b5a1c2d3-0000-4000-8000-00000000000",
        "9774d56d682e549c",
    ];
    let profile = &PROFILES[0].1;
    let known = personal(profile);
    for integration in ALL {
        let settings = settings(integration, &said(integration));
        let events = plain_events(integration);
        let all = events.flat_map(|event| integration.parts.iter().map(move |part| (event, part)));
        for (event, part) in all {
            let Ok(record) = encode(integration, &settings, part, event, profile) else {
                continue;
            };
            for sending in sendings(&settings, part, std::slice::from_ref(&record)) {
                // Masks look for them unescaped and in any case of letters.
                let sent = decode(&text(&(integration.request)(&sending))).to_ascii_lowercase();
                let kept = known.iter().fold(sent, |sent, value| {
                    sent.replace(&value.to_ascii_lowercase(), MASK)
                });
                for value in person {
                    let is_kept = kept.contains(&value.to_ascii_lowercase());
                    assert!(!is_kept, "{}: {value} in {kept}", integration.slug);
                }
            }
        }
    }
}

/// The webhook is told of an event as it was made.
#[test]
fn an_address_that_an_event_has_is_not_told_where_the_app_keeps_none_any_more() {
    const ADDRESS: &str = "192.0.2.7";
    let profile = &PROFILES[0].1;
    for integration in ALL.iter().filter(|integration| integration.slug != "webhook") {
        let settings = settings(integration, &said(integration));
        let all = plain_events(integration)
            .flat_map(|event| integration.parts.iter().map(move |part| (event, part)));
        for (event, part) in all {
            let Ok(record) = encode_in(&WITHOUT_ADDRESSES, integration, &settings, part, event, profile)
            else {
                continue;
            };
            for sending in sendings(&settings, part, std::slice::from_ref(&record)) {
                let sent = decode(&text(&(integration.request)(&sending)));
                assert!(!sent.contains(ADDRESS), "{}: {sent}", integration.slug);
            }
        }
    }
}

#[test]
fn any_answer_gets_a_verdict_for_each_record() {
    let bodies = [
        "",
        "1",
        "0",
        "[]",
        "{}",
        "null",
        "\u{fffd}",
        "<html>",
        r#"{"errors":["a"],"success":false}"#,
    ];
    for integration in ALL {
        let settings = settings(integration, &said(integration));
        let record = empty_record();
        for part in integration.parts {
            for count in [1, part.most_records(&settings, &integration.limits).min(3)] {
                let records = vec![record.clone(); count];
                let steps = (0..MOST_STEPS)
                    .flat_map(|step| sendings(&settings, part, &records).map(move |first| (step, first)));
                for (step, first) in steps {
                    let sending = Sending { step, ..first };
                    let judged = |answer: Option<&Answer>| match (integration.judge)(&sending, answer) {
                        Judgement::Verdicts(verdicts) => {
                            assert_eq!(verdicts.len(), count, "{}", integration.slug)
                        }
                        Judgement::Next(next) => {
                            assert!(next > step && next < MOST_STEPS, "{}", integration.slug);
                        }
                    };
                    judged(None);
                    for status in (200..=206).chain(300..=308).chain(400..=431).chain(500..=505) {
                        for body in bodies {
                            judged(Some(&Answer {
                                status,
                                body: body.into(),
                            }));
                        }
                    }
                }
            }
        }
    }
}

/// But for what may have arrived all the same and would count twice.
#[test]
fn who_is_busy_or_does_not_answer_is_asked_again() {
    let busy = [408, 429, 500, 502, 503, 504].map(|status| Answer {
        status,
        body: String::new(),
    });
    let answers: Vec<_> = busy.iter().map(Some).chain([None]).collect();
    for integration in ALL {
        let settings = settings(integration, &said(integration));
        let record = empty_record();
        for part in integration.parts {
            let (slug, name) = (integration.slug, part.name);
            let sent = || sendings(&settings, part, std::slice::from_ref(&record));
            for (answer, sending) in answers
                .iter()
                .flat_map(|answer| sent().map(move |sending| (*answer, sending)))
            {
                let Judgement::Verdicts(verdicts) = (integration.judge)(&sending, answer) else {
                    panic!("{slug}: {answer:?} is followed by another request")
                };
                let counts_twice = (slug, name) == ("mixpanel", "transaction") && answer.is_none();
                let expected = if counts_twice { "rejected" } else { "retry" };
                let names: Vec<_> = verdicts.iter().map(Verdict::name).collect();
                assert_eq!(names, [expected], "{slug} {name}: {answer:?}");
            }
        }
        if let Probe::Requests(_, judge) | Probe::Handshake(_, judge) = integration.probe {
            assert_eq!(judge(None).name(), "retry", "{}", integration.slug);
        }
    }
}

/// What a verdict has to say.
fn why(verdict: &Verdict) -> Option<&str> {
    match verdict {
        Verdict::Delivered | Verdict::Resend | Verdict::ResendAlone => None,
        Verdict::DeliveredWithWarning(why)
        | Verdict::Retry { why, .. }
        | Verdict::RetryAtMost { why, .. }
        | Verdict::Rejected(why)
        | Verdict::Misconfigured(why)
        | Verdict::RejectedAndBlocked(why) => Some(why),
    }
}

/// A secret that an answer repeats may be cut in its middle there: only at the end of the text it is known by its beginning.
#[test]
fn nothing_stands_behind_the_words_of_an_answer() {
    let long = format!("{}canary{}", "x".repeat(260), "y".repeat(100));
    let statuses = [200, 201, 202, 302, 400, 401, 403, 404, 409, 410, 413, 429, 500];
    let bodies = [
        long.clone(),
        format!(r#"{{"error":"{long}","code":400,"success":false}}"#),
    ];
    for integration in ALL {
        let mut seen = 0;
        let defaults = Settings::defaults(integration.settings);
        let record = empty_record();
        let records = std::slice::from_ref(&record);
        for settings in [settings(integration, &said(integration)), defaults] {
            for (status, body) in statuses
                .into_iter()
                .flat_map(|status| bodies.iter().map(move |body| (status, body)))
            {
                let answer = Answer {
                    status,
                    body: body.clone(),
                };
                let mut verdicts = Vec::new();
                if let Probe::Requests(_, judge) | Probe::Handshake(_, judge) = integration.probe {
                    verdicts.push(judge(Some(&answer)));
                }
                for part in integration.parts {
                    for (step, first) in (0..MOST_STEPS)
                        .flat_map(|step| sendings(&settings, part, records).map(move |first| (step, first)))
                    {
                        let sending = Sending { step, ..first };
                        if let Judgement::Verdicts(all) = (integration.judge)(&sending, Some(&answer)) {
                            verdicts.extend(all);
                        }
                    }
                }
                for why in verdicts.iter().filter_map(why) {
                    if why.contains("canary") {
                        seen += 1;
                        let is_last = why.ends_with(&answer.words());
                        assert!(is_last, "{}: {why}", integration.slug);
                    }
                }
            }
        }
        assert!(
            seen > 0,
            "{} tells nothing of what it is answered",
            integration.slug
        );
    }
}

#[test]
fn each_identifier_makes_a_difference() {
    for integration in ALL {
        let settings = settings(integration, &said(integration));
        for name in integration.identifiers {
            let bare = &PROFILES[1].1;
            let differs = IDS.iter().map(|id| with_identifier(name, id)).any(|known| {
                let all = events(integration)
                    .flat_map(|event| integration.parts.iter().map(move |part| (event, part)));
                let mut each = all.map(|(event, part)| {
                    let with = |profile| encode(integration, &settings, part, event, profile);
                    with(bare) != with(&known)
                });
                each.any(|differs| differs)
            });
            assert!(differs, "{}: {name} is never looked at", integration.slug);
        }
    }
}

/// A header that cannot be sent would fail each request anew.
#[test]
fn a_secret_that_goes_into_a_header_as_it_is_fits_there() {
    let mut seen = 0;
    for integration in ALL {
        let mut headers = BTreeSet::new();
        each_record(integration, |settings, part, record| {
            for sending in sendings(settings, part, std::slice::from_ref(record)) {
                let request = (integration.request)(&sending);
                headers.extend(request.headers.into_iter().map(|(_, value)| value));
            }
        });
        let (_, secrets) = settings(integration, &said(integration)).split(integration.settings);
        let is_in_header = |secret: &str| headers.iter().any(|value| value.contains(secret));
        for (path, secret) in secrets.iter().filter(|(_, secret)| is_in_header(secret)) {
            seen += 1;
            let setting = integration.settings.iter().find(|setting| setting.covers(path));
            for unfit in ["s\u{e9}cret", "secret\nx-other: y"] {
                let mut problems = Vec::new();
                setting.unwrap().read(path, &unfit.into(), &mut problems);
                assert_eq!(problems.len(), 1, "{}: {secret}: {unfit:?}", integration.slug);
            }
        }
    }
    assert!(seen >= 10, "{seen}");
}

/// Of those who measure advertising. Others are told of the customer's latest device, whatever it is.
#[test]
fn a_phone_of_the_other_platform_is_not_described() {
    const PHONE: [&str; 8] = [
        "iphone15,2",
        "18.3",
        "de_de",
        "europe/berlin",
        "example/1.0",
        "4.2.0",
        "b5a1c2d3-0000-4000-8000-00000000000a",
        "b5a1c2d3-0000-4000-8000-00000000000b",
    ];
    let profile = &PROFILES[0].1;
    for slug in [
        "airbridge",
        "branch",
        "facebook_ads",
        "firebase_ga4",
        "appsflyer",
        "adjust",
        "tenjin",
    ] {
        let integration = find(slug).unwrap();
        let settings = settings(integration, &said(integration));
        let mut told = 0;
        for event in events(integration).filter(|event| event.store == "play_store") {
            let Ok(record) = encode(integration, &settings, &integration.parts[0], event, profile) else {
                continue;
            };
            told += 1;
            for sending in sendings(&settings, &integration.parts[0], std::slice::from_ref(&record)) {
                let sent = decode(&text(&(integration.request)(&sending))).to_ascii_lowercase();
                for of_the_phone in PHONE {
                    assert!(!sent.contains(of_the_phone), "{slug}: {of_the_phone} in {sent}");
                }
            }
        }
        assert!(told > 0, "{slug} tells nothing");
    }
}
