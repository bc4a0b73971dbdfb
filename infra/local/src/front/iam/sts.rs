//! STS: `AssumeRole` with session tags, and `GetCallerIdentity`.

use std::collections::{BTreeMap, HashMap};

use awsim_iam_policy::{AuthzRequest, ContextValue, Decision, EvalContext, evaluate, parse};
use axum::{body::Body, http::Response};
use chrono::{DateTime, SecondsFormat};
use uuid::Uuid;

use super::{ACCOUNT, Caller, Iam, Role, credentials::Claims};
use crate::front::{
    errors::{Denied, error, reply},
    iam::requests::Access,
    request::Service,
};

const NAMESPACE: &str = "https://sts.amazonaws.com/doc/2011-06-15/";

/// How long credentials last unless told, and at most, in seconds: a role that is assumed from a role ends
/// after an hour.
const LIFETIME: i64 = 3600;

/// The shortest that they last, in seconds.
const SHORTEST: i64 = 900;

type Form = BTreeMap<String, String>;

pub(crate) fn handle(iam: &Iam, caller: &Caller, body: &[u8]) -> Response<Body> {
    let form: Form = form_urlencoded::parse(body).into_owned().collect();
    match form.get("Action").map(String::as_str) {
        Some("GetCallerIdentity") => identity(caller),
        Some("AssumeRole") => iam
            .assume_role(caller, &form)
            .unwrap_or_else(|refused| *refused),
        _ => error(
            Service::Sts,
            400,
            "InvalidAction",
            "Only AssumeRole and GetCallerIdentity are part of the embedded STS",
        ),
    }
}

/// The operation that a body asks for.
pub(crate) fn action(body: &[u8]) -> Option<String> {
    form_urlencoded::parse(body)
        .find(|(name, _)| name == "Action")
        .map(|(_, action)| action.into_owned())
}

fn identity(caller: &Caller) -> Response<Body> {
    let arn = caller.arn();
    let id = arn.rsplit_once(':').map_or("", |(_, id)| id);
    answer(
        "GetCallerIdentity",
        &format!("<Arn>{arn}</Arn><UserId>{id}</UserId><Account>{ACCOUNT}</Account>"),
    )
}

impl Iam {
    fn assume_role(
        &self,
        caller: &Caller,
        form: &Form,
    ) -> Result<Response<Body>, Box<Response<Body>>> {
        let invalid =
            |problem: &str| Box::new(error(Service::Sts, 400, "ValidationError", problem));
        let field = |name: &str| form.get(name).map(String::as_str);
        let arn = field("RoleArn").ok_or_else(|| invalid("RoleArn is required"))?;
        let name = field("RoleSessionName").filter(|name| is_session_name(name));
        let name = name.ok_or_else(|| invalid("RoleSessionName is required"))?;
        let lifetime = match field("DurationSeconds") {
            Some(seconds) => seconds
                .parse()
                .ok()
                .filter(|seconds| (SHORTEST..=LIFETIME).contains(seconds))
                .ok_or_else(|| invalid("DurationSeconds is not between 900 and 3600"))?,
            None => LIFETIME,
        };
        let tags = tags(form).ok_or_else(|| invalid("A tag has no key or no value"))?;
        let policy = field("Policy")
            .map(|policy| {
                parse(policy).map_err(|_| ())?;
                serde_json::from_str(policy).map_err(|_| ())
            })
            .transpose()
            .map_err(|()| {
                Box::new(error(
                    Service::Sts,
                    400,
                    "MalformedPolicyDocument",
                    "The session policy is none",
                ))
            })?;

        // Whether there is such a role is told to nobody who may not assume it.
        let role = self.0.roles.get(arn);
        if !role.is_some_and(|role| role.trusts(caller, &tags)) {
            let denied = Denied::new(caller, &Access::new("sts:AssumeRole", arn));
            return Err(Box::new(denied.response(Service::Sts)));
        }
        // Whole seconds, as the answer says them.
        let until = self.0.clock.now() / 1000 + lifetime;
        let credentials = self.0.mint.issue(Claims {
            role: arn.to_owned(),
            name: name.to_owned(),
            tags,
            until: Some(until * 1000),
            policy,
            ..Claims::default()
        });
        let expiration = DateTime::from_timestamp(until, 0)
            .unwrap_or_default()
            .to_rfc3339_opts(SecondsFormat::Secs, true);
        let role_name = arn.rsplit('/').next().unwrap_or_default();
        Ok(answer(
            "AssumeRole",
            &format!(
                "<Credentials><AccessKeyId>{}</AccessKeyId><SecretAccessKey>{}</SecretAccessKey>\
                 <SessionToken>{}</SessionToken><Expiration>{expiration}</Expiration></Credentials>\
                 <AssumedRoleUser><AssumedRoleId>{role_name}:{name}</AssumedRoleId>\
                 <Arn>arn:aws:sts::{ACCOUNT}:assumed-role/{role_name}/{name}</Arn></AssumedRoleUser>",
                credentials.access_key_id, credentials.secret_access_key, credentials.session_token,
            ),
        ))
    }
}

