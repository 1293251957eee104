//! `openapi.json`, made of the same list as the router.
//!
//! Not written by hand, so that it cannot say other than what is. Layer 3.

use std::sync::LazyLock;

use schemars::{SchemaGenerator, generate::SchemaSettings};
use serde_json::{Map, Value, json};

use crate::api::{self, Answer, BASE, Route};

static DESCRIPTION: LazyLock<Value> = LazyLock::new(description);

/// Answers the description.
pub(crate) async fn describe() -> Answer<&'static Value> {
    Answer::ok(&DESCRIPTION)
}

fn description() -> Value {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.definitions_path = "/components/schemas".into();
        settings.meta_schema = None;
    });
    let mut schemas = Schemas {
        answers: SchemaGenerator::new(settings.clone().for_serialize()),
        requests: SchemaGenerator::new(settings.for_deserialize()),
    };
    let mut paths = Map::new();
    for route in api::routes() {
        let path = paths.entry(format!("{BASE}{}", route.path)).or_insert_with(|| json!({}));
        path[route.method] = schemas.operation(&route);
    }
    let mut all = schemas.answers.take_definitions(true);
    all.extend(schemas.requests.take_definitions(true));
    all.insert("Problem".into(), problem());
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Wilco",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Orders, plans, decisions and what came of them. Lists are oldest first and end with `next` null."
        },
        "paths": paths,
        "components": {
            "schemas": all,
            "responses": {
                "Problem": {
                    "description": "It was not done; RFC 9457.",
                    "content": { "application/problem+json": { "schema": { "$ref": "#/components/schemas/Problem" } } }
                }
            },
            "securitySchemes": {
                "bearer": { "type": "http", "scheme": "bearer", "description": "A token, or the local operator's key." },
                "session": {
                    "type": "apiKey",
                    "in": "cookie",
                    "name": "wilco",
                    "description": "A person's page session; `__Host-wilco` with https. What changes something also needs `X-CSRF-Token`."
                }
            }
        },
        "security": [{ "session": [] }, { "bearer": [] }]
    })
}

struct Schemas {
    answers: SchemaGenerator,
    requests: SchemaGenerator,
}

impl Schemas {
    fn operation(&mut self, route: &Route) -> Value {
        let mut parameters: Vec<Value> = names(route.path)
            .map(|name| json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string" } }))
            .collect();
        if let Some(query) = route.query {
            let mut own = self.requests.root_of(query);
            let required = own["required"].take();
            for (name, schema) in own["properties"].as_object().into_iter().flatten() {
                let needed =
                    required.as_array().is_some_and(|names| names.iter().any(|needed| needed == name));
                parameters.push(json!({ "name": name, "in": "query", "required": needed, "schema": schema }));
            }
        }
        let mut responses = Map::new();
        for (status, about, schema) in &route.answers {
            let mut answer = json!({ "description": about });
            if let Some(schema) = schema {
                answer["content"]["application/json"]["schema"] = schema(&mut self.answers).into();
            }
            responses.insert(status.to_string(), answer);
        }
        if route.streams {
            let events = responses.entry("200").or_insert_with(|| json!({ "description": "The events." }));
            events["content"]["text/event-stream"] = json!({ "schema": { "type": "string" } });
        }
        responses.insert("default".into(), json!({ "$ref": "#/components/responses/Problem" }));
        let mut operation = json!({
            "operationId": id(route),
            "summary": route.about,
            "parameters": parameters,
            "responses": responses,
        });
        if let Some(body) = route.body {
            let schema: Value = body(&mut self.requests).into();
            operation["requestBody"] =
                json!({ "required": true, "content": { "application/json": { "schema": schema } } });
        }
        if route.open {
            operation["security"] = json!([]);
        }
        operation
    }
}

/// A query's own schema, which is spread over parameters and named nowhere.
trait RootOf {
    fn root_of(&mut self, describe: api::Describe) -> Value;
}

impl RootOf for SchemaGenerator {
    fn root_of(&mut self, describe: api::Describe) -> Value {
        let mut apart = Self::new(self.settings().clone());
        let reference: Value = describe(&mut apart).into();
        let name = reference["$ref"]
            .as_str()
            .and_then(|path| path.rsplit('/').next())
            .unwrap_or_default()
            .to_owned();
        apart.take_definitions(true).remove(&name).unwrap_or_default()
    }
}

fn names(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
}

/// A name for generated clients: `get_rooms_place_messages`.
fn id(route: &Route) -> String {
    let words = route.path.split(['/', '.', '{', '}']).filter(|part| !part.is_empty());
    std::iter::once(route.method).chain(words).collect::<Vec<_>>().join("_")
}

fn problem() -> Value {
    let text = json!({ "type": "string" });
    json!({
        "type": "object",
        "required": ["type", "title", "status", "detail"],
        "properties": {
            "type": text, "title": text, "detail": text,
            "status": { "type": "integer" },
            "rule": { "type": "string", "description": "The rule that refused: a file with its line, or a built-in one." },
            "who_can": { "type": "string", "description": "Who could." },
            "you_can": { "type": "string", "description": "What the caller can do instead." },
            "text": { "type": "string", "description": "What Wilco said, as plain text, where an order was refused." },
            "operation": { "$ref": "#/components/schemas/Operation" }
        }
    })
}
