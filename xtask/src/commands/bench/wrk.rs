//! Runs wrk: 64 kept connections, one thread, as many requests as are answered.

use std::process::Command;

use super::BenchError;
use super::client::IDENTIFIERS;
use super::server::{Filled, Server};
use crate::processes::output;

/// What one run gave.
#[derive(Debug, Clone, Copy)]
pub struct Run {
    /// Answers per second.
    pub per_second: f64,
    /// Answers.
    pub requests: u64,
}

/// What is sent.
#[derive(Debug, Clone, Copy)]
pub struct Load {
    method: &'static str,
    path: &'static str,
    form: &'static str,
}

/// Parses the body, answers a fixed profile.
pub const NOOP: Load = Load {
    method: "POST",
    path: "/bench/noop",
    form: "changing",
};
/// Appends the body to a synced log.
pub const LOG: Load = Load {
    method: "POST",
    path: "/bench/log",
    form: "changing",
};
/// Sets ever-new identifiers.
pub const DURABLE: Load = Load {
    method: "POST",
    path: IDENTIFIERS,
    form: "changing",
};
/// Sets the identifiers that each profile has already.
pub const EQUAL: Load = Load {
    method: "POST",
    path: IDENTIFIERS,
    form: "equal",
};
/// Reads profiles.
pub const READ: Load = Load {
    method: "GET",
    path: "/api/v2/server-side-api/profile/",
    form: "none",
};

/// Renews chains at random.
pub const RENEW: Load = Load {
    method: "POST",
    path: TRANSACTION,
    form: "renewal",
};
/// Switches renewing of one profile's last transaction off and on.
pub const SWITCH_ONE: Load = Load {
    method: "POST",
    path: TRANSACTION,
    form: "one",
};
/// Reads one profile.
pub const READ_ONE: Load = Load { form: "one", ..READ };
const TRANSACTION: &str = "/api/v2/server-side-api/purchase/set/transaction/";

/// How many connections are kept.
pub const CONNECTIONS: usize = 64;

/// Sends `load` for so many seconds. Fails if a single answer is not 2xx.
pub fn run(filled: &Filled, server: &Server, load: Load, seconds: u64) -> Result<Run, BenchError> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/bench/requests.lua");
    let mut wrk = Command::new("wrk");
    wrk.args([
        "-t1",
        &format!("-c{CONNECTIONS}"),
        &format!("-d{seconds}s"),
        "-s",
        script,
    ]);
    wrk.arg(format!("http://{}", server.address)).arg("--");
    wrk.args([
        &filled.key,
        load.method,
        load.path,
        &filled.profiles.to_string(),
        load.form,
    ]);
    let text = output(&mut wrk)?;
    let line = text.lines().find_map(|line| line.strip_prefix("RESULT "));
    let result: serde_json::Value = line
        .and_then(|line| serde_json::from_str(line).ok())
        .ok_or_else(|| BenchError::Unexpected(format!("wrk told nothing: {text}")))?;
    let number = |name: &str| result[name].as_f64().unwrap_or_default();
    if number("not_2xx") + number("socket_errors") > 0.0 || number("duration_us") == 0.0 {
        return Err(BenchError::Unexpected(format!(
            "not every request was answered well: {result}"
        )));
    }
    Ok(Run {
        per_second: number("requests") / number("duration_us") * 1e6,
        requests: result["requests"].as_u64().unwrap_or_default(),
    })
}
