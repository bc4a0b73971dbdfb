//! STS's `GetCallerIdentity`: what `aws sts get-caller-identity` asks to see whether keys work.

use axum::{body::Body, http::Response};
use uuid::Uuid;

use super::{
    ACCESS_KEY, ACCOUNT,
    errors::{error, reply},
    request::Service,
};

pub(super) fn handle(body: &[u8]) -> Response<Body> {
    let action =
        form_urlencoded::parse(body).find_map(|(name, value)| (name == "Action").then_some(value));
    if action.as_deref() != Some("GetCallerIdentity") {
        return error(
            Service::Sts,
            400,
            "InvalidAction",
            "Only GetCallerIdentity is part of the embedded STS",
        );
    }
    reply(
        200,
        "text/xml",
        format!(
            "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\
             <GetCallerIdentityResult><Arn>arn:aws:iam::{ACCOUNT}:user/{ACCESS_KEY}</Arn>\
             <UserId>{ACCESS_KEY}</UserId><Account>{ACCOUNT}</Account></GetCallerIdentityResult>\
             <ResponseMetadata><RequestId>{}</RequestId></ResponseMetadata></GetCallerIdentityResponse>",
            Uuid::new_v4()
        ),
    )
}
