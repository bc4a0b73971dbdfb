//! The whole document: OpenAPI 3.1.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};
use shared::endpoint::{Endpoint, Trigger};
use shared::lambda::{Function, Surface};

use super::answers;
use super::choice;
use super::operation::Operation;
use super::refusals;
use super::schemas::{self, Schemas};

/// What holds of all operations.
const ABOUT: &str = "\
Send `Authorization: Bearer` with an access token or an API key, or the key as `X-API-Key`. Whoever belongs to several \
tenants says which one by `X-Tenant-Id`.

Bodies are JSON in UTF-8; times are epoch milliseconds. A list without anything in it is 200 with `[]`, for the list \
is there; 204 is for what has nothing to show. `PUT` replaces all that can be changed: what is left out is empty from \
then on. `PATCH` takes a merge patch (RFC 7396): what is left out stays, and null empties what can be \
empty. What a tenant does not have is 404, whether or not another has it.

Every refusal has the same form, and names every malformed field; once there is none, every one that does not go with \
the others or with what is there. A path that does not take a method is 405, and `Allow` \
names those that it takes. What never reaches Tenon its gateway refuses itself, as `{\"message\": …}`: 413 above 6 MB, \
429 where all callers together are too many, 500 and 503. A request with an `Idempotency-Key` has its effect once, \
however often it is sent. An `ETag` can be sent back: as `If-None-Match` to be spared what has not changed, as \
`If-Match` so that nobody's change is lost.

With `fields` an answer shows as much of a resource as it names, and always its `id`. Each choice has an `ETag` of its \
own, and any of them can be sent as `If-Match`. Without `fields` all of a resource is shown: its schema has that as \
`x-whole`.

`x-permission` is whom an operation is for: `anyone`; `authenticated`, whoever has a token or an API key; `viewer`, \
`editor` and `admin`, a member of the tenant in that role or one after it. What is done `in person` takes no API key. A \
private project is there for its owner, who has in it the role that they have in the tenant, and for those whom it is \
shared with, who have the lesser of that and the role that they were let in with. For all others it is 404, admins \
included.

`x-rate-class` is what it counts as. A user or an API key may make so many calls in any 60 seconds, of which three in \
ten may be searches and three in ten for files; `X-RateLimit-Remaining` says how many are left. An attempt of somebody \
who is not known counts against the address that it comes from, and at a log-in or for a forgotten password against the \
account as well; of somebody who is, against what it is for: their password, the address that is written to, the tenant \
that invites.";

/// The document of these functions.
pub(super) fn of(functions: &[Function]) -> Value {
    let mut schemas = Schemas::default();
    let mut operations = Vec::new();
    for (endpoint, route, surface) in routes(functions) {
        operations.push(Operation::of(&mut schemas, endpoint, route, &surface));
    }
    operations.sort_by(|one, other| (&one.path, order(one)).cmp(&(&other.path, order(other))));
    let shared = schemas.shared();
    let tags = tags(&operations);
    let mut all_schemas = shared.clone();
    let mut paths = Map::new();
    let (mut used, mut ids) = (BTreeSet::new(), BTreeSet::new());
    for operation in operations {
        let path = paths.entry(&operation.path).or_insert_with(|| json!({}));
        used.insert(tags.of(&operation.path));
        assert!(
            ids.insert(operation.id.clone()),
            "two operations are called {}: call the handler of one otherwise",
            operation.id
        );
        let mut written = operation.written(&tags.of(&operation.path), &shared);
        if operation.has_choice() {
            choice::loosen(&mut written, &mut all_schemas);
        }
        path[operation.method.to_lowercase()] = written;
    }
    all_schemas.insert("Refusal".to_owned(), schemas::refusal());
    let refusals = refusals::shared(&paths);
    let headers = answers::headers(&json!([paths, refusals]));
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Tenon",
            "version": env!("CARGO_PKG_VERSION"),
            "description": ABOUT,
            "license": { "name": "Apache 2.0", "identifier": "Apache-2.0" },
        },
        "servers": [{ "url": "./", "description": "Where this document is from." }],
        "tags": used.iter().map(|name| json!({ "name": name })).collect::<Value>(),
        "paths": paths,
        "components": {
            "securitySchemes": {
                "token": {
                    "type": "http", "scheme": "bearer",
                    "description": "An access token, or an API key.",
                },
                "apiKey": {
                    "type": "apiKey", "in": "header", "name": "X-API-Key",
                    "description": "An API key, by which a program acts for a member.",
                },
            },
            "parameters": answers::parameters(),
            "headers": headers,
            "responses": refusals,
            "schemas": all_schemas,
        },
    })
}

/// Every route that is a function's own, with what it lets in.
fn routes(
    functions: &[Function],
) -> Vec<(&'static Endpoint, (&'static str, &'static str), Surface)> {
    let mut routes = Vec::new();
    for function in functions {
        let Trigger::Http { method, path } = function.endpoint.trigger else {
            continue;
        };
        if function.endpoint.takes_anything() {
            continue;
        }
        for surface in function.surfaces() {
            let route = surface.route.unwrap_or((method, path));
            routes.push((function.endpoint, route, surface));
        }
    }
    routes
}

fn order(operation: &Operation) -> usize {
    let methods = ["GET", "POST", "PUT", "PATCH", "DELETE"];
    let at = methods
        .iter()
        .position(|method| *method == operation.method);
    at.unwrap_or(methods.len())
}

/// What operations are listed under: the resource that their path names, be it by a word of it.
struct Tags(Vec<String>);

fn tags(operations: &[Operation]) -> Tags {
    let of_one = operations.iter().filter_map(|operation| {
        let (resource, rest) = operation.path.strip_prefix("/api/")?.split_once('/')?;
        rest.starts_with('{').then(|| resource.to_owned())
    });
    let names: BTreeSet<String> = of_one.collect();
    Tags(names.into_iter().collect())
}

impl Tags {
    fn of(&self, path: &str) -> String {
        let Some(rest) = path.strip_prefix("/api/") else {
            return "about".to_owned();
        };
        let name = rest.split('/').next().unwrap_or_default();
        let singular = |tag: &str| tag.trim_end_matches('s').to_owned();
        let own = self.0.iter().find(|tag| *tag == name);
        let named = || {
            let mut words = name.split('-').map(singular);
            words.find_map(|word| self.0.iter().find(|tag| singular(tag) == word))
        };
        own.or_else(named)
            .map_or_else(|| "accounts".to_owned(), Clone::clone)
    }
}
