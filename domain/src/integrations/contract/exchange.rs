//! A request to a third party and its answer, as data.

use std::borrow::Cow;

use super::record::Record;
use crate::integrations::Settings;

/// A request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The method.
    pub method: Method,
    /// The whole address.
    pub url: String,
    /// Names, in lower case, and values of the headers.
    pub headers: Vec<(&'static str, Cow<'static, str>)>,
    /// The body; empty: none.
    pub body: String,
}

/// The methods that third parties ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// `GET`
    Get,
    /// `POST`
    Post,
    /// `PUT`
    Put,
    /// `PATCH`
    Patch,
}

impl Method {
    /// As the wire writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
        }
    }
}

impl Request {
    /// A `POST` of JSON.
    pub fn post_json(url: String, body: String) -> Self {
        Self::post("application/json", url, body)
    }

    /// A `POST` of a form, already encoded.
    pub fn post_form(url: String, body: String) -> Self {
        Self::post("application/x-www-form-urlencoded", url, body)
    }

    fn post(content: &'static str, url: String, body: String) -> Self {
        /// Most requests have no more headers.
        const ROOM: usize = 4;
        let request = Self {
            method: Method::Post,
            url,
            headers: Vec::with_capacity(ROOM),
            body,
        };
        request.header("content-type", content)
    }

    /// With a further header.
    #[must_use]
    pub fn header(mut self, name: &'static str, value: impl Into<Cow<'static, str>>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}

/// What a request is made of.
#[derive(Clone, Copy)]
pub struct Sending<'a> {
    /// What it carries: records of one route and part, as many as the limits allow, at least one.
    pub records: &'a [Record],
    /// Which of the integration's parts the records are of.
    pub part: &'static str,
    /// The app's settings, secrets included.
    pub settings: &'a Settings,
    /// 0 for the first request; what [`Judgement::Next`] says for one that follows.
    pub step: u8,
    /// What [`Part::learns`](super::Part::learns) took last from an answer for this route, if it did and that is kept.
    pub learned: Option<&'a str>,
    /// Now, in microseconds.
    pub now: i64,
}

/// What came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The body, cut after 64 KiB, as text.
    pub body: String,
}

impl Answer {
    /// So many characters of the body are in its [`words`](Self::words): shorter ones end where the third party ended them.
    pub const MOST: usize = 300;

    /// The body, if it is JSON.
    pub fn json(&self) -> Option<serde_json::Value> {
        serde_json::from_str(&self.body).ok()
    }

    /// Does a success bring a web page? A website says 200 as well, and so does a proxy of its own: neither takes anything in.
    pub fn is_page(&self) -> bool {
        (200..300).contains(&self.status) && self.body.trim_start().starts_with('<')
    }

    /// The status, or the failure that `body`, its JSON, tells as `code` in spite of a 200.
    pub fn status_or_code(&self, body: &serde_json::Value) -> u16 {
        let code = body["code"].as_u64().and_then(|code| u16::try_from(code).ok());
        let failure = code.filter(|code| self.status == 200 && (400..600).contains(code));
        failure.unwrap_or(self.status)
    }

    /// The body as it may be told to the owner: one line, cut. It is masked later, and what was cut is known only at the end:
    /// a remark stands in front of it.
    pub fn words(&self) -> String {
        let line = self.body.split_whitespace().collect::<Vec<_>>().join(" ");
        let cut: String = line.chars().take(Self::MOST).collect();
        format!("{} {cut}", self.status).trim_end().to_owned()
    }
}

/// What an answer means for all records of its request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Judgement {
    /// A verdict for each record, in their order.
    Verdicts(Vec<Verdict>),
    /// Another request has to follow before there is a verdict: its step.
    Next(u8),
}

/// What an answer means for one record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Done.
    Delivered,
    /// Done, as far as it can be, but the owner has something to mend: the third party's words.
    DeliveredWithWarning(String),
    /// Try it again: after so many seconds at least, or as the schedule and `Retry-After` say.
    Retry {
        /// At least so many seconds later, unless `Retry-After` says when.
        after_seconds: Option<u32>,
        /// What was wrong, for people.
        why: String,
    },
    /// Try it again as the schedule says, unless so many tries have ended like this one; then it is rejected. What failed
    /// otherwise, as in an outage, does not count.
    RetryAtMost {
        /// How many such tries there are.
        tries: u32,
        /// What was wrong, for people.
        why: String,
    },
    /// It was not looked at, because others of its request were wrong: send it again at once.
    Resend,
    /// As [`Self::Resend`], in a request of its own.
    ResendAlone,
    /// Never try it again: the third party's words.
    Rejected(String),
    /// It and all others have to wait until the owner mends the settings: the third party's words.
    Misconfigured(String),
    /// Never try it again, and all others have to wait as after [`Self::Misconfigured`]: the third party's words.
    RejectedAndBlocked(String),
}

impl Verdict {
    /// Try it again as the schedule says.
    pub fn retry(why: impl Into<String>) -> Self {
        Self::Retry {
            after_seconds: None,
            why: why.into(),
        }
    }

    /// Its name, as attempts show it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Delivered | Self::DeliveredWithWarning(_) => "delivered",
            Self::Retry { .. } | Self::RetryAtMost { .. } => "retry",
            Self::Resend | Self::ResendAlone => "resend",
            Self::Rejected(_) | Self::RejectedAndBlocked(_) => "rejected",
            Self::Misconfigured(_) => "misconfigured",
        }
    }
}

/// The same verdict for each of the records.
pub fn all(sending: &Sending<'_>, verdict: &Verdict) -> Judgement {
    Judgement::Verdicts(vec![verdict.clone(); sending.records.len()])
}

/// What a status means for most third parties: 2xx delivered; 401 and 403 misconfigured; 408, 429 and 5xx and no
/// answer at all tried again; the rest, redirects too, rejected.
pub fn by_status(answer: Option<&Answer>) -> Verdict {
    match answer {
        Some(answer) => by_this_status(answer.status, answer),
        None => Verdict::retry("no answer"),
    }
}

/// What an answer means for most third parties, if this is its status.
pub fn by_this_status(status: u16, answer: &Answer) -> Verdict {
    match status {
        200..=299 => Verdict::Delivered,
        401 | 403 => Verdict::Misconfigured(answer.words()),
        408 | 429 | 500.. => Verdict::retry(answer.words()),
        _ => Verdict::Rejected(answer.words()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_an_answer_are_one_line_of_at_most_300_characters() {
        let words = |body: &str| {
            let body = body.to_owned();
            Answer { status: 400, body }.words()
        };
        assert_eq!(words(" a\r\n\tb  c\n"), "400 a b c");
        assert_eq!(words(""), "400");
        assert_eq!(words(&"é".repeat(301)), format!("400 {}", "é".repeat(300)));
    }
}
