//! Section 12 of the specification: a test a row.

use serde_json::{Map, Value, json};
use stepwell_plugin::testing::context;

use super::about;
use crate::config::Condition;
use crate::facts::Facts;
use crate::statement::Statement;

/// An entity with a value of each kind.
fn entity() -> Value {
    json!({
        "title": "Solar roof", "amount": 12.5, "price": "1200.00", "open": true, "signed": "2026-01-01",
        "changed_at": "2026-01-02T03:04:05+00:00", "tags": ["hot", "new"], "numbers": [1, 2.50], "nothing": null,
        "blank": "", "none": [], "emails": [{ "email": "ada@example.org" }, { "email": "bob@example.org" }],
        "address": { "city": "Cologne" }, "owner": { "$relation": [{ "entity_id": "u1" }] }, "count": "many",
    })
}

/// Whether a statement holds for the entity. `more` are further members of the source.
fn holds_with(attribute: &str, kind: &str, operator: &str, values: &[&str], more: Value) -> bool {
    let mut source = json!({ "origin": "trigger", "attribute": attribute, "attribute_type": kind });
    let members = more.as_object().cloned().unwrap_or_default();
    source.as_object_mut().expect("an object").extend(members);
    holds(json!({ "id": "s", "source": source, "operator": operator, "values": values }))
}

fn holds_of(attribute: &str, kind: &str, operator: &str, values: &[&str]) -> bool {
    holds_with(attribute, kind, operator, values, Value::Object(Map::new()))
}

fn holds(statement: Value) -> bool {
    let statement: Statement = serde_json::from_value(statement).expect("a statement");
    statement.holds(&Facts::of(&about(entity())))
}

#[test]
fn the_operand_is_an_attribute_of_the_primary_entity() {
    for source in [
        json!({ "attribute": "title" }),
        json!({ "origin": "trigger", "attribute": "title" }),
        json!({ "origin": "trigger", "origin_type": "entity", "id": "trigger-1", "attribute": "title" }),
        json!({ "schema": "opportunity", "attribute": "title", "attribute_operation": "updated" }),
    ] {
        assert!(holds(json!({ "source": source, "operator": "equals", "values": ["Solar roof"] })), "{source}");
    }
}

#[test]
fn another_schema_is_that_of_another_entity_of_the_flow() {
    let context = context()
        .about(json!({ "flow": {
            "contexts": [{ "id": "1", "schema": "contact" }, { "id": "2", "schema": "order" }],
            "primary": { "id": "2", "schema": "order" },
            "entities": [{ "id": "1", "schema": "contact", "data": { "x": "c" } }, { "id": "2", "schema": "order", "data": { "x": "o" } }],
        } }))
        .build();
    let holds = |source: Value, value: &str| {
        let statement = json!({ "source": source, "operator": "equals", "values": [value] });
        serde_json::from_value::<Statement>(statement).expect("a statement").holds(&Facts::of(&context))
    };
    assert!(holds(json!({ "attribute": "x" }), "o"));
    assert!(holds(json!({ "attribute": "x", "schema": "contact" }), "c"));
    assert!(!holds(json!({ "attribute": "x", "schema": "meter" }), "o"));
}

#[test]
fn what_came_of_an_earlier_task_is_read_from_its_output_and_what_is_unknown_is_not_met() {
    let context = context()
        .about(json!({ "flow": { "contexts": [], "entities": [], "startedAt": "2026-01-01T00:00:00.000Z" } }))
        .outputs(json!({ "task-1": { "entity": { "status": "won" }, "answer": "yes" } }))
        .build();
    let holds = |source: Value, operator: &str, value: &str| {
        let statement = json!({ "source": source, "operator": operator, "values": [value] });
        serde_json::from_value::<Statement>(statement).expect("a statement").holds(&Facts::of(&context))
    };
    let of_task =
        |name: &str| json!({ "origin": "action", "origin_type": "entity", "id": "task-1", "attribute": name });
    assert!(holds(of_task("status"), "equals", "won"));
    assert!(holds(of_task("answer"), "equals", "yes"));
    let started =
        json!({ "origin": "action", "origin_type": "workflow", "attribute": "startedAt", "attribute_type": "date" });
    assert!(holds(started, "less_than", "2026-02-01"));
    for (operator, value) in [("equals", "won"), ("not_equals", "won"), ("is_empty", ""), ("is_not_empty", "")] {
        let unknown = json!({ "origin": "action", "id": "task-2", "attribute": "status" });
        assert!(!holds(unknown, operator, value), "{operator}");
        assert!(!holds(json!({ "origin": "elsewhere", "attribute": "status" }), operator, value), "{operator}");
    }
}

