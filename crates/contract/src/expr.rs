//! Conditions and templates: one language, strict and bounded.
//!
//! Not a place for names to be invented: an undefined name is an error, and [`Condition::names`] and
//! [`template_names`] let a checker find it before anything runs. The language is minijinja's. Layer 0.

mod compiled;

use std::{
    collections::BTreeSet,
    fmt,
    sync::{Arc, LazyLock},
};

use minijinja::{Environment, Expression, UndefinedBehavior, value::Serde};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use self::compiled::{Expressions, Templates};

/// How many instructions an evaluation may use before it is an error.
const FUEL: u64 = 20_000;
/// The longest text that a template may become, in bytes.
const MAX_RENDERED: usize = 256 * 1024;

/// Stands before a value in what [`order_in`] returns. No text from outside holds it.
pub const VALUE_START: char = '\u{fdd0}';
/// Stands behind a value there.
pub const VALUE_END: char = '\u{fdd1}';

static ENVIRONMENT: LazyLock<Environment<'static>> = LazyLock::new(bounded_language);
static EXPRESSIONS: LazyLock<Expressions> = LazyLock::new(Expressions::default);
static TEMPLATES: LazyLock<Templates> = LazyLock::new(|| Templates::new(bounded_language()));

/// For lines about events: what has no value is not said.
static LINES: LazyLock<Templates> = LazyLock::new(|| {
    let mut environment = bounded_language();
    environment.set_formatter(|out, state, value| {
        if value.is_none() {
            return Err(no_value());
        }
        minijinja::escape_formatter(out, state, value)
    });
    Templates::new(environment)
});

/// For orders about events: what has no value is not said, and values are marked.
static ORDERS: LazyLock<Templates> = LazyLock::new(|| {
    let mut environment = bounded_language();
    environment.set_formatter(|out, _, value| {
        if value.is_none() {
            return Err(no_value());
        }
        if value.is_undefined() {
            return Err(minijinja::ErrorKind::UndefinedError.into());
        }
        let text = value.to_string().replace([VALUE_START, VALUE_END], "");
        out.write_fmt(format_args!("{VALUE_START}{text}{VALUE_END}")).map_err(Into::into)
    });
    Templates::new(environment)
});

fn bounded_language() -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_fuel(Some(FUEL));
    environment.set_auto_escape_callback(|_| minijinja::AutoEscape::None);
    environment
}

fn no_value() -> minijinja::Error {
    minijinja::Error::new(minijinja::ErrorKind::InvalidOperation, NO_VALUE)
}

/// What an error says of a name that is there and has no value.
const NO_VALUE: &str = "it says a name that has no value";

/// A condition or template that is wrong or went wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ExprError(String);

