//! What starts a workflow: `triggerType` and `triggerConfig`, checked.

use serde_json::{Map, Value, json};
use stepwell_core::{BadSchedule, CronSchedule, Definition, Timestamp, TriggerKind};
use stepwell_engine::ScheduleConfig;

use crate::error::ApiError;

/// The most characters of an event's name.
pub(super) const MAX_EVENT_NAME: usize = 255;
/// The most characters of a cron expression.
const MAX_CRON: usize = 255;

/// A trigger that can be used.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Trigger {
    pub(super) kind: TriggerKind,
    pub(super) config: Value,
}

impl Trigger {
    /// The trigger of a stored definition.
    pub(super) fn of(definition: &Definition) -> Self {
        Self { kind: definition.trigger, config: definition.trigger_config.clone() }
    }

    /// A trigger from its settings. For an event, `event_name` is the name given beside them.
    pub(super) fn new(
        kind: TriggerKind,
        config: Option<&Map<String, Value>>,
        event_name: Option<&str>,
        now: Timestamp,
    ) -> Result<Self, ApiError> {
        let config = match kind {
            TriggerKind::Event => json!({ "eventName": name(config, event_name)? }),
            TriggerKind::Manual => manual(config)?,
            TriggerKind::Schedule => schedule(config, now)?,
        };
        Ok(Self { kind, config })
    }

    /// The name of the trigger step.
    pub(super) fn step_name(&self) -> String {
        let what = match self.kind {
            TriggerKind::Event => self.config["eventName"].as_str(),
            TriggerKind::Manual => Some("manual"),
            TriggerKind::Schedule => self.config["cron"].as_str(),
        };
        format!("Trigger: {}", what.unwrap_or_default())
    }

    /// The configuration of the trigger step, an object.
    pub(super) fn step_config(&self) -> Value {
        if self.config.is_null() { json!({}) } else { self.config.clone() }
    }
}

/// The event's name from the settings or from beside them.
fn name(config: Option<&Map<String, Value>>, beside: Option<&str>) -> Result<String, ApiError> {
    let within = match config {
        Some(config) => {
            only(config, &["eventName"])?;
            config.get("eventName").map(|name| event_name("triggerConfig.eventName", name.as_str())).transpose()?
        }
        None => None,
    };
    let beside = beside.map(|name| event_name("eventName", Some(name))).transpose()?;
    match (within, beside) {
        (Some(within), Some(beside)) if within != beside => {
            Err(ApiError::field("eventName", "invalid", "contradicts triggerConfig.eventName; give one of the two"))
        }
        (Some(name), _) | (None, Some(name)) => Ok(name),
        (None, None) if config.is_some() => Err(required("triggerConfig.eventName")),
        (None, None) => Err(required("eventName")),
    }
}

fn event_name(field: &'static str, name: Option<&str>) -> Result<String, ApiError> {
    let name = name.ok_or_else(|| ApiError::field(field, "invalid_type", "must be string"))?.trim();
    if name.is_empty() || name.chars().count() > MAX_EVENT_NAME {
        return Err(ApiError::field(field, "invalid_string", format!("must have 1 to {MAX_EVENT_NAME} characters")));
    }
    Ok(name.to_owned())
}

fn manual(config: Option<&Map<String, Value>>) -> Result<Value, ApiError> {
    if let Some(config) = config {
        only(config, &[])?;
    }
    Ok(Value::Null)
}

fn schedule(config: Option<&Map<String, Value>>, now: Timestamp) -> Result<Value, ApiError> {
    let config = Value::Object(config.ok_or_else(|| required("triggerConfig.cron"))?.clone());
    if config.get("cron").is_none() {
        return Err(required("triggerConfig.cron"));
    }
    let read: ScheduleConfig = serde_path_to_error::deserialize(&config).map_err(|error| {
        let path = error.path().to_string();
        let field = if path == "." { "triggerConfig".to_owned() } else { format!("triggerConfig.{path}") };
        ApiError::field(field, "invalid", error.into_inner().to_string())
    })?;
    fires(&read, now)?;
    Ok(config)
}

fn fires(config: &ScheduleConfig, now: Timestamp) -> Result<(), ApiError> {
    if config.cron.len() > MAX_CRON {
        return Err(ApiError::field(
            "triggerConfig.cron",
            "too_big",
            format!("must have at most {MAX_CRON} characters"),
        ));
    }
    let schedule = CronSchedule::parse(&config.cron, &config.time_zone).map_err(|error| {
        let field = match error {
            BadSchedule::Expression(_) => "triggerConfig.cron",
            BadSchedule::TimeZone(_) => "triggerConfig.timeZone",
        };
        ApiError::field(field, "invalid_string", error.to_string())
    })?;
    match schedule.next_after(now) {
        Some(_) => Ok(()),
        None => Err(ApiError::field("triggerConfig.cron", "invalid_string", "never fires")),
    }
}

