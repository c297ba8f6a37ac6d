//! What is kept of requests and answers: personal data masked. Secrets never come here: what is kept is made with
//! masked settings.

use bursar_domain::integrations::settings::MASK;
use bursar_domain::integrations::{Customer, Integration, Request, Settings, personal};
use serde_json::json;

/// So much of an answer is kept.
const KEPT: usize = 4 * 1024;

/// The values that may not be kept, the longest first.
#[derive(Debug, Clone)]
pub struct Mask(Vec<String>);

/// An app's secrets for an integration, which an answer may repeat.
#[derive(Clone)]
pub struct Secrets(Vec<String>);

impl Secrets {
    /// Those of these settings.
    pub fn of(integration: &Integration, settings: &Settings) -> Self {
        let (_, secrets) = settings.split(integration.settings);
        let mut secrets: Vec<String> = secrets.into_values().collect();
        // One may stand in another.
        secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        Self(secrets)
    }

    /// The text without them.
    pub fn hide(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for secret in &self.0 {
            if text.contains(secret.as_str()) {
                text = text.replace(secret.as_str(), MASK);
            }
        }
        text
    }
}

impl Mask {
    /// Of nobody: there is nothing personal in it.
    pub fn of_nobody() -> Self {
        Self(Vec::new())
    }

    /// Of this customer.
    pub fn of(customer: &Customer<'_>) -> Self {
        Self(personal::values(customer))
    }

    fn text(&self, text: &str) -> String {
        let mut masked = text.to_owned();
        for value in &self.0 {
            if masked.contains(value.as_str()) {
                masked = masked.replace(value.as_str(), MASK);
            }
        }
        masked
    }

    /// A request as it is kept: JSON.
    pub fn request(&self, request: &Request) -> String {
        let headers: serde_json::Map<_, _> = request
            .headers
            .iter()
            .map(|(name, value)| ((*name).to_owned(), self.text(value).into()))
            .collect();
        json!({
            "method": request.method.as_str(),
            "url": self.text(&request.url),
            "headers": headers,
            "body": self.text(&request.body),
        })
        .to_string()
    }

    /// An answer as it is kept: its begin.
    pub fn answer(&self, body: &str) -> String {
        let mut end = body.len().min(KEPT);
        while !body.is_char_boundary(end) {
            end -= 1;
        }
        self.text(&body[..end]).replace('\0', "\u{fffd}")
    }
}
