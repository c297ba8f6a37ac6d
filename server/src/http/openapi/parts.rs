//! The parts of the API, and which of them a route belongs to.

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
    const PARTS: [(&str, Tag); 6] = [
        ("/admin/v1/", Tag::Administration),
        ("/api/v1/sdk/", Tag::MobileSdk),
        ("/api/v2/web-api/", Tag::Web),
        ("/api/v2/server-side-api/profile/", Tag::Profiles),
        (
            "/api/v2/server-side-api/integration/",
            Tag::IntegrationIdentifiers,
        ),
        ("/api/v2/server-side-api/purchase/", Tag::Purchases),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_part_is_found_by_its_path() {
        assert_eq!(tag("/api/v2/server-side-api/profile/"), Tag::Profiles);
        assert_eq!(tag("/admin/v1/apps"), Tag::Administration);
        assert_eq!(tag("/livez"), Tag::Operations);
    }
}
