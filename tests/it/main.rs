//! Tenon, used.

mod accounts;
mod agreement;
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
mod oidc;
mod passwords;
mod projects;
mod readme;
mod realtime;
mod search;
mod sessions;
mod tasks;
mod watched;
