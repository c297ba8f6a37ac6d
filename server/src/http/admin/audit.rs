//! `audit`: read only. Nothing of the API changes or removes a record.

use super::{CURSOR, LIMIT, read};
use crate::actions::Reply;
use crate::admin::audit::{self, AuditRecord};
use crate::admin::page::Page;
use crate::http::call::Call;
use crate::http::error::ApiError;
use crate::http::route::{Access, Doc, Route, of};

pub const ROUTES: &[Route] = &[Route {
    method: "GET",
    path: "/admin/v1/audit",
    aliases: &[],
    access: Access::Admin,
    handler: |call| Box::pin(list(call)),
    doc: Doc {
        id: "readAudit",
        summary: "List what the administration changed, the newest first",
        parameters: &[LIMIT, CURSOR],
        body: None,
        answer: (200, Some(of::<Page<AuditRecord>>)),
        refusals: &[422],
    },
}];

async fn list(call: Call) -> Result<Reply, ApiError> {
    Ok(Reply::json(
        &audit::list(&call.state, &read::paging(&call)?).await?,
    ))
}
