//! What a third party takes at most.

use schemars::JsonSchema;
use serde::Serialize;

use crate::time::HOUR;

/// What an integration takes at most; `null`: there is no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Limits {
    /// Events in one request.
    pub events_per_request: u32,
    /// Bytes of one request.
    pub request_bytes: Option<u32>,
    /// Requests in a second.
    pub requests_per_second: Option<u32>,
    /// Of these, requests in a second that ask for what others need, such as an id.
    pub questions_per_second: Option<u32>,
    /// How old an event may be, in hours, when it is sent.
    pub oldest_event_hours: Option<u32>,
    /// For how many hours after the first try it may be repeated.
    pub repeat_hours: Option<u32>,
    /// For how many hours after the event was made, or was asked for again, it may be repeated.
    pub repeat_age_hours: Option<u32>,
}

/// The tries of a delivery, as far as ages count from them. Times are microseconds.
#[derive(Debug, Clone, Copy)]
pub struct Tried {
    /// When it was tried first.
    pub first_at: i64,
    /// When the delivery was made: with its event, or when somebody asked for it again.
    pub made_at: i64,
}

impl Limits {
    /// One event in a request, and no other limit.
    pub const NONE: Self = Self {
        events_per_request: 1,
        request_bytes: None,
        requests_per_second: None,
        questions_per_second: None,
        oldest_event_hours: None,
        repeat_hours: None,
        repeat_age_hours: None,
    };

    /// Until when an event may be sent that happened at `event_at` (microseconds) and was `tried`, if it was; `None`:
    /// always.
    pub fn ends_at(&self, event_at: i64, tried: Option<Tried>) -> Option<i64> {
        let limits = [
            (Some(event_at), self.oldest_event_hours),
            (tried.map(|tried| tried.first_at), self.repeat_hours),
            (tried.map(|tried| tried.made_at), self.repeat_age_hours),
        ];
        let ends = limits.into_iter().filter_map(|(start, hours)| start.zip(hours));
        ends.map(|(start, hours)| start.saturating_add(i64::from(hours) * HOUR))
            .min()
    }

    /// Is it too late to send such an event?
    pub fn is_over(&self, event_at: i64, tried: Option<Tried>, now: i64) -> bool {
        self.ends_at(event_at, tried).is_some_and(|ends_at| now > ends_at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_several_limits_of_age_the_first_that_is_reached_holds() {
        let limits = Limits {
            oldest_event_hours: Some(26),
            repeat_hours: Some(10),
            repeat_age_hours: Some(24),
            ..Limits::NONE
        };
        let tried = |first, made| {
            Some(Tried {
                first_at: first * HOUR,
                made_at: made * HOUR,
            })
        };
        let ends = |tried| limits.ends_at(0, tried).map(|end| end / HOUR);
        assert_eq!(ends(None), Some(26));
        assert_eq!(ends(tried(30, 30)), Some(26));
        assert_eq!(ends(tried(5, 5)), Some(15));
        assert_eq!(ends(tried(15, 1)), Some(25));
        assert_eq!(Limits::NONE.ends_at(0, tried(5, 5)), None);
        assert_eq!(limits.ends_at(i64::MAX - HOUR, None), Some(i64::MAX));
    }
}
