//! The query extractor.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};
use url::form_urlencoded;
use utoipa::IntoParams;
use utoipa::openapi::Required;
use utoipa::openapi::path::ParameterIn;

use super::check::compiled;
use super::text::free_of_nul;
use crate::error::ApiError;
use crate::state::ApiState;

/// Query parameters that fit the published ones of `T`. Parameters that `T` does not have are not looked at, so a route may
/// take several.
#[derive(Debug)]
pub(crate) struct Query<T>(pub(crate) T);

impl<T: DeserializeOwned + IntoParams + 'static> FromRequestParts<ApiState> for Query<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &ApiState) -> Result<Self, ApiError> {
        parse(parts.uri.query().unwrap_or_default()).map(Self)
    }
}

fn parse<T: DeserializeOwned + IntoParams + 'static>(query: &str) -> Result<T, ApiError> {
    // Under another type than `T`, whose own schema a body might be checked against.
    let checker = compiled::<Query<T>>(schema_of::<T>)?;
    let value = read(query, checker.schema())?;
    free_of_nul(&value)?;
    checker.check(&value)?;
    serde_path_to_error::deserialize(value)
        .map_err(|error| ApiError::field(error.path().to_string(), "invalid", error.into_inner().to_string()))
}

/// The parameters as the members of one object.
fn schema_of<T: IntoParams>() -> Value {
    let mut members = Map::new();
    let mut required = Vec::new();
    for parameter in T::into_params(|| Some(ParameterIn::Query)) {
        if matches!(parameter.required, Required::True) {
            required.push(parameter.name.clone());
        }
        members.insert(parameter.name, serde_json::to_value(parameter.schema).unwrap_or_default());
    }
    json!({ "type": "object", "properties": members, "required": required })
}

/// The query as an object, each text read as what the schema wants of it where it can be.
fn read(query: &str, schema: &Value) -> Result<Value, ApiError> {
    let mut members = Map::new();
    for (name, text) in form_urlencoded::parse(query.as_bytes()) {
        let Some(wanted) = schema["properties"].get(name.as_ref()) else { continue };
        if wanted["type"] == "array" {
            let all = members.entry(name.clone().into_owned()).or_insert_with(|| json!([]));
            all.as_array_mut().into_iter().for_each(|all| all.push(coerce(&text, &wanted["items"])));
        } else if members.insert(name.clone().into_owned(), coerce(&text, wanted)).is_some() {
            return Err(ApiError::field(name, "invalid_type", "must be given once"));
        }
    }
    Ok(Value::Object(members))
}

fn coerce(text: &str, wanted: &Value) -> Value {
    let wants = |name: &str| {
        let kind = &wanted["type"];
        kind == name || kind.as_array().is_some_and(|kinds| kinds.iter().any(|kind| kind == name))
    };
    if wants("integer")
        && let Ok(number) = text.parse::<i64>()
    {
        return number.into();
    }
    if wants("boolean")
        && let Ok(flag) = text.parse::<bool>()
    {
        return flag.into();
    }
    text.into()
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;
    use crate::page::{Direction, Paging};

    #[derive(Debug, PartialEq, Deserialize, IntoParams)]
    #[into_params(parameter_in = Query)]
    struct Filter {
        #[param(max_length = 5)]
        search: Option<String>,
        subscribed: Option<bool>,
        #[serde(default)]
        #[param(inline)]
        dir: Direction,
        #[serde(default)]
        #[param(max_items = 2)]
        tag: Vec<String>,
    }

    fn field<T: DeserializeOwned + IntoParams + std::fmt::Debug + 'static>(query: &str) -> String {
        parse::<T>(query).expect_err("refused").errors()[0].field.clone()
    }

    #[test]
    fn parameters_are_read_as_what_they_are() {
        let filter: Filter = parse("subscribed=true&search=a%20b&dir=asc&other=1").expect("query");
        assert_eq!(
            filter,
            Filter { search: Some("a b".into()), subscribed: Some(true), dir: Direction::Asc, tag: vec![] }
        );
    }

    #[test]
    fn a_list_is_what_was_given_several_times() {
        let filter: Filter = parse("tag=a&search=x&tag=b").expect("query");
        assert_eq!(filter.tag, ["a", "b"]);
        assert_eq!(field::<Filter>("tag=a&tag=b&tag=c"), "tag");
    }

    #[test]
    fn what_does_not_fit_is_named() {
        assert_eq!(field::<Filter>("subscribed=maybe"), "subscribed");
        assert_eq!(field::<Filter>("search=abcdef"), "search");
        assert_eq!(field::<Filter>("dir=up"), "dir");
        assert_eq!(field::<Filter>("search=a&search=b"), "search");
        assert_eq!(field::<Filter>("search=%00"), "search");
        assert_eq!(field::<Paging>("page=0"), "page");
        assert_eq!(field::<Paging>("pageSize=99999999999999999999"), "pageSize");
    }

    #[test]
    fn an_absent_page_is_the_first_of_twenty() {
        let paging: Paging = parse("").expect("query");
        assert_eq!((paging.page(), paging.size()), (1, 20));
    }
}
