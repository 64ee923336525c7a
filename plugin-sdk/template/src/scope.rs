//! The names a template can use.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The addresses under which a contact manages its subscription.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Urls {
    /// Ends the subscription.
    pub unsubscribe: String,
    /// Begins it again.
    pub subscribe: String,
    /// Shows all choices.
    pub manage: String,
}

impl Urls {
    /// The addresses of a contact below the public address of the dashboard.
    pub fn new(dashboard: &str, contact_id: &str) -> Self {
        let base = dashboard.trim_end_matches('/');
        let url = |page: &str| format!("{base}/{page}/{contact_id}");
        Self { unsubscribe: url("unsubscribe"), subscribe: url("subscribe"), manage: url("manage") }
    }
}

/// Builds the scope of a template. Of equal names the later wins:
///
/// 1. `id` and `email` of the contact;
/// 2. every key of the contact's data; 3. every key of the event, which is the context of the execution;
/// 4. `data` (the contact's data), `event`, `contact`, `steps`;
/// 5. `unsubscribeUrl`, `subscribeUrl`, `manageUrl`, when there are `urls`.
///
/// `now_ms` is what `{{ "now" | date: "%Y" }}` prints. A document that does not exist is null.
pub fn scope(contact: &Value, event: &Value, steps: &Value, urls: Option<&Urls>, now_ms: i64) -> Value {
    let data = contact.get("data").filter(|data| data.is_object()).cloned().unwrap_or_else(|| Map::new().into());
    let mut names = Map::new();
    names.insert(NOW.to_owned(), now_ms.into());
    names.extend(["id", "email"].map(|key| (key.to_owned(), contact.get(key).cloned().unwrap_or_default())));
    names.extend(fields(&data));
    names.extend(fields(event));
    let documents = [("data", data), ("event", event.clone()), ("contact", contact.clone()), ("steps", steps.clone())];
    names.extend(documents.map(|(key, document)| (key.to_owned(), document)));
    names.extend(urls.map(named).into_iter().flatten());
    Value::Object(names)
}

/// The name of the current time in a scope, which is no name that a contact's data or a template would use.
pub(crate) const NOW: &str = " now";

fn fields(document: &Value) -> impl Iterator<Item = (String, Value)> + '_ {
    let fields = document.as_object().into_iter().flatten();
    fields.filter(|(key, _)| *key != NOW).map(|(key, value)| (key.clone(), value.clone()))
}

fn named(urls: &Urls) -> [(String, Value); 3] {
    let named = |key: &str, url: &str| (key.to_owned(), Value::from(url));
    [
        named("unsubscribeUrl", &urls.unsubscribe),
        named("subscribeUrl", &urls.subscribe),
        named("manageUrl", &urls.manage),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn of_equal_names_the_later_wins() {
        let contact =
            json!({"id": "c1", "email": "a@example.org", "data": {"id": "own", "plan": "free", "manageUrl": "x"}});
        let event = json!({"plan": "pro", "data": "shadowed"});
        let urls = Urls::new("https://app.example.org/", "c1");
        let scope = scope(&contact, &event, &json!({"call": {"ok": true}}), Some(&urls), 0);
        assert_eq!(scope["id"], "own");
        assert_eq!(scope["email"], "a@example.org");
        assert_eq!(scope["plan"], "pro");
        assert_eq!(scope["data"], contact["data"]);
        assert_eq!(scope["event"], event);
        assert_eq!(scope["contact"]["data"]["plan"], "free");
        assert_eq!(scope["steps"]["call"]["ok"], true);
        assert_eq!(scope["manageUrl"], "https://app.example.org/manage/c1");
        assert_eq!(scope["unsubscribeUrl"], "https://app.example.org/unsubscribe/c1");
    }

    #[test]
    fn documents_that_do_not_exist_leave_their_names_empty() {
        let scope = scope(&Value::Null, &json!([1]), &Value::Null, None, 0);
        assert_eq!(scope["email"], Value::Null);
        assert_eq!(scope["data"], json!({}));
        assert_eq!(scope["event"], json!([1]));
        assert_eq!(scope.get("manageUrl"), None);
    }
}
