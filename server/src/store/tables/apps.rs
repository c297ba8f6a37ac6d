//! `apps`: tenants.

use bursar_domain::ids::AppId;

use crate::store::{Sql, Statement};

/// Reads an app and locks it: what belongs to it changes in turn.
pub fn lock(app: AppId) -> Statement {
    static SQL: Sql =
        crate::locking!("SELECT app_id, name, settings, created_at FROM apps WHERE app_id = $1");
    Statement::new(&SQL, [app.0.into()])
}
