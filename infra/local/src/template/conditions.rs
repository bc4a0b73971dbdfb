use super::{
    TemplateError,
    intrinsics::{Resolver, arguments},
};
use serde_json::Value;

impl Resolver<'_> {
    /// Whether the named condition holds.
    pub(super) fn condition(&self, name: &str, place: &str) -> Result<bool, TemplateError> {
        let definition =
            self.document.conditions.get(name).ok_or_else(|| {
                TemplateError::at(place, format!("there is no condition `{name}`"))
            })?;
        let own_place = format!("Conditions.{name}");
        self.once(format!("condition `{name}`"), place, || {
            self.holds(definition, &own_place)
        })
    }

    fn holds(&self, expression: &Value, place: &str) -> Result<bool, TemplateError> {
        let (name, argument) = expression
            .as_object()
            .filter(|object| object.len() == 1)
            .and_then(|object| object.iter().next())
            .ok_or_else(|| TemplateError::at(place, "is not a condition"))?;
        match name.as_str() {
            "Condition" => self.condition(&self.text(argument, place)?, place),
            "Fn::Equals" => {
                let [left, right] = arguments(name, argument, place)?;
                Ok(self.text(left, place)? == self.text(right, place)?)
            }
            "Fn::Not" => {
                let [operand] = arguments(name, argument, place)?;
                self.holds(operand, place).map(|holds| !holds)
            }
            "Fn::And" => Ok(!self.operands(name, argument, place)?.contains(&false)),
            "Fn::Or" => Ok(self.operands(name, argument, place)?.contains(&true)),
            _ => Err(TemplateError::at(
                place,
                format!("{name} is not a condition function"),
            )),
        }
    }

    fn operands(
        &self,
        name: &str,
        argument: &Value,
        place: &str,
    ) -> Result<Vec<bool>, TemplateError> {
        argument
            .as_array()
            .ok_or_else(|| TemplateError::at(place, format!("{name} takes a list")))?
            .iter()
            .map(|operand| self.holds(operand, place))
            .collect()
    }
}
