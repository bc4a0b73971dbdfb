//! Tenon, used.

mod accounts;
mod agreement;
mod conformance;
mod email;
mod fixtures;
mod projects;
mod realtime;
mod search;
mod tasks;
