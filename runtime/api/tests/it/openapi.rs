//! The document against the server: every route needs its key and its scope.

use std::collections::BTreeSet;

use axum::body::Body;
use axum::http::{Method, Request};
use serde_json::Value;
use stepwell_api::SCOPES;
use stepwell_store::key::KeyKind;

use crate::server::Server;

/// A documented operation.
struct Operation {
    method: Method,
    path: String,
    about: Value,
}

impl Operation {
    /// The scope that a secret key needs; none if the route is public.
    fn scope(&self) -> Option<String> {
        let schemes = self.about["security"].as_array()?;
        let secret = schemes.iter().find_map(|scheme| scheme.get("secret_key"))?;
        Some(secret[0].as_str().expect("scope").to_owned())
    }

    fn name(&self) -> String {
        format!("{} {}", self.method, self.path)
    }

    fn request(&self, key: Option<&str>) -> Request<Body> {
        self.request_with(key, "")
    }

    fn request_with(&self, key: Option<&str>, query: &str) -> Request<Body> {
        let path = self.path.replace(['{', '}'], "");
        let mut builder = Request::builder().method(self.method.clone()).uri(path + query);
        if let Some(key) = key {
            builder = builder.header("authorization", format!("Bearer {key}"));
        }
        builder.body(Body::empty()).expect("request")
    }
}

/// A query in which every parameter of every route is wrong.
const NONSENSE: &str = "?page=x&pageSize=x&limit=x&cursor=x&status=x&sort=x&dir=x&subscribed=x&type=x&startDate=x&endDate=x\
    &after=x&version=x&cascade=x&splice=x&dryRun=x";

async fn document(server: &Server) -> Value {
    server.get("/openapi.json").await.ok()
}

async fn operations(server: &Server) -> Vec<Operation> {
    let document = document(server).await;
    let paths = document["paths"].as_object().expect("paths").clone();
    let of_path = |(path, item): (String, Value)| {
        let item = item.as_object().expect("path item").clone();
        item.into_iter().map(move |(method, about)| Operation {
            method: method.to_uppercase().parse().expect("method"),
            path: path.clone(),
            about,
        })
    };
    paths.into_iter().flat_map(of_path).collect()
}

#[tokio::test]
async fn a_route_answers_nobody_without_a_key_unless_it_is_public() {
    let server = Server::start().await;
    let mut public = BTreeSet::new();
    for operation in operations(&server).await {
        let status = server.call(operation.request(None)).await.status.as_u16();
        match operation.scope() {
            Some(_) => assert_eq!(status, 401, "{}", operation.name()),
            None => drop(public.insert(operation.name())),
        }
    }
    let wanted = [
        "GET /docs",
        "GET /docs/{file}",
        "GET /health",
        "GET /manage/{token}",
        "GET /metrics",
        "GET /openapi.json",
        "GET /ready",
        "GET /subscribe/{token}",
        "GET /t/click/{token}",
        "GET /t/open/{token}",
        "GET /unsubscribe/{token}",
        "POST /subscribe/{token}",
        "POST /unsubscribe/{token}",
    ];
    assert_eq!(public.iter().map(String::as_str).collect::<Vec<_>>(), wanted);
}

#[tokio::test]
async fn a_route_asks_for_the_scope_it_documents_and_for_no_other() {
    let server = Server::start().await;
    let mut used = BTreeSet::new();
    for operation in operations(&server).await {
        let Some(scope) = operation.scope() else { continue };
        let others: Vec<&str> = SCOPES.iter().copied().filter(|other| *other != scope).collect();
        assert_eq!(others.len() + 1, SCOPES.len(), "{scope} is no scope");
        let without = server.add_key(server.workspace, KeyKind::Secret, &others).await;
        let with = server.add_key(server.workspace, KeyKind::Secret, &[&scope]).await;
        assert_eq!(server.call(operation.request(Some(&without))).await.status, 403, "{}", operation.name());
        assert_ne!(server.call(operation.request(Some(&with))).await.status, 403, "{}", operation.name());
        used.insert(scope);
    }
    assert_eq!(used.iter().map(String::as_str).collect::<Vec<_>>(), {
        let mut all = SCOPES.to_vec();
        all.sort_unstable();
        all
    });
}

#[tokio::test]
async fn a_route_answers_only_what_it_documents() {
    let server = Server::start().await;
    for operation in operations(&server).await {
        let answers = operation.about["responses"].as_object().expect("responses");
        for key in [None, Some(server.key.as_str())] {
            let status = server.call(operation.request(key)).await.status;
            assert!(answers.contains_key(status.as_str()), "{} answers {status}", operation.name());
        }
        let nonsense = operation.request_with(Some(&server.key), NONSENSE);
        let status = server.call(nonsense).await.status;
        assert!(answers.contains_key(status.as_str()), "{} answers {status} to nonsense", operation.name());
    }
}

#[tokio::test]
async fn whatever_the_document_refers_to_is_in_it() {
    let server = Server::start().await;
    let document = document(&server).await;
    assert_eq!(document["openapi"], "3.1.0");
    let mut open = vec![&document];
    while let Some(value) = open.pop() {
        match value {
            Value::Object(members) => {
                if let Some(target) = members.get("$ref").and_then(Value::as_str) {
                    let pointer = target.strip_prefix('#').expect("local");
                    assert!(document.pointer(pointer).is_some(), "{target}");
                }
                open.extend(members.values());
            }
            Value::Array(items) => open.extend(items),
            _ => {}
        }
    }
}

#[tokio::test]
async fn every_operation_has_a_name_of_its_own() {
    let server = Server::start().await;
    let mut seen = BTreeSet::new();
    for operation in operations(&server).await {
        let id = operation.about["operationId"].as_str().expect("operationId").to_owned();
        assert!(seen.insert(id.clone()), "{id} is used twice");
        assert!(operation.about["summary"].is_string(), "{} has no summary", operation.name());
    }
}
