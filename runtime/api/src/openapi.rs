//! The OpenAPI document: what the routes say of themselves, and what is true of all of them.
//!
//! A route documents its successes and the refusals that are its own. What the extractors and layers answer is added here, in
//! one place, by what the route takes.

use utoipa::openapi::path::{Operation, ParameterIn, PathItem};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{Components, OpenApi, Ref, RefOr, Response};
use utoipa::openapi::{ContentBuilder, HeaderBuilder, ObjectBuilder, ResponseBuilder, Type};
use utoipa::{Modify, OpenApi as _, PartialSchema as _, ToSchema};

use crate::envelope::ErrorBody;
use crate::flows::wire::common::ErrorResp;
use crate::scope::SCOPES;

/// The document without routes.
#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "Stepwell",
        description = "A self-hosted automation runtime: durable workflow graphs whose every step is a sandboxed WebAssembly \
            component.\n\nEvery route but the public ones takes `Authorization: Bearer <key>`. Every error has the same \
            envelope, with the request id that the log has as well. Fields that a request does not have are refused.",
        license(name = "Apache-2.0", identifier = "Apache-2.0")
    ),
    tags(
        (name = "workflows", description = "Graphs, their steps and transitions"),
        (name = "executions", description = "Runs of a workflow"),
        (name = "tasks", description = "What people have to do, of every surface"),
        (name = "contacts", description = "People"),
        (name = "flows", description = "Executions of flows: what people and automations work on together"),
        (name = "flow templates", description = "What flows and checklists are started from, and why they may be closed"),
        (name = "entities", description = "What flows are about: any JSON object, by the slug of its schema"),
        (name = "events", description = "What happened"),
        (name = "templates", description = "Message templates"),
        (name = "messages", description = "Sending email, and what became of it"),
        (name = "plugins", description = "Step types: WebAssembly components and what they are granted"),
        (name = "workspace", description = "Keys, stored credentials and the workspace itself"),
        (name = "public", description = "Links in messages; no key"),
        (name = "operations", description = "For those who run the server"),
    ),
    modifiers(&Security),
    components(schemas(ErrorBody))
)]
struct Document;

/// The document to which routes are added.
pub(crate) fn document() -> OpenApi {
    Document::openapi()
}

struct Security;

impl Modify for Security {
    fn modify(&self, api: &mut OpenApi) {
        let components = api.components.get_or_insert_default();
        let scheme = |what: String| {
            SecurityScheme::Http(HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some(what)).build())
        };
        let secret =
            format!("A secret key, `sk_` and 64 hex digits. Scopes: `{}`, `resource:*` or `*`.", SCOPES.join("`, `"));
        components.add_security_scheme("secret_key", scheme(secret));
        let public = "A public key, `pk_` and 64 hex digits. It only sends events, so it may be in a browser.";
        components.add_security_scheme("public_key", scheme(public.to_owned()));
    }
}

/// One answer that the layers and extractors give.
struct Common {
    status: &'static str,
    name: &'static str,
    description: &'static str,
    applies: fn(&Operation) -> bool,
}

const COMMON: &[Common] = &[
    Common {
        status: "400",
        name: "BadRequest",
        description: "The body is not JSON, or the request makes no sense as things stand",
        applies: has_body,
    },
    Common {
        status: "401",
        name: "Unauthorized",
        description: "There is no key, or it is not valid here",
        applies: is_secured,
    },
    Common {
        status: "403",
        name: "Forbidden",
        description: "The key does not have the scope, or the project is disabled",
        applies: is_secured,
    },
    Common {
        status: "404",
        name: "NotFound",
        description: "There is nothing of this id in the workspace",
        applies: names_something,
    },
    Common { status: "408", name: "RequestTimeout", description: "The body did not arrive in time", applies: has_body },
    Common { status: "413", name: "PayloadTooLarge", description: "The body is too large", applies: has_body },
    Common {
        status: "415",
        name: "UnsupportedMediaType",
        description: "The body is not of the content type that is asked for",
        applies: has_body,
    },
    Common {
        status: "422",
        name: "ValidationFailed",
        description: "The request does not fit its schema; `error.errors` names the fields",
        applies: has_fields,
    },
    Common {
        status: "429",
        name: "TooManyRequests",
        description: "The rate limit of the workspace is reached; `Retry-After` says when to come back",
        applies: is_secured,
    },
    Common {
        status: "500",
        name: "InternalServerError",
        description: "Something went wrong on the server",
        applies: |_| true,
    },
    Common {
        status: "503",
        name: "ServiceUnavailable",
        description: "The server is busy, or its database does not take it for now: `error.code` says which, `Retry-After` when \
                      to come back",
        applies: |_| true,
    },
];