#[test]
fn several_attributes_are_each_tested_and_any_or_all_have_to_fit() {
    let holds = |matching: Option<&str>, value: &str| {
        let more =
            json!({ "attributes": ["title", "blank"], "attributes_match": matching, "attribute_sub_field": "x" });
        holds_with("ignored", "string", "not_equals", &[value], more)
    };
    assert!(holds(None, "Solar roof") && holds(Some("any"), "Solar roof"));
    assert!(!holds(Some("all"), "Solar roof") && holds(Some("all"), "Other"));
    assert!(holds_with("", "string", "equals", &["Solar roof"], json!({ "attribute": null, "attributes": ["title"] })));
}

#[test]
fn a_sub_field_picks_a_part_of_a_composed_value() {
    assert!(holds_with("address", "string", "equals", &["Cologne"], json!({ "attribute_sub_field": "city" })));
    assert!(holds_with("emails", "email", "any_of", &["bob@example.org"], json!({ "attribute_sub_field": "email" })));
    assert!(holds_with("address", "string", "is_empty", &[], json!({ "attribute_sub_field": "street" })));
}

#[test]
fn all_statements_or_one_of_them_have_to_hold() {
    let is = |value: &str| json!({ "source": { "attribute": "title" }, "operator": "equals", "values": [value] });
    let met = |all: bool, statements: Vec<Value>| {
        let condition = json!({ "id": "c", "all": all, "statements": statements });
        serde_json::from_value::<Condition>(condition).expect("a condition").is_met(&Facts::of(&about(entity())))
    };
    assert!(met(true, vec![is("Solar roof"), is("Solar roof")]) && !met(true, vec![is("Solar roof"), is("Other")]));
    assert!(met(false, vec![is("Other"), is("Solar roof")]) && !met(false, vec![is("Other")]));
}

#[test]
fn a_value_of_another_type_than_the_attribute_s_is_not_met() {
    for (attribute, kind) in
        [("count", "number"), ("title", "boolean"), ("title", "date"), ("address", "string"), ("tags", "number")]
    {
        for operator in ["equals", "not_equals", "none_of", "greater_than"] {
            assert!(!holds_of(attribute, kind, operator, &["1"]), "{attribute} {kind} {operator}");
        }
    }
    assert!(!holds_of("amount", "number", "not_equals", &["many"]), "a value that is no number");
    assert!(!holds_of("open", "boolean", "greater_than", &["false"]), "there is no order");
    assert!(!holds_of("title", "string", "equals", &[]), "nothing to compare with");
}

#[test]
fn a_missing_entity_or_attribute_is_empty() {
    for attribute in ["missing", "nothing", "blank", "none"] {
        assert!(holds_of(attribute, "string", "is_empty", &[]) && !holds_of(attribute, "string", "is_not_empty", &[]));
        for positive in
            ["equals", "any_of", "contains", "starts_with", "ends_with", "greater_than", "less_than_or_equals"]
        {
            assert!(!holds_of(attribute, "string", positive, &[""]), "{attribute} {positive}");
        }
        for negative in ["not_equals", "none_of", "not_contains"] {
            assert!(holds_of(attribute, "string", negative, &["x"]), "{attribute} {negative}");
        }
    }
    assert!(holds_of("title", "string", "is_not_empty", &[]) && !holds_of("title", "string", "is_empty", &[]));
    let no_entity =
        context().about(json!({ "flow": { "contexts": [{ "id": "x", "schema": "y" }], "entities": [] } })).build();
    let statement = json!({ "source": { "attribute": "title" }, "operator": "is_empty", "values": [] });
    assert!(serde_json::from_value::<Statement>(statement).expect("a statement").holds(&Facts::of(&no_entity)));
}

#[test]
fn values_are_converted_by_the_type_of_the_attribute() {
    assert!(holds_of("amount", "number", "equals", &["12.50"]));
    assert!(holds_of("price", "price", "equals", &["1200"]));
    assert!(holds_of("open", "boolean", "equals", &["true"]) && holds_of("open", "boolean", "not_equals", &["false"]));
    assert!(holds_of("changed_at", "datetime", "equals", &["2026-01-02T04:04:05+01:00"]));
    assert!(holds_of("signed", "date", "equals", &["2026-01-01T00:00:00Z"]));
    assert!(!holds_of("title", "select", "equals", &["solar roof"]), "case counts");
}

#[test]
fn equals_compares_with_the_first_value_only() {
    assert!(holds_of("title", "string", "equals", &["Solar roof", "Other"]));
    assert!(!holds_of("title", "string", "equals", &["Other", "Solar roof"]));
    assert!(holds_of("title", "string", "not_equals", &["Other", "Solar roof"]));
}

#[test]
fn any_of_and_none_of_compare_with_each_value() {
    assert!(holds_of("amount", "number", "any_of", &["no number", "7", "12.5"]));
    assert!(
        !holds_of("amount", "number", "none_of", &["7", "12.5"]) && holds_of("amount", "number", "none_of", &["7"])
    );
}

