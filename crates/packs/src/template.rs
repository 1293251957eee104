//! The templates of a command, tried out before anybody relies on them.
//!
//! Not the engine's filling-in: the values here are samples. Layer 2.

use std::collections::BTreeSet;

use serde_json::{Map, Value as Json, json};
use wilco_contract::{
    command::ArgSpec,
    expr::{Condition, render, render_value, strings, template_names},
    values::ArgType,
};

use crate::{
    args,
    problem::Problem,
    sheet::{Text, Value},
};

/// What `op.*` has.
const OP: [&str; 3] = ["op.id", "op.asker", "op.place"];
/// Functions of the language.
pub(crate) const FUNCTIONS: [&str; 4] = ["range", "dict", "namespace", "debug"];

/// The names that a template may use at its place.
#[derive(Clone, Copy)]
pub(crate) struct Scope<'a> {
    /// The command's arguments.
    pub(crate) args: &'a [ArgSpec],
    /// The steps that have run before.
    pub(crate) before: &'a [String],
    /// The steps that run later, to say so.
    pub(crate) later: &'a [String],
    /// Whether there is an operation to name.
    pub(crate) op: bool,
    /// Further names: `item`, `failure`.
    pub(crate) own: &'a [&'a str],
    /// The variables, as they are.
    pub(crate) vars: &'a Map<String, Json>,
}

/// A value with its templates filled in.
pub(crate) struct Filled {
    /// The value.
    pub(crate) value: Json,
    /// The arguments that were left out of the order.
    pub(crate) without: Vec<String>,
}

