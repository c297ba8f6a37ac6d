//! Why the store could not do what it was asked.

use std::sync::Arc;

use bursar_domain::ids::ProfileId;
use tokio::task::JoinError;

/// A failure of the store. Several changes of one group may share a failure, so it can be cloned.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    /// The database cannot be reached, is full, is locked by another program or is stopping. Nothing was
    /// changed, or (a connection that broke while it committed) it is not known. Worth another try.
    #[error("the database is not available: {}", with_causes(&**.0))]
    Unavailable(Arc<dyn std::error::Error + Send + Sync>),
    /// More changes wait than the queue takes.
    #[error("too many changes are waiting")]
    Overloaded,
    /// A query that may touch many rows was ended, or had no turn, because others took so long.
    #[error("the query takes too long, or those before it do")]
    TooLong,
    /// The database holds something that this program did not write.
    #[error("the database holds something unexpected: {0}")]
    Corrupt(String),
    /// A profile's row holds something that this program did not write, and in which part.
    #[error("the {1} of profile {0} cannot be read")]
    Unreadable(ProfileId, &'static str),
    /// The setting `database` is no address of a PostgreSQL.
    #[error(
        "the setting `database` is no PostgreSQL URL that can be used: {}; `sslmode` is `disable`, `prefer` or `require`",
        with_causes(&**.0)
    )]
    Address(Arc<dyn std::error::Error + Send + Sync>),
    /// PostgreSQL stores texts in an encoding that cannot hold all of them.
    #[error(
        "the database has the encoding {0}, which cannot hold every text: make one with \
         `createdb --encoding=UTF8 --template=template0`, and restore a dump into it"
    )]
    Encoding(String),
    /// A statement failed in a way that trying again will not mend.
    #[error("a statement failed: {}", with_causes(&**.0))]
    Statement(Arc<dyn std::error::Error + Send + Sync>),
    /// Our own mistake.
    #[error("{0}")]
    Internal(String),
}

impl StoreError {
    pub(super) fn unavailable(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Unavailable(Arc::from(source.into()))
    }

    /// A task of ours was ended, or panicked.
    #[expect(clippy::needless_pass_by_value, reason = "what `map_err` hands over")]
    pub fn broken_off(task: JoinError) -> Self {
        Self::Internal(task.to_string())
    }

    /// Will it be over by itself? Then the same change is worth another try.
    pub fn is_passing(&self) -> bool {
        matches!(self, Self::Unavailable(_) | Self::Overloaded)
    }

    /// Is it that a profile cannot be read?
    pub fn is_of_profile(&self) -> bool {
        matches!(self, Self::Unreadable(..))
    }

    pub(super) fn statement(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Statement(Arc::from(source.into()))
    }
}

/// An error with what lies behind it. Many libraries' own texts name only the outermost failure.
pub(crate) fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let inner_text = inner.to_string();
        // Some texts hold that of their cause already.
        if !text.contains(&inner_text) {
            text = format!("{text}: {inner_text}");
        }
        cause = inner.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_too_much_at_once_or_had_no_database_is_worth_another_try() {
        for (error, expected) in [
            (StoreError::unavailable("it is away"), true),
            (StoreError::Overloaded, true),
            (StoreError::TooLong, false),
            (StoreError::statement("a wrong one"), false),
            (StoreError::Corrupt("a row".into()), false),
        ] {
            assert_eq!(error.is_passing(), expected, "{error}");
        }
    }
}
