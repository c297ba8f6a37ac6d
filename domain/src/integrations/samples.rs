//! What the tests of integrations judge answers for.

use super::{Answer, Integration, Record, Sending, Settings};

/// A request that was sent, with all that it was made of.
pub struct Sent {
    records: Vec<Record>,
    settings: Settings,
    part: &'static str,
    step: u8,
    tries: u32,
}

impl Sent {
    /// As the functions take it.
    pub fn sending(&self) -> Sending<'_> {
        Sending {
            records: &self.records,
            part: self.part,
            settings: &self.settings,
            step: self.step,
            tries: self.tries,
            now: 0,
        }
    }

    /// The same of another part and step.
    pub fn of(self, part: &'static str, step: u8) -> Self {
        Self { part, step, ..self }
    }

    /// The same at a later try, counted from 1.
    pub fn tried(self, tries: u32) -> Self {
        Self { tries, ..self }
    }
}

/// A request with so many empty records of the first part.
pub fn sending(integration: &Integration, records: usize) -> Sent {
    let record = Record {
        route: String::new(),
        body: "{}".into(),
    };
    Sent {
        records: vec![record; records],
        settings: Settings::defaults(integration.settings),
        part: integration.parts[0].name,
        step: 0,
        tries: 1,
    }
}

/// An answer.
pub fn answer(status: u16, body: &str) -> Answer {
    Answer {
        status,
        body: body.into(),
    }
}
