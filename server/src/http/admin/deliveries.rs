//! `apps/{app}/deliveries`.

use super::{APP, CURSOR, IDEMPOTENCY, LIMIT, read};
use crate::actions::Reply;
use crate::admin::deliveries::{self, DeliveryBody, DeliveryId, DeliveryView, Filter};
use crate::admin::page::Page;
use crate::http::call::Call;
use crate::http::error::ApiError;
use crate::http::route::{Access, Doc, Parameter, Route, of};

const DELIVERY: Parameter = Parameter {
    name: "delivery_id",
    place: "path",
    description: "The delivery's name, as lists tell it: `EVENT_ID:SLUG` or `EVENT_ID:SLUG:PART`.",
};
const STATE: Parameter = Parameter {
    name: "state",
    place: "query",
    description: "Only deliveries in this state: `pending`, `sending`, `waiting`, `blocked`, `delivered`, `rejected`, \
                  `expired` or `skipped`.",
};
const INTEGRATION: Parameter = Parameter {
    name: "integration",
    place: "query",
    description: "Only deliveries to the integration with this slug.",
};
const PROFILE: Parameter = Parameter {
    name: "profile_id",
    place: "query",
    description: "Only deliveries of this profile's events (UUID).",
};
const EVENT: Parameter = Parameter {
    name: "event_id",
    place: "query",
    description: "Only deliveries of this event (UUID).",
};

pub const ROUTES: &[Route] = &[
    Route {
        method: "GET",
        path: "/admin/v1/apps/{app}/deliveries",
        aliases: &[],
        access: Access::Admin,
        handler: |call| Box::pin(list(call)),
        doc: Doc {
            id: "readAppDeliveries",
            summary: "List an app's deliveries, those of the newest events first",
            parameters: &[APP, STATE, INTEGRATION, PROFILE, EVENT, LIMIT, CURSOR],
            body: None,
            answer: (200, Some(of::<Page<DeliveryBody>>)),
            refusals: &[404, 422],
        },
    },
    Route {
        method: "GET",
        path: "/admin/v1/apps/{app}/deliveries/{delivery_id}",
        aliases: &[],
        access: Access::Admin,
        handler: |call| Box::pin(show(call)),
        doc: Doc {
            id: "readAppDelivery",
            summary: "Read a delivery with its tries and the rules that decide on it",
            parameters: &[APP, DELIVERY],
            body: None,
            answer: (200, Some(of::<DeliveryView>)),
            refusals: &[404],
        },
    },
    Route {
        method: "POST",
        path: "/admin/v1/apps/{app}/deliveries/{delivery_id}/retry",
        aliases: &[],
        access: Access::Admin,
        handler: |call| Box::pin(retry(call)),
        doc: Doc {
            id: "retryAppDelivery",
            summary: "Try a delivery now, also one that is closed",
            parameters: &[APP, DELIVERY, IDEMPOTENCY],
            body: None,
            answer: (202, None),
            refusals: &[400, 404, 409, 422],
        },
    },
];

async fn list(call: Call) -> Result<Reply, ApiError> {
    let (app, mut query) = (read::app(&call)?, read::Query::of(&call));
    let filter = Filter {
        state: query.value("state"),
        integration: query.value("integration"),
        profile_id: query.value("profile_id"),
        event_id: query.value("event_id"),
    };
    let page = deliveries::list(&call.state, app, &filter, &query.paging(), call.now).await?;
    Ok(Reply::json(&page))
}

async fn show(call: Call) -> Result<Reply, ApiError> {
    let (app, delivery) = (read::app(&call)?, id(&call)?);
    let shown = deliveries::show(&call.state, app, delivery, call.now).await?;
    Ok(Reply::json(&shown))
}

async fn retry(call: Call) -> Result<Reply, ApiError> {
    let (app, delivery) = (read::app(&call)?, id(&call)?);
    read::nothing(&call)?;
    Ok(deliveries::retry(&call.state, read::request(&call)?, app, delivery).await?)
}

/// The delivery of the path, whether it exists or not.
fn id(call: &Call) -> Result<DeliveryId, ApiError> {
    DeliveryId::parse(read::text(call, 1)).ok_or(ApiError::Missing("the delivery"))
}
