//! What statements may speak of: the entities that the flow is about, the flow itself, and what came of earlier tasks.

use serde_json::Value;
use stepwell_plugin::Context;

use crate::statement::Source;

/// What a source leads to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Found<'a> {
    /// Nothing is known of it: no statement about it holds.
    Unknown,
    /// A value; null where the entity or the attribute is missing.
    Value(&'a Value),
}

/// What statements are evaluated on.
pub(crate) struct Facts<'a> {
    context: &'a Context,
    /// What the engine says about the flow; null for a step that is no task.
    flow: &'a Value,
    /// In milliseconds since 1970.
    pub(crate) now: i64,
}

impl<'a> Facts<'a> {
    pub(crate) fn of(context: &'a Context) -> Self {
        let now = i64::try_from(context.now.millis()).unwrap_or(i64::MAX);
        Self { context, flow: &context.about()["flow"], now }
    }

    /// The attribute that a source speaks of.
    pub(crate) fn find(&self, source: &Source, attribute: &str) -> Found<'a> {
        let known = |value: Option<&'a Value>| value.map_or(Found::Unknown, Found::Value);
        match (source.origin.as_deref(), source.origin_type.as_deref()) {
            (_, Some("workflow")) => known(self.flow.get(attribute)),
            (None | Some("trigger"), None | Some("entity")) => self.attribute(source.schema.as_deref(), attribute),
            (Some("action"), _) => known(self.outcome(source, attribute)),
            _ => Found::Unknown,
        }
    }

    /// An attribute of the entity that conditions read.
    fn attribute(&self, schema: Option<&str>, name: &str) -> Found<'a> {
        let value = if self.flow.is_null() {
            self.contact(schema, name)
        } else {
            self.entity(schema).and_then(|data| data.get(name))
        };
        Found::Value(value.unwrap_or(&Value::Null))
    }

    /// The attributes of the primary entity; if it is of another schema, of the first that has the right one.
    fn entity(&self, schema: Option<&str>) -> Option<&'a Value> {
        let fits = |of: &&Value| schema.is_none_or(|schema| of["schema"] == schema);
        let primary = Some(&self.flow["primary"]).filter(|of| of.is_object() && fits(of));
        let of = primary.or_else(|| self.flow["contexts"].as_array()?.iter().find(fits))?;
        let entities = self.flow["entities"].as_array()?;
        let same = |entity: &&Value| entity["id"] == of["id"] && entity["schema"] == of["schema"];
        entities.iter().find(same).map(|entity| &entity["data"])
    }

    /// Outside of a flow, the contact stands for the entity: its data, then what it has itself.
    fn contact(&self, schema: Option<&str>, name: &str) -> Option<&'a Value> {
        let contact = self.context.contact();
        let fits = schema.is_none_or(|schema| schema == "contact");
        contact.get("data").and_then(|data| data.get(name)).or_else(|| contact.get(name)).filter(|_| fits)
    }

    /// What came of an earlier task: an attribute of the entity in its output, or a member of the output.
    fn outcome(&self, source: &Source, attribute: &str) -> Option<&'a Value> {
        let output = self.context.outputs().get(source.id.as_deref()?)?;
        output.get("entity").and_then(|entity| entity.get(attribute)).or_else(|| output.get(attribute))
    }
}
