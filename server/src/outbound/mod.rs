//! The one place that opens connections to the world: third parties and the owner's webhook.
//!
//! Redirects are not followed, no proxy is taken from the environment, and an answer has ten seconds and 64 KiB.

pub mod guard;
mod resolver;

use std::net::IpAddr;
use std::num::IntErrorKind;
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use bursar_domain::integrations::{Answer, Method, Request};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::header::{HeaderMap, RETRY_AFTER, USER_AGENT};
use hyper::{Response, Uri};
use hyper_rustls::{HttpsConnectorBuilder, MaybeHttpsStream};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use jiff::fmt::rfc2822;
use tokio::net::TcpStream;
use tower::BoxError;
use tower::timeout::Timeout;
use tower::util::BoxCloneSyncService;

use crate::store::error::with_causes;
use crate::tls;
use resolver::{Names, Resolver};

/// How long a whole answer may take.
pub const TIMEOUT: Duration = Duration::from_secs(10);
/// How long finding the name, connecting and TLS may take together: nothing has been sent then, so it is tried again.
const READY_TIMEOUT: Duration = Duration::from_secs(8);
/// How long connecting alone may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long an idle connection is kept.
const IDLE: Duration = Duration::from_secs(30);
/// So much of an answer is read.
const MAX_ANSWER: usize = 64 * 1024;
const USER: &str = concat!("Bursar/", env!("CARGO_PKG_VERSION"));

/// Asks for the address, connects and does what TLS asks for, all within [`READY_TIMEOUT`].
type Connector = BoxCloneSyncService<Uri, MaybeHttpsStream<TokioIo<TcpStream>>, BoxError>;

/// Sends requests.
#[derive(Clone)]
pub struct Outbound {
    client: Client<Connector, Full<Bytes>>,
    allow_private: bool,
}

