//! What third parties are told more than once: how often, and whether in the same words.

use std::collections::hash_map::DefaultHasher;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::{Hash, Hasher};

use bursar_domain::integrations::{ALL, Integration};
use serde_json::Value;

use super::third_parties::{Receipt, Receipts};

/// How many requests are under way to each at most: the samples say so.
const IN_FLIGHT: usize = 4;

/// What the fields are called that together say what a record tells of: whom, what, and of which transaction or date.
fn about(slug: &str, path: &str) -> &'static [&'static str] {
    match slug {
        "adjust" => &["event_token", "transaction_id"],
        "airbridge" => &["category", "transactionID"],
        "amplitude" => &["event_type", "transaction_id"],
        "appmetrica" => &["event_name", "revenue_event_type", "transaction_id"],
        "appsflyer" => &["customer_user_id", "eventName", "eventTime"],
        "facebook_ads" => &["app_user_id", "_eventName", "_logTime"],
        "mixpanel" if path.ends_with("/engage") => &["$distinct_id", "$set", "$time"],
        "onesignal" => &["adapty_profile_id", "last_event_type", "purchase_date"],
        "pushwoosh" if path.ends_with("/setTags") => {
            &["adapty_profile_id", "last_event_type", "purchase_date"]
        }
        "tenjin" => &["customer_user_id"],
        "webhook" => &["event_type", "transaction_id"],
        _ => &["event", "name", "transaction_id"],
    }
}

/// What a record says of the customer as of now, also where it is sent again.
fn anew(slug: &str) -> &'static [&'static str] {
    match slug {
        // The judge writes this identifier meanwhile.
        "branch" => &["developer_identity"],
        _ => &[],
    }
}

/// What was told of one thing.
#[derive(Default)]
pub struct Told {
    times: usize,
    /// The hashes of the different words in which it was told.
    words: HashSet<u64>,
}

impl Receipt {
    /// Notes what a request tells.
    pub fn note(&mut self, slug: &str, request: &str) {
        let (head, body) = request.split_once("\r\n\r\n").unwrap_or((request, ""));
        let line = head.lines().next().unwrap_or_default();
        if line.starts_with("GET ") {
            return;
        }
        let target = line.split(' ').nth(1).unwrap_or_default();
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let id = head.lines().find(|line| line.starts_with("webhook-id: "));
        for record in records(slug, body) {
            let record = plain(&format!("{}\n{query}\n{record}", id.unwrap_or_default()));
            let about = about(slug, path).iter().filter_map(|name| value(&record, name));
            let key = format!("{path} {}", about.collect::<Vec<_>>().join(" "));
            let told = self.told.entry(key).or_default();
            told.times += 1;
            told.words.insert(hash(slug, &record));
            self.records += 1;
        }
    }
}

/// Where the records stand in a request that holds several.
fn place(slug: &str) -> Option<&'static str> {
    match slug {
        "amplitude" => Some("/events"),
        "posthog" => Some("/batch"),
        "mixpanel" => Some(""),
        _ => None,
    }
}

/// The records of a request, where it holds several.
fn records(slug: &str, body: &str) -> Vec<String> {
    let Some(name) = place(slug) else {
        return vec![body.to_owned()];
    };
    let body: Value = serde_json::from_str(body).unwrap();
    let records = body.pointer(name).and_then(Value::as_array).unwrap();
    records.iter().map(Value::to_string).collect()
}

/// Without the codes of forms and queries, and of JSON in JSON.
fn plain(text: &str) -> String {
    let (mut bytes, mut rest) = (Vec::new(), text.as_bytes());
    while let [first, more @ ..] = rest {
        let code = more.get(..2).and_then(|code| std::str::from_utf8(code).ok());
        let coded = code.and_then(|code| u8::from_str_radix(code, 16).ok());
        match (*first, coded) {
            (b'%', Some(byte)) => {
                bytes.push(byte);
                rest = &more[2..];
                continue;
            }
            (b'\\', _) => {}
            (byte, _) => bytes.push(byte),
        }
        rest = more;
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The first value of this name, in JSON or in a form.
fn value<'a>(record: &'a str, name: &str) -> Option<&'a str> {
    let member = format!("\"{name}\":");
    let after = |begin: &str| record.split_once(begin).map(|(_, rest)| rest);
    let rest = after(&member)
        .or_else(|| after(&format!("&{name}=")))
        .or_else(|| after(&format!("\n{name}=")))?;
    let rest = rest.trim_start_matches('"');
    rest.split(['"', ',', '&', '}', '\n']).next()
}

