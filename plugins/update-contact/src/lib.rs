//! Step type `update-contact`: changes the contact's data and subscription.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use stepwell_plugin::contacts::{self, Change};
use stepwell_plugin::template::{self, Scope};
use stepwell_plugin::{Context, Description, Failure, Outcome, Problem, Step};

/// The step type.
pub struct UpdateContact;

/// What to change: `data`, `updates` or `subscriptionAction` must be there.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Config {
    /// Members to merge into the contact's data. Texts within it are templates.
    data: Option<Map<String, Value>>,
    /// The same under another name; of equal keys it wins.
    updates: Option<Map<String, Value>>,
    /// Whether a member that is null deletes its key, instead of storing null.
    #[serde(default)]
    delete_nulls: bool,
    /// Whether to change the subscription.
    subscription_action: Option<SubscriptionAction>,
}

/// A change of the subscription.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum SubscriptionAction {
    /// Leave it.
    #[default]
    None,
    /// Subscribe.
    Subscribe,
    /// Unsubscribe.
    Unsubscribe,
}

/// The output.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Output {
    /// True.
    updated: bool,
    /// The members that were merged, rendered.
    updates: Map<String, Value>,
    /// The contact's data afterwards.
    new_data: Value,
    /// What was to happen to the subscription.
    subscription_action: SubscriptionAction,
    /// Whether the contact is subscribed afterwards.
    subscribed: Value,
}

impl Step for UpdateContact {
    type Config = Config;
    const TYPE: &'static str = "update-contact";

    fn describe() -> Description {
        Description::new("Update contact", "Changes fields of the contact, or its subscription.")
            .version(env!("CARGO_PKG_VERSION"))
            .icon("user-pen")
            .output::<Output>()
    }

    fn validate(config: &Config) -> Vec<Problem> {
        let members = [("/data", &config.data), ("/updates", &config.updates)];
        let templates = members.into_iter().filter_map(|(at, value)| Some((at, Value::Object(value.clone()?))));
        let of_templates = templates.flat_map(|(at, value)| template::problems(&value, at));
        config.checked().err().into_iter().chain(of_templates).collect()
    }

    fn run(config: Config, context: &Context) -> Result<Outcome, Failure> {
        config.checked()?;
        let id = context.contact_id().ok_or_else(no_contact)?;
        let action = config.subscription_action.unwrap_or_default();
        let (delete_nulls, data) = (config.delete_nulls, config.rendered(context)?);
        let change = Change { data, delete_nulls, subscribed: action.wanted() };
        let contact = contacts::update(id, &change)?;
        Ok(Outcome::completed(Output {
            updated: true,
            updates: change.data,
            new_data: contact.get("data").cloned().unwrap_or_default(),
            subscription_action: action,
            subscribed: contact.get("subscribed").cloned().unwrap_or_default(),
        }))
    }
}

impl Config {
    fn checked(&self) -> Result<(), Problem> {
        if self.data.is_some() || self.updates.is_some() || self.subscription_action.is_some() {
            return Ok(());
        }
        Err(Problem::new("", "one of `data`, `updates` and `subscriptionAction` must be there"))
    }

    /// Both objects in one. A value without any template in it is stored as it is.
    fn rendered(self, context: &Context) -> Result<Map<String, Value>, Failure> {
        let mut members = self.data.unwrap_or_default();
        members.extend(self.updates.unwrap_or_default());
        if !members.values().any(has_template) {
            return Ok(members);
        }
        let scope = Scope::new(context);
        members.into_iter().map(|(key, value)| Ok((key, scope.render_json(&value)?))).collect()
    }
}

fn has_template(value: &Value) -> bool {
    match value {
        Value::String(text) => template::is_template(text),
        Value::Array(items) => items.iter().any(has_template),
        Value::Object(members) => members.values().any(has_template),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

impl SubscriptionAction {
    fn wanted(self) -> Option<bool> {
        match self {
            Self::None => None,
            Self::Subscribe => Some(true),
            Self::Unsubscribe => Some(false),
        }
    }
}

fn no_contact() -> Failure {
    Failure::fatal("no-contact", "the execution has no contact; start it with one, or leave this step out")
}

stepwell_plugin::export!(UpdateContact);

#[cfg(test)]
mod tests;
