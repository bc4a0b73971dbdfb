//! Services that are told of no tenant: a connection has an id of the gateway's, and a model takes a text.

use aws_sdk_apigatewaymanagement::operation::delete_connection::DeleteConnectionInput;
use aws_sdk_apigatewaymanagement::operation::post_to_connection::PostToConnectionInput;
use aws_sdk_bedrockruntime::operation::invoke_model::InvokeModelInput;
use aws_smithy_runtime_api::client::interceptors::context::Input;

use super::Refused;
use crate::keys::owner::Owner;
use crate::sdk::request::Request;

pub(crate) fn connections(input: &Input, _request: &Request) -> Result<Vec<Owner>, Refused> {
    let known = input.downcast_ref::<PostToConnectionInput>().is_some()
        || input.downcast_ref::<DeleteConnectionInput>().is_some();
    nobody_if(known)
}

pub(crate) fn models(input: &Input, _request: &Request) -> Result<Vec<Owner>, Refused> {
    nobody_if(input.downcast_ref::<InvokeModelInput>().is_some())
}

fn nobody_if(known: bool) -> Result<Vec<Owner>, Refused> {
    if known {
        Ok(vec![Owner::Nobody])
    } else {
        Err(Refused::UnknownCall)
    }
}
