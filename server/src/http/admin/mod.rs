//! The administration API: routes and handlers. Shapes: `docs/administration.md`.

use super::route::Route;

/// All routes of the administration API.
pub const ROUTES: &[Route] = &[];
