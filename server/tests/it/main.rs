//! Tests of the server as a whole: in process, over sockets, and as a program.

#![expect(clippy::unwrap_used, reason = "tests may, and so may what they share")]

mod access_matrix;
mod admin_apps;
mod admin_audit;
mod admin_catalogue;
mod admin_cli;
mod admin_events;
mod admin_forms;
mod admin_installation;
mod admin_integrations;
mod admin_lists;
mod admin_purchases;
mod awkward_administration;
mod awkward_text;
mod compat_attributes;
mod compat_attribution;
mod compat_bodies;
mod compat_fields;
mod compat_identifiers;
mod compat_keys;
mod compat_profile;
mod compat_purchases;
mod compat_transport;
mod configuration;
mod deliveries;
mod docs_examples;
mod docs_links;
mod docs_page;
mod docs_proxies;
mod doctor;
mod examples;
mod first_steps;
mod fuzz;
mod last_uses;
mod limits;
mod observability;
mod openapi;
mod process;
mod readiness;
mod redaction;
mod simulation;
mod store;
mod stories;
mod support;
mod wire;
