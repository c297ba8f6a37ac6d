//! `apps/{app}/access-levels` and `apps/{app}/products`.

use super::{APP, CURSOR, LIMIT, read};
use crate::actions::Reply;
use crate::admin::access_levels::{self, AccessLevel, AccessLevelDraft};
use crate::admin::page::Page;
use crate::admin::products::{self, ProductBody, ProductDraft, ProductId};
use crate::http::call::Call;
use crate::http::error::ApiError;
use crate::http::route::{Access, Doc, Parameter, Route, of};

const LEVEL: Parameter = Parameter {
    name: "id",
    place: "path",
    description: "The access level's id, 1 to 255 characters, not white space alone.",
};
const STORE: Parameter = Parameter {
    name: "store",
    place: "path",
    description: "`app_store`, `play_store`, `stripe`, `paddle` or a custom store's id.",
};
const PRODUCT: Parameter = Parameter {
    name: "store_product_id",
    place: "path",
    description: "The product's id in the store, 1 to 255 characters.",
};

pub const ROUTES: &[Route] = &[
    Route {
        method: "PUT",
        path: "/admin/v1/apps/{app}/access-levels/{id}",
        aliases: &[],
        access: Access::Admin,
        handler: |call| Box::pin(set_level(call)),
        doc: Doc {
            id: "setAppAccessLevel",
            summary: "Make an access level or change its description",
            parameters: &[APP, LEVEL],
            body: Some(of::<AccessLevelDraft>),
            answer: (200, Some(of::<AccessLevel>)),
            refusals: &[400, 404, 422],
        },
    },
    Route {
        method: "GET",
        path: "/admin/v1/apps/{app}/access-levels",
        aliases: &[],
        access: Access::Admin,
        handler: |call| Box::pin(list_levels(call)),
        doc: Doc {
            id: "readAppAccessLevels",
            summary: "List an app's access levels",
            parameters: &[APP, LIMIT, CURSOR],
            body: None,
            answer: (200, Some(of::<Page<AccessLevel>>)),
            refusals: &[404, 422],
        },
    },
    Route {
        method: "PUT",
        path: "/admin/v1/apps/{app}/products/{store}/{store_product_id}",
        aliases: &[],
        access: Access::Admin,
        handler: |call| Box::pin(set_product(call)),
        doc: Doc {
            id: "setAppProduct",
            summary: "Add a product or replace what was said of it",
            parameters: &[APP, STORE, PRODUCT],
            body: Some(of::<ProductDraft>),
            answer: (200, Some(of::<ProductBody>)),
            refusals: &[400, 404, 422],
        },
    },
    Route {
        method: "GET",
        path: "/admin/v1/apps/{app}/products",
        aliases: &[],
        access: Access::Admin,
        handler: |call| Box::pin(list_products(call)),
        doc: Doc {
            id: "readAppProducts",
            summary: "List an app's products",
            parameters: &[APP, LIMIT, CURSOR],
            body: None,
            answer: (200, Some(of::<Page<ProductBody>>)),
            refusals: &[404, 422],
        },
    },
    Route {
        method: "DELETE",
        path: "/admin/v1/apps/{app}/products/{store}/{store_product_id}",
        aliases: &[],
        access: Access::Admin,
        handler: |call| Box::pin(delete_product(call)),
        doc: Doc {
            id: "deleteAppProduct",
            summary: "Take a product out of the catalogue",
            parameters: &[APP, STORE, PRODUCT],
            body: None,
            answer: (204, None),
            refusals: &[404, 422],
        },
    },
];

async fn set_level(call: Call) -> Result<Reply, ApiError> {
    let (app, draft) = (read::app(&call)?, read::body(&call)?);
    let (request, id) = (read::request(&call)?, read::text(&call, 1).to_owned());
    let level = access_levels::set(&call.state, request, app, id, draft).await?;
    Ok(Reply::json(&level))
}

async fn list_levels(call: Call) -> Result<Reply, ApiError> {
    let app = read::app(&call)?;
    Ok(Reply::json(
        &access_levels::list(&call.state, app, &read::paging(&call)?).await?,
    ))
}

async fn set_product(call: Call) -> Result<Reply, ApiError> {
    let (app, draft) = (read::app(&call)?, read::body(&call)?);
    let set = products::set(&call.state, read::request(&call)?, app, product(&call), draft);
    Ok(Reply::json(&set.await?))
}

async fn list_products(call: Call) -> Result<Reply, ApiError> {
    let app = read::app(&call)?;
    Ok(Reply::json(
        &products::list(&call.state, app, &read::paging(&call)?).await?,
    ))
}

async fn delete_product(call: Call) -> Result<Reply, ApiError> {
    let app = read::app(&call)?;
    products::delete(&call.state, read::request(&call)?, app, product(&call)).await?;
    Ok(Reply::empty(204))
}

fn product(call: &Call) -> ProductId {
    ProductId {
        store: read::text(call, 1).to_owned(),
        id: read::text(call, 2).to_owned(),
    }
}
