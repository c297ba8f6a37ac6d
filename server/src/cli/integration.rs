//! `bursar integration`.

use std::io::Read;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde_json::{Map, Value};

use super::Failure;
use super::output::Output;
use super::session::{Session, explain};
use super::values;
use crate::admin::fields::repeated;
use crate::admin::integration_test;
use crate::admin::integrations::{self, IntegrationChanges};
use crate::admin::page::Paging;

/// Which integration of which app.
#[derive(Args)]
pub struct Which {
    /// The app's id, or its name
    #[arg(long)]
    app: String,
    /// The integration, such as webhook
    #[arg(value_parser = values::slug())]
    slug: String,
}

#[derive(Subcommand)]
pub enum Command {
    /// List an app's integrations; without an app those that there are
    List {
        /// The app's id, or its name
        #[arg(long)]
        app: Option<String>,
        #[command(flatten)]
        output: Output,
    },
    /// Show an integration's settings, secrets masked
    Show {
        #[command(flatten)]
        which: Which,
        #[command(flatten)]
        output: Output,
    },
    /// Set all of an integration's settings; those that the file lacks take their defaults
    Set {
        #[command(flatten)]
        which: Which,
        /// The settings as a JSON object; `-` is standard input. A masked secret keeps the one that is stored
        #[arg(long)]
        file: PathBuf,
        #[command(flatten)]
        output: Output,
    },
    /// Switch an integration on
    Enable {
        #[command(flatten)]
        which: Which,
        #[command(flatten)]
        output: Output,
    },
    /// Switch an integration off; its settings stay
    Disable {
        #[command(flatten)]
        which: Which,
        #[command(flatten)]
        output: Output,
    },
    /// Test an integration's settings: with requests of its own, or with an event that is marked as a test
    Test {
        #[command(flatten)]
        which: Which,
        #[command(flatten)]
        output: Output,
    },
}

/// Lists the integrations that there are, for which no database is asked.
pub fn catalogue(output: Output) -> Result<(), Failure> {
    output.list(
        &integrations::catalogue(&Paging::all()).map_err(explain)?,
        &["slug", "title", "docs"],
    )
}

pub async fn run(session: &Session, command: Command) -> Result<(), Failure> {
    match command {
        Command::List { app: None, output } => catalogue(output),
        Command::List {
            app: Some(app),
            output,
        } => {
            let app = session.app(&app).await?;
            let all = integrations::list(&session.state, app, &Paging::all())
                .await
                .map_err(explain)?;
            output.list(&all, &["slug", "enabled", "status"])
        }
        Command::Show { which, output } => {
            let app = session.app(&which.app).await?;
            let shown = integrations::find(&session.state, app, &which.slug).await;
            output.one(&shown.map_err(explain)?)
        }
        Command::Set { which, file, output } => {
            let changes = IntegrationChanges {
                settings: Some(read(&file)?),
                ..IntegrationChanges::default()
            };
            change(session, which, changes, output).await
        }
        Command::Enable { which, output } => switch(session, which, true, output).await,
        Command::Disable { which, output } => switch(session, which, false, output).await,
        Command::Test { which, output } => {
            let app = session.app(&which.app).await?;
            let test = integration_test::test(&session.state, session.request(), app, &which.slug).await;
            let test = test.map_err(explain)?;
            output.one(&test)?;
            if test.passed {
                Ok(())
            } else {
                Err("the test has failed".into())
            }
        }
    }
}

async fn switch(session: &Session, which: Which, enabled: bool, output: Output) -> Result<(), Failure> {
    let changes = IntegrationChanges {
        enabled: Some(enabled),
        ..IntegrationChanges::default()
    };
    change(session, which, changes, output).await
}

async fn change(
    session: &Session,
    which: Which,
    changes: IntegrationChanges,
    output: Output,
) -> Result<(), Failure> {
    let app = session.app(&which.app).await?;
    let set = integrations::set(&session.state, session.request(), app, &which.slug, changes).await;
    output.one(&set.map_err(explain)?)
}

fn read(file: &Path) -> Result<Map<String, Value>, Failure> {
    let (text, file) = if file == Path::new("-") {
        let mut text = String::new();
        let read = std::io::stdin().read_to_string(&mut text);
        (read.map(|_| text), "standard input".to_owned())
    } else {
        (std::fs::read_to_string(file), file.display().to_string())
    };
    let text = text.map_err(|error| format!("{file} cannot be read: {error}"))?;
    // Without the reader's reason, in which a secret could stand.
    let settings: Map<String, Value> = serde_json::from_str(&text).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        format!("{file} must hold a JSON object: line {line}, column {column} is wrong")
    })?;
    if let Some(setting) = repeated(text.as_bytes()) {
        return Err(format!("{setting} is given twice in {file}").into());
    }
    if settings.contains_key("settings") {
        return Err(format!("{file} holds more than settings, as `show --json` prints it: give the object under its `settings` alone").into());
    }
    Ok(settings)
}
