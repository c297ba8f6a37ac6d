//! `bursar bench-outbound`: the outbound client alone, for `cargo xtask bench`.

use std::time::{Duration, Instant};

use bursar_domain::integrations::Request;
use futures_util::future::try_join_all;

use super::Failure;
use crate::outbound::{Outbound, SendError};

/// How many requests are under way at a time.
const IN_FLIGHT: usize = 64;
/// As long as a usual event of a third party.
const BODY: usize = 1_024;

/// Requests in a second.
pub async fn run(url: &str, seconds: u64) -> Result<f64, Failure> {
    let outbound = Outbound::new(true)?;
    let request = Request::post_json(url.to_owned(), "x".repeat(BODY));
    let (begin, time) = (Instant::now(), Duration::from_secs(seconds));
    let lines = (0..IN_FLIGHT).map(|_| {
        let (outbound, request) = (outbound.clone(), request.clone());
        tokio::spawn(async move {
            let mut done = 0_u32;
            while begin.elapsed() < time {
                outbound.send(request.clone(), 0).await?;
                done += 1;
            }
            Ok::<_, SendError>(done)
        })
    });
    let mut all = 0;
    for done in try_join_all(lines).await? {
        all += done?;
    }
    Ok(f64::from(all) / begin.elapsed().as_secs_f64())
}
