//! `test-clock`.

use super::{IDEMPOTENCY, read};
use crate::actions::Reply;
use crate::admin::test_clock::{self, TestClock};
use crate::http::call::Call;
use crate::http::error::ApiError;
use crate::http::route::{Access, Doc, Route, of};

pub const ROUTES: &[Route] = &[
    Route {
        method: "GET",
        path: "/admin/v1/test-clock",
        aliases: &[],
        access: Access::Admin,
        handler: |call| Box::pin(tell(call)),
        doc: Doc {
            id: "readTestClock",
            summary: "Read the test clock; 404 unless the server runs on one",
            parameters: &[],
            body: None,
            answer: (200, Some(of::<TestClock>)),
            refusals: &[404],
        },
    },
    Route {
        method: "POST",
        path: "/admin/v1/test-clock",
        aliases: &[],
        access: Access::Admin,
        handler: |call| Box::pin(set(call)),
        doc: Doc {
            id: "moveTestClock",
            summary: "Move the test clock forward",
            parameters: &[IDEMPOTENCY],
            body: Some(of::<TestClock>),
            answer: (200, Some(of::<TestClock>)),
            refusals: &[400, 404, 409, 422],
        },
    },
];

async fn tell(call: Call) -> Result<Reply, ApiError> {
    Ok(Reply::json(&test_clock::read(&call.state)?))
}

async fn set(call: Call) -> Result<Reply, ApiError> {
    // Where there is no test clock, nothing of the body is asked.
    test_clock::read(&call.state)?;
    let to: TestClock = read::body(&call)?;
    Ok(test_clock::set(&call.state, read::request(&call)?, &to).await?)
}
