//! Third parties on real sockets that note what they take, and turn some of it away. Lean: a million requests go through.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use uuid::Uuid;

use super::ledger::{Ledger, Number};
use crate::support::random::Random;

/// What was turned away so often is taken: some of them give up after ten tries.
const MOST_FAILURES: u8 = 6;

/// Starts them and answers their address; the first part of a path is the slug. So many requests of a hundred are turned
/// away, none of which was taken.
pub fn start(ledger: &Arc<Ledger>, turned_away: usize, random: Random) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (ledger, random) = (Arc::clone(ledger), Mutex::new(random));
    // Ends with the tests.
    thread::spawn(move || {
        for socket in listener.incoming().flatten() {
            let (ledger, random) = (Arc::clone(&ledger), random.lock().unwrap().split());
            thread::spawn(move || serve(socket, &ledger, turned_away, random));
        }
    });
    url
}

/// How a request is answered that is not taken. None asks to be left alone for a while: that would stop everything until a
/// test's clock is moved, and not one lane.
const TURNED_AWAY: [&str; 3] = [
    "HTTP/1.1 500 x\r\ncontent-length: 0\r\n\r\n",
    "HTTP/1.1 429 x\r\ncontent-length: 0\r\n\r\n",
    // Closed without an answer.
    "",
];
const FINE: &str =
    "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 16\r\n\r\n{\"success\":true}";

fn serve(socket: TcpStream, ledger: &Ledger, turned_away: usize, mut random: Random) -> Option<()> {
    socket.set_nodelay(true).ok()?;
    let mut socket = BufReader::with_capacity(64 * 1024, socket);
    loop {
        let request = Request::read(&mut socket)?;
        let numbers = Number::all_in(&request.body);
        let fails =
            !numbers.is_empty() && random.in_hundred(turned_away) && may_fail(&request, &numbers, ledger);
        let answer = if fails {
            *random.pick(&TURNED_AWAY)
        } else {
            let ids = request.ids(numbers.len());
            for (place, number) in numbers.iter().enumerate() {
                ledger.take(&request.slug, *number, ids.get(place).copied());
            }
            FINE
        };
        socket.get_mut().write_all(answer.as_bytes()).ok()?;
        if answer.is_empty() {
            return None;
        }
    }
}

fn may_fail(request: &Request, numbers: &[Number], ledger: &Ledger) -> bool {
    let mut taken = ledger.of(&request.slug);
    let fails = numbers
        .iter()
        .all(|number| taken.event(*number).failures < MOST_FAILURES);
    for number in numbers.iter().filter(|_| fails) {
        taken.event(*number).failures += 1;
        taken.turned_away += 1;
    }
    fails
}

struct Request {
    slug: String,
    webhook_id: Option<Uuid>,
    body: String,
}

impl Request {
    /// Reads the next one; `None` at the end of the connection.
    fn read(socket: &mut BufReader<TcpStream>) -> Option<Self> {
        let mut line = String::new();
        let mut next = |line: &mut String| {
            line.clear();
            socket.read_line(line).ok().filter(|read| *read > 0)
        };
        next(&mut line)?;
        let slug = line.split('/').nth(1)?.split([' ', '?']).next()?.to_owned();
        let (mut length, mut webhook_id) = (0, None);
        while next(&mut line)? > 2 {
            let (name, value) = line.split_once(": ")?;
            if name.eq_ignore_ascii_case("content-length") {
                length = value.trim().parse().ok()?;
            } else if name.eq_ignore_ascii_case("webhook-id") {
                webhook_id = value.trim().parse().ok();
            }
        }
        let mut body = vec![0; length];
        socket.read_exact(&mut body).ok()?;
        Some(Self {
            slug,
            webhook_id,
            body: String::from_utf8(body).ok()?,
        })
    }

    /// What repeats of so many events are told by, in their order; nothing where the third party has no such thing.
    fn ids(&self, events: usize) -> Vec<Uuid> {
        const INSERT_ID: &str = "\"insert_id\":\"";
        if self.webhook_id.is_some() {
            return self.webhook_id.into_iter().collect();
        }
        let after = self.body.split(INSERT_ID).skip(1);
        let ids: Vec<Uuid> = after.filter_map(|rest| rest.get(..36)?.parse().ok()).collect();
        assert!(ids.is_empty() || ids.len() == events, "{}", self.body);
        ids
    }
}
