//! Purchases as tests report them: paths, bodies, what is stored of them.

use serde_json::{Value, json};

use super::direct::stored_profiles;
use super::server::{Answer, PROFILE, TestServer};

/// A month that began in the middle of December 2025; the clock of tests stands at 2026-01-01.
pub fn subscription() -> Value {
    json!({
        "purchase_type": "subscription", "store": "app_store", "store_product_id": "monthly",
        "store_transaction_id": "t1", "store_original_transaction_id": "t1",
        "price": {"country": "US", "currency": "USD", "value": 9.99},
        "purchased_at": "2025-12-15T00:00:00Z", "originally_purchased_at": "2025-12-15T00:00:00Z",
        "expires_at": "2026-01-15T00:00:00Z", "renew_status": true,
    })
}

/// Something that was bought once.
pub fn one_time() -> Value {
    json!({
        "purchase_type": "one_time_purchase", "store": "app_store", "store_product_id": "coins",
        "store_transaction_id": "t1", "store_original_transaction_id": "t1",
        "price": {"country": "US", "currency": "USD", "value": 1.5}, "purchased_at": "2025-12-15T00:00:00Z",
    })
}

/// The body with these fields set.
pub fn with(mut body: Value, fields: Value) -> Value {
    let Value::Object(fields) = fields else {
        panic!("{fields} is no object");
    };
    body.as_object_mut().unwrap().extend(fields);
    body
}

/// The body with both transaction ids set.
pub fn numbered(body: Value, id: &str) -> Value {
    with(
        body,
        json!({"store_transaction_id": id, "store_original_transaction_id": id}),
    )
}

/// A customer of a test server.
#[derive(Clone, Copy)]
pub struct Customer<'s> {
    pub server: &'s TestServer,
    pub id: &'s str,
}

impl<'s> Customer<'s> {
    /// A customer with a new profile.
    pub async fn new(server: &'s TestServer, id: &'s str) -> Self {
        let customer = Self { server, id };
        let made = customer.call("POST", PROFILE, &Value::Null).await;
        assert_eq!(made.status, 200, "{}", made.text());
        customer
    }

    /// Sends a request for the customer; `null` is no body.
    pub async fn call(&self, method: &str, path: &str, body: &Value) -> Answer {
        let text = match body {
            Value::Null => String::new(),
            body => body.to_string(),
        };
        let headers = [("adapty-customer-user-id", self.id)];
        self.server.call(method, path, &headers, &text).await
    }

    /// Reports a transaction, or sends another request that must succeed, and answers the profile.
    pub async fn post(&self, path: &str, body: &Value) -> Value {
        data(&self.call("POST", path, body).await)
    }

    pub async fn profile(&self) -> Value {
        data(&self.call("GET", PROFILE, &Value::Null).await)
    }
}

/// The profile of an answer.
pub fn data(answer: &Answer) -> Value {
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()["data"].clone()
}

/// Everything that is stored in the server's own app, to be compared with another time.
pub async fn stored(server: &TestServer) -> String {
    stored_profiles(&server.state, server.app_id.parse().unwrap()).await
}
