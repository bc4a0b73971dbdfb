//! IAM: who signs a call, and whether their policies allow what it does.
//!
//! The roles and their policies are the template's: each function signs with credentials of its own
//! execution role, and what that role does not grant is refused here as on AWS. The stack's own key is its
//! owner's, who may do everything.

mod credentials;
mod dynamodb;
mod requests;
mod sts;

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use awsim_iam_policy::{
    AuthzRequest, ContextValue, Decision, EvalContext, PolicyDocument, evaluate, parse_value,
};
use serde_json::{Value, json};
use shared::sdk::clock::Clock;

use super::{
    ACCESS_KEY, ACCOUNT, SECRET_KEY,
    errors::{Denied, Refusal},
};
use crate::template::{self, Template};
use credentials::{Claims, Mint};

pub use credentials::Credentials;
pub(crate) use requests::{Access, accesses, object_action};
pub(super) use sts::{action as sts_action, handle as sts};

/// Why the policies of a role can't be used.
#[derive(Debug, thiserror::Error)]
#[error("the policies of {role} can't be used: {problem}")]
pub struct PolicyError {
    role: String,
    problem: String,
}

/// The roles, and the keys of those who act in them. Clones share them.
#[derive(Clone)]
pub struct Iam(Arc<Directory>);

struct Directory {
    roles: BTreeMap<String, Arc<Role>>,
    mint: Mint,
    clock: Clock,
    /// What the ARN of a connection begins with, after the account: `SocketApi/live`.
    socket: String,
    used: Mutex<BTreeSet<(String, String, String)>>,
}

impl Directory {
    fn used(&self) -> MutexGuard<'_, BTreeSet<(String, String, String)>> {
        self.used.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A role, and what it may do.
#[derive(Debug)]
struct Role {
    arn: String,
    name: String,
    grants: Vec<PolicyDocument>,
    trust: Option<PolicyDocument>,
}

/// Who signed a call.
#[derive(Debug, Clone)]
pub(crate) enum Caller {
    /// The stack's owner.
    Owner,
    /// Somebody in a role.
    InRole(Session),
}

/// Somebody in a role.
#[derive(Debug, Clone)]
pub(crate) struct Session {
    role: Arc<Role>,
    name: String,
    tags: BTreeMap<String, String>,
    policy: Option<Arc<PolicyDocument>>,
}

impl Iam {
    /// The roles of a template; `secret` is what temporary credentials are made from.
    ///
    /// # Errors
    /// If a policy is none.
    pub fn new(template: &Template, secret: &str, clock: Clock) -> Result<Self, PolicyError> {
        let roles = template
            .roles
            .iter()
            .map(|role| Ok((role.arn.clone(), Arc::new(Role::read(role)?))))
            .collect::<Result<_, _>>()?;
        Ok(Self(Arc::new(Directory {
            roles,
            mint: Mint::new(secret),
            clock,
            socket: template.socket_stage.clone().unwrap_or_default(),
            used: Mutex::default(),
        })))
    }

    /// An account with no role in it: its owner's alone.
    #[cfg(test)]
    pub(super) fn of_the_owner(clock: Clock) -> Self {
        Self(Arc::new(Directory {
            roles: BTreeMap::new(),
            mint: Mint::new("secret"),
            clock,
            socket: String::new(),
            used: Mutex::default(),
        }))
    }

    /// Credentials in a role, as the platform gives them to a function: they last as long as the stack's
    /// secret. None if there is no such role.
    pub fn platform_credentials(&self, role_arn: &str, session: &str) -> Option<Credentials> {
        self.0.roles.get(role_arn)?;
        Some(self.0.mint.issue(Claims {
            role: role_arn.to_owned(),
            name: session.to_owned(),
            ..Claims::default()
        }))
    }

    /// The secret of an access key.
    pub(crate) fn secret(&self, key_id: &str) -> Result<String, Refusal> {
        if key_id == ACCESS_KEY {
            return Ok(SECRET_KEY.to_owned());
        }
        self.0.mint.secret(key_id).ok_or(Refusal::UnknownKey)
    }

