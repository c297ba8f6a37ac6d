//! `bursar app`.

use clap::Subcommand;
use serde_json::{Map, Value};

use super::Failure;
use super::output::Output;
use super::session::{Session, explain};
use crate::admin::app_settings::{self, AppChanges};
use crate::admin::apps::{self, AppDraft};
use crate::admin::fields::repeated;
use crate::admin::page::Paging;

#[derive(Subcommand)]
pub enum Command {
    /// Make an app with a secret and a public key, which are shown this once
    Create {
        /// Its name
        name: String,
        #[command(flatten)]
        output: Output,
    },
    /// List the apps
    List {
        #[command(flatten)]
        output: Output,
    },
    /// Change an app's settings; those that are not named stay
    Set {
        /// The app's id, or its name
        app: String,
        /// A setting, nested by dots, and its value as JSON; what is no JSON, or a bare number, is text. `null`: the
        /// default. `name=…` renames the app, and is text
        #[arg(required = true, value_name = "KEY=VALUE", value_parser = pair)]
        settings: Vec<(String, Value)>,
        #[command(flatten)]
        output: Output,
    },
}

pub async fn run(session: &Session, command: Command) -> Result<(), Failure> {
    match command {
        Command::Create { name, output } => {
            let draft = AppDraft { name };
            let made = apps::create(&session.state, session.request(), &draft).await;
            output.reply(&made.map_err(explain)?)
        }
        Command::List { output } => {
            let all = apps::list(&session.state, &Paging::all())
                .await
                .map_err(explain)?;
            output.list(&all, &["app_id", "name", "created_at"])
        }
        Command::Set {
            app,
            settings,
            output,
        } => {
            let (app, changes) = (session.app(&app).await?, changes(settings)?);
            let changed = app_settings::update(&session.state, session.request(), app, changes).await;
            output.one(&changed.map_err(explain)?)
        }
    }
}

fn pair(text: &str) -> Result<(String, Value), String> {
    let (key, value) = text.split_once('=').ok_or("must be KEY=VALUE")?;
    if key.split('.').any(str::is_empty) {
        return Err("KEY must name a setting, nested by dots".into());
    }
    let parsed: Option<Value> = serde_json::from_str(value).ok();
    let is_json = parsed.is_some() && key != "name";
    if let Some(inner) = is_json.then(|| repeated(value.as_bytes())).flatten() {
        return Err(format!("{inner} is set twice in {key}"));
    }
    // Rates and shares are texts, so that they stay exact; of numbers there are only whole ones.
    let value = match parsed {
        Some(Value::Number(number)) if !is_whole_setting(key) || !number.is_u64() => {
            Value::String(value.to_owned())
        }
        Some(parsed) if key != "name" || parsed.is_string() => parsed,
        _ => Value::String(value.to_owned()),
    };
    Ok((key.to_owned(), value))
}

fn is_whole_setting(key: &str) -> bool {
    key == "renewal_wait_hours" || key.starts_with("collecting_days.")
}

fn changes(settings: Vec<(String, Value)>) -> Result<AppChanges, Failure> {
    refuse_replacing(&settings)?;
    let (mut name, mut tree) = (None, Map::new());
    for (key, value) in settings {
        match (key.as_str(), value) {
            ("name", Value::String(text)) => name = Some(text),
            (_, value) => put(&mut tree, &key, value),
        }
    }
    Ok(AppChanges {
        name,
        settings: Some(tree),
    })
}

/// Refuses what would replace something that is said beside it.
fn refuse_replacing(settings: &[(String, Value)]) -> Result<(), Failure> {
    let is_part = |part: &str, whole: &str| {
        let rest = part.strip_prefix(whole);
        rest.is_some_and(|rest| rest.starts_with('.'))
    };
    let keys: Vec<_> = settings.iter().map(|(key, _)| key.as_str()).collect();
    for (place, key) in keys.iter().enumerate() {
        if keys[..place].contains(key) {
            return Err(format!("{key} is set twice").into());
        }
        if keys.iter().any(|other| is_part(other, key)) {
            return Err(format!("{key} is set both as a whole and in part").into());
        }
    }
    Ok(())
}

/// Puts a value where its dotted key says.
fn put(tree: &mut Map<String, Value>, key: &str, value: Value) {
    let Some((first, rest)) = key.split_once('.') else {
        tree.insert(key.to_owned(), value);
        return;
    };
    let branch = tree.entry(first).or_insert_with(|| Map::new().into());
    let branch = branch
        .as_object_mut()
        .expect("nothing is set as a whole and in part");
    put(branch, rest, value);
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn dotted_keys_become_nested_settings() {
        let texts = [
            "name=1",
            "vat.DE=0.19",
            "vat.FR=null",
            "collect_ip=false",
            "ios_bundle_id=com.a",
        ];
        let changes = changes(texts.map(|text| pair(text).unwrap()).into()).unwrap();
        let expected =
            json!({"vat": {"DE": "0.19", "FR": null}, "collect_ip": false, "ios_bundle_id": "com.a"});
        assert_eq!(changes.name.as_deref(), Some("1"));
        assert_eq!(Value::Object(changes.settings.unwrap()), expected);
        assert!(pair("no value").is_err());
    }

    #[test]
    fn any_name_is_text() {
        for (said, name) in [
            ("true", "true"),
            ("null", "null"),
            ("{}", "{}"),
            ("\"My app\"", "My app"),
        ] {
            let changes = changes(vec![pair(&format!("name={said}")).unwrap()]).unwrap();
            assert_eq!(changes.name.as_deref(), Some(name));
            assert_eq!(changes.settings, Some(Map::new()), "{said}");
        }
    }

    #[test]
    fn what_would_replace_something_said_before_is_refused() {
        for (texts, told) in [
            (
                &["vat.DE=0.1", "vat=null"][..],
                "vat is set both as a whole and in part",
            ),
            (
                &["vat=null", "vat.DE=0.1"],
                "vat is set both as a whole and in part",
            ),
            (
                &["vat.DE=0.1", "vat={\"FR\":\"0.2\"}"],
                "vat is set both as a whole and in part",
            ),
            (&["vat.DE=0.1", "vat.DE=0.2"], "vat.DE is set twice"),
            (&["sharing=enabled", "sharing=transfer"], "sharing is set twice"),
            (&["name=a", "name=b"], "name is set twice"),
        ] {
            let pairs = texts.iter().map(|text| pair(text).unwrap());
            let refused = changes(pairs.collect()).unwrap_err();
            assert_eq!(refused.to_string(), told, "{texts:?}");
        }
    }
}
