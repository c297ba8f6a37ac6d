//! How often what is to be written of claimed lanes is tried again while the database is away.

use std::time::Duration;

use super::Workers;

/// How many milliseconds pass from try to try: half a lease in all, because the other half may have gone by before.
const PAUSES: [u64; 7] = [100, 400, 1_000, 2_000, 4_000, 8_000, 14_500];

/// The pauses between tries.
pub struct Pauses<'w> {
    workers: &'w Workers,
    left: std::slice::Iter<'static, u64>,
}

impl<'w> Pauses<'w> {
    /// All of them.
    pub fn of(workers: &'w Workers) -> Self {
        Self {
            workers,
            left: PAUSES.iter(),
        }
    }

    /// Rests until the next try. Answers whether there is one: a stop ends the rest, and lets no other follow that try.
    pub async fn rest(&mut self) -> bool {
        if self.workers.is_stopping() {
            return false;
        }
        let Some(pause) = self.left.next() else {
            return false;
        };
        self.workers.rest(Duration::from_millis(*pause)).await;
        true
    }
}
