//! The compatible API: routes and handlers. Source: server-side API v2; our differences: `docs/api-quirks.md`.

mod identifiers;
mod profile;
mod purchases;
mod sdk;
mod web;

use bursar_domain::profile::body::ProfileBody;
use bursar_domain::profile::{Profile, attribution};
use bursar_domain::purchases::body;
use bursar_domain::purchases::refund_saver::{self, RefundSaverBody};
use serde::Serialize;
use serde_json::{Value, json};

use super::call::Call;
use super::route::{Access, Doc, IDEMPOTENCY, Parameter, Route, Schemas, of};
use crate::actions::Reply;

const CUSTOMER: Parameter = Parameter {
    name: "adapty-customer-user-id",
    place: "header",
    description: "Your own id of the customer. One of the two profile headers is required.",
};
const PROFILE: Parameter = Parameter {
    name: "adapty-profile-id",
    place: "header",
    description: "The profile's id (UUID). One of the two profile headers is required.",
};
const PLATFORM: Parameter = Parameter {
    name: "adapty-platform",
    place: "header",
    description: "iOS, macOS, iPadOS, visionOS, Android or web; other values are ignored.",
};

/// All routes of the compatible API.
pub const ROUTES: &[Route] = &[
    Route {
        method: "POST",
        path: "/api/v2/server-side-api/integration/profile/set/integration-identifiers/",
        aliases: &["/api/v1/server-side-api/integration/profile/set/integration-identifiers/"],
        access: Access::AnyKey,
        handler: |call| Box::pin(identifiers::set(call)),
        doc: Doc {
            id: "setIntegrationIdentifiers",
            summary: "Add integration identifiers to a profile",
            parameters: &[CUSTOMER, PROFILE, PLATFORM, IDEMPOTENCY],
            body: Some(|_| bursar_domain::profile::identifiers::schema(false)),
            answer: (200, Some(profile_or_nothing)),
            refusals: &[400, 404, 422],
        },
    },
    Route {
        method: "GET",
        path: "/api/v2/server-side-api/integration/profile/set/integration-identifiers/",
        aliases: &["/api/v1/server-side-api/integration/profile/set/integration-identifiers/"],
        access: Access::AnyKey,
        handler: |call| Box::pin(identifiers::read(call)),
        doc: Doc {
            id: "readIntegrationIdentifiers",
            summary: "Read the integration identifiers of a profile",
            parameters: &[CUSTOMER, PROFILE],
            body: None,
            answer: (200, Some(|_| bursar_domain::profile::identifiers::schema(true))),
            refusals: &[400, 404],
        },
    },
    Route {
        method: "POST",
        path: "/api/v2/server-side-api/profile/",
        aliases: &["/api/v1/server-side-api/profile/"],
        access: Access::ProfileKey,
        handler: |call| Box::pin(profile::create(call)),
        doc: Doc {
            id: "createProfile",
            summary: "Create a profile, or link a customer id to one",
            parameters: &[CUSTOMER, PROFILE, PLATFORM, IDEMPOTENCY],
            body: Some(profile::schema),
            answer: (200, Some(wrapped_profile)),
            refusals: &[400, 422],
        },
    },
    Route {
        method: "GET",
        path: "/api/v2/server-side-api/profile/",
        aliases: &["/api/v1/server-side-api/profile/"],
        access: Access::ProfileKey,
        handler: |call| Box::pin(profile::read(call)),
        doc: Doc {
            id: "readProfile",
            summary: "Read a profile",
            parameters: &[CUSTOMER, PROFILE],
            body: None,
            answer: (200, Some(wrapped_profile)),
            refusals: &[400, 404],
        },
    },
    Route {
        method: "PATCH",
        path: "/api/v2/server-side-api/profile/",
        aliases: &["/api/v1/server-side-api/profile/"],
        access: Access::ProfileKey,
        handler: |call| Box::pin(profile::update(call)),
        doc: Doc {
            id: "updateProfile",
            summary: "Change a profile",
            parameters: &[CUSTOMER, PROFILE, PLATFORM],
            body: Some(profile::schema),
            answer: (200, Some(wrapped_profile)),
            refusals: &[400, 404],
        },
    },
    Route {
        method: "DELETE",
        path: "/api/v2/server-side-api/profile/",
        aliases: &["/api/v1/server-side-api/profile/"],
        access: Access::ProfileKey,
        handler: |call| Box::pin(profile::delete(call)),
        doc: Doc {
            id: "deleteProfile",
            summary: "Delete a profile",
            parameters: &[CUSTOMER, PROFILE],
            body: None,
            answer: (204, None),
            refusals: &[400, 404],
        },
    },
    Route {
        method: "POST",
        path: "/api/v2/server-side-api/purchase/set/transaction/",
        aliases: &["/api/v1/server-side-api/purchase/set/transaction/"],
        access: Access::SecretKey,
        handler: |call| Box::pin(purchases::set_transaction(call)),
        doc: Doc {
            id: "setTransaction",
            summary: "Report a transaction",
            parameters: &[CUSTOMER, PROFILE, IDEMPOTENCY],
            body: Some(|_| body::schema()),
            answer: (200, Some(wrapped_profile)),
            refusals: &[400, 404, 422],
        },
    },
    Route {
        method: "POST",
        path: "/api/v2/server-side-api/purchase/profile/grant/access-level/",
        aliases: &[
            "/api/v2/server-side-api/grant/access-level/",
            "/api/v1/server-side-api/grant/access-level/",
            "/api/v1/server-side-api/purchase/profile/grant/access-level/",
        ],
        access: Access::SecretKey,
        handler: |call| Box::pin(purchases::grant(call)),
        doc: Doc {
            id: "grantAccessLevel",
            summary: "Give a profile an access level",
            parameters: &[CUSTOMER, PROFILE, IDEMPOTENCY],
            body: Some(purchases::grant_schema),
            answer: (200, Some(wrapped_profile)),
            refusals: &[400, 404, 422],
        },
    },
    Route {
        method: "POST",
        path: "/api/v2/server-side-api/purchase/profile/revoke/access-level/",
        aliases: &["/api/v1/server-side-api/purchase/profile/revoke/access-level/"],
        access: Access::SecretKey,
        handler: |call| Box::pin(purchases::revoke(call)),
        doc: Doc {
            id: "revokeAccessLevel",
            summary: "Take an access level from a profile",
            parameters: &[CUSTOMER, PROFILE, IDEMPOTENCY],
            body: Some(purchases::revoke_schema),
            answer: (200, Some(wrapped_profile)),
            refusals: &[400, 404, 422],
        },
    },
    Route {
        method: "POST",
        path: "/api/v2/server-side-api/purchase/profile/refund-saver/settings/",
        aliases: &["/api/v1/server-side-api/purchase/profile/refund-saver/settings/"],
        access: Access::SecretKey,
        handler: |call| Box::pin(purchases::set_refund_saver(call)),
        doc: Doc {
            id: "setRefundSaverSettings",
            summary: "Say how a profile's requests for refunds are answered",
            parameters: &[CUSTOMER, PROFILE, IDEMPOTENCY],
            body: Some(|_| refund_saver::schema()),
            answer: (200, Some(of::<RefundSaverBody>)),
            refusals: &[400, 422],
        },
    },
    Route {
        method: "GET",
        path: "/api/v2/server-side-api/purchase/profile/refund-saver/settings/",
        aliases: &["/api/v1/server-side-api/purchase/profile/refund-saver/settings/"],
        access: Access::SecretKey,
        handler: |call| Box::pin(purchases::read_refund_saver(call)),
        doc: Doc {
            id: "readRefundSaverSettings",
            summary: "Read how a profile's requests for refunds are answered",
            parameters: &[CUSTOMER, PROFILE],
            body: None,
            answer: (200, Some(of::<RefundSaverBody>)),
            refusals: &[400],
        },
    },
    Route {
        method: "POST",
        path: "/api/v1/sdk/integration/profile/set/integration-identifiers/",
        aliases: &[],
        access: Access::AnyKey,
        handler: |call| Box::pin(sdk::set_identifiers(call)),
        doc: Doc {
            id: "sdkSetIntegrationIdentifiers",
            summary: "Add integration identifiers to a profile, in the form of the mobile SDKs",
            parameters: &[IDEMPOTENCY],
            body: Some(sdk::schema),
            answer: (
                200,
                Some(
                    |_| json!({"type": "object", "properties": {"data": {"const": null}}, "required": ["data"]}),
                ),
            ),
            refusals: &[400, 404, 422],
        },
    },
    Route {
        method: "POST",
        path: "/api/v2/web-api/attribution/",
        aliases: &[],
        access: Access::AnyKey,
        handler: |call| Box::pin(web::set_attribution(call)),
        doc: Doc {
            id: "webSetAttribution",
            summary: "Report where a customer came from",
            parameters: &[IDEMPOTENCY],
            body: Some(|_| attribution::schema()),
            answer: (201, None),
            refusals: &[400, 404, 422],
        },
    },
];

/// `{"data": …}`, as calls that answer a profile wrap it.
#[derive(Serialize)]
struct Wrapped<T> {
    data: T,
}

/// The answer of calls that answer a profile: as it is at `now`, which is before it was read or after it was written, so
/// that no older state is told with a later time.
fn show(profile: &Profile, now: i64) -> Reply {
    Reply::json(&Wrapped {
        data: ProfileBody::at(profile, now),
    })
}

/// Makes the answer of a change, once it is stored.
fn shown_at_once(call: &Call) -> impl Fn(&Profile) -> Reply + Send + use<> {
    let clock = call.state.clock.clone();
    move |profile| show(profile, clock.now())
}

/// What "add identifiers" answers.
fn profile_or_nothing(schemas: &mut Schemas) -> Value {
    let mut schema = wrapped_profile(schemas);
    schema["description"] = "No body where the app's setting `identifiers_answer` is `empty`.".into();
    schema
}

fn wrapped_profile(schemas: &mut Schemas) -> Value {
    json!({"type": "object", "properties": {"data": of::<ProfileBody>(schemas)}, "required": ["data"]})
}