/// What came back.
#[derive(Debug)]
pub struct Received {
    /// The answer.
    pub answer: Answer,
    /// How long the third party asks to be left alone, in seconds.
    pub retry_after: Option<i64>,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// It is not to be sent there.
    #[error("the address is not allowed: {0}")]
    Forbidden(&'static str),
    /// The request cannot be written.
    #[error("the request cannot be made: {0}")]
    Request(#[from] hyper::http::Error),
    /// There was no connection: nothing has arrived.
    #[error("{0}")]
    Unreachable(String),
    /// The connection broke: what was sent may have arrived.
    #[error("{0}")]
    Connection(String),
    /// It took too long.
    #[error("no whole answer within {} s", TIMEOUT.as_secs())]
    TimedOut,
}

impl Outbound {
    /// A client. With `allow_private` it also connects to private, loopback and link-local addresses.
    pub fn new(allow_private: bool) -> Result<Self, rustls::Error> {
        Self::resolving(allow_private, Names::System)
    }

    /// As [`Self::new`], where names mean what `names` says rather than the system.
    pub fn with_names(
        allow_private: bool,
        names: impl Fn(&str) -> Vec<IpAddr> + Send + Sync + 'static,
    ) -> Result<Self, rustls::Error> {
        Self::resolving(allow_private, Names::Said(Arc::new(names)))
    }

    fn resolving(allow_private: bool, names: Names) -> Result<Self, rustls::Error> {
        let mut http = HttpConnector::new_with_resolver(Resolver { allow_private, names });
        http.enforce_http(false);
        http.set_nodelay(true);
        // Divided among the addresses of a name: of several one may be silent.
        http.set_connect_timeout(Some(CONNECT_TIMEOUT));
        let https = HttpsConnectorBuilder::new()
            .with_tls_config(tls::config()?)
            .https_or_http()
            .enable_http1()
            .wrap_connector(http);
        let client = Client::builder(TokioExecutor::new())
            .pool_idle_timeout(IDLE)
            .pool_timer(TokioTimer::new())
            // Old servers write so. Were their answers none, what they have taken would be sent again.
            .http1_allow_obsolete_multiline_headers_in_responses(true)
            .http1_allow_spaces_after_header_name_in_responses(true)
            .build(Connector::new(Timeout::new(https, READY_TIMEOUT)));
        Ok(Self {
            client,
            allow_private,
        })
    }

    /// Does it also connect to private addresses?
    pub fn allows_private(&self) -> bool {
        self.allow_private
    }

    /// Sends a request and reads the answer's beginning. `now`, in microseconds, is what a date in `Retry-After` counts
    /// from.
    pub async fn send(&self, request: Request, now: i64) -> Result<Received, SendError> {
        let request = self.prepare(request)?;
        let answered = tokio::time::timeout(TIMEOUT, self.exchange(request));
        let (status, headers, body) = answered.await.map_err(|_| SendError::TimedOut)??;
        Ok(Received {
            answer: Answer { status, body },
            retry_after: retry_after(&headers, now),
        })
    }

    fn prepare(&self, request: Request) -> Result<hyper::Request<Full<Bytes>>, SendError> {
        let uri: Uri = request.url.parse().map_err(hyper::http::Error::from)?;
        if !self.allow_private {
            guard::check_host(uri.host().unwrap_or_default()).map_err(SendError::Forbidden)?;
        }
        let mut builder = hyper::Request::builder()
            .method(method(request.method))
            .uri(uri)
            .header(USER_AGENT, USER);
        for (name, value) in request.headers {
            builder = builder.header(name, value.as_ref());
        }
        Ok(builder.body(Full::from(request.body))?)
    }

    async fn exchange(
        &self,
        request: hyper::Request<Full<Bytes>>,
    ) -> Result<(u16, HeaderMap, String), SendError> {
        let sent = self.client.request(request).await;
        let answer = sent.map_err(|error| match error.is_connect() {
            true => SendError::Unreachable(with_causes(&error)),
            false => SendError::Connection(with_causes(&error)),
        })?;
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        Ok((status, headers, read(answer).await?))
    }
}

/// The body's beginning as text.
async fn read(answer: Response<Incoming>) -> Result<String, SendError> {
    let mut body = answer.into_body();
    let mut bytes = Vec::new();
    while bytes.len() < MAX_ANSWER
        && let Some(frame) = body.frame().await
    {
        let frame = frame.map_err(|error| SendError::Connection(with_causes(&error)))?;
        if let Ok(data) = frame.into_data() {
            bytes.extend_from_slice(&data[..data.len().min(MAX_ANSWER - bytes.len())]);
        }
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn method(method: Method) -> hyper::Method {
    match method {
        Method::Get => hyper::Method::GET,
        Method::Post => hyper::Method::POST,
        Method::Put => hyper::Method::PUT,
        Method::Patch => hyper::Method::PATCH,
    }
}

/// `Retry-After` in seconds: a number, or a date in any of HTTP's three forms. Source: RFC 9110, sections 10.2.3 and 5.6.7.
/// What lies beyond a day is a day. `RetryAfter` is OneSignal's older spelling.
fn retry_after(headers: &HeaderMap, now: i64) -> Option<i64> {
    const MOST: i64 = 24 * 60 * 60;
    let text = headers
        .get(RETRY_AFTER)
        .or_else(|| headers.get("retryafter"))?
        .to_str()
        .ok()?
        .trim();
    let seconds = match text.parse::<u32>() {
        Ok(seconds) => i64::from(seconds),
        Err(error) if *error.kind() == IntErrorKind::PosOverflow => MOST,
        Err(_) => (date(text)? * 1_000_000 - now).div_euclid(1_000_000) + 1,
    };
    Some(seconds.clamp(0, MOST))
}

/// A date of HTTP in seconds since 1970.
fn date(text: &str) -> Option<i64> {
    let date = rfc2822::parse(text).map(|date| date.timestamp().as_second());
    date.ok().or_else(|| {
        let since = httpdate::parse_http_date(text)
            .ok()?
            .duration_since(UNIX_EPOCH)
            .ok()?;
        i64::try_from(since.as_secs()).ok()
    })
}

#[cfg(test)]
mod tests {
    use hyper::header::HeaderName;

    use super::*;

    #[test]
    fn retry_after_is_a_number_or_a_date() {
        let of = |value: &str| {
            let headers = HeaderMap::from_iter([(RETRY_AFTER, value.parse().unwrap())]);
            retry_after(&headers, 784_111_777_000_000)
        };
        assert_eq!(of("120"), Some(120));
        assert_eq!(of("Sun, 06 Nov 1994 08:50:37 GMT"), Some(61));
        assert_eq!(of("Sun, 06 Nov 1994 08:49:37 GMT"), Some(1));
        assert_eq!(of("Sun, 06 Nov 1994 07:49:37 GMT"), Some(0));
        assert_eq!(
            of("Sunday, 06-Nov-94 08:50:37 GMT"),
            Some(61),
            "as RFC 850 has it"
        );
        assert_eq!(
            of("Sun Nov  6 08:50:37 1994"),
            Some(61),
            "as C's asctime() has it"
        );
        assert_eq!((of("-5"), of("1.5")), (None, None));
        assert_eq!(of("0"), Some(0));
        assert_eq!(of("99999999"), Some(86_400));
        // What no number here and no date can hold is far off too.
        assert_eq!(of("99999999999999999999999999"), Some(86_400));
        assert_eq!(of("Fri, 31 Dec 9999 23:59:59 GMT"), Some(86_400));
        assert_eq!(of("Thu, 01 Jan 1970 00:00:00 GMT"), Some(0));
        assert_eq!(of("soon"), None);
        let headers = HeaderMap::from_iter([(HeaderName::from_static("retryafter"), "7".parse().unwrap())]);
        assert_eq!(retry_after(&headers, 0), Some(7), "OneSignal's spelling");
    }
}
