//! A million events for two third parties over ten thousand customers: each once, and in order, over failures,
//! identifiers that come late, customers that are linked late, and SIGKILL. In a usual run there are fewer.

mod late_identifiers;
mod ledger;
mod once;
mod order;
mod servers;
mod settled;
mod third_parties;

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use self::ledger::{Ledger, Number};
use self::servers::Servers;
use crate::support::backend::Backend;
use crate::support::random::Random;
use crate::support::server::IDENTIFIERS;

const SECOND: i64 = 1_000_000;
/// What is signed has an id by which repeats are told.
const SIGNING_SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
/// The third parties: one takes several events in a request, the other one event.
const SLUGS: [&str; 2] = ["amplitude", "webhook"];
/// How many requests to each of them are under way at a time, at most, from one server.
const IN_FLIGHT: usize = 16;
/// How many events a request to each of them holds at most.
const EVENTS: [usize; 2] = [10, 1];
/// How long it takes about until one transaction of each customer is reported, where a kill is to come meanwhile.
const ROUND: Duration = Duration::from_secs(3);

/// What happens in a run.
#[derive(Clone, Copy)]
struct Plan {
    backend: Backend,
    servers: usize,
    customers: usize,
    /// How many transactions each of them has.
    each: usize,
    slugs: &'static [&'static str],
    /// How many requests of a hundred are turned away.
    turned_away: usize,
    /// Do some customers get the identifier that is waited for in the middle of it?
    holds: bool,
    /// Are some customers linked to their profiles only in the middle of it?
    links: bool,
    /// After how many rounds of transactions a server is killed, if any are.
    kill_every: Option<usize>,
    ordered: bool,
}

/// What came of it.
struct Run {
    ledger: Arc<Ledger>,
    kills: usize,
}

/// The next period of a customer's one subscription.
fn renewal(number: Number) -> String {
    let Number { customer, place } = number;
    let bought = |place: usize| {
        // The second half of December 2025.
        let second = 1_765_800_000 + 600 * i64::try_from(place).unwrap();
        Timestamp::from_second(second).unwrap()
    };
    format!(
        r#"{{"purchase_type":"subscription","store":"app_store","store_product_id":"monthly","store_transaction_id":"{}","store_original_transaction_id":"chain-{customer}","price":{{"country":"US","currency":"USD","value":9.99}},"originally_purchased_at":"{}","purchased_at":"{}","expires_at":"2099-01-01T00:00:00Z","renew_status":true}}"#,
        number.id(),
        bought(0),
        bought(place),
    )
}

fn settings(slug: &str, url: &str, plan: &Plan) -> Value {
    let url = format!("{url}/{slug}");
    let mut settings = json!({"ordered": plan.ordered, "max_in_flight": IN_FLIGHT, "requests_per_second": 100_000,
        "events": {"access_level_updated": false}, "exclude_historical_events": false});
    let own = match slug {
        "webhook" => json!({"urls": {"production": url}, "signing_secret": SIGNING_SECRET}),
        _ => {
            json!({"api_keys": {"production": {"ios": "key"}}, "wait_for_identifier": 2_592_000, "base_url": url})
        }
    };
    settings
        .as_object_mut()
        .unwrap()
        .extend(own.as_object().unwrap().clone());
    settings
}

fn identify(servers: &Servers, customers: &[usize]) {
    let body = |customer| json!({"amplitude_user_id": servers::name(customer)}).to_string();
    servers.call_for_each(
        customers,
        |customer| ("POST", IDENTIFIERS, body(customer)),
        |_, _| {},
    );
}

/// Reports all transactions and has everything delivered. Fails unless each event of each customer has then been
/// delivered to each third party, by the database and by what these have taken.
fn run(plan: Plan, random: &mut Random) -> Run {
    let ledger = Arc::new(Ledger::new(plan.slugs, plan.customers, plan.each));
    let url = third_parties::start(&ledger, plan.turned_away, random.split());
    let servers = Servers::start(plan.backend, plan.servers);
    for slug in plan.slugs {
        servers.enable(slug, &settings(slug, &url, &plan));
    }
    let customers: Vec<usize> = (0..plan.customers).collect();
    servers.make(&customers, plan.links);
    let (late, early): (Vec<_>, Vec<_>) = customers
        .iter()
        .partition(|customer| plan.holds && *customer % 3 == 0);
    identify(&servers, &early);
    let mut kills = 0;
    for place in 0..plan.each {
        let report = || servers.report(&customers, place, renewal, &ledger);
        if plan.kill_every.is_some_and(|every| place % every == every - 1) {
            servers.over_a_kill(
                &ledger,
                random,
                ROUND * u32::try_from(plan.customers).unwrap() / 10_000,
                report,
            );
            kills += 1;
            // What the dead one had claimed is free after a minute.
            servers.advance(61 * SECOND);
        } else {
            report();
        }
        if plan.turned_away > 0 {
            servers.advance(30 * SECOND);
        }
        if place == plan.each / 2 {
            identify(&servers, &late);
            if plan.links {
                servers.link(&customers);
            }
        }
    }
    settled::deliver_all(&servers);
    settled::assert_all_delivered(&servers, plan.customers * plan.each, plan.slugs.len());
    for slug in plan.slugs {
        let different = ledger.of(slug).different();
        assert_eq!(
            different,
            plan.customers * plan.each,
            "{slug}: what is delivered was taken"
        );
    }
    Run { ledger, kills }
}

/// Fails unless what was taken more than once is what was under way when a server was killed, and was told by the same
/// id.
fn assert_repeats_are_of_kills(run: &Run, plan: &Plan) {
    for (slug, events) in SLUGS
        .iter()
        .zip(EVENTS)
        .filter(|(slug, _)| plan.slugs.contains(slug))
    {
        let taken = run.ledger.of(slug);
        assert_eq!(taken.needless, 0, "{slug}: sent again though nobody was killed");
        assert_eq!(taken.without_ids, 0, "{slug}: sent without an id");
        assert_eq!(taken.other_ids, 0, "{slug}: sent again under another id");
        let most = taken.repeats.values().max().copied().unwrap_or(0);
        assert!(most <= IN_FLIGHT * events, "{slug}: {:?} by kill", taken.repeats);
    }
}

/// Tells what was done, for whoever runs it by hand.
fn tell(plan: &Plan, run: &Run) {
    for slug in plan.slugs {
        let taken = run.ledger.of(slug);
        println!(
            "{:?}, {} servers: {slug} took {} events of {} customers, turned away {}; {} kills, {} repeats, {} inversions; \
             {:.0} s so far",
            plan.backend,
            plan.servers,
            taken.different(),
            plan.customers,
            taken.turned_away,
            run.kills,
            taken.all_repeats(),
            taken.inversions,
            f64::from(run.ledger.now()) / 1_000.0
        );
    }
}
