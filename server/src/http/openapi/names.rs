//! What the document calls things: the part that a route belongs to, and the name of its operation.

use serde_json::{Value, json};

/// A part of the API, in the order of the document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tag {
    Profiles,
    IntegrationIdentifiers,
    Purchases,
    MobileSdk,
    Web,
    Administration,
    Operations,
}

/// Which part a path belongs to, by how it begins.
pub fn tag(path: &str) -> Tag {
    const PARTS: [(&str, Tag); 7] = [
        ("/admin/v1/", Tag::Administration),
        ("/api/v1/sdk/", Tag::MobileSdk),
        ("/api/v2/web-api/", Tag::Web),
        ("/api/v2/server-side-api/profile/", Tag::Profiles),
        (
            "/api/v2/server-side-api/integration/",
            Tag::IntegrationIdentifiers,
        ),
        ("/api/v2/server-side-api/purchase/", Tag::Purchases),
        ("/", Tag::Operations),
    ];
    let part = PARTS.iter().find(|(start, _)| path.starts_with(start));
    part.map_or(Tag::Operations, |(_, tag)| *tag)
}

impl Tag {
    /// Its name for people.
    pub fn name(self) -> &'static str {
        self.texts().0
    }

    /// The entry in the document's list.
    pub fn describe(self) -> Value {
        let (name, description) = self.texts();
        json!({"name": name, "description": description})
    }

    fn texts(self) -> (&'static str, &'static str) {
        match self {
            Self::Profiles => ("Profiles", "Create, read, change and delete customers' profiles."),
            Self::IntegrationIdentifiers => (
                "Integration identifiers",
                "The ids that third parties know a profile by.",
            ),
            Self::Purchases => (
                "Purchases and access",
                "Report purchases; grant and revoke access levels.",
            ),
            Self::MobileSdk => ("Mobile SDK", "Calls in the form of the mobile SDKs."),
            Self::Web => ("Web", "The web API's call: where a customer came from."),
            Self::Administration => (
                "Administration",
                "Apps, keys, settings, integrations, events and deliveries. Needs an admin token.",
            ),
            Self::Operations => (
                "Operations",
                "Health, metrics and this description. Open to anybody.",
            ),
        }
    }
}

/// The name of an operation, from its method and path: `readProfile`, `createAppKey`, `retryAppDelivery`.
pub fn operation_id(method: &str, path: &str) -> String {
    const PREFIXES: [(&str, &str); 4] = [
        ("/api/v2/server-side-api/", ""),
        ("/api/v2/web-api/", "web"),
        ("/api/v1/sdk/", "sdk"),
        ("/admin/v1/", ""),
    ];
    let found = PREFIXES
        .iter()
        .find_map(|(prefix, part)| Some((path.strip_prefix(prefix)?, *part)));
    let (rest, part) = found.unwrap_or((path, ""));
    let segments: Vec<&str> = rest.split('/').filter(|segment| !segment.is_empty()).collect();
    let (verb, subject) = said(method, &segments).unwrap_or_else(|| derived(method, &segments));
    lower_first(&format!("{}{}{subject}", camel(part), camel(&verb)))
}

/// The verb that some paths hold, as in `purchase/profile/grant/access-level/`, and what stands beside it.
fn said(method: &str, segments: &[&str]) -> Option<(String, String)> {
    let is_verb = |segment: &&str| ["set", "grant", "revoke"].contains(segment);
    let place = segments.iter().position(is_verb)?;
    let subject = match &segments[place + 1..] {
        [] => segments.get(1..place)?,
        after => after,
    };
    let verb = if method == "GET" { "read" } else { segments[place] };
    Some((verb.to_owned(), subject.iter().map(|word| camel(word)).collect()))
}

/// The verb that the method means; a collection's member is named in the singular.
fn derived(method: &str, segments: &[&str]) -> (String, String) {
    let mut words: Vec<String> = Vec::new();
    for (place, segment) in segments
        .iter()
        .enumerate()
        .filter(|(_, word)| !is_parameter(word))
    {
        let is_member = segments.get(place + 1).is_some_and(|next| is_parameter(next));
        words.push(if is_member {
            singular(segment)
        } else {
            (*segment).to_owned()
        });
    }
    if method == "POST" {
        let acts_on_member = segments.len() > 1 && is_parameter(segments[segments.len() - 2]);
        let last = words.pop().unwrap_or_default();
        if acts_on_member && singular(&last) == last {
            return (last, words.iter().map(|word| camel(word)).collect());
        }
        words.push(singular(&last));
    }
    let verb = match method {
        "GET" => "read",
        "POST" => "create",
        "PUT" => "set",
        "PATCH" => "update",
        _ => "delete",
    };
    (verb.to_owned(), words.iter().map(|word| camel(word)).collect())
}

fn is_parameter(segment: &str) -> bool {
    segment.starts_with('{')
}

fn singular(word: &str) -> String {
    if let Some(stem) = word.strip_suffix("ies") {
        return format!("{stem}y");
    }
    match word.strip_suffix('s') {
        Some(stem) if !stem.ends_with('s') => stem.to_owned(),
        _ => word.to_owned(),
    }
}

/// `access-level` → `AccessLevel`.
fn camel(text: &str) -> String {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric());
    words
        .map(|word| match word.split_at_checked(1) {
            Some((first, rest)) => first.to_ascii_uppercase() + rest,
            None => String::new(),
        })
        .collect()
}

fn lower_first(text: &str) -> String {
    text.split_at_checked(1)
        .map_or_else(String::new, |(first, rest)| first.to_ascii_lowercase() + rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operations_are_named_by_what_they_do() {
        let cases = [
            ("GET", "/api/v2/server-side-api/profile/", "readProfile"),
            (
                "POST",
                "/api/v2/server-side-api/integration/profile/set/integration-identifiers/",
                "setIntegrationIdentifiers",
            ),
            (
                "GET",
                "/api/v2/server-side-api/integration/profile/set/integration-identifiers/",
                "readIntegrationIdentifiers",
            ),
            (
                "POST",
                "/api/v1/sdk/integration/profile/set/integration-identifiers/",
                "sdkSetIntegrationIdentifiers",
            ),
            ("GET", "/admin/v1/apps", "readApps"),
            ("POST", "/admin/v1/apps", "createApp"),
            ("DELETE", "/admin/v1/apps/{app}/keys/{key_id}", "deleteAppKey"),
            (
                "POST",
                "/admin/v1/apps/{app}/deliveries/{id}/retry",
                "retryAppDelivery",
            ),
            ("POST", "/admin/v1/apps/{app}/replays", "createAppReplay"),
            ("GET", "/openapi.json", "readOpenapiJson"),
        ];
        for (method, path, name) in cases {
            assert_eq!(operation_id(method, path), name, "{method} {path}");
        }
    }

    #[test]
    fn each_part_is_found_by_its_path() {
        assert_eq!(tag("/api/v2/server-side-api/profile/"), Tag::Profiles);
        assert_eq!(tag("/admin/v1/apps"), Tag::Administration);
        assert_eq!(tag("/livez"), Tag::Operations);
    }
}