impl Role {
    /// Whether a caller may assume it with these tags. A role that trusts no one by a policy is the
    /// platform's to assume. The owner may assume any.
    fn trusts(&self, caller: &Caller, tags: &BTreeMap<String, String>) -> bool {
        let Caller::InRole(session) = caller else {
            return true;
        };
        let mut context = session.context();
        context.extend(tags.iter().map(|(key, value)| {
            (
                format!("aws:RequestTag/{key}"),
                ContextValue::String(value.clone()),
            )
        }));
        if !tags.is_empty() {
            let keys = ContextValue::StringList(tags.keys().cloned().collect());
            context.insert("aws:TagKeys".to_owned(), keys);
        }
        let needed: &[&str] = match tags.len() {
            0 => &["sts:AssumeRole"],
            _ => &["sts:AssumeRole", "sts:TagSession"],
        };
        needed
            .iter()
            .all(|action| self.trusts_with(session, action, &context))
    }

    fn trusts_with(
        &self,
        session: &super::Session,
        action: &str,
        context: &HashMap<String, ContextValue>,
    ) -> bool {
        let Some(trust) = &self.trust else {
            return false;
        };
        let request = AuthzRequest {
            principal_arn: &session.role.arn,
            principal_account: ACCOUNT,
            action,
            resource_arn: &self.arn,
            context,
        };
        // Who is trusted by name needs no grant of their own in the same account.
        let policies = EvalContext {
            identity_policies: &session.role.grants,
            resource_policy: Some(trust),
            session_policy: session.policy.as_deref(),
            ..EvalContext::default()
        };
        evaluate(&request, &policies) == Decision::Allow && trust_allows(trust, &request)
    }
}

/// A grant of one's own is never enough: the role has to trust as well.
fn trust_allows(trust: &awsim_iam_policy::PolicyDocument, request: &AuthzRequest<'_>) -> bool {
    let alone = EvalContext {
        resource_policy: Some(trust),
        ..EvalContext::default()
    };
    evaluate(request, &alone) == Decision::Allow
}

fn is_session_name(name: &str) -> bool {
    let length = (2..=64).contains(&name.len());
    length
        && name
            .chars()
            .all(|letter| letter.is_ascii_alphanumeric() || "_=,.@-".contains(letter))
}

/// `Tags.member.1.Key=tenant&Tags.member.1.Value=…`
fn tags(form: &Form) -> Option<BTreeMap<String, String>> {
    let keys = form
        .iter()
        .filter(|(name, _)| name.starts_with("Tags.member.") && name.ends_with(".Key"));
    keys.map(|(name, key)| {
        let value = form.get(&format!("{}.Value", name.strip_suffix(".Key")?))?;
        Some((key.clone(), value.clone()))
    })
    .collect()
}

fn answer(action: &str, result: &str) -> Response<Body> {
    reply(
        200,
        "text/xml",
        format!(
            "<{action}Response xmlns=\"{NAMESPACE}\"><{action}Result>{result}</{action}Result>\
             <ResponseMetadata><RequestId>{}</RequestId></ResponseMetadata></{action}Response>",
            Uuid::new_v4()
        ),
    )
}
