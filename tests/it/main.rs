//! Tenon, used.

mod accounts;
mod email;
mod projects;
mod realtime;
mod search;
mod tasks;
