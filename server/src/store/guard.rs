//! The end of a program that could not do its work any more.
//!
//! What a writer does nobody else does: without it every change would be refused until somebody looks. So a panic there ends
//! the program, and whatever started it starts it again.

use std::panic::{AssertUnwindSafe, catch_unwind};

use futures_util::FutureExt;

/// Runs the work of a thread; a panic ends the program.
pub(super) fn run(who: &'static str, work: impl FnOnce()) {
    if catch_unwind(AssertUnwindSafe(work)).is_err() {
        end_program(who);
    }
}

/// Runs the work of a task; a panic ends the program.
pub(super) async fn run_task(who: &'static str, work: impl Future<Output = ()>) {
    if AssertUnwindSafe(work).catch_unwind().await.is_err() {
        end_program(who);
    }
}

fn end_program(who: &str) -> ! {
    tracing::error!(
        "the {who} panicked: the program ends and loses nothing that was answered, if it is started again"
    );
    std::process::exit(1)
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    /// With which code a program ends that runs this test of ours.
    fn ends_with(test: &str) -> Option<i32> {
        let program = std::env::current_exe().expect("this program has a file");
        let name = format!("store::guard::tests::{test}");
        let ran = Command::new(program)
            .args(["--ignored", "--exact", &name])
            .output();
        ran.expect("it runs").status.code()
    }

    #[test]
    fn a_panic_of_a_thread_or_a_task_that_is_needed_ends_the_program() {
        assert_eq!(ends_with("in_a_thread"), Some(1));
        assert_eq!(ends_with("in_a_task"), Some(1));
        assert_eq!(ends_with("in_peace"), Some(0));
    }

    #[test]
    #[ignore = "it ends the program; the test above runs it"]
    fn in_a_thread() {
        let thread = std::thread::spawn(|| run("writer", || panic!("as a fault would")));
        drop(thread.join());
    }

    #[tokio::test]
    #[ignore = "it ends the program; the test above runs it"]
    async fn in_a_task() {
        let work = async {
            tokio::task::yield_now().await;
            panic!("as a fault would");
        };
        drop(tokio::spawn(run_task("writer", work)).await);
    }

    #[tokio::test]
    #[ignore = "the test above runs it"]
    async fn in_peace() {
        run("writer", || {});
        run_task("writer", async {}).await;
    }
}
