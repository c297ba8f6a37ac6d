//! The way of the log's lines to standard error. Where nobody reads that, or it takes nothing, lines are lost, and counted;
//! nobody who writes them is held up for longer than a moment.

use std::io::{self, StderrLock, Write};
use std::sync::{LazyLock, Mutex, PoisonError};
use std::time::{Duration, Instant};

use prometheus_client::metrics::counter::Counter;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

/// A pipe that can be written to at all takes so many bytes at once (`PIPE_BUF`); a terminal may take less, and hold up who
/// writes while somebody has stopped it.
const PIECE: usize = 4096;
/// How long a line waits for a reader who does not keep up.
const PATIENCE: Duration = Duration::from_secs(1);
/// So long after a loss no line waits.
const IMPATIENCE: Duration = Duration::from_secs(60);

/// The lines that were lost since the program began.
pub static LOST: LazyLock<Counter> = LazyLock::new(Counter::default);

static STATE: Mutex<State> = Mutex::new(State {
    lost: 0,
    lost_at: None,
    is_cut: false,
    is_telling: false,
});

struct State {
    /// How many lines were lost that the log has not told of.
    lost: u64,
    /// When the last of them was lost.
    lost_at: Option<Instant>,
    /// Was a part of a line written, and its end not?
    is_cut: bool,
    /// Is the line being written that tells of those that were lost?
    is_telling: bool,
}

/// Takes each line as a whole, in one piece.
pub struct Lines;

impl Write for Lines {
    /// Never fails: there is nobody who could be told.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        // Whoever has this lock may take it once more, as the line does that tells of lost ones.
        let mut stderr = io::stderr().lock();
        let mut state = STATE.lock().unwrap_or_else(PoisonError::into_inner);
        if state.is_telling {
            if state.put(&mut stderr, line) {
                state.lost = 0;
            }
            return Ok(line.len());
        }
        let lost = state.lost;
        if lost > 0 && takes_more(&stderr, Duration::ZERO) {
            state.is_telling = true;
            drop(state);
            tracing::error!(
                lost,
                "{lost} lines of the log were lost: standard error did not take them"
            );
            state = STATE.lock().unwrap_or_else(PoisonError::into_inner);
            state.is_telling = false;
        }
        if !state.put(&mut stderr, line) {
            state.lost += 1;
            state.lost_at = Some(Instant::now());
            LOST.inc();
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl State {
    /// Writes a line; `false`: not the whole of it was taken.
    fn put(&mut self, stderr: &mut StderrLock<'_>, line: &[u8]) -> bool {
        let is_stuck = self.lost > 0 || self.lost_at.is_some_and(|at| at.elapsed() < IMPATIENCE);
        let until = Instant::now() + if is_stuck { Duration::ZERO } else { PATIENCE };
        let end_of_last = if self.is_cut { &b"\n"[..] } else { b"" };
        for mut piece in std::iter::once(end_of_last).chain(line.chunks(PIECE)) {
            while !piece.is_empty() {
                if !takes_more(stderr, until.saturating_duration_since(Instant::now())) {
                    return false;
                }
                match stderr.write(piece) {
                    Ok(0) => return false,
                    Ok(taken) => piece = &piece[taken..],
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                    Err(_) => return false,
                }
                self.is_cut = true;
            }
        }
        self.is_cut = false;
        true
    }
}

/// Can be written to it without a wait, by when patience ends?
fn takes_more(stderr: &StderrLock<'_>, patience: Duration) -> bool {
    let patience = Timespec::try_from(patience).ok();
    loop {
        let mut asked = [PollFd::new(stderr, PollFlags::OUT)];
        match poll(&mut asked, patience.as_ref()) {
            // A signal came.
            Err(Errno::INTR) => {}
            Ok(0) => return false,
            // What cannot be asked may be written to.
            Ok(_) | Err(_) => return true,
        }
    }
}