fn only(config: &Map<String, Value>, known: &[&str]) -> Result<(), ApiError> {
    match config.keys().find(|key| !known.contains(&key.as_str())) {
        None => Ok(()),
        Some(key) => {
            let key: String = key.chars().take(64).collect();
            let message = "is no setting of this type of trigger";
            Err(ApiError::field(format!("triggerConfig.{key}"), "unrecognized_keys", message))
        }
    }
}

fn required(field: &'static str) -> ApiError {
    ApiError::field(field, "required", "is required for this type of trigger")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trigger(kind: TriggerKind, config: Value, beside: Option<&str>) -> Result<Trigger, ApiError> {
        Trigger::new(kind, config.as_object(), beside, Timestamp(0))
    }

    fn field(kind: TriggerKind, config: Value, beside: Option<&str>) -> String {
        trigger(kind, config, beside).expect_err("refused").errors()[0].field.clone()
    }

    #[test]
    fn an_event_is_named_beside_the_settings_or_within_and_trimmed() {
        for (config, beside) in [(Value::Null, Some(" signed_up ")), (json!({ "eventName": "signed_up" }), None)] {
            let trigger = trigger(TriggerKind::Event, config, beside).expect("trigger");
            assert_eq!(trigger.config, json!({ "eventName": "signed_up" }));
            assert_eq!(trigger.step_name(), "Trigger: signed_up");
        }
    }

    #[test]
    fn an_event_without_a_name_or_with_two_is_refused() {
        assert_eq!(field(TriggerKind::Event, Value::Null, None), "eventName");
        assert_eq!(field(TriggerKind::Event, json!({}), None), "triggerConfig.eventName");
        assert_eq!(field(TriggerKind::Event, json!({ "eventName": 1 }), None), "triggerConfig.eventName");
        assert_eq!(field(TriggerKind::Event, json!({ "eventName": "a" }), Some("b")), "eventName");
        assert_eq!(field(TriggerKind::Event, Value::Null, Some(" ")), "eventName");
        assert_eq!(field(TriggerKind::Event, json!({ "event": "a" }), Some("a")), "triggerConfig.event");
    }

    #[test]
    fn a_manual_trigger_has_no_settings_and_does_not_look_at_an_event() {
        let manual = trigger(TriggerKind::Manual, json!({}), Some("signed_up")).expect("trigger");
        assert_eq!((manual.config.clone(), manual.step_config()), (Value::Null, json!({})));
        assert_eq!(field(TriggerKind::Manual, json!({ "eventName": "a" }), None), "triggerConfig.eventName");
    }

    #[test]
    fn a_schedule_is_kept_as_it_was_given() {
        let config = json!({ "cron": "0 9 * * *", "audience": { "subscribed": true } });
        let schedule = trigger(TriggerKind::Schedule, config.clone(), None).expect("trigger");
        assert_eq!((schedule.step_name().as_str(), schedule.config), ("Trigger: 0 9 * * *", config));
    }

    #[test]
    fn what_is_wrong_with_a_schedule_is_named() {
        let cases = [
            (Value::Null, "triggerConfig.cron"),
            (json!({}), "triggerConfig.cron"),
            (json!({ "cron": "whenever" }), "triggerConfig.cron"),
            (json!({ "cron": 5 }), "triggerConfig.cron"),
            (json!({ "cron": "0 0 30 2 *" }), "triggerConfig.cron"),
            (json!({ "cron": "* ".repeat(200) }), "triggerConfig.cron"),
            (json!({ "cron": "* * * * *", "timeZone": "Mars/Base" }), "triggerConfig.timeZone"),
            (json!({ "cron": "* * * * *", "catchUp": "all" }), "triggerConfig.catchUp"),
            (json!({ "cron": "* * * * *", "every": 1 }), "triggerConfig.every"),
            (json!({ "cron": "* * * * *", "audience": { "filter": 1 } }), "triggerConfig.audience.filter"),
        ];
        for (config, named) in cases {
            let field = field(TriggerKind::Schedule, config.clone(), None);
            assert!(field.starts_with(named), "{config}: {field}");
        }
    }
}
