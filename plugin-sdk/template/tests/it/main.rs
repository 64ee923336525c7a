//! The template language as its users see it.

mod blocks;
mod checking;
mod escaping;
mod limits;
mod odd;
mod values;

use serde_json::{Value, json};
use stepwell_template::{Escape, render, scope};

/// The scope of a contact with some data and an event.
fn example() -> Value {
    let contact = json!({"id": "c1", "email": "ada@example.org", "subscribed": true, "data": {
        "name": "Ada", "first name": "Ada Mary", "nick": "", "zero": 0, "no": false, "nothing": null, "plan": "pro",
        "tags": ["a", "b<"], "address": {"city": "London", "post code": "N1"}, "html": "<b>\"R&D\"</b>", "none": [],
    }});
    let event = json!({"total": 80, "token": {"value": "t-1", "persistent": false},
        "items": [{"name": "Pen", "price": 2.5}, {"name": "Ink", "price": 10}]});
    scope(&contact, &event, &json!({"Call it": {"response": {"ok": true}}}), None, 1_767_312_000_000)
}

/// What the template gives as plain text.
fn text(source: &str) -> String {
    render(source, &example(), Escape::None).unwrap_or_else(|error| panic!("{source}: {error}"))
}

/// What the template gives as HTML.
fn html(source: &str) -> String {
    render(source, &example(), Escape::Html).unwrap_or_else(|error| panic!("{source}: {error}"))
}
