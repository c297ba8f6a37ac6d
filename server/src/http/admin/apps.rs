//! `apps`.

use super::{APP, CURSOR, IDEMPOTENCY, LIMIT, read};
use crate::actions::Reply;
use crate::admin::app_settings::{self, AppChanges};
use crate::admin::apps::{self, AppBody, AppDraft, NewApp};
use crate::admin::page::Page;
use crate::http::call::Call;
use crate::http::error::ApiError;
use crate::http::route::{Access, Doc, Route, of};

pub const ROUTES: &[Route] = &[
    Route {
        method: "POST",
        path: "/admin/v1/apps",
        aliases: &[],
        access: Access::Admin,
        handler: |call| Box::pin(create(call)),
        doc: Doc {
            id: "createApp",
            summary: "Make an app with a secret and a public key, which are shown this once",
            parameters: &[IDEMPOTENCY],
            body: Some(of::<AppDraft>),
            answer: (201, Some(of::<NewApp>)),
            refusals: &[400, 422],
        },
    },
    Route {
        method: "GET",
        path: "/admin/v1/apps",
        aliases: &[],
        access: Access::Admin,
        handler: |call| Box::pin(list(call)),
        doc: Doc {
            id: "readApps",
            summary: "List the apps, in the order in which they were made",
            parameters: &[LIMIT, CURSOR],
            body: None,
            answer: (200, Some(of::<Page<AppBody>>)),
            refusals: &[422],
        },
    },
    Route {
        method: "GET",
        path: "/admin/v1/apps/{app}",
        aliases: &[],
        access: Access::Admin,
        handler: |call| Box::pin(find(call)),
        doc: Doc {
            id: "readApp",
            summary: "Read an app with its settings",
            parameters: &[APP],
            body: None,
            answer: (200, Some(of::<AppBody>)),
            refusals: &[404],
        },
    },
    Route {
        method: "PATCH",
        path: "/admin/v1/apps/{app}",
        aliases: &[],
        access: Access::Admin,
        handler: |call| Box::pin(update(call)),
        doc: Doc {
            id: "updateApp",
            summary: "Change an app's name and the settings that the body names",
            parameters: &[APP],
            body: Some(of::<AppChanges>),
            answer: (200, Some(of::<AppBody>)),
            refusals: &[400, 404, 422],
        },
    },
];

async fn create(call: Call) -> Result<Reply, ApiError> {
    let draft: AppDraft = read::body(&call)?;
    Ok(apps::create(&call.state, read::request(&call)?, &draft).await?)
}

async fn list(call: Call) -> Result<Reply, ApiError> {
    Ok(Reply::json(
        &apps::list(&call.state, &read::paging(&call)?).await?,
    ))
}

async fn find(call: Call) -> Result<Reply, ApiError> {
    Ok(Reply::json(&apps::find(&call.state, read::app(&call)?).await?))
}

async fn update(call: Call) -> Result<Reply, ApiError> {
    let app = read::app(&call)?;
    let settings = async |patch: &_| app_settings::check(patch);
    let changes = read::body_with_settings(&call, settings).await?;
    let updated = app_settings::update(&call.state, read::request(&call)?, app, changes).await?;
    Ok(Reply::json(&updated))
}
