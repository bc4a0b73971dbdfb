use super::{
    TemplateError, Values,
    document::{Document, intrinsic},
};
use serde_json::{Map, Value};
use std::{cell::RefCell, collections::BTreeMap};

/// Resolves references and intrinsic functions.
pub(super) struct Resolver<'a> {
    pub(super) document: &'a Document,
    pub(super) values: &'a Values,
    parameters: BTreeMap<&'a str, Value>,
    /// What is being looked up, to find a definition that leads back to itself.
    pending: RefCell<Vec<String>>,
}

impl<'a> Resolver<'a> {
    pub(super) fn new(document: &'a Document, values: &'a Values) -> Result<Self, TemplateError> {
        if let Some(unknown) = values
            .parameters
            .keys()
            .find(|name| !document.parameters.contains_key(*name))
        {
            let place = format!("Parameters.{unknown}");
            return Err(TemplateError::at(place, "is overridden but not declared"));
        }
        let parameters = document
            .parameters
            .iter()
            .map(|(name, declaration)| Ok((name.as_str(), parameter(name, declaration, values)?)))
            .collect::<Result<_, TemplateError>>()?;
        Ok(Self {
            document,
            values,
            parameters,
            pending: RefCell::default(),
        })
    }

    /// The value with everything in it resolved; `AWS::NoValue` leaves nothing.
    pub(super) fn resolve(
        &self,
        value: &Value,
        place: &str,
    ) -> Result<Option<Value>, TemplateError> {
        Ok(Some(match value {
            Value::Array(items) => {
                let items = items.iter().enumerate();
                let items =
                    items.map(|(index, item)| self.resolve(item, &format!("{place}[{index}]")));
                items
                    .filter_map(Result::transpose)
                    .collect::<Result<_, _>>()?
            }
            Value::Object(object) => match intrinsic(object) {
                Some((name, argument)) => return self.call(name, argument, place),
                None => self.entries(object, place)?,
            },
            scalar => scalar.clone(),
        }))
    }

    /// The value, which has to come to text (a number or a boolean is written out).
    pub(super) fn text(&self, value: &Value, place: &str) -> Result<String, TemplateError> {
        match self.resolve(value, place)? {
            Some(value) => {
                written(&value).ok_or_else(|| TemplateError::at(place, "is not a single value"))
            }
            None => Err(TemplateError::at(place, "has no value")),
        }
    }

    /// Runs `look_up`, unless the same look-up is what led here.
    pub(super) fn once<T>(
        &self,
        what: String,
        place: &str,
        look_up: impl FnOnce() -> Result<T, TemplateError>,
    ) -> Result<T, TemplateError> {
        if self.pending.borrow().contains(&what) {
            return Err(TemplateError::at(
                place,
                format!("{what} is defined by itself"),
            ));
        }
        self.pending.borrow_mut().push(what);
        let result = look_up();
        self.pending.borrow_mut().pop();
        result
    }

    fn entries(&self, object: &Map<String, Value>, place: &str) -> Result<Value, TemplateError> {
        let mut resolved = Map::new();
        for (key, value) in object {
            if let Some(value) = self.resolve(value, &format!("{place}.{key}"))? {
                resolved.insert(key.clone(), value);
            }
        }
        Ok(Value::Object(resolved))
    }

    fn call(
        &self,
        name: &str,
        argument: &Value,
        place: &str,
    ) -> Result<Option<Value>, TemplateError> {
        let text = match name {
            "Ref" => return self.reference(argument, place),
            "Fn::If" => {
                let [condition, yes, no] = arguments(name, argument, place)?;
                let condition = self.text(condition, place)?;
                let chosen = if self.condition(&condition, place)? {
                    yes
                } else {
                    no
                };
                return self.resolve(chosen, place);
            }
            "Fn::Split" => {
                let [delimiter, text] = arguments(name, argument, place)?;
                let (delimiter, text) = (self.text(delimiter, place)?, self.text(text, place)?);
                return Ok(Some(text.split(&delimiter).map(Value::from).collect()));
            }
            "Fn::Select" => {
                let [index, list] = arguments(name, argument, place)?;
                return self.select(index, list, place).map(Some);
            }
            "Fn::GetAtt" => self.get_att(argument, place)?,
            "Fn::Sub" => self.substitute(argument, place)?,
            "Fn::Join" => {
                let [delimiter, list] = arguments(name, argument, place)?;
                let delimiter = self.text(delimiter, place)?;
                self.list(list, place)?
                    .iter()
                    .map(|item| self.text(item, place))
                    .collect::<Result<Vec<_>, _>>()?
                    .join(&delimiter)
            }
            _ => {
                return Err(TemplateError::at(
                    place,
                    format!("{name} is not understood here"),
                ));
            }
        };
        Ok(Some(Value::String(text)))
    }