fn hash(slug: &str, record: &str) -> u64 {
    let mut record = record.to_owned();
    for name in anew(slug) {
        if let Some(value) = value(&record, name) {
            record = record.replace(&format!("\"{name}\":\"{value}\""), "");
        }
    }
    let mut hasher = DefaultHasher::new();
    record.hash(&mut hasher);
    hasher.finish()
}

/// How many records each has received beyond those that were delivered to it, by slug: what was sent again, or was under
/// way for nothing.
pub fn counted(receipts: &Receipts, delivered: &HashMap<String, usize>) -> BTreeMap<String, usize> {
    let receipts = receipts.lock().unwrap();
    let beyond = receipts.iter().map(|(slug, receipt)| {
        let delivered = delivered.get(slug).copied().unwrap_or(0);
        (slug.clone(), receipt.records.saturating_sub(delivered))
    });
    beyond.collect()
}

/// What was sent more often than so many kills explain, or again in other words.
pub fn needless(receipts: &Receipts, delivered: &HashMap<String, usize>, kills: usize) -> Vec<String> {
    let counted = counted(receipts, delivered);
    let most = |known: &Integration| kills * IN_FLIGHT * known.limits.events_per_request as usize;
    let often = ALL.iter().filter_map(|known| {
        let (count, most) = (*counted.get(known.slug)?, most(known));
        (count > most).then(|| format!("{} received {count} too many, over {most}", known.slug))
    });
    let mut wrong: Vec<_> = often.collect();
    for (slug, receipt) in &*receipts.lock().unwrap() {
        let other = receipt.told.iter().filter(|(_, told)| told.words.len() > 1);
        wrong.extend(other.map(|(about, told)| {
            let (times, words) = (told.times, told.words.len());
            format!("{slug} was told of {about} {times} times, in {words} ways (see `about`)")
        }));
    }
    wrong
}

#[test]
fn records_that_share_a_request_are_looked_at_one_by_one() {
    for known in ALL.iter().filter(|known| known.limits.events_per_request > 1) {
        assert!(
            place(known.slug).is_some(),
            "{}: `place` has to say where the records of a request stand",
            known.slug
        );
    }
}

#[test]
fn what_is_told_too_often_or_in_other_words_is_noticed() {
    let request = |id: &str, text: &str| {
        let body = format!(r#"{{"event_type":"{text}","event_properties":{{"transaction_id":"t1"}}}}"#);
        format!("POST /webhook HTTP/1.1\r\nwebhook-id: {id}\r\n\r\n{body}")
    };
    let receipts = Receipts::default();
    let note = |slug: &str, request: &str| {
        let mut receipts = receipts.lock().unwrap();
        receipts.entry(slug.into()).or_default().note(slug, request);
    };
    let delivered = HashMap::from(["webhook", "amplitude", "appmetrica"].map(|slug| (slug.to_owned(), 1)));
    for _ in 0..=IN_FLIGHT {
        note("webhook", &request("1", "subscription_renewed"));
    }
    assert!(needless(&receipts, &delivered, 1).is_empty());
    note("webhook", &request("1", "access_level_updated"));
    let most = "webhook received 5 too many, over 4";
    assert_eq!(needless(&receipts, &delivered, 1), [most]);
    note("webhook", &request("2", "subscription_renewed"));
    let other = "webhook was told of /webhook subscription_renewed t1 6 times, in 2 ways (see `about`)";
    assert_eq!(needless(&receipts, &delivered, 2), [other]);
    receipts.lock().unwrap().clear();
    // What only looks at an address tells nothing, and records that share a request are looked at one by one.
    note("amplitude", "GET /amplitude HTTP/1.1\r\n\r\n");
    for id in ["a", "b"] {
        let event =
            |id: &str| format!(r#"{{"event_type":"x","insert_id":"{id}","p":{{"transaction_id":"{id}"}}}}"#);
        let events = format!(r#"{{"events":[{},{}]}}"#, event(id), event("c"));
        note("amplitude", &format!("POST /amplitude HTTP/1.1\r\n\r\n{events}"));
    }
    assert_eq!(counted(&receipts, &delivered)["amplitude"], 3);
    assert!(needless(&receipts, &delivered, 1).is_empty());
    // A query is as good as a body.
    for price in [1, 2] {
        let query =
            format!("event_name=x%20y&price={price}&event_json=%7B%22transaction_id%22%3A%22t1%22%7D");
        note(
            "appmetrica",
            &format!("POST /appmetrica/events?{query} HTTP/1.1\r\n\r\n"),
        );
    }
    let other = "appmetrica was told of /appmetrica/events x y t1 2 times, in 2 ways (see `about`)";
    assert_eq!(needless(&receipts, &delivered, 1), [other]);
}
