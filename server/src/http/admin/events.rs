//! `apps/{app}/events`.

use super::{APP, CURSOR, LIMIT, read};
use crate::actions::Reply;
use crate::admin::events::{self, EventBody, Filter};
use crate::admin::page::Page;
use crate::http::call::Call;
use crate::http::error::ApiError;
use crate::http::route::{Access, Doc, Parameter, Route, of};

const PROFILE: Parameter = Parameter {
    name: "profile_id",
    place: "query",
    description: "Only events of this profile (UUID).",
};
const EVENT_TYPE: Parameter = Parameter {
    name: "event_type",
    place: "query",
    description: "Only events of this kind.",
};
const AFTER: Parameter = Parameter {
    name: "after",
    place: "query",
    description: "Only events that were made at this time or later (RFC 3339).",
};
const BEFORE: Parameter = Parameter {
    name: "before",
    place: "query",
    description: "Only events that were made before this time (RFC 3339).",
};
const ORDER: Parameter = Parameter {
    name: "order",
    place: "query",
    description: "`desc`: the newest first, also if it is missing; `asc`: the oldest first.",
};

pub const ROUTES: &[Route] = &[Route {
    method: "GET",
    path: "/admin/v1/apps/{app}/events",
    aliases: &[],
    access: Access::Admin,
    handler: |call| Box::pin(list(call)),
    doc: Doc {
        id: "readAppEvents",
        summary: "List an app's events",
        parameters: &[APP, PROFILE, EVENT_TYPE, AFTER, BEFORE, ORDER, LIMIT, CURSOR],
        body: None,
        answer: (200, Some(of::<Page<EventBody>>)),
        refusals: &[404, 422],
    },
}];

async fn list(call: Call) -> Result<Reply, ApiError> {
    let (app, mut query) = (read::app(&call)?, read::Query::of(&call));
    let filter = Filter {
        profile_id: query.value("profile_id"),
        event_type: query.value("event_type"),
        after: query.value("after"),
        before: query.value("before"),
        order: query.value("order"),
    };
    let page = events::list(&call.state, app, &filter, &query.paging(), call.now).await?;
    Ok(Reply::json(&page))
}
