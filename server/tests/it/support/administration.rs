//! Calls of the administration that succeed: a body for each route, the things that paths name, and whole lists.

use bursar::store::tables::{deliveries, events};
use bursar::store::{Sql, Statement};
use bursar_domain::ids::ProfileId;
use serde_json::{Value, json};
use uuid::Uuid;

use super::events::event_of;
use super::server::TestServer;

/// What [`prepare`] has made in an app, and what the app's paths can name.
pub struct Things {
    pub app_id: String,
    pub key_id: String,
    pub token_id: String,
    pub store_product_id: &'static str,
    pub replay_id: String,
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
        ("POST", "replays") => r#"{"filter":{"integration":"webhook"}}"#,
        ("POST", "test-clock") => r#"{"now":"2026-02-01T00:00:00Z"}"#,
        _ => "",
    }
}

/// Makes a key, an admin token, a product and a replay in the app, to be named in paths. The webhook is set up and off.
pub async fn prepare(server: &TestServer, app_id: &str, store_product_id: &'static str) -> Things {
    let app = format!("apps/{app_id}");
    let keys = format!("{app}/keys");
    let key = server.admin("POST", &keys, r#"{"kind":"public"}"#).await.json();
    let token = server.admin("POST", "admin-tokens", "").await.json();
    let product = r#"{"access_level_id":null,"consumable":true}"#;
    let path = format!("{app}/products/app_store/{store_product_id}");
    let set = server.admin("PUT", &path, product).await;
    assert_eq!(set.status, 200, "{}", set.text());
    let webhook = json!({"enabled": false, "settings": {"urls": {"sandbox": "http://127.0.0.1:9/"}}});
    let path = format!("{app}/integrations/webhook");
    let set = server.admin("PUT", &path, &webhook.to_string()).await;
    assert_eq!(set.status, 200, "{}", set.text());
    let replays = format!("{app}/replays");
    let replay = body("POST", "replays");
    let replay = server.admin("POST", &replays, replay).await.json();
    Things {
        replay_id: replay["replay_id"].as_str().unwrap().to_owned(),
        app_id: app_id.to_owned(),
        key_id: key["key_id"].as_str().unwrap().to_owned(),
        token_id: token["token_id"].as_str().unwrap().to_owned(),
        store_product_id,
    }
}

/// All entries of a list, page by page of so many, and how many pages there were.
pub async fn walk(server: &TestServer, path: &str, limit: usize) -> (Vec<Value>, usize) {
    let (mut all, mut pages, mut cursor) = (Vec::new(), 0, String::new());
    let join = if path.contains('?') { '&' } else { '?' };
    loop {
        let path = format!("{path}{join}limit={limit}{cursor}");
        let page = server.admin("GET", &path, "").await;
        assert_eq!(page.status, 200, "{path}: {}", page.text());
        let page = page.json();
        all.extend(page["data"].as_array().unwrap().clone());
        pages += 1;
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return (all, pages),
        }
    }
}

/// Gives the profile an event with a delivery to the webhook that was skipped.
pub async fn make_delivery(server: &TestServer, app_id: Uuid, profile_id: &str) {
    static TARGET: Sql = Sql::same("SELECT target_id FROM targets WHERE app_id = $1 AND slug = 'webhook'");
    let event = event_of(app_id, ProfileId::parse(profile_id).unwrap(), 1);
    let target = Statement::new(&TARGET, [app_id.into()]);
    let target = server.state.store.read(target).await.unwrap()[0].int(0).unwrap();
    let skipped = deliveries::skip(event.id, target, "event_disabled", event.created_at);
    server
        .state
        .store
        .write(vec![events::insert(event), skipped])
        .await
        .unwrap();
}

impl Things {
    /// The path with these things for its parameters, and this profile, which a search looks for.
    pub fn fill(&self, path: &str, profile_id: &str) -> String {
        let mut filled = path.to_owned();
        for (name, value) in self.parameters(profile_id) {
            filled = filled.replace(name, &value);
        }
        if path.ends_with("/profiles") {
            filled.push_str(&format!("?query={profile_id}"));
        }
        assert!(!filled.contains('{'), "nothing is known to fill {path} with");
        filled
    }

    /// What paths can name, by the parameter's name. A new parameter must be added here.
    pub fn parameters(&self, profile_id: &str) -> [(&'static str, String); 11] {
        let text = |text: &str| text.to_owned();
        [
            ("{app}", self.app_id.clone()),
            ("{key_id}", self.key_id.clone()),
            ("{token_id}", self.token_id.clone()),
            ("{id}", text("gold")),
            ("{store}", text("app_store")),
            ("{store_product_id}", text(self.store_product_id)),
            ("{currency}", text("EUR")),
            ("{slug}", text("webhook")),
            ("{profile_id}", text(profile_id)),
            ("{replay_id}", self.replay_id.clone()),
            ("{delivery_id}", self.delivery_id(profile_id)),
        ]
    }

    /// The name of what [`make_delivery`] makes for the profile in this app.
    fn delivery_id(&self, profile_id: &str) -> String {
        let app = self.app_id.parse().unwrap();
        let event = event_of(app, ProfileId::parse(profile_id).unwrap(), 1);
        format!("{}:webhook", event.id)
    }
}