/// Adds to every route the answers it shares with others.
pub(crate) fn complete(mut api: OpenApi) -> OpenApi {
    let components = api.components.get_or_insert_default();
    define(components);
    for (path, item) in &mut api.paths.paths {
        let of_flows = is_of_flows(path);
        for (method, operation) in operations(item) {
            operation.operation_id = Some(operation_id(method, path));
            for common in COMMON {
                if (common.applies)(operation) {
                    let answers = &mut operation.responses.responses;
                    let (status, name) =
                        if of_flows { common.in_flows() } else { (common.status, common.name.to_owned()) };
                    let shared = || RefOr::Ref(Ref::from_response_name(name));
                    answers.entry(status.to_owned()).or_insert_with(shared);
                }
            }
            for answer in operation.responses.responses.values_mut() {
                with_request_id(answer);
            }
        }
    }
    api
}

/// Whether a path is one of the flows surface, which has error bodies of its own.
fn is_of_flows(path: &str) -> bool {
    ["/v2/flows/", "/v1/workflows/", "/v2/workflows/", "/v1/entity/"].iter().any(|start| path.starts_with(start))
}

impl Common {
    /// The status and name of the answer in the flows surface, where a schema that is not met is a bad request.
    fn in_flows(&self) -> (&'static str, String) {
        if self.status == "422" {
            ("400", "FlowsBadRequest".to_owned())
        } else {
            (self.status, format!("Flows{}", self.name))
        }
    }
}

fn define(components: &mut Components) {
    let mut schemas = Vec::new();
    ErrorBody::schemas(&mut schemas);
    ErrorResp::schemas(&mut schemas);
    components.schemas.extend(schemas);
    components.schemas.insert(ErrorResp::name().into_owned(), ErrorResp::schema());
    for common in COMMON {
        let response = shared(common, &ErrorBody::name(), common.description);
        components.responses.insert(common.name.to_owned(), response);
        let (status, name) = common.in_flows();
        if status == common.status {
            let description = common.description.replace("error.code", "code");
            components.responses.insert(name, shared(common, &ErrorResp::name(), &description));
        }
    }
}

fn shared(common: &Common, body: &str, description: &str) -> RefOr<Response> {
    let content = ContentBuilder::new().schema(Some(Ref::from_schema_name(body))).build();
    let mut response = ResponseBuilder::new().description(description).content("application/json", content);
    if matches!(common.status, "429" | "503") {
        let seconds = ObjectBuilder::new().schema_type(Type::Integer).build();
        let header = HeaderBuilder::new().schema(Some(seconds)).description(Some("Seconds to wait")).build();
        response = response.header("Retry-After", header);
    }
    let mut response = RefOr::T(response.build());
    with_request_id(&mut response);
    response
}

fn with_request_id(answer: &mut RefOr<Response>) {
    let RefOr::T(answer) = answer else { return };
    let id = ObjectBuilder::new().schema_type(Type::String).build();
    let header = HeaderBuilder::new().schema(Some(id)).description(Some("The request's id, a UUID")).build();
    answer.headers.insert("X-Request-ID".to_owned(), header.into());
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = (&'static str, &mut Operation)> {
    let PathItem { get, put, post, delete, patch, .. } = item;
    let all = [("get", get), ("put", put), ("post", post), ("delete", delete), ("patch", patch)];
    all.into_iter().filter_map(|(method, operation)| Some((method, operation.as_mut()?)))
}

/// A name for clients that are made from the document: `GET /contacts/{id}` is `getContactsById`.
fn operation_id(method: &str, path: &str) -> String {
    let mut id = method.to_owned();
    for segment in path.split('/').filter(|segment| !segment.is_empty()) {
        let name = segment.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
        if name.is_some() {
            id.push_str("By");
        }
        for word in name.unwrap_or(segment).split(|c: char| !c.is_ascii_alphanumeric()) {
            let mut letters = word.chars();
            id.extend(letters.next().map(|first| first.to_ascii_uppercase()));
            id.extend(letters);
        }
    }
    id
}

fn is_secured(operation: &Operation) -> bool {
    operation.security.as_ref().is_some_and(|security| !security.is_empty())
}

fn has_body(operation: &Operation) -> bool {
    operation.request_body.is_some()
}

fn names_something(operation: &Operation) -> bool {
    has_parameter(operation, &ParameterIn::Path)
}

fn has_fields(operation: &Operation) -> bool {
    has_body(operation) || has_parameter(operation, &ParameterIn::Query)
}

fn has_parameter(operation: &Operation, wanted: &ParameterIn) -> bool {
    operation.parameters.iter().flatten().any(|parameter| match parameter {
        RefOr::T(parameter) => parameter.parameter_in == *wanted,
        RefOr::Ref(_) => false,
    })
}
