//! Tenon, used.

mod accounts;
mod agreement;
mod conformance;
mod email;
mod figures;
mod fixtures;
mod projects;
mod realtime;
mod search;
mod tasks;
