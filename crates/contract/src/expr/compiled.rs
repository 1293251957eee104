//! Templates and expressions, each compiled once and kept by what is written.
//!
//! Not the language, whose rules its environment has, and no cache of what was filled in. Configuration holds a bounded
//! number of them; should something else bring ever new ones, all are forgotten now and then. Layer 0.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
};

use minijinja::{Environment, Error, Expression, Value};

/// How many templates, or expressions, are kept at once.
const MOST: usize = 4_096;
/// What a template that includes another one is told that it asked for. There is none of this name.
const NO_OTHER: &str = "(a template includes no other one)";

/// The templates of one language.
pub(super) struct Templates {
    /// Each by the name that it gives itself: what is written.
    kept: RwLock<Environment<'static>>,
}

impl Templates {
    /// None yet, of the language that this environment speaks.
    pub(super) fn new(mut language: Environment<'static>) -> Self {
        language.set_path_join_callback(|_, _| NO_OTHER.into());
        Self { kept: RwLock::new(language) }
    }

    /// Fills in a template.
    ///
    /// # Errors
    /// When it is not well formed, or cannot be filled in with these names.
    pub(super) fn render(&self, source: &str, names: &Value) -> Result<String, Error> {
        let kept = self.kept.read().unwrap_or_else(PoisonError::into_inner);
        if let Ok(template) = kept.get_template(source) {
            return template.render(names);
        }
        drop(kept);
        let mut kept = self.kept.write().unwrap_or_else(PoisonError::into_inner);
        if kept.templates().count() >= MOST {
            kept.clear_templates();
        }
        kept.add_template_owned(source.to_owned(), source.to_owned())?;
        kept.get_template(source)?.render(names)
    }
}

/// The expressions of one language.
#[derive(Default)]
pub(super) struct Expressions {
    kept: RwLock<HashMap<Box<str>, Arc<Expression<'static, 'static>>>>,
}

impl Expressions {
    /// The expression, compiled.
    ///
    /// # Errors
    /// When it is not well formed.
    pub(super) fn get(
        &self,
        language: &'static Environment<'static>,
        source: &str,
    ) -> Result<Arc<Expression<'static, 'static>>, Error> {
        if let Some(known) = self.kept.read().unwrap_or_else(PoisonError::into_inner).get(source) {
            return Ok(Arc::clone(known));
        }
        let compiled = Arc::new(language.compile_expression_owned(source.to_owned())?);
        let mut kept = self.kept.write().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= MOST {
            kept.clear();
        }
        kept.insert(source.into(), Arc::clone(&compiled));
        Ok(compiled)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_ever_new_ones_no_more_are_kept_than_fit_and_all_are_filled_in() {
        let templates = Templates::new(Environment::new());
        let expressions = Expressions::default();
        let language: &'static Environment<'static> = Box::leak(Box::default());
        for number in 0..MOST + 2 {
            let rendered = templates.render(&format!("{{{{ 1 + {number} }}}}"), &Value::UNDEFINED);
            assert_eq!(rendered.expect("a number"), (number + 1).to_string());
            let value = expressions.get(language, &format!("1 + {number}")).expect("an expression");
            assert_eq!(value.eval(()).expect("a number"), Value::from(number + 1));
        }
        assert_eq!(templates.kept.read().expect("the templates").templates().count(), 2);
        assert_eq!(expressions.kept.read().expect("the expressions").len(), 2);
    }

    #[test]
    fn a_template_that_is_wrong_is_wrong_again_and_none_reaches_another_one() {
        let templates = Templates::new(Environment::new());
        for _ in 0..2 {
            assert!(templates.render("{{ 1 + }}", &Value::UNDEFINED).is_err());
        }
        assert_eq!(templates.render("{{ 'seen' }}", &Value::UNDEFINED).expect("a text"), "seen");
        let including = r#"{% include "{{ 'seen' }}" %}"#;
        let error = templates.render(including, &Value::UNDEFINED).expect_err("a template is whole");
        assert_eq!(error.kind(), minijinja::ErrorKind::TemplateNotFound, "{error}");
    }
}
