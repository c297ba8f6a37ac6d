//! `rates`.

use super::{CURSOR, LIMIT, read};
use crate::actions::Reply;
use crate::admin::page::Page;
use crate::admin::rates::{self, Rate, RateDraft};
use crate::http::call::Call;
use crate::http::error::ApiError;
use crate::http::route::{Access, Doc, Parameter, Route, of};

const CURRENCY: Parameter = Parameter {
    name: "currency",
    place: "path",
    description: "Three letters, ISO 4217.",
};

pub const ROUTES: &[Route] = &[
    Route {
        method: "PUT",
        path: "/admin/v1/rates/{currency}",
        aliases: &[],
        access: Access::Admin,
        handler: |call| Box::pin(set(call)),
        doc: Doc {
            id: "setRate",
            summary: "Set what one unit of a currency is worth in US dollars, from a day on",
            parameters: &[CURRENCY],
            body: Some(of::<RateDraft>),
            answer: (200, Some(of::<Rate>)),
            refusals: &[400, 422],
        },
    },
    Route {
        method: "GET",
        path: "/admin/v1/rates",
        aliases: &[],
        access: Access::Admin,
        handler: |call| Box::pin(list(call)),
        doc: Doc {
            id: "readRates",
            summary: "List the rates, by currency and day",
            parameters: &[LIMIT, CURSOR],
            body: None,
            answer: (200, Some(of::<Page<Rate>>)),
            refusals: &[422],
        },
    },
];

async fn set(call: Call) -> Result<Reply, ApiError> {
    let (request, draft) = (read::request(&call)?, read::body(&call)?);
    let rate = rates::set(&call.state, request, read::text(&call, 0), draft).await?;
    Ok(Reply::json(&rate))
}

async fn list(call: Call) -> Result<Reply, ApiError> {
    Ok(Reply::json(
        &rates::list(&call.state, &read::paging(&call)?).await?,
    ))
}
