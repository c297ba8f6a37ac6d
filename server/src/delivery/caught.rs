//! The functions of integrations, called so that one that panics takes down its own delivery or request alone.

/// What the function answers; `None` where it panics.
#[cfg(not(feature = "let-panics-through"))]
pub fn caught<T>(function: impl FnOnce() -> T) -> Option<T> {
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(function)).ok()
}

/// The defence taken away, so that the test of poisoned deliveries can be seen to fail.
#[cfg(feature = "let-panics-through")]
pub fn caught<T>(function: impl FnOnce() -> T) -> Option<T> {
    Some(function())
}
