//! `integrations` and `apps/{app}/integrations`.

use super::{APP, CURSOR, LIMIT, read};
use crate::actions::Reply;
use crate::admin::integration_test::{self, IntegrationTest};
use crate::admin::integrations::{
    self, CatalogueEntry, IntegrationBody, IntegrationChanges, IntegrationDraft,
};
use crate::admin::page::Page;
use crate::http::call::Call;
use crate::http::error::ApiError;
use crate::http::route::{Access, Doc, Parameter, Route, of};

const SLUG: Parameter = Parameter {
    name: "slug",
    place: "path",
    description: "The integration's slug.",
};

pub const ROUTES: &[Route] = &[
    Route {
        method: "GET",
        path: "/admin/v1/integrations",
        aliases: &[],
        access: Access::Admin,
        handler: |call| Box::pin(catalogue(call)),
        doc: Doc {
            id: "readIntegrations",
            summary: "List the integrations that there are, with the schemas of their settings",
            parameters: &[LIMIT, CURSOR],
            body: None,
            answer: (200, Some(of::<Page<CatalogueEntry>>)),
            refusals: &[422],
        },
    },
    Route {
        method: "GET",
        path: "/admin/v1/apps/{app}/integrations",
        aliases: &[],
        access: Access::Admin,
        handler: |call| Box::pin(list(call)),
        doc: Doc {
            id: "readAppIntegrations",
            summary: "List all integrations as an app has them, secrets masked",
            parameters: &[APP, LIMIT, CURSOR],
            body: None,
            answer: (200, Some(of::<Page<IntegrationBody>>)),
            refusals: &[404, 422],
        },
    },
    Route {
        method: "GET",
        path: "/admin/v1/apps/{app}/integrations/{slug}",
        aliases: &[],
        access: Access::Admin,
        handler: |call| Box::pin(find(call)),
        doc: Doc {
            id: "readAppIntegration",
            summary: "Read an integration as an app has it, secrets masked",
            parameters: &[APP, SLUG],
            body: None,
            answer: (200, Some(of::<IntegrationBody>)),
            refusals: &[404],
        },
    },
    Route {
        method: "PUT",
        path: "/admin/v1/apps/{app}/integrations/{slug}",
        aliases: &[],
        access: Access::Admin,
        handler: |call| Box::pin(set(call)),
        doc: Doc {
            id: "setAppIntegration",
            summary: "Switch an integration on or off and set all its settings",
            parameters: &[APP, SLUG],
            body: Some(of::<IntegrationDraft>),
            answer: (200, Some(of::<IntegrationBody>)),
            refusals: &[400, 404, 422],
        },
    },
    Route {
        method: "POST",
        path: "/admin/v1/apps/{app}/integrations/{slug}/test",
        aliases: &[],
        access: Access::Admin,
        handler: |call| Box::pin(test(call)),
        doc: Doc {
            id: "testAppIntegration",
            summary: "Test an integration's settings: with requests of its own, or with an event that is marked as a test",
            parameters: &[APP, SLUG],
            body: None,
            answer: (200, Some(of::<IntegrationTest>)),
            refusals: &[400, 404, 409, 422],
        },
    },
];

async fn catalogue(call: Call) -> Result<Reply, ApiError> {
    Ok(Reply::json(&integrations::catalogue(&read::paging(&call)?)?))
}

async fn list(call: Call) -> Result<Reply, ApiError> {
    let (app, paging) = (read::app(&call)?, read::paging(&call)?);
    Ok(Reply::json(&integrations::list(&call.state, app, &paging).await?))
}

async fn find(call: Call) -> Result<Reply, ApiError> {
    let app = read::app(&call)?;
    Ok(Reply::json(
        &integrations::find(&call.state, app, read::text(&call, 1)).await?,
    ))
}

async fn set(call: Call) -> Result<Reply, ApiError> {
    let (app, slug) = (read::app(&call)?, read::text(&call, 1));
    let settings = async |said: &_| integrations::check(&call.state, app, slug, said).await;
    let draft: IntegrationDraft = read::body_with_settings(&call, settings).await?;
    let changes = IntegrationChanges {
        enabled: Some(draft.enabled),
        settings: Some(draft.settings),
    };
    let request = read::request(&call)?;
    let set = integrations::set(&call.state, request, app, slug, changes);
    Ok(Reply::json(&set.await?))
}

async fn test(call: Call) -> Result<Reply, ApiError> {
    let (app, request) = (read::app(&call)?, read::request_each_time(&call));
    read::nothing(&call)?;
    let test = integration_test::test(&call.state, request, app, read::text(&call, 1));
    Ok(Reply::json(&test.await?))
}
