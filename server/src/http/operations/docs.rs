//! `/docs`: the API as a page. It reads `/openapi.json`, and loads nothing from elsewhere.

use bytes::Bytes;

use crate::actions::Reply;
use crate::http::call::Call;
use crate::http::error::ApiError;

/// The media type of the page.
pub const HTML: &str = "text/html; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";
const STYLE: &str = "text/css; charset=utf-8";

const PAGE: &str = include_str!("docs/index.html");

/// Name, media type and text of what the page consists of.
const ASSETS: &[(&str, &str, &str)] = &[
    ("app.css", STYLE, include_str!("docs/app.css")),
    ("app.js", SCRIPT, include_str!("docs/app.js")),
    ("code.js", SCRIPT, include_str!("docs/code.js")),
    ("dom.js", SCRIPT, include_str!("docs/dom.js")),
    ("schema.js", SCRIPT, include_str!("docs/schema.js")),
    ("try.js", SCRIPT, include_str!("docs/try.js")),
];

/// What keeps the page to itself: a script from elsewhere, or one put into a value, does not run.
const HEADERS: &[(&str, &str)] = &[
    (
        "content-security-policy",
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; \
         base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    ("cache-control", "no-cache"),
];

/// `GET /docs`: the page.
pub fn page() -> Reply {
    reply(HTML, PAGE)
}

/// `GET /docs/{file}`: its style sheet or a script.
pub fn asset(call: &Call) -> Result<Reply, ApiError> {
    let wanted = call.path.first().map_or("", String::as_str);
    let found = ASSETS.iter().find(|(name, ..)| *name == wanted);
    let (_, kind, text) = found.ok_or(ApiError::NoSuchPath)?;
    Ok(reply(kind, text))
}

fn reply(content_type: &'static str, text: &'static str) -> Reply {
    Reply {
        status: 200,
        content_type,
        headers: HEADERS,
        body: Bytes::from_static(text.as_bytes()),
    }
}
