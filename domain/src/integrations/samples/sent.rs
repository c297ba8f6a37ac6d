//! A request that was sent, to judge answers to.

use crate::integrations::{Answer, Integration, Judgement, Record, Request, Sending, Settings, Verdict};

/// A request, with all that it was made of.
pub struct Sent {
    integration: &'static Integration,
    records: Vec<Record>,
    settings: Settings,
    part: &'static str,
    step: u8,
    learned: Option<&'static str>,
}

/// A request of the first part with so many empty records, under the default settings.
pub fn sending(integration: &'static Integration, records: usize) -> Sent {
    let record = Record {
        route: String::new(),
        body: "{}".into(),
    };
    Sent {
        integration,
        records: vec![record; records],
        settings: Settings::defaults(integration.settings),
        part: integration.parts[0].name,
        step: 0,
        learned: None,
    }
}

/// An answer.
pub fn answer(status: u16, body: &str) -> Answer {
    Answer {
        status,
        body: body.into(),
    }
}

impl Sent {
    /// The same of another part and step.
    pub fn of(self, part: &'static str, step: u8) -> Self {
        Self { part, step, ..self }
    }

    /// The same with records of this route.
    pub fn on(mut self, route: &str) -> Self {
        for record in &mut self.records {
            route.clone_into(&mut record.route);
        }
        self
    }

    /// The same with records of these bodies.
    pub fn with(mut self, bodies: &[&str]) -> Self {
        for (record, body) in self.records.iter_mut().zip(bodies) {
            (*body).clone_into(&mut record.body);
        }
        self
    }

    /// The same after this was learned.
    pub fn knowing(self, learned: &'static str) -> Self {
        Self {
            learned: Some(learned),
            ..self
        }
    }

    /// The same under these settings.
    pub fn under(self, settings: Settings) -> Self {
        Self { settings, ..self }
    }

    /// The request itself.
    pub fn request(&self) -> Request {
        (self.integration.request)(&self.sending())
    }

    /// What an answer means; `None`: there was none.
    pub fn judge(&self, answer: Option<&Answer>) -> Judgement {
        (self.integration.judge)(&self.sending(), answer)
    }

    /// What an answer means for each record.
    pub fn verdicts(&self, answer: Option<&Answer>) -> Vec<Verdict> {
        match self.judge(answer) {
            Judgement::Verdicts(verdicts) => verdicts,
            Judgement::Next(step) => panic!("step {step} follows"),
        }
    }

    /// What an answer means for the first record in a word, or the step that follows.
    pub fn verdict(&self, status: u16, body: &str) -> String {
        match self.judge(Some(&answer(status, body))) {
            Judgement::Verdicts(verdicts) => verdicts[0].name().into(),
            Judgement::Next(step) => format!("next {step}"),
        }
    }

    fn sending(&self) -> Sending<'_> {
        Sending {
            records: &self.records,
            part: self.part,
            settings: &self.settings,
            step: self.step,
            learned: self.learned,
            now: 0,
        }
    }
}
