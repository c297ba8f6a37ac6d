//! An installation: commands and servers of its own, as programs, in an environment without settings.

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use bursar::store::{Location, Options};
use serde_json::Value;

use super::backend::{Backend, Folder, fresh_postgres_url};
use super::running::{Running, server};

/// An installation: a folder with settings, and a database.
pub struct Installation {
    pub folder: Folder,
    settings: Vec<String>,
}

impl Installation {
    /// A fresh one on this backend.
    pub async fn on(backend: Backend) -> Self {
        if backend == Backend::Postgres {
            return Self::at(fresh_postgres_url().await);
        }
        let folder = Folder::new();
        let settings = vec!["--data-dir".into(), folder.0.join("data").display().to_string()];
        Self { folder, settings }
    }

    /// A fresh one on the PostgreSQL at this URL.
    pub fn at(url: String) -> Self {
        let folder = Folder::new();
        let data = folder.0.join("data").display().to_string();
        let settings = vec!["--data-dir".into(), data, "--database".into(), url];
        Self { folder, settings }
    }

    /// The program in this installation, in an environment without any settings.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(server());
        command.env_clear().current_dir(&self.folder.0);
        command.args(args).args(&self.settings);
        command
    }

    /// Runs a command to its end.
    pub fn run(&self, args: &[&str]) -> Output {
        self.command(args).output().unwrap()
    }

    /// Options that open its database.
    pub fn options(&self) -> Options {
        let location = match &self.settings[..] {
            [_, _, _, url] => Location::Postgres(url.clone()),
            _ => Location::SqliteFile(data_file(self, "bursar.db")),
        };
        Options {
            location,
            connections: 4,
        }
    }

    /// What a command that succeeds prints.
    pub fn text(&self, args: &[&str]) -> String {
        let done = self.run(args);
        assert!(done.status.success(), "{args:?}: {}", stderr(&done));
        String::from_utf8(done.stdout).unwrap()
    }

    /// What a command that succeeds prints, as JSON.
    pub fn json(&self, args: &[&str]) -> Value {
        serde_json::from_str(&self.text(&[args, &["--json"]].concat())).unwrap()
    }

    /// What a command that fails says.
    pub fn refused(&self, args: &[&str]) -> String {
        let done = self.run(args);
        assert_eq!(done.status.code(), Some(1), "{args:?}: {}", stdout(&done));
        stderr(&done)
    }

    /// As [`Self::refused`], with this on the command's standard input.
    pub fn refused_with(&self, args: &[&str], input: &str) -> String {
        let mut command = self.command(args);
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut running = command.spawn().unwrap();
        let mut pipe = running.stdin.take().unwrap();
        pipe.write_all(input.as_bytes()).unwrap();
        drop(pipe);
        let done = running.wait_with_output().unwrap();
        assert_eq!(done.status.code(), Some(1), "{args:?}: {}", stdout(&done));
        stderr(&done)
    }

    /// Starts the server on a free port and waits until it is ready.
    pub fn serve(&self) -> Running {
        self.serve_with(&[])
    }

    /// As [`Self::serve`], with these flags too.
    pub fn serve_with(&self, flags: &[&str]) -> Running {
        let usual = ["serve", "--listen", "127.0.0.1:0", "--log-format", "json"];
        let mut command = self.command(&[&usual, flags].concat());
        Running::start(&mut command)
    }
}

pub fn stdout(done: &Output) -> String {
    String::from_utf8_lossy(&done.stdout).into_owned()
}

pub fn stderr(done: &Output) -> String {
    String::from_utf8_lossy(&done.stderr).into_owned()
}

/// The file of a data folder.
pub fn data_file(installation: &Installation, name: &str) -> PathBuf {
    installation.folder.0.join("data").join(name)
}