    /// Whose an access key is, with the session token that came along.
    pub(crate) fn caller(&self, key_id: &str, token: Option<&str>) -> Result<Caller, Refusal> {
        if key_id == ACCESS_KEY {
            return Ok(Caller::Owner);
        }
        let claims = token.and_then(|token| self.0.mint.read(key_id, token));
        let claims = claims.ok_or(Refusal::UnknownKey)?;
        if claims
            .until
            .is_some_and(|until| until <= self.0.clock.now())
        {
            return Err(Refusal::Expired);
        }
        let role = self.0.roles.get(&claims.role).ok_or(Refusal::UnknownKey)?;
        let policy = claims
            .policy
            .map(|policy| parse_value(&policy).map(Arc::new))
            .transpose()
            .map_err(|_| Refusal::UnknownKey)?;
        Ok(Caller::InRole(Session {
            role: Arc::clone(role),
            name: claims.name,
            tags: claims.tags,
            policy,
        }))
    }

    /// That a caller may do all that a call does.
    pub(crate) fn permit(&self, caller: &Caller, accesses: &[Access]) -> Result<(), Denied> {
        let Caller::InRole(session) = caller else {
            return Ok(());
        };
        for access in accesses {
            if !session.may(access) {
                return Err(Denied::new(caller, access));
            }
            self.note(&session.role, access);
        }
        Ok(())
    }

    /// What roles have done: role, action and resource. Of objects and connections it is told no more than
    /// whose they are: the bucket, the API.
    pub fn used(&self) -> BTreeSet<(String, String, String)> {
        self.0.used().clone()
    }

    fn note(&self, role: &Role, access: &Access) {
        let (action, resource) = (&access.action, &access.resource);
        let whole = action.starts_with("s3:") || action.starts_with("execute-api:");
        let resource = match resource.split_once('/') {
            Some((owner, _)) if whole => owner.to_owned(),
            _ => resource.clone(),
        };
        self.0
            .used()
            .insert((role.arn.clone(), action.clone(), resource));
    }

    /// What the ARN of a connection begins with, after the account.
    pub(crate) fn socket(&self) -> &str {
        &self.0.socket
    }
}

impl Role {
    fn read(role: &template::Role) -> Result<Self, PolicyError> {
        let document = |statements: &[Value]| {
            let document = json!({ "Version": "2012-10-17", "Statement": statements });
            parse_value(&document).map_err(|error| PolicyError {
                role: role.name.clone(),
                problem: error.to_string(),
            })
        };
        Ok(Self {
            arn: role.arn.clone(),
            name: role.name.clone(),
            grants: vec![document(&role.grants)?],
            trust: (!role.trust.is_empty())
                .then(|| document(&role.trust))
                .transpose()?,
        })
    }
}

impl Session {
    fn may(&self, access: &Access) -> bool {
        let mut context = self.context();
        context.extend(access.context.clone());
        let request = AuthzRequest {
            principal_arn: &self.role.arn,
            principal_account: ACCOUNT,
            action: &access.action,
            resource_arn: &access.resource,
            context: &context,
        };
        let policies = EvalContext {
            identity_policies: &self.role.grants,
            session_policy: self.policy.as_deref(),
            ..EvalContext::default()
        };
        evaluate(&request, &policies) == Decision::Allow
    }

    fn context(&self) -> HashMap<String, ContextValue> {
        self.tags
            .iter()
            .map(|(key, value)| {
                (
                    format!("aws:PrincipalTag/{key}"),
                    ContextValue::String(value.clone()),
                )
            })
            .collect()
    }
}

impl Caller {
    /// As AWS names them in what it says.
    pub(crate) fn arn(&self) -> String {
        match self {
            Self::Owner => format!("arn:aws:iam::{ACCOUNT}:user/{ACCESS_KEY}"),
            Self::InRole(session) => format!(
                "arn:aws:sts::{ACCOUNT}:assumed-role/{}/{}",
                session.role.name, session.name
            ),
        }
    }
}
