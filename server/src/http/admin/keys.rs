//! `apps/{app}/keys`.

use super::{APP, CURSOR, IDEMPOTENCY, LIMIT, read};
use crate::actions::Reply;
use crate::admin::keys::{self, KeyBody, KeyDraft, NewKeyBody};
use crate::admin::page::Page;
use crate::http::call::Call;
use crate::http::error::ApiError;
use crate::http::route::{Access, Doc, Parameter, Route, of};

const KEY: Parameter = Parameter {
    name: "key_id",
    place: "path",
    description: "The key's id (UUID).",
};

pub const ROUTES: &[Route] = &[
    Route {
        method: "POST",
        path: "/admin/v1/apps/{app}/keys",
        aliases: &[],
        access: Access::Admin,
        handler: |call| Box::pin(create(call)),
        doc: Doc {
            id: "createAppKey",
            summary: "Make a key, which is shown this once",
            parameters: &[APP, IDEMPOTENCY],
            body: Some(of::<KeyDraft>),
            answer: (201, Some(of::<NewKeyBody>)),
            refusals: &[400, 404, 422],
        },
    },
    Route {
        method: "GET",
        path: "/admin/v1/apps/{app}/keys",
        aliases: &[],
        access: Access::Admin,
        handler: |call| Box::pin(list(call)),
        doc: Doc {
            id: "readAppKeys",
            summary: "List an app's keys that have not been revoked, without the keys themselves",
            parameters: &[APP, LIMIT, CURSOR],
            body: None,
            answer: (200, Some(of::<Page<KeyBody>>)),
            refusals: &[404, 422],
        },
    },
    Route {
        method: "DELETE",
        path: "/admin/v1/apps/{app}/keys/{key_id}",
        aliases: &[],
        access: Access::Admin,
        handler: |call| Box::pin(revoke(call)),
        doc: Doc {
            id: "deleteAppKey",
            summary: "Revoke a key",
            parameters: &[APP, KEY],
            body: None,
            answer: (204, None),
            refusals: &[404],
        },
    },
];

async fn create(call: Call) -> Result<Reply, ApiError> {
    let (app, draft): (_, KeyDraft) = (read::app(&call)?, read::body(&call)?);
    Ok(keys::create(&call.state, read::request(&call)?, app, draft).await?)
}

async fn list(call: Call) -> Result<Reply, ApiError> {
    let app = read::app(&call)?;
    Ok(Reply::json(
        &keys::list(&call.state, app, &read::paging(&call)?).await?,
    ))
}

async fn revoke(call: Call) -> Result<Reply, ApiError> {
    let (app, key) = (read::app(&call)?, read::id(&call, 1, "the key")?);
    keys::revoke(&call.state, read::request(&call)?, app, key).await?;
    Ok(Reply::empty(204))
}
