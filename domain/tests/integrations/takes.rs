//! Which kinds of events each integration takes, as the third parties' documentation has it, and that any other kind
//! does no harm.

use std::collections::BTreeSet;

use bursar_domain::events::EventKind;
use bursar_domain::integrations::ALL;

use crate::scene::{PROFILES, all_events, encode, samples, sendings, settings};

/// Who is told of what: `x`, and of what nobody there has a place for: `-`.
const ANALYTICS: &str = "
                                    webhook amplitude mixpanel posthog airbridge branch appmetrica
subscription_started                x       x         x        x       x         x      x
subscription_renewed                x       x         x        x       x         x      x
subscription_renewal_cancelled      x       x         x        x       x         x      x
subscription_renewal_reactivated    x       x         x        x       x         x      x
subscription_expired                x       x         x        x       x         x      x
subscription_paused                 x       x         x        x       x         x      x
subscription_deferred               x       x         x        x       x         x      x
non_subscription_purchase           x       x         x        x       x         x      x
trial_started                       x       x         x        x       x         x      x
trial_converted                     x       x         x        x       x         x      x
trial_renewal_cancelled             x       x         x        x       x         x      x
trial_renewal_reactivated           x       x         x        x       x         x      x
trial_expired                       x       x         x        x       x         x      x
entered_grace_period                x       x         x        x       x         x      x
billing_issue_detected              x       x         x        x       x         x      x
subscription_refunded               x       x         x        x       x         x      x
non_subscription_purchase_refunded  x       x         x        x       x         x      x
access_level_updated                x       -         -        -       -         -      -
trial_active                        x       x         x        x       -         x      x
subscription_active                 x       x         x        x       -         x      x
";
const MESSAGES_AND_ADS: &str = "
                                    onesignal pushwoosh facebook_ads firebase_ga4 appsflyer adjust tenjin
subscription_started                x         x         x            x            x         x      x
subscription_renewed                x         x         x            x            x         x      x
subscription_renewal_cancelled      x         x         x            x            x         x      -
subscription_renewal_reactivated    x         x         x            x            x         x      -
subscription_expired                x         x         x            x            x         x      -
subscription_paused                 x         x         -            x            x         x      -
subscription_deferred               x         x         -            x            x         x      -
non_subscription_purchase           x         x         x            x            x         x      x
trial_started                       x         x         x            x            x         x      x
trial_converted                     x         x         x            x            x         x      x
trial_renewal_cancelled             x         x         x            x            x         x      -
trial_renewal_reactivated           x         x         x            x            x         x      -
trial_expired                       x         x         x            x            x         x      -
entered_grace_period                x         x         x            x            x         x      -
billing_issue_detected              x         x         x            x            x         x      -
subscription_refunded               x         x         -            x            x         x      -
non_subscription_purchase_refunded  x         x         -            x            x         x      -
access_level_updated                -         -         -            -            -         -      -
trial_active                        x         -         x            x            x         x      -
subscription_active                 x         -         x            x            x         x      -
";

/// The pairs of a slug and a kind in a table, each with what stands there.
fn cells(table: &'static str) -> impl Iterator<Item = (&'static str, &'static str, bool)> {
    let mut lines = table.trim_matches('\n').lines();
    let slugs: Vec<&str> = lines.next().unwrap().split_whitespace().collect();
    lines.flat_map(move |line| {
        let mut words = line.split_whitespace();
        let kind = words.next().unwrap();
        let row: Vec<_> = slugs.iter().copied().zip(words).collect();
        assert_eq!(row.len(), slugs.len(), "{line}");
        row.into_iter().map(move |(slug, cell)| {
            assert!(["x", "-"].contains(&cell), "{kind}, {slug}: {cell}");
            (slug, kind, cell == "x")
        })
    })
}

#[test]
fn each_integration_takes_the_kinds_of_events_that_its_table_names() {
    let mut expected = BTreeSet::new();
    let mut all = BTreeSet::new();
    for (slug, kind, is_taken) in [ANALYTICS, MESSAGES_AND_ADS].into_iter().flat_map(cells) {
        assert!(all.insert((slug, kind)), "{slug}, {kind}: there twice");
        expected.extend(is_taken.then_some((slug, kind)));
    }
    let pairs = || {
        let kinds = |integration| EventKind::ALL.iter().map(move |kind| (integration, *kind));
        ALL.iter().flat_map(kinds)
    };
    let known: BTreeSet<_> = pairs()
        .map(|(integration, kind)| (integration.slug, kind.as_str()))
        .collect();
    let other: Vec<_> = known.symmetric_difference(&all).collect();
    assert!(
        other.is_empty(),
        "add columns to the tables, or take them out: {other:?}"
    );
    let taken = pairs().filter(|(integration, kind)| (integration.takes)(*kind));
    let taken: BTreeSet<_> = taken
        .map(|(integration, kind)| (integration.slug, kind.as_str()))
        .collect();
    let differs: Vec<_> = taken.symmetric_difference(&expected).collect();
    assert!(differs.is_empty(), "not as in the tables: {differs:?}");
}

/// The server does not ask for them; a function of an integration that is asked all the same says something.
#[test]
fn events_of_kinds_that_an_integration_does_not_take_do_no_harm() {
    let mut seen = 0;
    for integration in ALL {
        for (said, event) in samples(integration)
            .iter()
            .flat_map(|said| all_events().map(move |event| (said, event)))
            .filter(|(_, event)| !(integration.takes)(event.kind()))
        {
            let settings = settings(integration, said);
            for (part, (_, profile)) in integration
                .parts
                .iter()
                .flat_map(|part| PROFILES.iter().map(move |profile| (part, profile)))
            {
                seen += 1;
                let Ok(record) = encode(integration, &settings, part, event, profile) else {
                    continue;
                };
                for sending in sendings(&settings, part, std::slice::from_ref(&record)) {
                    let url = (integration.request)(&sending).url;
                    assert!(url.starts_with("http"), "{}: {url}", integration.slug);
                }
            }
        }
    }
    assert!(seen > 300, "{seen}");
}
