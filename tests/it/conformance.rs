//! `ENDPOINT` beside each handler is the truth: what a function is called, what triggers it and what it
//! uses. All that says it a second time is held against it here, and so are the rules of the house.

mod crates;
mod deployment;
mod events;
mod folders;
mod grants;
mod resources;
mod routes;
mod sources;
pub(crate) mod workspace;
