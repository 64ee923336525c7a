//! Installing components through the API, for the other modules.

use reqwest::Method;
use serde_json::{Value, json};
use stepwell_tests::{Client, Reply};
use url::form_urlencoded::byte_serialize;

/// What a component may use: an import and its scope.
pub(crate) type Grant<'a> = (&'a str, &'a [&'a str]);

/// Installs a component and gives what the server says of it.
pub(crate) async fn install(client: &Client, component: Vec<u8>, grants: &[Grant<'_>]) -> Value {
    let reply = try_install(client, component, grants).await;
    assert!([200, 201].contains(&reply.status), "{} {:#}", reply.status, reply.body);
    reply.body
}

/// Tries to install a component.
pub(crate) async fn try_install(client: &Client, component: Vec<u8>, grants: &[Grant<'_>]) -> Reply {
    let grants: Vec<_> = grants.iter().map(|(import, scope)| json!({ "import": import, "scope": scope })).collect();
    let text = Value::from(grants).to_string();
    let path = format!("/v1/plugins?grants={}", byte_serialize(text.as_bytes()).collect::<String>());
    let request = client.request(Method::POST, &path).header("content-type", "application/wasm");
    client.send(request.body(component)).await
}
