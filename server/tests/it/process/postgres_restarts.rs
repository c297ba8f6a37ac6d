//! PostgreSQL goes away and comes back under load.

use std::thread;
use std::time::{Duration, Instant};

use xtask::postgres::Cluster;

use super::judge::{Ending, Judge};
use crate::support::client::Client;
use crate::support::program::Program;
use crate::support::running::server;
use crate::support::server::{IDENTIFIERS, PROFILE, USER};

const BACK_LIMIT: Duration = Duration::from_secs(5);

/// How long it takes until a read and a write succeed.
fn works_after(client: &mut Client) -> Duration {
    let started = Instant::now();
    let mut works = || {
        let body = format!(r#"{{"branch_id":"{:?}"}}"#, started.elapsed());
        let write = client.call("POST", IDENTIFIERS, &[USER], &body).unwrap();
        let read = client.call("GET", IDENTIFIERS, &[USER], "").unwrap();
        for answer in [&write, &read] {
            let is_known = answer.status == 200 || answer.status == 503 && answer.retry_after;
            assert!(is_known, "{answer:?}");
        }
        (write.status, read.status) == (200, 200)
    };
    while !works() {
        assert!(started.elapsed() < BACK_LIMIT, "it does not work again");
        thread::sleep(Duration::from_millis(20));
    }
    started.elapsed()
}

#[test]
fn restarts_of_postgres_under_load_lose_nothing() {
    let mut cluster = Cluster::start().unwrap();
    let mut program = Program::with_database(Some(cluster.url().to_owned()), server());
    let running = program.start();
    let mut client = program.client(&running);
    client.call("POST", PROFILE, &[USER], "").unwrap();
    let judge = Judge::new(&mut client);
    let pauses = [0, 0, 300, 1_500, 7_000];
    for pause_ms in pauses {
        let (back_after, endings) = judge.load(&program, &running, || {
            thread::sleep(Duration::from_millis(500));
            cluster.stop().unwrap();
            thread::sleep(Duration::from_millis(pause_ms));
            cluster.restart().unwrap();
            let back_after = works_after(&mut client);
            thread::sleep(Duration::from_millis(300));
            back_after
        });
        eprintln!("away for {pause_ms} ms, works again after {back_after:?}");
        for ending in endings {
            if let Ending::NoAnswer(_, error) = ending {
                panic!("no answer: {}", error.error);
            }
        }
        let losses = judge.losses(&program, &running);
        assert!(losses.is_empty(), "{losses:#?}");
    }
    eprintln!(
        "{} acknowledged, {} refused",
        judge.acknowledged(),
        judge.refused()
    );
    assert!(
        judge.refused() > 0,
        "the outages were too short to be seen: this proves nothing"
    );
    running.assert_no_panic();
    for looked_at in [
        "apps and keys could not be looked at",
        "what is due could not be handled",
    ] {
        let told = running.lines_with(looked_at).len();
        assert!((1..=pauses.len()).contains(&told), "{told} times: {looked_at}");
    }
    let over = running.lines_with("apps and keys are looked at again");
    assert!(!over.is_empty(), "nobody is told that it is over");
}
