//! Calls of the administration that succeed: a body for each route, and the things that paths name.

use super::server::TestServer;

/// What [`prepare`] has made in an app, and what the app's paths can name.
pub struct Things {
    pub app_id: String,
    pub key_id: String,
    pub token_id: String,
    pub store_product_id: &'static str,
}

/// The body with which a call succeeds. A new route that needs one must be added here.
pub fn body(method: &str, path: &str) -> &'static str {
    match (method, path.rsplit('/').next().unwrap()) {
        ("POST", "apps") => r#"{"name":"Shop"}"#,
        ("PATCH", "{app}") => r#"{"settings":{"collect_ip":false}}"#,
        ("POST", "keys") => r#"{"kind":"secret","label":"ci"}"#,
        ("PUT", "{store_product_id}") => r#"{"access_level_id":"premium","consumable":false}"#,
        ("PUT", "{currency}") => r#"{"usd":"1.08"}"#,
        ("PUT", "{slug}") => {
            r#"{"enabled":true,"settings":{"authorizations":{"production":"Bearer s3cret"}}}"#
        }
        ("POST", "test-clock") => r#"{"now":"2026-02-01T00:00:00Z"}"#,
        _ => "",
    }
}

/// Makes a key, an admin token and a product in the app, to be named in paths.
pub async fn prepare(server: &TestServer, app_id: &str, store_product_id: &'static str) -> Things {
    let app = format!("apps/{app_id}");
    let keys = format!("{app}/keys");
    let key = server.admin("POST", &keys, r#"{"kind":"public"}"#).await.json();
    let token = server.admin("POST", "admin-tokens", "").await.json();
    let product = r#"{"access_level_id":null,"consumable":true}"#;
    let path = format!("{app}/products/app_store/{store_product_id}");
    let set = server.admin("PUT", &path, product).await;
    assert_eq!(set.status, 200, "{}", set.text());
    Things {
        app_id: app_id.to_owned(),
        key_id: key["key_id"].as_str().unwrap().to_owned(),
        token_id: token["token_id"].as_str().unwrap().to_owned(),
        store_product_id,
    }
}

impl Things {
    /// The path with these things for its parameters, and this profile, which a search looks for. A new parameter must
    /// be added here.
    pub fn fill(&self, path: &str, profile_id: &str) -> String {
        let mut filled = path.to_owned();
        for (name, value) in [
            ("{app}", self.app_id.as_str()),
            ("{key_id}", &self.key_id),
            ("{token_id}", &self.token_id),
            ("{id}", "gold"),
            ("{store}", "app_store"),
            ("{store_product_id}", self.store_product_id),
            ("{currency}", "EUR"),
            ("{slug}", "webhook"),
            ("{profile_id}", profile_id),
        ] {
            filled = filled.replace(name, value);
        }
        if path.ends_with("/profiles") {
            filled.push_str(&format!("?query={profile_id}"));
        }
        assert!(!filled.contains('{'), "nothing is known to fill {path} with");
        filled
    }
}
