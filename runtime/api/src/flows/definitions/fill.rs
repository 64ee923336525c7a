//! What the server adds to a definition that was sent: ids, and which item is a section.

use serde_json::{Map, Value, json};

/// Gives each section and step an id, a type and a place where they have none. Members that are null are as if they were not there.
pub(super) fn fill(sent: &mut Map<String, Value>, mut id: impl FnMut() -> String) {
    sent.retain(|_, member| !member.is_null());
    let Some(Value::Array(items)) = sent.get_mut("flow") else { return };
    for (place, item) in items.iter_mut().enumerate() {
        fill_item(item, place, &mut id);
        let Some(Value::Array(steps)) = item.get_mut("steps") else { continue };
        for (place, step) in steps.iter_mut().enumerate() {
            fill_item(step, place, &mut id);
        }
    }
}

fn fill_item(item: &mut Value, place: usize, id: &mut impl FnMut() -> String) {
    let Value::Object(members) = item else { return };
    members.retain(|_, member| !member.is_null());
    let kind = if members.contains_key("steps") { "SECTION" } else { "STEP" };
    members.entry("type").or_insert_with(|| json!(kind));
    members.entry("order").or_insert_with(|| json!(place));
    if members.get("id").is_none_or(|id| id == "") {
        members.insert("id".to_owned(), json!(id()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_and_types_are_filled_in_and_what_was_sent_stays() {
        let mut sent = json!({"name": "Onboarding", "description": null, "extra": 1, "flow": [
            {"name": "First", "steps": [{"name": "Call", "id": "kept", "type": "STEP", "order": 7}, {"name": "Write", "id": ""}]},
            {"name": "Empty", "steps": []},
            {"name": "Last"},
        ]});
        let mut number = 0;
        fill(sent.as_object_mut().expect("object"), || {
            number += 1;
            format!("id{number}")
        });
        let expected = json!({"name": "Onboarding", "extra": 1, "flow": [
            {"name": "First", "id": "id1", "type": "SECTION", "order": 0, "steps": [
                {"name": "Call", "id": "kept", "type": "STEP", "order": 7},
                {"name": "Write", "id": "id2", "type": "STEP", "order": 1},
            ]},
            {"name": "Empty", "id": "id3", "type": "SECTION", "order": 1, "steps": []},
            {"name": "Last", "id": "id4", "type": "STEP", "order": 2},
        ]});
        assert_eq!(sent, expected);
    }
}
