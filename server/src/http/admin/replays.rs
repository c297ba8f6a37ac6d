//! `apps/{app}/replays`.

use super::{APP, CURSOR, IDEMPOTENCY, LIMIT, read};
use crate::actions::Reply;
use crate::admin::page::Page;
use crate::admin::replays::{self, NewReplay, ReplayBody, ReplayDraft};
use crate::http::call::Call;
use crate::http::error::ApiError;
use crate::http::route::{Access, Doc, Parameter, Route, of};

const REPLAY: Parameter = Parameter {
    name: "replay_id",
    place: "path",
    description: "The replay's id (UUID).",
};

pub const ROUTES: &[Route] = &[
    Route {
        method: "POST",
        path: "/admin/v1/apps/{app}/replays",
        aliases: &[],
        access: Access::Admin,
        handler: |call| Box::pin(create(call)),
        doc: Doc {
            id: "createAppReplay",
            summary: "Send past events to an integration again, or count how many that would be",
            parameters: &[APP, IDEMPOTENCY],
            body: Some(of::<ReplayDraft>),
            answer: (200, Some(of::<NewReplay>)),
            refusals: &[400, 404, 409, 422],
        },
    },
    Route {
        method: "GET",
        path: "/admin/v1/apps/{app}/replays",
        aliases: &[],
        access: Access::Admin,
        handler: |call| Box::pin(list(call)),
        doc: Doc {
            id: "readAppReplays",
            summary: "List an app's replays, the newest first",
            parameters: &[APP, LIMIT, CURSOR],
            body: None,
            answer: (200, Some(of::<Page<ReplayBody>>)),
            refusals: &[404, 422],
        },
    },
    Route {
        method: "DELETE",
        path: "/admin/v1/apps/{app}/replays/{replay_id}",
        aliases: &[],
        access: Access::Admin,
        handler: |call| Box::pin(cancel(call)),
        doc: Doc {
            id: "deleteAppReplay",
            summary: "Cancel a replay: what it has not sent yet is as it was before it",
            parameters: &[APP, REPLAY],
            body: None,
            answer: (204, None),
            refusals: &[404, 409],
        },
    },
];

async fn create(call: Call) -> Result<Reply, ApiError> {
    let (app, draft) = (read::app(&call)?, read::body::<ReplayDraft>(&call)?);
    Ok(replays::create(&call.state, read::request(&call)?, app, draft).await?)
}

async fn list(call: Call) -> Result<Reply, ApiError> {
    let page = replays::list(&call.state, read::app(&call)?, &read::paging(&call)?).await?;
    Ok(Reply::json(&page))
}

async fn cancel(call: Call) -> Result<Reply, ApiError> {
    let (app, replay) = (read::app(&call)?, read::id(&call, 1, "the replay")?);
    replays::cancel(&call.state, read::request(&call)?, app, replay).await?;
    Ok(Reply::empty(204))
}
