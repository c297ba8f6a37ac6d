//! `admin-tokens`.

use super::{CURSOR, IDEMPOTENCY, LIMIT, read};
use crate::actions::Reply;
use crate::admin::page::Page;
use crate::admin::tokens::{self, NewAdminToken, TokenBody, TokenDraft};
use crate::http::call::Call;
use crate::http::error::ApiError;
use crate::http::route::{Access, Doc, Parameter, Route, of};

const TOKEN: Parameter = Parameter {
    name: "token_id",
    place: "path",
    description: "The admin token's id (UUID).",
};

pub const ROUTES: &[Route] = &[
    Route {
        method: "POST",
        path: "/admin/v1/admin-tokens",
        aliases: &[],
        access: Access::Admin,
        handler: |call| Box::pin(create(call)),
        doc: Doc {
            id: "createAdminToken",
            summary: "Make an admin token, which is shown this once",
            parameters: &[IDEMPOTENCY],
            body: Some(of::<TokenDraft>),
            answer: (201, Some(of::<NewAdminToken>)),
            refusals: &[400, 422],
        },
    },
    Route {
        method: "GET",
        path: "/admin/v1/admin-tokens",
        aliases: &[],
        access: Access::Admin,
        handler: |call| Box::pin(list(call)),
        doc: Doc {
            id: "readAdminTokens",
            summary: "List the admin tokens that have not been revoked, without the tokens themselves",
            parameters: &[LIMIT, CURSOR],
            body: None,
            answer: (200, Some(of::<Page<TokenBody>>)),
            refusals: &[422],
        },
    },
    Route {
        method: "DELETE",
        path: "/admin/v1/admin-tokens/{token_id}",
        aliases: &[],
        access: Access::Admin,
        handler: |call| Box::pin(revoke(call)),
        doc: Doc {
            id: "deleteAdminToken",
            summary: "Revoke an admin token",
            parameters: &[TOKEN],
            body: None,
            answer: (204, None),
            refusals: &[404],
        },
    },
];

async fn create(call: Call) -> Result<Reply, ApiError> {
    let draft = read::body(&call)?;
    Ok(tokens::create(&call.state, read::request(&call)?, draft).await?)
}

async fn list(call: Call) -> Result<Reply, ApiError> {
    Ok(Reply::json(
        &tokens::list(&call.state, &read::paging(&call)?).await?,
    ))
}

async fn revoke(call: Call) -> Result<Reply, ApiError> {
    let token = read::id(&call, 0, "the admin token")?;
    tokens::revoke(&call.state, read::request(&call)?, token).await?;
    Ok(Reply::empty(204))
}
