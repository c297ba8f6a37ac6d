//! What each third party takes at most, as the handbook and the third parties themselves have it.

use bursar_domain::integrations::ALL;

/// `-`: there is no limit.
const LIMITS: &str = "
             events  bytes    requests questions  oldest  repeats repeats
             each    each     a second a second   in h    in h    by age
webhook      1       -        -        -          -       -       24
amplitude    10      1000000  100      -          -       168     -
mixpanel     100     1000000  30000    -          -       -       -
posthog      100     5000000  -        -          -       -       -
airbridge    1       -        16       -          -       -       -
branch       1       -        -        -          -       -       -
appmetrica   1       -        30       -          -       168     -
onesignal    1       -        1000     1          -       -       -
pushwoosh    1       -        -        -          -       -       -
facebook_ads 1       -        -        -          -       -       -
firebase_ga4 1       130000   -        -          72      -       -
appsflyer    1       1024     1000     -          -       -       -
adjust       1       1000000  -        -          -       -       -
tenjin       1       -        -        -          -       -       -
";

#[test]
fn limits_are_those_that_the_third_parties_name() {
    let lines = LIMITS.trim_matches('\n').lines().skip(2);
    let expected: Vec<Vec<&str>> = lines.map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(expected.len(), ALL.len());
    for (integration, line) in ALL.iter().zip(expected) {
        let limits = integration.limits;
        let all = [
            Some(limits.events_per_request),
            limits.request_bytes,
            limits.requests_per_second,
            limits.questions_per_second,
            limits.oldest_event_hours,
            limits.repeat_hours,
            limits.repeat_age_hours,
        ];
        let told = all.map(|limit| limit.map_or("-".to_owned(), |limit| limit.to_string()));
        assert_eq!(line[0], integration.slug);
        assert_eq!(line[1..], told, "{}", integration.slug);
    }
}
