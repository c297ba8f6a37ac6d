//! Who is let in: the key or token of a request against what its route asks for.

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;

use super::call::Caller;
use super::error::ApiError;
use super::route::Access;
use crate::keys::KeyKind;
use crate::state::AppState;

/// Finds the caller and notes its call, or refuses.
pub fn admit(state: &AppState, headers: &HeaderMap, access: Access, now: i64) -> Result<Caller, ApiError> {
    let caller = find(state, headers, access)?;
    match &caller {
        Caller::Anybody => {}
        Caller::Admin(token) => token.used_at.store(now, std::sync::atomic::Ordering::Relaxed),
        Caller::Key(key) if key.admit(now) => {}
        Caller::Key(_) => return Err(ApiError::RateLimited),
    }
    Ok(caller)
}

/// Finds the caller, or refuses. A wrong key and one that may not do this look the same from outside.
pub fn find(state: &AppState, headers: &HeaderMap, access: Access) -> Result<Caller, ApiError> {
    match access {
        Access::Open => Ok(Caller::Anybody),
        Access::Admin => {
            let token = credential(headers, "Bearer").ok_or(ApiError::NotAuthenticated)?;
            let directory = state.directory();
            let token = directory
                .find_token(token, &state.vault)
                .ok_or(ApiError::NotAuthenticated)?;
            Ok(Caller::Admin(token.clone()))
        }
        Access::AnyKey | Access::ProfileKey | Access::SecretKey => {
            let key = credential(headers, "Api-Key").ok_or(ApiError::NotAuthenticated)?;
            let directory = state.directory();
            let key = directory
                .find_key(key, &state.vault)
                .ok_or(ApiError::NotAuthenticated)?;
            let allowed = match key.kind {
                KeyKind::Secret => true,
                KeyKind::Public => match access {
                    Access::AnyKey => true,
                    Access::ProfileKey => key.app.settings.public_key_profile_calls,
                    Access::SecretKey | Access::Open | Access::Admin => false,
                },
            };
            if !allowed {
                return Err(ApiError::NotAuthenticated);
            }
            Ok(Caller::Key(key.clone()))
        }
    }
}

/// What follows the scheme in `Authorization`. The scheme is compared without case; spaces may follow it.
fn credential<'h>(headers: &'h HeaderMap, scheme: &str) -> Option<&'h str> {
    let value = headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (said, credential) = value.split_once(' ')?;
    let credential = credential.trim();
    (said.eq_ignore_ascii_case(scheme) && !credential.is_empty()).then_some(credential)
}
