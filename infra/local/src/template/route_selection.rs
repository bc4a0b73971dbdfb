use super::{TemplateError, intrinsics::Resolver};
use serde::Deserialize;
use serde_json::Value;

/// A WebSocket API's `RouteSelectionExpression`: where in a message the name of its route stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RouteSelection(Vec<String>);

impl RouteSelection {
    /// Reads `$request.body.<name>.<name>…`; none for an expression of any other form.
    pub fn parse(expression: &str) -> Option<Self> {
        let path = expression.strip_prefix("$request.body.")?;
        let names = path.split('.').map(str::to_owned).collect::<Vec<_>>();
        names
            .iter()
            .all(|name| is_plain(name))
            .then_some(Self(names))
    }

    /// The route that a message names; none if it names none.
    pub fn select<'a>(&self, message: &'a Value) -> Option<&'a str> {
        let mut names = self.0.iter();
        names
            .try_fold(message, |value, name| value.get(name))?
            .as_str()
    }
}

/// The expression of the template's WebSocket API; none if there is no such API.
pub(super) fn route_selection(
    resolver: &Resolver<'_>,
) -> Result<Option<RouteSelection>, TemplateError> {
    #[derive(Default, Deserialize)]
    #[serde(default, rename_all = "PascalCase")]
    struct Api {
        protocol_type: String,
        route_selection_expression: String,
    }
    for resource in resolver.resources("AWS::ApiGatewayV2::Api")? {
        let api: Api =
            resolver.properties(resource, &["ProtocolType", "RouteSelectionExpression"])?;
        if api.protocol_type != "WEBSOCKET" {
            continue;
        }
        let expression = api.route_selection_expression;
        let selection = RouteSelection::parse(&expression);
        return selection.map(Some).ok_or_else(|| {
            let place = format!(
                "Resources.{}.Properties.RouteSelectionExpression",
                resource.id
            );
            let problem =
                format!("`{expression}` is not of the form `$request.body.<name>.<name>…`");
            TemplateError::at(place, problem)
        });
    }
    Ok(None)
}

fn is_plain(name: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-".contains(&byte);
    !name.is_empty() && name.bytes().all(is_plain)
}
