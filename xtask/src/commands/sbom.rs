//! `cargo xtask sbom`: the server's bill of materials. Source: CycloneDX 1.5, JSON.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::process::ExitCode;
use std::{fs, io};

use serde_json::{Value, json};

use crate::steps::with_sources;
use crate::workspace::{self, WorkspaceError};

/// Why there is no bill of materials.
#[derive(Debug, thiserror::Error)]
pub enum SbomError {
    /// The workspace cannot be looked at.
    #[error(transparent)]
    Workspace(#[from] WorkspaceError),
    /// The server is not in the workspace.
    #[error("`cargo metadata` does not know the package bursar")]
    NoServer,
    /// The file cannot be written.
    #[error("cannot write {file:?}")]
    Write {
        /// Which one.
        file: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
}

/// Writes `target/sbom.json`.
pub fn run() -> ExitCode {
    match write() {
        Ok((file, count)) => {
            println!("{}: {count} components", file.display());
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("error: {}", with_sources(&error));
            ExitCode::FAILURE
        }
    }
}

/// Writes the file, and answers where it is and how many components it lists.
pub fn write() -> Result<(PathBuf, usize), SbomError> {
    let metadata = workspace::metadata(&[])?;
    let sbom = describe(&metadata).ok_or(SbomError::NoServer)?;
    let file = workspace::target()?.join("sbom.json");
    fs::write(&file, format!("{sbom:#}\n")).map_err(|source| SbomError::Write {
        file: file.clone(),
        source,
    })?;
    Ok((file, sbom["components"].as_array().map_or(0, Vec::len)))
}

/// The document for the package `bursar`, without what only its tests need; `None` if there is no such package.
fn describe(metadata: &Value) -> Option<Value> {
    let packages: BTreeMap<&str, &Value> = by_id(&metadata["packages"]);
    let nodes = by_id(&metadata["resolve"]["nodes"]);
    let server = *packages
        .iter()
        .find(|(_, package)| package["name"] == "bursar")?
        .0;
    let used = used_by(server, &nodes);
    let components = used
        .iter()
        .filter(|id| **id != server)
        .map(|id| component(packages[id], "library"));
    let dependencies = used.iter().map(|id| {
        let on: BTreeSet<_> = needs(nodes[id]).map(|id| purl(packages[id])).collect();
        json!({ "ref": purl(packages[id]), "dependsOn": on })
    });
    Some(json!({
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": { "component": component(packages[server], "application") },
        "components": components.collect::<Vec<_>>(),
        "dependencies": dependencies.collect::<Vec<_>>(),
    }))
}

fn by_id(values: &Value) -> BTreeMap<&str, &Value> {
    let values = values.as_array().into_iter().flatten();
    values
        .filter_map(|value| Some((value["id"].as_str()?, value)))
        .collect()
}

fn used_by<'a>(server: &'a str, nodes: &BTreeMap<&str, &'a Value>) -> BTreeSet<&'a str> {
    let mut used = BTreeSet::new();
    let mut open = vec![server];
    while let Some(id) = open.pop() {
        if used.insert(id) {
            open.extend(needs(nodes[id]));
        }
    }
    used
}

/// What a package needs to be built and to run; `kind` is `null` for ordinary dependencies.
fn needs(node: &Value) -> impl Iterator<Item = &str> {
    let is_needed = |dependency: &&Value| {
        let kinds = dependency["dep_kinds"].as_array().into_iter().flatten();
        kinds.into_iter().any(|kind| kind["kind"] != "dev")
    };
    let dependencies = node["deps"].as_array().into_iter().flatten();
    dependencies
        .filter(is_needed)
        .filter_map(|dependency| dependency["pkg"].as_str())
}

fn component(package: &Value, kind: &str) -> Value {
    let mut component = json!({
        "type": kind,
        "bom-ref": purl(package),
        "name": package["name"],
        "version": package["version"],
        "purl": purl(package),
    });
    if let Some(licence) = package["license"].as_str() {
        // Some old packages write `MIT/Apache-2.0` for what SPDX writes with OR.
        component["licenses"] = json!([{ "expression": licence.replace('/', " OR ") }]);
    }
    component
}

/// The package URL. Source: purl specification, type `cargo`.
fn purl(package: &Value) -> String {
    let text = |key: &str| package[key].as_str().unwrap_or_default().replace('+', "%2B");
    format!("pkg:cargo/{}@{}", text("name"), text("version"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_only_tests_need_is_no_component() {
        let package =
            |name: &str| json!({ "id": name, "name": name, "version": "1.0.0", "license": "MIT/ISC" });
        let needs = |id: &str, kind: Value| json!({ "pkg": id, "dep_kinds": [{ "kind": kind }] });
        let deps = json!([needs("ring", Value::Null), needs("proptest", json!("dev"))]);
        let sbom = describe(&json!({
            "packages": [package("bursar"), package("ring"), package("proptest")],
            "resolve": { "nodes": [{ "id": "bursar", "deps": deps }, { "id": "ring", "deps": [] }] },
        }))
        .unwrap();
        assert_eq!(sbom["components"].as_array().unwrap().len(), 1);
        assert_eq!(sbom["components"][0]["purl"], "pkg:cargo/ring@1.0.0");
        assert_eq!(sbom["components"][0]["licenses"][0]["expression"], "MIT OR ISC");
        assert_eq!(
            sbom["dependencies"][0]["dependsOn"],
            json!(["pkg:cargo/ring@1.0.0"])
        );
    }
}
