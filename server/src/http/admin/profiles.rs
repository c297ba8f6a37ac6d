//! `apps/{app}/profiles`.

use bursar_domain::ids::ProfileId;

use super::{APP, CURSOR, LIMIT, read};
use crate::actions::Reply;
use crate::admin::page::Page;
use crate::admin::profile_view::{self, ProfileView};
use crate::admin::search::{self, FoundProfile};
use crate::http::call::Call;
use crate::http::error::ApiError;
use crate::http::route::{Access, Doc, Parameter, Route, of};

const PROFILE: Parameter = Parameter {
    name: "profile_id",
    place: "path",
    description: "The profile's id (UUID).",
};
const QUERY: Parameter = Parameter {
    name: "query",
    place: "query",
    description: "A profile id, customer id, e-mail address, or a store's id of a transaction; if none is found, an \
                  identifier's value, for which all profiles of the app are looked through. Whole values only.",
};

pub const ROUTES: &[Route] = &[
    Route {
        method: "GET",
        path: "/admin/v1/apps/{app}/profiles",
        aliases: &[],
        access: Access::Admin,
        handler: |call| Box::pin(find(call)),
        doc: Doc {
            id: "readAppProfiles",
            summary: "Find profiles by id, customer id, e-mail address, transaction or an identifier's value",
            parameters: &[APP, QUERY, LIMIT, CURSOR],
            body: None,
            answer: (200, Some(of::<Page<FoundProfile>>)),
            refusals: &[404, 422],
        },
    },
    Route {
        method: "GET",
        path: "/admin/v1/apps/{app}/profiles/{profile_id}",
        aliases: &[],
        access: Access::Admin,
        handler: |call| Box::pin(show(call)),
        doc: Doc {
            id: "readAppProfile",
            summary: "Read everything that is known of a profile",
            parameters: &[APP, PROFILE],
            body: None,
            answer: (200, Some(of::<ProfileView<'static>>)),
            refusals: &[404],
        },
    },
];

async fn find(call: Call) -> Result<Reply, ApiError> {
    let (app, mut parameters) = (read::app(&call)?, read::Query::of(&call));
    let query = parameters.value("query").unwrap_or_default();
    let found = search::search(&call.state, app, &query, &parameters.paging()).await?;
    Ok(Reply::json(&found))
}

async fn show(call: Call) -> Result<Reply, ApiError> {
    let app = read::app(&call)?;
    let id = ProfileId::parse(read::text(&call, 1)).ok_or(ApiError::Missing("the profile"))?;
    let (profile, details) = profile_view::find(&call.state, app, id).await?;
    Ok(Reply::json(&ProfileView::at(&profile, &details, call.now)))
}
