//! The error body of the compatible API: one shape everywhere.

use serde_json::{Value, json};

use super::server::Answer;

/// Status, code and the sources of an error.
pub type Refusal = (u16, String, Vec<Value>);

/// Reads an error and checks its form.
pub fn refusal(answer: &Answer) -> Refusal {
    let body = answer.json();
    assert_eq!(answer.headers["content-type"], "application/json", "{body}");
    assert_eq!(body["status_code"], answer.status, "{body}");
    assert_eq!(body.as_object().unwrap().len(), 3, "{body}");
    let errors = body["errors"].as_array().unwrap();
    assert!(!errors.is_empty(), "{body}");
    for error in errors {
        assert_eq!(error.as_object().unwrap().len(), 2, "{body}");
        assert!(!error["errors"].as_array().unwrap().is_empty(), "{body}");
        assert!(error["errors"][0].is_string(), "{body}");
    }
    (
        answer.status,
        body["error_code"].as_str().unwrap().to_owned(),
        errors.iter().map(|error| error["source"].clone()).collect(),
    )
}

/// What [`refusal`] answers for an error at these fields.
pub fn refused(status: u16, code: &str, sources: &[&str]) -> Refusal {
    (
        status,
        code.into(),
        sources.iter().map(|source| json!(source)).collect(),
    )
}

/// What [`refusal`] answers for an error whose source is `null`.
pub fn sourceless(status: u16, code: &str) -> Refusal {
    (status, code.into(), vec![Value::Null])
}

/// A profile that is not there.
pub fn not_found() -> Refusal {
    sourceless(404, "profile_does_not_exist")
}
