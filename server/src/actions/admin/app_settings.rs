//! Changes an app's name and settings.

use bursar_domain::app::AppSettings;
use bursar_domain::ids::AppId;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value as Json, json};

use super::apps::{self, AppBody};
use super::audit::{Entry, record};
use super::fields::{self, Problems};
use super::{Request, see_at_once};
use crate::actions::ActionError;
use crate::directory::raise_version;
use crate::state::AppState;
use crate::store::{Decision, Loaded, Sql, Statement};

/// What is to be different of an app.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AppChanges {
    /// Its new name; missing: as it is.
    #[serde(default)]
    pub name: Option<String>,
    /// Settings to change; those that are missing stay as they are. Objects are merged at every depth (RFC 7396):
    /// `null` puts a setting back to its default or takes an entry out of a table.
    #[serde(default)]
    #[schemars(with = "Option<AppSettings>")]
    pub settings: Option<Map<String, Json>>,
}

/// Changes what `changes` names and nothing else. Answers the app after it.
pub async fn update(
    state: &AppState,
    request: Request,
    app: AppId,
    changes: AppChanges,
) -> Result<AppBody, ActionError> {
    const SQL: Sql = Sql::same("UPDATE apps SET name = $1, settings = $2 WHERE app_id = $3");
    if let Some(name) = &changes.name {
        let mut problems = Problems::default();
        problems.name("name", name);
        problems.check()?;
    }
    let decide = move |mut loaded: Loaded| -> Result<_, ActionError> {
        let before = apps::first(loaded.pop().unwrap_or_default())?;
        let mut after = before.clone();
        if let Some(name) = &changes.name {
            after.name.clone_from(name);
        }
        if let Some(patch) = &changes.settings {
            after.settings = patched(&before.settings, patch)?;
        }
        let stored = serde_json::to_string(&after.settings).expect("settings always serialise");
        let shown = |app: &AppBody| Some(json!({"name": app.name, "settings": app.settings}));
        let entry = Entry {
            action: "app.update",
            target: app.to_string(),
            app: Some(app),
            before: shown(&before),
            after: shown(&after),
        };
        let name = after.name.as_str();
        let writes = vec![
            Statement::new(&SQL, [name.into(), stored.into(), app.0.into()]),
            raise_version(),
            record(&request.actor, entry, request.now),
        ];
        Ok(Decision {
            writes,
            answer: after,
        })
    };
    let after = state.store.change(vec![apps::lock(app)], decide).await?;
    see_at_once(state).await;
    Ok(after)
}

fn patched(stored: &AppSettings, patch: &Map<String, Json>) -> Result<AppSettings, ActionError> {
    let mut settings = serde_json::to_value(stored).expect("settings always serialise");
    merge(&mut settings, patch);
    let settings: AppSettings = fields::read(settings, "settings")?;
    let mut problems = Problems::default();
    for (path, why) in settings.problems() {
        problems.add(format!("settings.{path}"), why);
    }
    problems.check()?;
    Ok(settings)
}

/// JSON Merge Patch (RFC 7396) of an object.
fn merge(target: &mut Json, patch: &Map<String, Json>) {
    if !target.is_object() {
        *target = json!({});
    }
    let Json::Object(fields) = target else { return };
    for (name, value) in patch {
        match value {
            Json::Null => drop(fields.remove(name)),
            Json::Object(inner) => merge(fields.entry(name).or_insert(Json::Null), inner),
            other => drop(fields.insert(name.clone(), other.clone())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn patch(patches: &[Json]) -> Result<AppSettings, ActionError> {
        let mut settings = AppSettings::default();
        for patch in patches {
            settings = patched(&settings, patch.as_object().unwrap())?;
        }
        Ok(settings)
    }

    #[test]
    fn what_a_patch_does_not_name_stays() {
        let settings = patch(&[
            json!({"collect_ip": false, "vat": {"DE": "0.19", "FR": "0.2"}}),
            json!({"sharing": "transfer", "vat": {"FR": null, "IT": "0.22"}}),
        ]);
        let shown = serde_json::to_value(settings.unwrap()).unwrap();
        assert_eq!(shown["collect_ip"], false);
        assert_eq!(shown["sharing"], "transfer");
        assert_eq!(shown["vat"], json!({"DE": "0.19", "IT": "0.22"}));
    }

    #[test]
    fn null_puts_a_setting_back_to_its_default() {
        let settings = patch(&[
            json!({"collect_ip": false, "sandbox_sharing": "disabled"}),
            json!({"collect_ip": null, "sandbox_sharing": null}),
        ]);
        assert_eq!(settings.unwrap(), AppSettings::default());
    }

    #[test]
    fn bad_settings_are_named_with_their_paths() {
        let cases = [
            (json!({"sharring": "transfer"}), "settings.sharring"),
            (json!({"sharing": "sometimes"}), "settings.sharing"),
            (json!({"vat": {"DE": "x"}}), "settings.vat.DE"),
            (json!({"vat": {"DE": 1}}), "settings.vat.DE"),
            (json!({"commission": {"app": 1}}), "settings.commission.app"),
        ];
        for (body, path) in cases {
            match patch(&[body]).unwrap_err() {
                ActionError::BadFields(fields) => assert_eq!(fields[0].0, path),
                other => panic!("{other:?}"),
            }
        }
    }
}
