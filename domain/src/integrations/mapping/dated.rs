//! Events whose time is settled when they are sent: one that has become too old by then is told with the time of
//! sending, also on a repeat.

use crate::integrations::Record;

/// A record of an event at `at` (microseconds).
pub fn record(route: String, at: i64, mut body: String) -> Record {
    // Behind the body: so it need not be moved.
    body.extend([" ", &at.to_string()]);
    Record { route, body }
}

/// The time to tell in a request at `now`, and the body: the event's own time, or `now` where the event is older than
/// `oldest`. All microseconds.
pub fn time_and_body(record: &Record, now: i64, oldest: i64) -> (i64, &str) {
    let (body, at) = record
        .body
        .rsplit_once(' ')
        .expect("a dated record ends with its time");
    let at = at.parse().expect("the time of a dated record is a number");
    let is_too_old = now.saturating_sub(at) > oldest;
    (if is_too_old { now } else { at }, body)
}

/// The body as it was before the time was added.
pub fn body(dated: &str) -> &str {
    dated.rsplit_once(' ').map_or(dated, |(body, _)| body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_told_with_its_own_time_until_it_is_too_old() {
        let dated = record("r".into(), -5, "a b".into());
        assert_eq!(body(&dated.body), "a b");
        assert_eq!(time_and_body(&dated, 5, 10), (-5, "a b"));
        assert_eq!(time_and_body(&dated, 6, 10), (6, "a b"));
    }
}
