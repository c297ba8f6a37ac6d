//! Stops the server and removes its folder when we are done, however we end.

use std::io;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};

/// Waits until its standard input closes, which the operating system does even for a process that was killed. Then
/// stops the server at once (SIGQUIT: its data is thrown away) and removes the folder.
const SCRIPT: &str = r#"
    cat >/dev/null
    pid_file="$1/data/postmaster.pid"
    pid=$(head -n 1 "$pid_file" 2>/dev/null)
    case "$pid" in
    '' | *[!0-9]*) ;;
    *)
        kill -QUIT "$pid" 2>/dev/null
        tries=0
        while [ -e "$pid_file" ] && kill -0 "$pid" 2>/dev/null && [ "$tries" -lt 100 ]; do
            sleep 0.1
            tries=$((tries + 1))
        done
        ;;
    esac
    rm -rf "$1"
"#;

/// The process that cleans up after us. Ends, and has cleaned up, when dropped.
#[derive(Debug)]
pub(super) struct Guard {
    process: Child,
    hold: Option<ChildStdin>,
}

impl Guard {
    /// Watches over a cluster's folder.
    pub(super) fn over(folder: &Path) -> io::Result<Self> {
        let mut sh = Command::new("/bin/sh");
        sh.args(["-c", SCRIPT, "bursar-postgres-guard"]).arg(folder);
        // A group of its own, so that Ctrl-C does not end it before it has done its work.
        let mut process = sh
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()?;
        let hold = process.stdin.take();
        Ok(Self { process, hold })
    }

    /// Tells it to begin.
    pub(super) fn let_go(&mut self) {
        self.hold = None;
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.let_go();
        // Nothing can be done about an error here; at worst a folder stays behind.
        let _ = self.process.wait();
    }
}
