//! Tenon, used.

mod accounts;
mod projects;
mod tasks;
