//! The template of a step: named in the configuration or beside it, which is the same (spec plunk-workflows, 4).

use serde_json::{Map, Value};
use stepwell_core::{StepDescriptor, TemplateId};

use crate::error::ApiError;

/// The member of a configuration that names a template.
const MEMBER: &str = "templateId";

/// What a request says about a step's template beside the configuration.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum TemplateGiven {
    /// Nothing.
    #[default]
    Absent,
    /// There is to be none.
    Cleared,
    /// This one.
    Named(TemplateId),
}

impl From<Option<Option<uuid::Uuid>>> for TemplateGiven {
    fn from(given: Option<Option<uuid::Uuid>>) -> Self {
        match given {
            None => Self::Absent,
            Some(None) => Self::Cleared,
            Some(Some(id)) => Self::Named(id.into()),
        }
    }
}

/// Brings the two places into agreement and gives the template. What is said beside the configuration counts first, then what
/// the configuration says, then what the step has.
pub(crate) fn settle_template(
    descriptor: &StepDescriptor,
    config: &mut Map<String, Value>,
    given: TemplateGiven,
    current: Option<TemplateId>,
) -> Result<Option<TemplateId>, ApiError> {
    if descriptor.config_schema["properties"].get(MEMBER).is_none() {
        return match given {
            TemplateGiven::Named(_) => {
                Err(ApiError::field(MEMBER, "unrecognized_keys", "steps of this type have no template"))
            }
            TemplateGiven::Absent | TemplateGiven::Cleared => Ok(None),
        };
    }
    let template = match given {
        TemplateGiven::Named(id) => Some(id),
        TemplateGiven::Cleared => None,
        TemplateGiven::Absent => match config.get(MEMBER) {
            None => current,
            Some(named) if named.is_null() || named == "" => None,
            Some(named) => Some(parse(named)?),
        },
    };
    match template {
        Some(id) => config.insert(MEMBER.to_owned(), id.to_string().into()),
        None => config.remove(MEMBER),
    };
    Ok(template)
}

fn parse(named: &Value) -> Result<TemplateId, ApiError> {
    let id = named.as_str().and_then(|text| text.parse().ok());
    id.ok_or_else(|| ApiError::field("config.templateId", "invalid_string", "must be the id of a template"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use uuid::Uuid;

    use super::*;

    const ONE: TemplateId = TemplateId(Uuid::from_u128(1));
    const TWO: TemplateId = TemplateId(Uuid::from_u128(2));

    fn descriptor(schema: Value) -> StepDescriptor {
        StepDescriptor {
            step_type: "send-email".into(),
            version: String::new(),
            title: String::new(),
            description: String::new(),
            icon: String::new(),
            config_schema: schema,
            output_schema: Value::Null,
            branches: vec![],
            retry: None,
        }
    }

    fn settled(config: Value, given: TemplateGiven, current: Option<TemplateId>) -> (Option<TemplateId>, Value) {
        let descriptor = descriptor(json!({ "properties": { "templateId": {} } }));
        let mut config = config.as_object().cloned().expect("object");
        let template = settle_template(&descriptor, &mut config, given, current).expect("template");
        (template, Value::Object(config))
    }

    #[test]
    fn either_place_names_the_template_and_both_show_it() {
        let both = (Some(ONE), json!({ "templateId": ONE }));
        assert_eq!(settled(json!({}), TemplateGiven::Named(ONE), None), both);
        assert_eq!(settled(json!({ "templateId": ONE }), TemplateGiven::Absent, None), both);
        assert_eq!(settled(json!({}), TemplateGiven::Absent, Some(ONE)), both);
    }

    #[test]
    fn what_is_said_beside_counts_first_and_then_the_configuration() {
        let config = json!({ "templateId": TWO });
        assert_eq!(settled(config.clone(), TemplateGiven::Named(ONE), None).0, Some(ONE));
        assert_eq!(settled(config, TemplateGiven::Absent, Some(ONE)).0, Some(TWO));
    }

    #[test]
    fn a_null_in_either_place_takes_the_template_away() {
        assert_eq!(settled(json!({ "templateId": ONE }), TemplateGiven::Cleared, Some(ONE)), (None, json!({})));
        for none in [Value::Null, json!("")] {
            assert_eq!(settled(json!({ "templateId": none }), TemplateGiven::Absent, Some(ONE)), (None, json!({})));
        }
    }

    #[test]
    fn a_step_type_without_templates_takes_none() {
        let (delay, mut config) =
            (descriptor(json!({})), json!({ "templateId": "x" }).as_object().cloned().expect("object"));
        assert!(settle_template(&delay, &mut config, TemplateGiven::Named(ONE), None).is_err());
        assert_eq!(settle_template(&delay, &mut config, TemplateGiven::Cleared, None).expect("none"), None);
        assert_eq!(config["templateId"], "x");
    }
}
