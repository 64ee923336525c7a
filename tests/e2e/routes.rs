//! Every route of the server, as `/openapi.json` lists them.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::{Value, json};
use stepwell_tests::{Client, Reply};

/// One method of one path.
#[derive(Clone, Debug)]
pub(crate) struct Route {
    pub(crate) method: Method,
    /// With `{names}` in it.
    pub(crate) path: String,
    /// The scopes a secret key needs; empty where no key is needed.
    pub(crate) scopes: BTreeSet<String>,
    /// Whether a public key is enough.
    pub(crate) takes_public_key: bool,
    /// The media type of its body, if it has one.
    pub(crate) body: Option<String>,
    /// An example of its body.
    pub(crate) example: Option<Value>,
    /// Whether its answer goes on and on.
    pub(crate) is_stream: bool,
}

impl Route {
    /// `GET /workflows/{id}`.
    pub(crate) fn name(&self) -> String {
        format!("{} {}", self.method, self.path)
    }

    /// Whether the path names something.
    pub(crate) fn names_something(&self) -> bool {
        self.path.contains('{')
    }

    /// Whether a key can read it, to the end.
    pub(crate) fn is_read(&self) -> bool {
        self.method == Method::GET && !self.is_public() && !self.is_stream
    }

    /// Whether it is one of the flows surface, which has words of its own for what it refuses.
    pub(crate) fn is_of_flows(&self) -> bool {
        ["/v2/flows/", "/v1/workflows/", "/v2/workflows/", "/v1/entity/"]
            .iter()
            .any(|start| self.path.starts_with(start))
    }

    /// Whether anybody may call it.
    pub(crate) fn is_public(&self) -> bool {
        self.scopes.is_empty()
    }

    /// The path with each `{name}` replaced by what `value` gives for it and the segment before it.
    pub(crate) fn with(&self, value: impl Fn(&str, &str) -> String) -> String {
        let segments: Vec<&str> = self.path.split('/').collect();
        let filled = segments.iter().enumerate().map(|(index, segment)| {
            match segment.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
                Some(name) => value(segments[index.saturating_sub(1)], name),
                None => (*segment).to_owned(),
            }
        });
        filled.collect::<Vec<_>>().join("/")
    }

    /// The path with ids that nothing has.
    pub(crate) fn nowhere(&self) -> String {
        self.with(|_, _| "00000000-0000-4000-8000-000000000000".to_owned())
    }

    /// Calls it at this path with a body of the kind it takes.
    pub(crate) async fn call(&self, client: &Client, path: &str, body: &Value) -> Reply {
        let request = client.request(self.method.clone(), path);
        client
            .send(match self.body.as_deref() {
                None => request,
                Some("application/json") => request.json(body),
                Some(kind) => request.header("content-type", kind).body("x"),
            })
            .await
    }
}

/// All routes.
pub(crate) async fn all(client: &Client) -> Vec<Route> {
    let document = client.get("/openapi.json").await.expect(200);
    let paths = document["paths"].as_object().expect("paths");
    let routes = paths.iter().flat_map(|(path, item)| {
        let operations = item.as_object().expect("a path item").iter();
        operations.filter_map(|(method, operation)| route(path, method, operation, &document))
    });
    routes.collect()
}

fn route(path: &str, method: &str, operation: &Value, document: &Value) -> Option<Route> {
    let method = match method {
        "get" => Method::GET,
        "post" => Method::POST,
        "put" => Method::PUT,
        "patch" => Method::PATCH,
        "delete" => Method::DELETE,
        _ => return None,
    };
    let security: Vec<_> = operation["security"].as_array().cloned().unwrap_or_default();
    let scopes = security.iter().filter_map(|scheme| scheme["secret_key"].as_array());
    let scopes = scopes.flatten().filter_map(Value::as_str).map(str::to_owned).collect();
    let content = operation["requestBody"]["content"].as_object();
    let first = content.and_then(|content| content.iter().next());
    Some(Route {
        method,
        path: path.to_owned(),
        scopes,
        takes_public_key: security.iter().any(|scheme| scheme.get("public_key").is_some()),
        body: first.map(|(kind, _)| kind.clone()),
        example: first.and_then(|(_, media)| example(&media["schema"], document)),
        is_stream: operation.pointer("/responses/200/content/text~1event-stream").is_some(),
    })
}

/// The example of a schema, or of the one it refers to.
fn example(schema: &Value, document: &Value) -> Option<Value> {
    let pointer = schema["$ref"].as_str().and_then(|reference| reference.strip_prefix('#'));
    let schema = pointer.and_then(|pointer| document.pointer(pointer)).unwrap_or(schema);
    let given = [&schema["example"], &schema["examples"][0]].into_iter().find(|value| !value.is_null());
    given.cloned()
}

/// An object that no schema of a body with required members fits.
pub(crate) fn nothing() -> Value {
    json!({})
}
