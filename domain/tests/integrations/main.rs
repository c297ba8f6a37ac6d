//! Tests that every integration has to pass: a new one is tested by its line in the list and its sample settings.

#![expect(clippy::unwrap_used, reason = "tests may, and so may what they share")]

mod conformance;
mod devices;
mod extremes;
mod golden;
mod limits;
mod pages;
mod readable;
mod scene;
mod takes;
mod use_of_settings;