    fn reference(&self, argument: &Value, place: &str) -> Result<Option<Value>, TemplateError> {
        let name = argument
            .as_str()
            .ok_or_else(|| TemplateError::at(place, "Ref takes a name"))?;
        if name == "AWS::NoValue" {
            return Ok(None);
        }
        if let Some(value) = self.values.pseudo.get(name) {
            return Ok(Some(Value::from(value.as_str())));
        }
        if let Some(value) = self.parameters.get(name) {
            return Ok(Some(value.clone()));
        }
        self.attribute(name, "Ref", place)
            .map(|value| Some(Value::from(value)))
    }

    fn get_att(&self, argument: &Value, place: &str) -> Result<String, TemplateError> {
        let (id, attribute) = match argument {
            Value::String(path) => path.split_once('.'),
            Value::Array(path) => match path.as_slice() {
                [Value::String(id), Value::String(attribute)] => {
                    Some((id.as_str(), attribute.as_str()))
                }
                _ => None,
            },
            _ => None,
        }
        .ok_or_else(|| TemplateError::at(place, "GetAtt takes a resource and an attribute"))?;
        self.attribute(id, attribute, place)
    }

    fn substitute(&self, argument: &Value, place: &str) -> Result<String, TemplateError> {
        let no_variables = Map::new();
        let (template, variables) = match argument {
            Value::String(template) => (template, &no_variables),
            Value::Array(items) => match items.as_slice() {
                [Value::String(template), Value::Object(variables)] => (template, variables),
                _ => return Err(TemplateError::at(place, "Sub takes a text and a mapping")),
            },
            _ => {
                return Err(TemplateError::at(
                    place,
                    "Sub takes a text, or a text and a mapping",
                ));
            }
        };
        let mut text = String::new();
        let mut rest = template.as_str();
        while let Some((before, after)) = rest.split_once("${") {
            let (name, after) = after
                .split_once('}')
                .ok_or_else(|| TemplateError::at(place, "a `${` is not closed"))?;
            text.push_str(before);
            text.push_str(&self.variable(name.trim(), variables, place)?);
            rest = after;
        }
        text.push_str(rest);
        Ok(text)
    }

    fn variable(
        &self,
        name: &str,
        variables: &Map<String, Value>,
        place: &str,
    ) -> Result<String, TemplateError> {
        if let Some(literal) = name.strip_prefix('!') {
            return Ok(format!("${{{literal}}}"));
        }
        if let Some(value) = variables.get(name) {
            return self.text(value, place);
        }
        if let Some((id, attribute)) = name.split_once('.') {
            return self.attribute(id, attribute, place);
        }
        match self.reference(&Value::from(name), place)? {
            Some(value) => written(&value).ok_or_else(|| {
                TemplateError::at(place, format!("${{{name}}} is not a single value"))
            }),
            None => Err(TemplateError::at(
                place,
                format!("${{{name}}} has no value"),
            )),
        }
    }

    fn select(&self, index: &Value, list: &Value, place: &str) -> Result<Value, TemplateError> {
        let index = self.text(index, place)?;
        let list = self.list(list, place)?;
        let chosen = index
            .parse::<usize>()
            .ok()
            .and_then(|index| list.get(index));
        chosen.cloned().ok_or_else(|| {
            TemplateError::at(
                place,
                format!("Select: no item {index} in a list of {}", list.len()),
            )
        })
    }

    fn list(&self, value: &Value, place: &str) -> Result<Vec<Value>, TemplateError> {
        match self.resolve(value, place)? {
            Some(Value::Array(items)) => Ok(items),
            _ => Err(TemplateError::at(place, "is not a list")),
        }
    }
}

/// Exactly `N` arguments.
pub(super) fn arguments<'v, const N: usize>(
    name: &str,
    argument: &'v Value,
    place: &str,
) -> Result<&'v [Value; N], TemplateError> {
    argument
        .as_array()
        .and_then(|items| items.as_slice().try_into().ok())
        .ok_or_else(|| TemplateError::at(place, format!("{name} takes a list of {N}")))
}

/// A scalar as the text that AWS would make of it.
pub(super) fn written(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(bool) => Some(bool.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

fn parameter(name: &str, declaration: &Value, values: &Values) -> Result<Value, TemplateError> {
    let place = format!("Parameters.{name}");
    let value = values
        .parameters
        .get(name)
        .cloned()
        .or_else(|| written(&declaration["Default"]))
        .ok_or_else(|| TemplateError::at(&place, "has neither a value nor a default"))?;
    if let Some(allowed) = declaration["AllowedValues"].as_array()
        && !allowed
            .iter()
            .any(|allowed| written(allowed).as_ref() == Some(&value))
    {
        return Err(TemplateError::at(
            &place,
            format!("`{value}` is not among the allowed values"),
        ));
    }
    Ok(match declaration["Type"].as_str() {
        Some("Number") => serde_json::from_str(&value)
            .ok()
            .filter(Value::is_number)
            .ok_or_else(|| TemplateError::at(&place, format!("`{value}` is not a number")))?,
        Some("CommaDelimitedList") => value
            .split(',')
            .map(|item| Value::from(item.trim()))
            .collect(),
        _ => Value::String(value),
    })
}
