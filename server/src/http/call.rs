//! A request that has been let in, and what handlers read from it.

use std::sync::Arc;

use axum::http::HeaderMap;
use axum::http::header::HeaderName;
use bursar_domain::json::Object;
use bursar_domain::profile::Refusal;
use bursar_domain::profile::installation::HEADER_PLATFORMS;
use bursar_domain::profile::selector::{CUSTOMER_HEADER, PROFILE_HEADER, Selector};
use bytes::Bytes;
use uuid::Uuid;

use super::error::ApiError;
use super::route::Route;
use crate::actions::profiles::Request;
use crate::actions::remember::Remember;
use crate::directory::{AdminToken, ApiKey, App};
use crate::keys::KeyKind;
use crate::state::AppState;
use crate::vault::digest;

const PLATFORM_HEADER: &str = "adapty-platform";
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// Who calls.
#[derive(Clone)]
pub enum Caller {
    /// Anybody, on an open route.
    Anybody,
    /// An app, by one of its keys.
    Key(Arc<ApiKey>),
    /// An administrator, by a token.
    Admin(Arc<AdminToken>),
}

/// A request that has been let in.
pub struct Call {
    /// The server.
    pub state: AppState,
    /// Who calls.
    pub caller: Caller,
    /// The route that was found.
    pub route: &'static Route,
    /// Values of the path's parameters, decoded, in their order.
    pub path: Vec<String>,
    /// The query string.
    pub query: Option<String>,
    /// The request's headers.
    pub headers: HeaderMap,
    /// The body, decompressed; empty on methods without one.
    pub body: Bytes,
    /// When it had come, its body too.
    pub now: i64,
}

impl Call {
    /// The app of the caller's key.
    ///
    /// # Panics
    /// On a route whose access is not by key.
    pub fn app(&self) -> &Arc<App> {
        match &self.caller {
            Caller::Key(key) => &key.app,
            Caller::Anybody | Caller::Admin(_) => unreachable!("the route lets in keys only"),
        }
    }

    /// The body as a JSON object.
    pub fn json(&self) -> Result<Object<'_>, ApiError> {
        Ok(Object::parse(&self.body)?)
    }

    /// Which profile the headers mean.
    pub fn selector(&self) -> Result<Selector, Refusal> {
        let profile_id = self.text_header(PROFILE_HEADER);
        let customer_id = self.text_header(CUSTOMER_HEADER);
        Selector::new(profile_id.as_deref(), customer_id.as_deref())
    }

    /// A request on the profile that the headers mean.
    pub fn request(&self, selector: Selector) -> Result<Request, ApiError> {
        Ok(Request {
            app: Arc::clone(self.app()),
            selector,
            now: self.now,
            remember: self.remember()?,
        })
    }

    /// The platform of the header, where it is one of the known ones, in the contract's spelling.
    pub fn platform(&self) -> Option<&'static str> {
        let said = self.headers.get(PLATFORM_HEADER)?.to_str().ok()?;
        HEADER_PLATFORMS
            .iter()
            .copied()
            .find(|known| known.eq_ignore_ascii_case(said))
    }

    /// The idempotency key with what the request is, if there is one. Other methods than `POST` have one effect
    /// however often they are sent: on these a key means nothing, and is not looked at.
    pub fn remember(&self) -> Result<Option<Remember>, ApiError> {
        if self.route.method != "POST" {
            return Ok(None);
        }
        let Some(key) = self.headers.get(IDEMPOTENCY_KEY) else {
            return Ok(None);
        };
        let key = key.to_str().map_err(|_| ApiError::BadIdempotencyKey)?;
        if !(1..=255).contains(&key.len()) || !key.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(ApiError::BadIdempotencyKey);
        }
        let (scope, caller) = match &self.caller {
            Caller::Key(key) => (key.app.id.0, Uuid::nil()),
            Caller::Admin(token) => (Uuid::nil(), token.id),
            Caller::Anybody => (Uuid::nil(), Uuid::nil()),
        };
        // Everybody has a public key: with it nobody may use up what the app's own servers send. No caller's key holds
        // a space.
        let key = match &self.caller {
            Caller::Key(api_key) if api_key.kind == KeyKind::Public => format!("public {key}"),
            _ => key.to_owned(),
        };
        let header = |name: &str| self.headers.get(name).map_or(&[][..], |value| value.as_bytes());
        let path = self.path.join("/");
        let body: &[u8] = if self.body.is_empty() { b"{}" } else { &self.body };
        let parts = [
            self.route.method.as_bytes(),
            self.route.path.as_bytes(),
            path.as_bytes(),
            caller.as_bytes(),
            header(PROFILE_HEADER),
            header(CUSTOMER_HEADER),
            header(PLATFORM_HEADER),
            body,
        ];
        Ok(Some(Remember {
            scope,
            key,
            fingerprint: digest(&parts),
        }))
    }

    /// A header's bytes as UTF-8, or as Latin-1 where they are not that.
    fn text_header(&self, name: &str) -> Option<String> {
        let bytes = self.headers.get(name)?.as_bytes();
        Some(match std::str::from_utf8(bytes) {
            Ok(text) => text.to_owned(),
            Err(_) => bytes.iter().copied().map(char::from).collect(),
        })
    }
}
