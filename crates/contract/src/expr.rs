//! Conditions and templates: one language, strict and bounded.
//!
//! Not a place for names to be invented: an undefined name is an error, and [`Condition::names`] and
//! [`template_names`] let a checker find it before anything runs. The language is minijinja's. Layer 0.

use std::{
    collections::BTreeSet,
    fmt,
    sync::{Arc, LazyLock},
};

use minijinja::{Environment, Expression, UndefinedBehavior, value::Serde};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// How many instructions an evaluation may use before it is an error.
const FUEL: u64 = 20_000;
/// The longest text that a template may become, in bytes.
const MAX_RENDERED: usize = 256 * 1024;

static ENVIRONMENT: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_fuel(Some(FUEL));
    environment.set_auto_escape_callback(|_| minijinja::AutoEscape::None);
    environment
});

/// A condition or template that is wrong or went wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ExprError(String);

impl From<minijinja::Error> for ExprError {
    fn from(error: minijinja::Error) -> Self {
        let what = match error.kind() {
            minijinja::ErrorKind::OutOfFuel => "it takes too many steps".to_owned(),
            minijinja::ErrorKind::UndefinedError => "it uses a name that is not defined".to_owned(),
            kind => kind.to_string(),
        };
        Self(error.detail().map_or(what.clone(), |detail| format!("{what}: {detail}")))
    }
}

/// A condition over names, as in `args.app == 'billing'`.
#[derive(Clone, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Condition {
    source: Arc<str>,
    compiled: Arc<Expression<'static, 'static>>,
}

impl Condition {
    /// Reads a condition.
    ///
    /// # Errors
    /// When it is not well formed.
    pub fn parse(source: &str) -> Result<Self, ExprError> {
        let compiled = ENVIRONMENT.compile_expression_owned(source.to_owned())?;
        Ok(Self { source: source.into(), compiled: Arc::new(compiled) })
    }

    /// Whether it holds. `names` is a map of the names it may use.
    ///
    /// # Errors
    /// When it uses a name that is not there, or too many steps. Who asks decides what that means: the gate denies.
    pub fn holds<T: Serialize>(&self, names: &T) -> Result<bool, ExprError> {
        let value = self.compiled.eval(Serde(names))?;
        if value.is_undefined() {
            return Err(ExprError(format!("`{}` uses a name that is not defined", self.source)));
        }
        Ok(value.is_true())
    }

    /// The names it uses, with dots.
    #[must_use]
    pub fn names(&self) -> BTreeSet<String> {
        self.compiled.undeclared_variables(true).into_iter().collect()
    }

    /// As it was written.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }
}

impl fmt::Debug for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Condition({})", self.source)
    }
}

impl PartialEq for Condition {
    fn eq(&self, other: &Self) -> bool {
        self.source == other.source
    }
}

impl TryFrom<String> for Condition {
    type Error = ExprError;
    fn try_from(source: String) -> Result<Self, ExprError> {
        Self::parse(&source)
    }
}

impl From<Condition> for String {
    fn from(condition: Condition) -> Self {
        condition.source.as_ref().to_owned()
    }
}

/// The names that a template uses, with dots.
///
/// # Errors
/// When it is not well formed.
pub fn template_names(source: &str) -> Result<BTreeSet<String>, ExprError> {
    let template = ENVIRONMENT.template_from_str(source)?;
    Ok(template.undeclared_variables(true).into_iter().collect())
}

/// Fills in a template. `names` is a map of the names it may use.
///
/// # Errors
/// When it is not well formed, uses a name that is not there, takes too many steps or becomes too long.
pub fn render<T: Serialize>(source: &str, names: &T) -> Result<String, ExprError> {
    if !source.contains("{{") && !source.contains("{%") && !source.contains("{#") {
        return Ok(source.to_owned());
    }
    let text = ENVIRONMENT.render_str(source, Serde(names))?;
    if text.len() > MAX_RENDERED {
        return Err(ExprError(format!("it becomes longer than {MAX_RENDERED} bytes")));
    }
    Ok(text)
}

/// Fills in every template inside a JSON value. A string that is nothing but one `{{ … }}` keeps the type of what
/// it names: `"{{ lines }}"` becomes a number when `lines` is one.
///
/// # Errors
/// As [`render`].
pub fn render_value<T: Serialize>(value: &Value, names: &T) -> Result<Value, ExprError> {
    match value {
        Value::String(source) => match sole_expression(source) {
            Some(expression) => {
                let found = ENVIRONMENT.compile_expression(expression)?.eval(Serde(names))?;
                if found.is_undefined() {
                    return Err(ExprError(format!("`{}` is not defined", expression.trim())));
                }
                serde_json::to_value(&found).map_err(|error| ExprError(error.to_string()))
            }
            None => render(source, names).map(Value::String),
        },
        Value::Array(items) => items.iter().map(|item| render_value(item, names)).collect(),
        Value::Object(fields) => {
            let fields = fields.iter().map(|(key, item)| Ok((key.clone(), render_value(item, names)?)));
            fields.collect::<Result<_, ExprError>>().map(Value::Object)
        }
        other => Ok(other.clone()),
    }
}

/// Every template string inside a JSON value.
#[must_use]
pub fn strings(value: &Value) -> Vec<&str> {
    match value {
        Value::String(text) => vec![text],
        Value::Array(items) => items.iter().flat_map(strings).collect(),
        Value::Object(fields) => fields.values().flat_map(strings).collect(),
        _ => Vec::new(),
    }
}

fn sole_expression(source: &str) -> Option<&str> {
    let inner = source.trim().strip_prefix("{{")?.strip_suffix("}}")?;
    (!inner.contains("{{") && !inner.contains("}}")).then_some(inner.trim_matches(['-', ' ']))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_undefined_name_is_an_error_and_can_be_found_before() {
        let condition = Condition::parse("args.app == 'billing' or args.ap").expect("well formed");
        assert!(condition.holds(&json!({"args": {"app": "web"}})).is_err());
        assert_eq!(condition.names().into_iter().collect::<Vec<_>>(), ["args.ap", "args.app"]);
        assert!(Condition::parse("args.app ==").is_err());
    }

    #[test]
    fn a_template_that_loops_ends() {
        let error = render(
            "{% for a in range(9999) %}{% for b in range(9999) %}x{% endfor %}{% endfor %}",
            &json!({}),
        );
        assert!(error.expect_err("too long").to_string().contains("too many steps"));
        assert!(render("{{ nothing }}", &json!({})).is_err());
    }

    #[test]
    fn a_sole_expression_keeps_its_type() {
        let names = json!({"n": 3, "app": "web"});
        let filled = render_value(&json!({"a": "{{ n }}", "b": ["{{ app }}/{{ n }}"], "c": 1}), &names);
        assert_eq!(filled, Ok(json!({"a": 3, "b": ["web/3"], "c": 1})));
        assert!(render_value(&json!("{{ nope }}"), &names).is_err());
    }
}
