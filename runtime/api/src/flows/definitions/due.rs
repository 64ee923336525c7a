//! Due dates of the first version as rules of core.

use stepwell_core::flow::{DueRule, DueWhen, Span};

use crate::error::ApiError;
use crate::flows::error::invalid;
use crate::flows::wire::v1::{ActionTypeCondition, DynamicDueDate};

/// The rule that `config` is; `at` is where it stands in the request.
pub(crate) fn rule(config: &DynamicDueDate, at: &str) -> Result<DueRule, ApiError> {
    if !(config.number_of_units.is_finite() && config.number_of_units >= 0.0) {
        return Err(invalid(format!("{at}.numberOfUnits"), "must be at least 0"));
    }
    let named = |id: &Option<String>, member: &str| {
        let id = id.clone().filter(|id| !id.is_empty());
        id.ok_or_else(|| ApiError::field(format!("{at}.{member}"), "required", format!("{member} is required")))
    };
    let when = match config.action_type_condition.unwrap_or(ActionTypeCondition::WorkflowStarted) {
        ActionTypeCondition::WorkflowStarted => DueWhen::FlowStarted,
        ActionTypeCondition::StepClosed => DueWhen::TaskFinished(named(&config.step_id, "stepId")?),
        ActionTypeCondition::PhaseFinished => DueWhen::PhaseFinished(named(&config.phase_id, "phaseId")?),
    };
    Ok(DueRule { span: Span { amount: config.number_of_units, unit: config.time_period.into() }, when })
}

/// The rule as it is shown.
pub(crate) fn shown(rule: &DueRule) -> DynamicDueDate {
    let (condition, step_id, phase_id) = match &rule.when {
        DueWhen::FlowStarted | DueWhen::APreceding | DueWhen::AllPreceding => {
            (ActionTypeCondition::WorkflowStarted, None, None)
        }
        DueWhen::TaskFinished(step) => (ActionTypeCondition::StepClosed, Some(step.clone()), None),
        DueWhen::PhaseFinished(phase) => (ActionTypeCondition::PhaseFinished, None, Some(phase.clone())),
    };
    DynamicDueDate {
        number_of_units: rule.span.amount,
        time_period: rule.span.unit.into(),
        action_type_condition: Some(condition),
        step_id,
        phase_id,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn read(value: Value) -> Result<DueRule, ApiError> {
        rule(&serde_json::from_value(value).expect("a due date"), "dynamicDueDate")
    }

    #[test]
    fn a_rule_is_shown_as_it_was_written() {
        for value in [
            json!({"numberOfUnits": 2.0, "timePeriod": "days", "actionTypeCondition": "WORKFLOW_STARTED"}),
            json!({"numberOfUnits": 1.5, "timePeriod": "hours", "actionTypeCondition": "STEP_CLOSED", "stepId": "a"}),
            json!({"numberOfUnits": 0.0, "timePeriod": "months", "actionTypeCondition": "PHASE_FINISHED", "phaseId": "p"}),
        ] {
            let rule = read(value.clone()).expect("a rule");
            assert_eq!(serde_json::to_value(shown(&rule)).expect("json"), value);
        }
    }

    #[test]
    fn what_is_missing_or_out_of_bounds_is_named() {
        let field = |value| read(value).expect_err("refused").errors()[0].field.clone();
        let closed =
            json!({"numberOfUnits": 1, "timePeriod": "days", "actionTypeCondition": "STEP_CLOSED", "stepId": ""});
        assert_eq!(field(closed), "dynamicDueDate.stepId");
        assert_eq!(field(json!({"numberOfUnits": -1, "timePeriod": "days"})), "dynamicDueDate.numberOfUnits");
    }
}