impl Scope<'_> {
    /// Checks a text that may be a template: it can be read, its names are defined, and it renders. Returns whether
    /// all is well.
    pub(crate) fn check(&self, text: &Text<'_>) -> bool {
        let names = match template_names(text.text) {
            Ok(names) => names,
            Err(error) => {
                text.wrong(
                    format!("this template cannot be read: {error}"),
                    "Write `{{ name }}` for a value, `{% if … %} … {% endif %}` for a choice.",
                );
                return false;
            }
        };
        let mut well = true;
        for name in &names {
            if let Err(problem) = self.defined("template", name, text) {
                well = false;
                text.add(problem);
            }
        }
        well && self.renders(text, &names)
    }

    /// Reads a condition over these names, and tries it.
    pub(crate) fn condition(&self, value: &Value<'_>) -> Option<Condition> {
        let text = value.words("\"app == 'billing'\"")?;
        let condition = match Condition::parse(text.text) {
            Ok(condition) => condition,
            Err(error) => {
                let remedy = "Write a condition such as `app == 'billing' and steps.build.state == 'done'`.";
                text.wrong(format!("this condition cannot be read: {error}"), remedy);
                return None;
            }
        };
        let names = condition.names();
        let mut well = true;
        for name in &names {
            if let Err(problem) = self.defined("condition", name, &text) {
                well = false;
                text.add(problem);
            }
        }
        for whole in [true, false] {
            if well && let Err(error) = condition.holds(&self.samples(&names, whole)) {
                let left = if whole { "" } else { " when an order leaves out what it may" };
                text.wrong(
                    format!("this condition fails{left} when it is tried: {error}"),
                    "Correct it, or ask for what may be missing with `is defined`, `is none` or `or`.",
                );
                return None;
            }
        }
        well.then_some(condition)
    }

    fn defined(&self, what: &str, name: &str, text: &Text<'_>) -> Result<(), Problem> {
        let mut parts = name.split('.');
        let (first, second) = (parts.next().unwrap_or(name), parts.next());
        let is_arg = |name: &str| self.args.iter().any(|arg| arg.name == name);
        let origin = text.origin_of_word(name);
        let fine = match (first, second) {
            ("args", Some(arg)) => is_arg(arg),
            ("steps", Some(step)) if self.later.iter().any(|id| id == step) => {
                let what =
                    format!("`{name}` is not known yet: the step `{step}` does not run before this one");
                return Err(Problem::at(
                    &origin,
                    what,
                    "Change the order of the steps, or use an earlier one.",
                ));
            }
            ("steps", Some(step)) => self.before.iter().any(|id| id == step),
            ("op", Some(_)) => self.op && OP.contains(&name),
            ("op", None) => self.op,
            ("vars", Some(name)) => self.vars.contains_key(name),
            ("vars", None) => true,
            ("args", None) => true,
            ("steps", None) => !self.before.is_empty(),
            _ => self.own.contains(&first) || is_arg(first) || FUNCTIONS.contains(&first),
        };
        if fine {
            return Ok(());
        }
        let known = self.known();
        let long = self.args.iter().map(|arg| format!("args.{}", arg.name)).collect::<Vec<_>>();
        let listed = known.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        let what = format!("the {what} names `{name}`, which is not defined");
        let shown: Vec<_> = name
            .split('.')
            .take(if matches!(first, "args" | "steps" | "op" | "vars") { 2 } else { 1 })
            .collect();
        let problem = Problem::at(&origin, what, format!("Here it may use {listed}."));
        Err(problem.near(&shown.join("."), known.iter().chain(&long).map(String::as_str)))
    }

    fn known(&self) -> Vec<String> {
        let args = self.args.iter().map(|arg| arg.name.clone());
        let steps = self.before.iter().map(|step| format!("steps.{step}"));
        let op = OP.map(str::to_owned).into_iter().filter(|_| self.op);
        let vars = self.vars.keys().map(|name| format!("vars.{name}"));
        let own = self.own.iter().map(|name| (*name).to_owned());
        args.chain(steps).chain(op).chain(vars).chain(own).collect()
    }

    fn renders(&self, text: &Text<'_>, names: &BTreeSet<String>) -> bool {
        if let Err(error) = render(text.text, &self.samples(names, true)) {
            let error = error.to_string();
            let remedy = if error.contains("too many steps") || error.contains("longer than") {
                "Make it shorter or simpler; a template fills in words, it does not compute."
            } else {
                "Correct it; it was tried with samples for the arguments."
            };
            text.wrong(format!("this template fails when it is tried: {error}"), remedy);
            return false;
        }
        let optional: Vec<_> =
            self.args.iter().filter(|arg| may_be_absent(arg) && uses(names, &arg.name)).collect();
        let Some(first) = optional.first().map(|arg| &arg.name) else { return true };
        // What is left out is null. Alone in a template it stays null; inside a text it would be said as `None`.
        let alone = text.text.matches("{{").count() == 1
            && text.text.trim().starts_with("{{")
            && text.text.trim().ends_with("}}");
        let listed = optional.iter().map(|arg| format!("`{}`", arg.name)).collect::<Vec<_>>().join(" or ");
        let what = match render(text.text, &self.samples(names, false)) {
            Ok(said) if alone || !said.contains("None") || text.text.contains("None") => return true,
            Ok(_) => format!("this text says `None` when an order leaves out {listed}"),
            Err(_) => format!("this template fails when an order leaves out {listed}"),
        };
        text.wrong(
            what,
            format!(
                "Give `args.{first}` a default, or write `{{{{ {first} or '…' }}}}` or \
                 `{{% if {first} %}} … {{% endif %}}`."
            ),
        );
        false
    }

    /// Sample values for all names; null for the arguments that an order may leave out where `whole` is not set.
    fn samples(&self, names: &BTreeSet<String>, whole: bool) -> Json {
        let mut args = Map::new();
        for spec in self.args {
            if !whole && may_be_absent(spec) {
                args.insert(spec.name.clone(), Json::Null);
                continue;
            }
            let mut value = args::sample(spec);
            if spec.kind == ArgType::Json {
                // What is inside is the asker's; whatever the template looks for is there.
                for name in names {
                    let name = name.strip_prefix("args.").unwrap_or(name);
                    if let Some(path) = name.strip_prefix(&format!("{}.", spec.name)) {
                        put(&mut value, path);
                    }
                }
            }
            args.insert(spec.name.clone(), value);
        }
        let mut steps = Json::Object(self.before.iter().map(|id| (id.clone(), json!({}))).collect());
        for name in names {
            if let Some(path) = name.strip_prefix("steps.") {
                put(&mut steps, path);
            }
        }
        let mut all = args.clone();
        all.insert("args".into(), Json::Object(args));
        all.insert("steps".into(), steps);
        for own in self.own {
            let mut value = json!("sample");
            for name in names {
                if let Some(path) = name.strip_prefix(&format!("{own}.")) {
                    put(&mut value, path);
                }
            }
            all.insert((*own).to_owned(), value);
        }
        all.insert("vars".into(), Json::Object(self.vars.clone()));
        all.insert("op".into(), json!({"id": "o-7F3K", "asker": "@ana", "place": "web:ops"}));
        Json::Object(all)
    }

    /// The value with every template filled in by samples, once with all arguments and once without those that an
    /// order may leave out; nothing where it depends on earlier steps, so that nobody can tell what it will be, or
    /// where a template fails.
    pub(crate) fn filled(&self, value: &Json) -> Vec<Filled> {
        let names: BTreeSet<String> =
            strings(value).into_iter().filter_map(|text| template_names(text).ok()).flatten().collect();
        let optional = self.args.iter().filter(|arg| may_be_absent(arg) && uses(&names, &arg.name));
        let without: Vec<String> = optional.map(|arg| arg.name.clone()).collect();
        let mut filled: Vec<_> =
            self.fill(value, true, None).map(|value| Filled { value, without: vec![] }).into_iter().collect();
        if !without.is_empty() {
            filled.extend(self.fill(value, false, None).map(|value| Filled { value, without }));
        }
        filled
    }

    /// The choice `chosen` has this value.
    fn fill(&self, value: &Json, whole: bool, chosen: Option<(&str, &str)>) -> Option<Json> {
        let mut names = BTreeSet::new();
        for text in strings(value) {
            names.extend(template_names(text).ok()?);
        }
        // What comes only with the run: earlier steps' outputs, the item, the failure.
        let is_of_run = |name: &String| {
            name.split('.').next().is_some_and(|first| first == "steps" || self.own.contains(&first))
        };
        if names.iter().any(is_of_run) {
            return None;
        }
        let mut samples = self.samples(&names, whole);
        if let Some((name, word)) = chosen {
            samples[name] = Json::from(word);
            samples["args"][name] = Json::from(word);
        }
        render_value(value, &samples).ok()
    }

    /// The texts that a template can become, where that depends on nothing but one choice.
    #[must_use]
    pub(crate) fn possible(&self, source: &str) -> Option<Vec<String>> {
        let names = template_names(source).ok()?;
        // A variable is what it is.
        let names = names.iter().filter(|name| *name != "vars" && !name.starts_with("vars."));
        let mut names = names.map(|name| name.strip_prefix("args.").unwrap_or(name));
        let text = |value: Json| value.as_str().map(str::to_owned);
        let Some(name) = names.next() else {
            return self.fill(&Json::from(source), true, None).and_then(text).map(|text| vec![text]);
        };
        let arg = self.args.iter().find(|arg| arg.name == name).filter(|_| names.next().is_none())?;
        let ArgType::Choice(words) = &arg.kind else { return None };
        let source = Json::from(source);
        words.iter().map(|word| self.fill(&source, true, Some((name, word))).and_then(text)).collect()
    }
}

fn may_be_absent(arg: &ArgSpec) -> bool {
    !arg.required && arg.default.is_none()
}

fn uses(names: &BTreeSet<String>, arg: &str) -> bool {
    names.iter().any(|name| {
        let name = name.strip_prefix("args.").unwrap_or(name);
        name.split('.').next() == Some(arg)
    })
}

fn put(into: &mut Json, path: &str) {
    let mut here = into;
    for part in path.split('.') {
        if !here.is_object() {
            *here = json!({});
        }
        here = &mut here[part];
    }
    if here.is_null() {
        *here = Json::from("sample");
    }
}
