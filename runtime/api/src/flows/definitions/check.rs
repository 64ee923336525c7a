//! What no schema says of a definition: that ids are unique and name something, and how much it may be.

use std::collections::HashMap;

use crate::error::ApiError;
use crate::flows::error::invalid;
use crate::flows::wire::definition::{DefinitionItem, WorkflowDefinition};
use crate::flows::wire::v1::{ActionTypeCondition, DynamicDueDate, ItemType};

/// The most steps of a definition.
const MAX_STEPS: usize = 1_000;

/// The most sections of a definition.
const MAX_SECTIONS: usize = 100;

/// The ids of a definition, and what each one is.
struct Ids<'d>(HashMap<&'d str, ItemType>);

/// Refuses a definition whose parts do not fit together. Ids and types are filled in already.
pub(super) fn check(definition: &WorkflowDefinition) -> Result<(), ApiError> {
    let ids = Ids::of(definition)?;
    if let Some(due) = &definition.dynamic_due_date {
        ids.due("dynamicDueDate", due)?;
    }
    each(definition, |at, item| {
        if let Some(due) = &item.dynamic_due_date {
            ids.due(&format!("{at}.dynamicDueDate"), due)?;
        }
        for (place, requirement) in item.requirements.iter().flatten().enumerate() {
            ids.named(
                &format!("{at}.requirements.{place}.definitionId"),
                &requirement.definition_id,
                requirement.kind,
            )?;
        }
        Ok(())
    })
}

/// Calls `visit` with each item and its place: sections, and behind each of them its steps.
fn each<'d>(
    definition: &'d WorkflowDefinition,
    mut visit: impl FnMut(&str, &'d DefinitionItem) -> Result<(), ApiError>,
) -> Result<(), ApiError> {
    for (place, item) in definition.flow.iter().enumerate() {
        let at = format!("flow.{place}");
        visit(&at, item)?;
        for (place, step) in item.steps.iter().flatten().enumerate() {
            visit(&format!("{at}.steps.{place}"), step)?;
        }
    }
    Ok(())
}

impl<'d> Ids<'d> {
    fn of(definition: &'d WorkflowDefinition) -> Result<Self, ApiError> {
        let mut ids = HashMap::new();
        let (mut steps, mut sections) = (0, 0);
        each(definition, |at, item| {
            let kind = item.kind.unwrap_or(ItemType::Step);
            match kind {
                ItemType::Step => steps += 1,
                ItemType::Section => sections += 1,
            }
            if kind == ItemType::Step && item.steps.is_some() {
                return Err(invalid(format!("{at}.steps"), "a step has no steps"));
            }
            if kind == ItemType::Section && item.steps.is_none() {
                return Err(ApiError::field(format!("{at}.steps"), "required", "a section has steps"));
            }
            if kind == ItemType::Section && at.contains(".steps.") {
                return Err(invalid(format!("{at}.type"), "a section cannot lie in a section"));
            }
            let id = item.id.as_deref().unwrap_or_default();
            if ids.insert(id, kind).is_some() {
                return Err(invalid(format!("{at}.id"), format!("another step or section has the id {id:?}")));
            }
            Ok(())
        })?;
        at_most("steps", steps, MAX_STEPS)?;
        at_most("sections", sections, MAX_SECTIONS)?;
        Ok(Self(ids))
    }

    /// Whether there is a step or section of this id.
    fn named(&self, at: &str, id: &str, kind: ItemType) -> Result<(), ApiError> {
        let what = match kind {
            ItemType::Step => "step",
            ItemType::Section => "section",
        };
        let found = self.0.get(id) == Some(&kind);
        if found { Ok(()) } else { Err(invalid(at, format!("there is no {what} {id:?}"))) }
    }

    fn due(&self, at: &str, due: &DynamicDueDate) -> Result<(), ApiError> {
        super::due::rule(due, at)?;
        let id = |id: &Option<String>| id.clone().unwrap_or_default();
        match due.action_type_condition {
            None | Some(ActionTypeCondition::WorkflowStarted) => Ok(()),
            Some(ActionTypeCondition::StepClosed) => {
                self.named(&format!("{at}.stepId"), &id(&due.step_id), ItemType::Step)
            }
            Some(ActionTypeCondition::PhaseFinished) => {
                self.named(&format!("{at}.phaseId"), &id(&due.phase_id), ItemType::Section)
            }
        }
    }
}

fn at_most(what: &str, count: usize, most: usize) -> Result<(), ApiError> {
    if count <= most {
        return Ok(());
    }
    Err(ApiError::field("flow", "too_big", format!("{count} {what} are too many, {most} are allowed")))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn refused(flow: &Value) -> Option<String> {
        let mut sent = json!({"name": "Onboarding", "flow": flow});
        let mut number = 0;
        super::super::fill::fill(sent.as_object_mut().expect("object"), || {
            number += 1;
            format!("id{number}")
        });
        let read = serde_json::from_value(sent).expect("a definition");
        check(&read).err().map(|error| error.errors()[0].field.clone())
    }

    #[test]
    fn a_requirement_names_a_step_or_section_of_the_definition() {
        let needs = |id: &str, kind: &str| {
            json!([
                {"id": "s", "name": "S", "steps": [{"id": "a", "name": "A"}]},
                {"id": "b", "name": "B", "requirements": [{"definitionId": id, "type": kind, "condition": "CLOSED"}]},
            ])
        };
        assert_eq!(refused(&needs("a", "STEP")), None);
        assert_eq!(refused(&needs("s", "SECTION")), None);
        let at = Some("flow.1.requirements.0.definitionId".to_owned());
        assert_eq!(refused(&needs("s", "STEP")), at);
        assert_eq!(refused(&needs("x", "STEP")), at);
    }

    #[test]
    fn a_due_date_names_a_step_or_section_of_the_definition() {
        let due = |condition: &str, member: &str, id: &str| {
            let due = json!({"numberOfUnits": 1, "timePeriod": "days", "actionTypeCondition": condition, member: id});
            json!([{"id": "s", "name": "S", "steps": [{"id": "a", "name": "A", "dynamicDueDate": due}]}])
        };
        assert_eq!(refused(&due("PHASE_FINISHED", "phaseId", "s")), None);
        assert_eq!(
            refused(&due("STEP_CLOSED", "stepId", "s")).as_deref(),
            Some("flow.0.steps.0.dynamicDueDate.stepId")
        );
    }

    #[test]
    fn ids_are_unique_and_sections_lie_side_by_side() {
        assert_eq!(refused(&json!([{"id": "a", "name": "A"}, {"id": "a", "name": "B"}])).as_deref(), Some("flow.1.id"));
        let nested = json!([{"name": "S", "steps": [{"name": "T", "type": "SECTION", "steps": []}]}]);
        assert_eq!(refused(&nested).as_deref(), Some("flow.0.steps.0.type"));
        assert_eq!(refused(&json!([{"name": "S", "type": "SECTION"}])).as_deref(), Some("flow.0.steps"));
        let step = json!([{"name": "A", "type": "STEP", "steps": []}]);
        assert_eq!(refused(&step).as_deref(), Some("flow.0.steps"));
    }

    #[test]
    fn a_definition_has_a_thousand_steps_and_no_more() {
        let steps = |count: usize| json!((0..count).map(|_| json!({"name": "A"})).collect::<Vec<_>>());
        assert_eq!(refused(&steps(1_000)), None);
        assert_eq!(refused(&steps(1_001)).as_deref(), Some("flow"));
    }
}