#[test]
fn contains_is_a_part_of_a_text_or_an_element_of_a_list() {
    assert!(holds_of("title", "string", "contains", &["lar"]) && holds_of("title", "string", "not_contains", &["LAR"]));
    assert!(holds_of("tags", "tags", "contains", &["hot"]) && !holds_of("tags", "tags", "contains", &["ho"]));
    assert!(holds_of("tags", "tags", "not_contains", &["ho"]) && !holds_of("tags", "tags", "not_contains", &["new"]));
    assert!(holds_of("numbers", "number", "contains", &["2.5"]));
    assert!(holds_of("owner", "relation", "contains", &["u1"]));
}

#[test]
fn a_list_fits_when_one_element_does_and_a_negative_when_none_does() {
    assert!(holds_of("tags", "tags", "equals", &["new"]) && !holds_of("tags", "tags", "not_equals", &["new"]));
    assert!(
        holds_of("tags", "multiselect", "any_of", &["x", "hot"]) && holds_of("tags", "multiselect", "none_of", &["x"])
    );
    assert!(
        holds_of("numbers", "number", "greater_than", &["2"]) && !holds_of("numbers", "number", "greater_than", &["3"])
    );
    assert!(holds_of("tags", "tags", "starts_with", &["ne"]));
    assert!(holds_of("emails", "email", "equals", &["ada@example.org"]));
}

#[test]
fn texts_begin_and_end() {
    assert!(
        holds_of("title", "string", "starts_with", &["Solar"])
            && !holds_of("title", "string", "starts_with", &["roof"])
    );
    assert!(
        holds_of("title", "string", "ends_with", &["roof"]) && !holds_of("title", "string", "ends_with", &["Solar"])
    );
}

#[test]
fn numbers_dates_and_texts_are_in_order() {
    for (operator, lower, same, higher) in [
        ("greater_than", true, false, false),
        ("greater_than_or_equals", true, true, false),
        ("less_than", false, false, true),
        ("less_than_or_equals", false, true, true),
    ] {
        for (attribute, kind, values) in [
            ("amount", "number", ["9.5", "12.50", "100"]),
            ("signed", "date", ["2025-12-31", "2026-01-01", "2026-01-02"]),
            ("title", "string", ["Solar", "Solar roof", "solar"]),
        ] {
            let found = values.map(|value| holds_of(attribute, kind, operator, &[value]));
            assert_eq!(found, [lower, same, higher], "{attribute} {operator}");
        }
    }
}

#[test]
fn a_relative_date_is_a_token() {
    // It is 2026-01-02T03:04:05.678Z.
    let holds = |attribute: &str, operator: &str, token: &str| {
        let source = json!({ "attribute": attribute, "attribute_type": "datetime" });
        holds(json!({ "source": source, "operator": operator, "values": [token], "value_type": "relative_date" }))
    };
    assert!(holds("signed", "equals", "yesterday") && holds("signed", "less_than", "today"));
    assert!(holds("changed_at", "greater_than", "today") && holds("changed_at", "less_than", "now"));
    assert!(holds("signed", "any_of", "start_of_year"));
    assert!(!holds("signed", "less_than", "someday") && !holds("signed", "not_equals", "2026-01-01"));
    assert!(!holds("title", "less_than", "today"), "no date");
}

#[test]
fn an_offset_is_added_to_the_entity_s_date_before_comparing() {
    let holds = |amount: i64, unit: &str, operator: &str, value: &str| {
        holds_with("signed", "date", operator, &[value], json!({ "date_offset": { "amount": amount, "unit": unit } }))
    };
    assert!(holds(1, "days", "equals", "2026-01-02") && holds(-1, "days", "equals", "2025-12-31"));
    assert!(holds(1, "months", "equals", "2026-02-01") && holds(-1, "years", "equals", "2025-01-01"));
    assert!(!holds(i64::MAX, "years", "not_equals", "2026-01-01"), "out of reach");
}

#[test]
fn outside_of_a_flow_the_contact_stands_for_the_entity() {
    let context =
        context().contact(json!({ "id": "c1", "email": "ada@example.org", "data": { "plan": "pro" } })).build();
    for (attribute, schema, value, expected) in [
        ("plan", None, "pro", true),
        ("email", Some("contact"), "ada@example.org", true),
        ("plan", Some("order"), "pro", false),
    ] {
        let source = json!({ "attribute": attribute, "schema": schema });
        let statement = json!({ "source": source, "operator": "equals", "values": [value] });
        let statement: Statement = serde_json::from_value(statement).expect("a statement");
        assert_eq!(statement.holds(&Facts::of(&context)), expected, "{attribute}");
    }
}