impl From<minijinja::Error> for ExprError {
    fn from(error: minijinja::Error) -> Self {
        let what = match error.kind() {
            minijinja::ErrorKind::OutOfFuel => "it takes too many steps".to_owned(),
            minijinja::ErrorKind::UndefinedError => "it uses a name that is not defined".to_owned(),
            _ if error.detail() == Some(NO_VALUE) => return Self(NO_VALUE.to_owned()),
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

    /// As [`Self::holds`], with names that were made ready, so that many conditions can share them.
    ///
    /// # Errors
    /// As there.
    pub fn holds_in(&self, names: &Names) -> Result<bool, ExprError> {
        let value = self.compiled.eval(&names.0)?;
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

/// Names made ready for conditions and templates.
#[derive(Debug, Clone)]
pub struct Names(minijinja::Value);

impl Names {
    /// Makes a map of names ready.
    #[must_use]
    pub fn new<T: Serialize>(names: &T) -> Self {
        Self(minijinja::Value::from(Serde(names)))
    }
}

/// Fills in a template with names that were made ready.
///
/// # Errors
/// As [`render`].
pub fn render_in(source: &str, names: &Names) -> Result<String, ExprError> {
    bounded(TEMPLATES.render(source, &names.0)?)
}

/// Fills in a template of a line about an event.
///
/// # Errors
/// As [`render`], and where it would say a name that has no value.
pub fn line_in(source: &str, names: &Names) -> Result<String, ExprError> {
    bounded(LINES.render(source, &names.0)?)
}

/// Fills in a template of an order about an event, each value between [`VALUE_START`] and [`VALUE_END`], so that
/// whoever takes it can see to it that a value stays a value.
///
/// # Errors
/// As [`line_in`].
pub fn order_in(source: &str, names: &Names) -> Result<String, ExprError> {
    bounded(ORDERS.render(source, &names.0)?)
}

/// As [`render_value`] of one text, with names that were made ready: what is nothing but one `{{ … }}` keeps its type.
///
/// # Errors
/// As [`render`].
pub fn value_in(source: &str, names: &Names) -> Result<Value, ExprError> {
    match sole_expression(source) {
        Some(expression) => value_of(expression, &names.0),
        None => render_in(source, names).map(Value::String),
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
    if !is_template(source) {
        return Ok(source.to_owned());
    }
    bounded(TEMPLATES.render(source, &minijinja::Value::from(Serde(names)))?)
}

fn bounded(text: String) -> Result<String, ExprError> {
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
pub fn render_value(value: &Value, names: &impl Named) -> Result<Value, ExprError> {
    match value {
        Value::String(source) => match sole_expression(source) {
            Some(expression) => match named(expression, names) {
                Some(found) => Ok(found.clone()),
                None => value_of(expression, &minijinja::Value::from(Serde(names.all()))),
            },
            None if !is_template(source) => Ok(Value::String(source.clone())),
            None => render(source, names.all()).map(Value::String),
        },
        Value::Array(items) => items.iter().map(|item| render_value(item, names)).collect(),
        Value::Object(fields) => {
            let fields = fields.iter().map(|(key, item)| Ok((key.clone(), render_value(item, names)?)));
            fields.collect::<Result<_, ExprError>>().map(Value::Object)
        }
        other => Ok(other.clone()),
    }
}

/// Whether something in a text is filled in.
fn is_template(source: &str) -> bool {
    ["{{", "{%", "{#"].iter().any(|begin| source.contains(begin))
}

/// Names and what they mean. Most templates are a mere name: all of them together are only asked for where one is more.
pub trait Named {
    /// What a name means, or a path of names with dots between them.
    fn get(&self, path: &str) -> Option<&Value>;

    /// All of them.
    fn all(&self) -> &Value;
}

impl Named for Value {
    fn get(&self, path: &str) -> Option<&Value> {
        path.split('.').try_fold(self, |found, part| Value::get(found, part))
    }

    fn all(&self) -> &Value {
        self
    }
}

/// What an expression that is nothing but a name means, as most are; `None` where it is more, or the name is not there.
fn named<'a>(expression: &str, names: &'a impl Named) -> Option<&'a Value> {
    let is_name = |part: &str| {
        part.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
    };
    let first = expression.split('.').next()?;
    let is_path = expression.split('.').all(is_name) && !LITERALS.contains(&first);
    if is_path { names.get(expression) } else { None }
}

/// What looks like a name and is a value of the language.
const LITERALS: [&str; 6] = ["true", "True", "false", "False", "none", "None"];

fn value_of(expression: &str, names: &minijinja::Value) -> Result<Value, ExprError> {
    let found = EXPRESSIONS.get(&ENVIRONMENT, expression)?.eval(names)?;
    if found.is_undefined() {
        return Err(ExprError(format!("`{}` is not defined", expression.trim())));
    }
    serde_json::to_value(&found).map_err(|error| ExprError(error.to_string()))
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
        for (source, value) in [
            ("{{ args.app }}", json!("web")),
            ("{{ args }}", json!({"app": "web", "list": [1]})),
            ("{{- args.list -}}", json!([1])),
            ("{{ args.list[0] }}", json!(1)),
            ("{{ none_of }}", json!(null)),
            ("{{ true }}", json!(true)),
            ("{{ n + 1 }}", json!(4)),
        ] {
            let names = json!({
                "n": 3, "none_of": null, "true": "a name", "args": {"app": "web", "list": [1]},
            });
            assert_eq!(render_value(&json!(source), &names), Ok(value), "{source}");
        }
        assert!(render_value(&json!("{{ nope }}"), &names).is_err());
        assert!(render_value(&json!("{{ app.nope }}"), &names).is_err());
        let ready = Names::new(&names);
        assert_eq!(value_in("{{ n }}", &ready), Ok(json!(3)));
        assert_eq!(value_in("{{ app }}/{{ n }}", &ready), Ok(json!("web/3")));
        assert!(value_in("{{ nope }}", &ready).is_err());
    }

    #[test]
    fn a_key_that_is_missing_below_a_name_is_an_error_unless_it_is_asked_for() {
        let names =
            Names::new(&json!({"event": {"labels": {"app": "web"}, "list": ["bug"], "branch": null}}));
        let told =
            |source: &str| Condition::parse(source).expect("well formed").holds_in(&names).map_err(|_| ());
        for source in [
            "event.labels.team == 'x'",
            "event.labels.team != 'x'",
            "event.labels.team in ['x', 'y']",
            "event.labels.team",
            "event.labels.team or true",
            "'x' in event.labels.team",
            "event.labels.team.lead == 'x'",
            "event.list.team == 'x'",
            "event.branch.name == 'x'",
        ] {
            assert_eq!(told(source), Err(()), "{source}");
        }
        assert_eq!(told("event.labels.team is defined and event.labels.team == 'x'"), Ok(false));
        assert_eq!(told("event.labels.team|default('') == 'x'"), Ok(false));
        assert_eq!(told("event.labels.app == 'x' and event.labels.team == 'x'"), Ok(false));
        assert_eq!(told("'team' in event.labels or 'bug' in event.list"), Ok(true));
        // None is there, and is nothing.
        assert_eq!((told("event.branch == 'x'"), told("event.branch")), (Ok(false), Ok(false)));
    }

    #[test]
    fn what_has_no_value_is_neither_said_nor_ordered() {
        let names = Names::new(&json!({"event": {"title": "a b", "branch": null, "number": 8}}));
        assert_eq!(line_in("{{ event.title }} {{ event.number }}", &names).as_deref(), Ok("a b 8"));
        assert_eq!(order_in("x {{ event.title }}!", &names).as_deref(), Ok("x \u{fdd0}a b\u{fdd1}!"));
        for template in ["{{ event.branch }}", "{{ event.team }}"] {
            assert!(line_in(template, &names).is_err() && order_in(template, &names).is_err(), "{template}");
        }
        assert_eq!(line_in("{{ event.branch or '-' }}", &names).as_deref(), Ok("-"));
    }
}
