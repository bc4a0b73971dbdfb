//! Tenon, used.

mod accounts;
mod agreement;
mod api_keys;
mod audit;
mod concurrency;
mod conformance;
mod crash;
mod email;
mod faults;
mod figures;
mod fixtures;
mod fuzz;
mod invitations;
mod isolation;
mod matrix;
mod members;
mod oidc;
mod passwords;
mod projects;
mod readme;
mod realtime;
mod search;
mod sessions;
mod tasks;
mod tenants;
mod watched;
