//! The credentials that each place is tried with.

use serde_json::json;
use shared::model::account::Role;

use super::members::{Key, Member, State};
use super::routes::Policy;
use super::tokens::{Mint, altered, claims, with};

/// What a request says of who sends it.
#[derive(Debug, Clone)]
pub(super) struct Credential {
    pub(super) name: &'static str,
    pub(super) header: Option<(&'static str, String)>,
    /// The tenant that has to be named beside it: it is of none itself.
    pub(super) tenant: Option<String>,
    pub(super) standing: Standing,
    /// What of theirs has ended, for whom it was all there before.
    pub(super) ended: Option<State>,
}

/// Who that is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// Nobody, whatever it looks like.
    Nobody,
    /// A member of the tenant whose things the requests name.
    Member(Role),
    /// A key for it.
    Key(Role),
    /// Who was a member of it.
    Former,
    /// The admin of a tenant that has nothing to do with them.
    Outsider,
}

/// What a route has to make of a credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Admission {
    /// 401.
    Unauthenticated,
    /// 403.
    Forbidden,
    /// 404: there is no tenant for them.
    Homeless,
    /// It goes on to look at what was sent.
    Admitted,
}

/// Whoever the credentials are made of.
pub(super) struct People {
    pub(super) viewer: Member,
    pub(super) editor: Member,
    pub(super) admin: Member,
    /// An editor who came by an invitation's link, and so has a session for that tenant alone.
    pub(super) confined: Member,
    /// Whose log-in has ended.
    pub(super) logged_out: Member,
    /// Who is in the tenant no longer.
    pub(super) removed: Member,
    pub(super) outsider: Member,
    /// Tokens of the identity provider.
    pub(super) external: External,
    /// Keys of the admin's: as much as each role may, one that was revoked, and one that was never made.
    pub(super) viewers_key: Key,
    pub(super) editors_key: Key,
    pub(super) admins_key: Key,
    pub(super) revoked_key: Key,
    pub(super) expired_key: Key,
    pub(super) invented_key: Key,
}

/// Tokens of the identity provider.
pub(super) struct External {
    /// An editor's, of the tenant that has to be named beside it.
    pub(super) editor: (String, String),
    pub(super) expired: String,
    /// For somebody else than Tenon.
    pub(super) elsewhere: String,
    /// In the provider's name.
    pub(super) signed_by_another: String,
}

/// All of them, a line each.
pub(super) fn all(people: &People, mint: &Mint) -> Vec<Credential> {
    use Standing::{Nobody, Outsider};
    let admin = claims(&people.admin.token);
    let long_ago = json!({ "iat": 1_700_000_000, "exp": 1_700_000_900 });
    let elsewhere = json!({ "tenant_id": admin["tenant_id"] });
    let outsider = claims(&people.outsider.token);
    let [modulus, bytes, whole] = mint.signed_with_the_public_key(&admin);
    let member = |name, member: &Member, role| bearer(name, &member.token, Standing::Member(role));
    vec![
        nothing("no token"),
        bearer("no token at all in it", "", Nobody),
        bearer("expired", &mint.sign(&with(&admin, &long_ago)), Nobody),
        bearer("wrong signature", &mint.signed_by_another(&admin), Nobody),
        bearer("alg none", &mint.unsigned(&admin), Nobody),
        bearer("HS256 with the modulus", &modulus, Nobody),
        bearer("HS256 with its bytes", &bytes, Nobody),
        bearer("HS256 with the public key", &whole, Nobody),
        bearer(
            "altered to another tenant",
            &altered(&people.outsider.token, &with(&outsider, &elsewhere)),
            Nobody,
        ),
        ended("logged out", &people.logged_out, State::LoggedOut),
        Credential {
            standing: Standing::Former,
            ..ended("removed member", &people.removed, State::Removed)
        },
        bearer("other tenant's member", &people.outsider.token, Outsider),
        member("viewer", &people.viewer, Role::Viewer),
        member("editor", &people.editor, Role::Editor),
        member("admin", &people.admin, Role::Admin),
        // What such a session is not for no key is, either.
        bearer(
            "editor by a link",
            &people.confined.token,
            Standing::Key(Role::Editor),
        ),
        bearer(
            "viewer's key",
            &people.viewers_key.0,
            Standing::Key(Role::Viewer),
        ),
        key(
            "editor's key",
            &people.editors_key,
            Standing::Key(Role::Editor),
        ),
        bearer(
            "admin's key",
            &people.admins_key.0,
            Standing::Key(Role::Admin),
        ),
        Credential {
            tenant: Some(people.external.editor.1.clone()),
            ..bearer(
                "provider's, an editor",
                &people.external.editor.0,
                Standing::Member(Role::Editor),
            )
        },
        bearer("provider's, expired", &people.external.expired, Nobody),
        bearer(
            "provider's, for another",
            &people.external.elsewhere,
            Nobody,
        ),
        bearer(
            "provider's, wrong signature",
            &people.external.signed_by_another,
            Nobody,
        ),
        Credential {
            ended: Some(State::Revoked),
            ..key("revoked key", &people.revoked_key, Nobody)
        },
        bearer("expired key", &people.expired_key.0, Nobody),
        key("invented key", &people.invented_key, Nobody),
        key("a token as a key", &Key(people.admin.token.clone()), Nobody),
    ]
}

impl Credential {
    /// What a route that lets in whom `policy` says has to make of it.
    pub(super) fn admission(&self, policy: Policy) -> Admission {
        use Standing::{Former, Key, Member, Nobody, Outsider};
        let policy = match policy {
            Policy::AdminOrOneself => Policy::Member(Role::Admin),
            Policy::Maker(least) | Policy::Author(least) => Policy::Member(least),
            policy => policy,
        };
        match (policy, self.standing) {
            (Policy::Anyone, _) => Admission::Admitted,
            (_, Nobody) => Admission::Unauthenticated,
            (Policy::Person | Policy::InPerson(_), Key(_)) => Admission::Forbidden,
            (Policy::Member(_) | Policy::InPerson(_), Former) => Admission::Homeless,
            (Policy::Member(least), Member(role) | Key(role))
            | (Policy::InPerson(least), Member(role))
                if role < least =>
            {
                Admission::Forbidden
            }
            (_, Former | Member(_) | Key(_) | Outsider) => Admission::Admitted,
        }
    }
}

fn nothing(name: &'static str) -> Credential {
    Credential {
        name,
        header: None,
        tenant: None,
        standing: Standing::Nobody,
        ended: None,
    }
}

fn ended(name: &'static str, member: &Member, state: State) -> Credential {
    Credential {
        ended: Some(state),
        ..bearer(name, &member.token, Standing::Nobody)
    }
}

/// A token of whoever it is.
pub(super) fn bearer(name: &'static str, token: &str, standing: Standing) -> Credential {
    Credential {
        name,
        header: Some(("authorization", format!("Bearer {token}"))),
        tenant: None,
        standing,
        ended: None,
    }
}

/// A key in the header that is for keys.
fn key(name: &'static str, key: &Key, standing: Standing) -> Credential {
    Credential {
        header: Some(("x-api-key", key.0.clone())),
        ..bearer(name, "", standing)
    }
}
