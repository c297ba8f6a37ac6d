//! Changes an app's name and settings.

use bursar_domain::app::AppSettings;
use bursar_domain::fields::NO_CONTROL;
use bursar_domain::ids::AppId;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Deserialize;
use serde_json::{Map, Value as Json, json};

use super::Request;
use super::apps::{self, AppBody};
use super::audit::{Entry, record};
use super::fields::{self, MAX_TEXT, Problems};
use crate::actions::ActionError;
use crate::directory::raise_version;
use crate::state::AppState;
use crate::store::{Decision, Loaded, Sql, Statement, rows_of};

/// What is to be different of an app.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("examples" = [{"settings": {"renewal_wait_hours": 48, "vat": {"DE": "0.19"}}}]))]
pub struct AppChanges {
    /// Its new name; missing: as it is.
    #[serde(default)]
    #[schemars(length(min = 1, max = MAX_TEXT), extend("pattern" = NO_CONTROL))]
    pub name: Option<String>,
    /// Settings to change; those that are missing stay as they are. Objects are merged at every depth (RFC 7396):
    /// `null` puts a setting back to its default or takes an entry out of a table.
    #[serde(default)]
    #[schemars(schema_with = "patch_schema")]
    pub settings: Option<Map<String, Json>>,
}

/// Changes what `changes` names and nothing else. Answers the app after it.
pub async fn update(
    state: &AppState,
    request: Request,
    app: AppId,
    changes: AppChanges,
) -> Result<AppBody, ActionError> {
    static SQL: Sql = Sql::same("UPDATE apps SET name = $1, settings = $2 WHERE app_id = $3");
    let decide = move |mut loaded: Loaded| -> Result<_, ActionError> {
        let before = apps::first(rows_of(&mut loaded, 0))?;
        let after = changed(&before, &changes)?;
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
    state.see_at_once().await;
    Ok(after)
}

/// The app after the changes. Whatever is wrong with them is named together.
fn changed(before: &AppBody, changes: &AppChanges) -> Result<AppBody, ActionError> {
    let mut problems = Problems::default();
    let mut after = before.clone();
    if let Some(name) = &changes.name {
        problems.name("name", name);
        after.name.clone_from(name);
    }
    if let Some(patch) = &changes.settings
        && let Some(settings) = problems.gather(patched(&before.settings, patch))?
    {
        after.settings = settings;
    }
    problems.check()?;
    Ok(after)
}

/// What is wrong with a patch of settings, whatever an app's are: it is told beside what is wrong around it.
pub fn check(patch: &Map<String, Json>) -> Result<(), ActionError> {
    patched(&AppSettings::default(), patch).map(drop)
}

fn patched(stored: &AppSettings, patch: &Map<String, Json>) -> Result<AppSettings, ActionError> {
    let mut settings = serde_json::to_value(stored).expect("settings always serialise");
    merge(&mut settings, patch, false);
    let settings: AppSettings = fields::read(settings, "settings")?;
    let mut problems = Problems::default();
    for (path, why) in settings.problems() {
        problems.add(format!("settings.{path}"), why);
    }
    problems.check()?;
    Ok(settings)
}

/// The settings that are tables: what is not in them may be taken out of them.
const TABLES: [&str; 3] = ["vat", "other_stores", "collecting_days"];

/// JSON Merge Patch (RFC 7396) of a table, or of an object that has all its settings. A `null` for a setting that does not
/// exist is kept, so that it is refused as any other value is.
fn merge(target: &mut Json, patch: &Map<String, Json>, is_table: bool) {
    if !target.is_object() {
        *target = json!({});
    }
    let Json::Object(fields) = target else { return };
    for (name, value) in patch {
        match value {
            Json::Null if is_table || fields.contains_key(name) => drop(fields.remove(name)),
            Json::Object(inner) => {
                let field = fields.entry(name).or_insert(Json::Null);
                merge(field, inner, TABLES.contains(&name.as_str()));
            }
            other => drop(fields.insert(name.clone(), other.clone())),
        }
    }
}

/// The schema of a patch (RFC 7396) of settings: every member may be `null`, also an entry of a table, and none has a default,
/// which clients that are made from the schema would send.
fn patch_schema(schemas: &mut SchemaGenerator) -> Schema {
    let patch = schemas.subschema_for::<Option<AppSettings>>();
    let mut names = vec![AppSettings::schema_name().into_owned()];
    while let Some(name) = names.pop() {
        let definition = schemas.definitions_mut().get_mut(&name);
        let Some(object) = definition.filter(|schema| schema.get("properties").is_some()) else {
            continue;
        };
        object["description"] =
            "What is to be changed: what is missing stays as it is, `null` sets a default back.".into();
        let members = object.get_mut("properties").and_then(Json::as_object_mut);
        for member in members.into_iter().flat_map(Map::values_mut) {
            member.as_object_mut().map(|member| member.remove("default"));
            let inner = member["$ref"].as_str().and_then(|path| path.rsplit('/').next());
            names.extend(inner.map(str::to_owned));
            member.get_mut("additionalProperties").map(or_null);
            or_null(member);
        }
    }
    patch
}

/// Allows `null` beside what a schema allows.
fn or_null(schema: &mut Json) {
    let Some(fields) = schema.as_object_mut() else {
        return;
    };
    if let Some(reference) = fields.remove("$ref") {
        fields.insert("anyOf".to_owned(), json!([{"$ref": reference}, {"type": "null"}]));
    } else if let Some(kind @ Json::String(_)) = fields.get("type").cloned() {
        fields.insert("type".to_owned(), json!([kind, "null"]));
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_schema_of_a_patch_allows_null_for_every_setting_and_entry() {
        let mut schemas = SchemaGenerator::default();
        let patch = patch_schema(&mut schemas);
        assert_eq!(patch.as_value()["anyOf"][1], json!({"type": "null"}));
        let all = schemas.take_definitions(false);
        let settings = &all["AppSettings"]["properties"];
        assert_eq!(settings["collect_ip"]["type"], json!(["boolean", "null"]));
        assert_eq!(settings["sharing"]["anyOf"][1], json!({"type": "null"}));
        assert_eq!(
            settings["vat"]["additionalProperties"]["type"],
            json!(["string", "null"])
        );
        let commission = &all["Commission"]["properties"];
        assert_eq!(commission["app_store"]["anyOf"][1], json!({"type": "null"}));
        assert_eq!(
            commission["other_stores"]["additionalProperties"]["type"],
            json!(["string", "null"])
        );
        assert_eq!(all["DateRange"]["properties"]["from"]["type"], "string");
        let members = all.values().filter_map(|schema| schema["properties"].as_object());
        let tables = members
            .flatten()
            .filter(|(_, member)| member["additionalProperties"].is_object());
        let tables: BTreeSet<_> = tables.map(|(name, _)| name.as_str()).collect();
        assert_eq!(tables, BTreeSet::from(TABLES));
    }

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
    fn what_is_not_in_a_table_can_be_taken_out_of_it() {
        let gone = json!({"vat": {"DE": null}, "collecting_days": {"stripe": null}, "commission": {"other_stores": {"a": null}}});
        assert_eq!(patch(&[gone]).unwrap(), AppSettings::default());
    }

    #[test]
    fn bad_settings_are_named_with_their_paths() {
        let cases = [
            (json!({"sharring": "transfer"}), "settings.sharring"),
            (json!({"sharing": "sometimes"}), "settings.sharing"),
            (json!({"vat": {"DE": "x"}}), "settings.vat.DE"),
            (json!({"vat": {"DE": 1}}), "settings.vat.DE"),
            (json!({"commission": {"app": 1}}), "settings.commission.app"),
            (json!({"Vat": null}), "settings.Vat"),
            (json!({"commission": {"app": null}}), "settings.commission.app"),
            (
                json!({"commission": {"app_store": {"small": null}}}),
                "settings.commission.app_store.small",
            ),
            (
                json!({"commission": {"app": {"x": null}}}),
                "settings.commission.app",
            ),
            (json!({"commission": []}), "settings.commission"),
        ];
        for (body, path) in cases {
            match patch(&[body]).unwrap_err() {
                ActionError::BadFields(fields) => assert_eq!(fields[0].0, path),
                other => panic!("{other:?}"),
            }
        }
    }
}
