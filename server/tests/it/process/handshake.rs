//! A server that is killed while a receiver is asked whether it is one.

use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::support::backend::SHARED;
use crate::support::program::Program;
use crate::support::running::{Running, server};
use crate::support::vendor::{Manner, Vendor};

/// Longer than an answer may take.
const LIMIT: Duration = Duration::from_secs(15);

/// The webhook of the program's app as the administration shows it.
fn shown(program: &Program, running: &Running, path: &str) -> Value {
    let answer = program.admin(running).call("GET", path, &[], "").unwrap();
    serde_json::from_str(&answer.body).unwrap()
}

#[test]
fn a_handshake_that_a_kill_cut_off_is_made_anew_by_the_next_start() {
    for backend in SHARED {
        let runtime = Runtime::new().unwrap();
        let vendor = runtime.block_on(Vendor::with(|_, number| match number {
            0 => Manner::Silent,
            _ => Manner::Answers(200, "{}"),
        }));
        let mut program = Program::on(backend, server());
        let running = program.start();
        let path = format!("/admin/v1/apps/{}/integrations/webhook", program.app_id);
        let settings = json!({"enabled": true, "settings": {"urls": {"production": vendor.url}}});
        let mut admin = program.admin(&running);
        let save = admin.request("PUT", &path, &[], &settings.to_string());
        admin.send(&save).unwrap();
        runtime.block_on(vendor.until_count(1));
        running.kill();
        let running = program.start();
        let began = Instant::now();
        while shown(&program, &running, &path)["status"] != "ok" {
            let body = shown(&program, &running, &path);
            assert!(began.elapsed() < LIMIT, "{backend:?}: {body}");
            thread::sleep(Duration::from_millis(10));
        }
        assert_eq!(vendor.count(), 2, "{backend:?}");
        running.kill();
    }
}
