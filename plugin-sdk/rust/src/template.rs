//! The template language of emails and webhooks over a step's context. A pure computation: it imports no capability.

use serde_json::Value;
pub use stepwell_template::{Escape, RenderError, Urls};

use crate::{Context, Failure, Problem};

/// What templates of a step may name: the contact, the event, the outputs of earlier steps, the subscription links.
pub struct Scope(Value);

impl Scope {
    /// The scope of a step.
    pub fn new(context: &Context) -> Self {
        let now = i64::try_from(context.now.millis()).unwrap_or(i64::MAX);
        let urls = urls(context);
        Self(stepwell_template::scope(context.contact(), context.event(), context.outputs(), urls.as_ref(), now))
    }

    /// Renders a text.
    pub fn render(&self, source: &str, escape: Escape) -> Result<String, RenderError> {
        stepwell_template::render(source, &self.0, escape)
    }

    /// Renders every text within a JSON value as plain text; keys stay.
    pub fn render_json(&self, value: &Value) -> Result<Value, RenderError> {
        stepwell_template::render_json(value, &self.0)
    }
}

fn urls(context: &Context) -> Option<Urls> {
    let url = |name: &str| context.about_text(&format!("/urls/{name}")).map(str::to_owned);
    Some(Urls { unsubscribe: url("unsubscribeUrl")?, subscribe: url("subscribeUrl")?, manage: url("manageUrl")? })
}

/// Whether a text has anything to render.
pub fn is_template(text: &str) -> bool {
    text.contains("{{") || text.contains("{%")
}

/// What is wrong with the templates in a configuration's member, by their places.
pub fn problems(value: &Value, pointer: &str) -> Vec<Problem> {
    match value {
        Value::String(text) => check(text).map(|message| Problem::new(pointer, message)).into_iter().collect(),
        Value::Array(items) => {
            let items = items.iter().enumerate();
            items.flat_map(|(index, item)| problems(item, &format!("{pointer}/{index}"))).collect()
        }
        Value::Object(members) => {
            let escaped = |key: &String| key.replace('~', "~0").replace('/', "~1");
            members.iter().flat_map(|(key, item)| problems(item, &format!("{pointer}/{}", escaped(key)))).collect()
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => Vec::new(),
    }
}

fn check(text: &str) -> Option<String> {
    let problem = stepwell_template::check(text).err()?;
    Some(format!("is no template (line {}, column {}): {}", problem.line, problem.column, problem.message))
}

impl From<RenderError> for Failure {
    fn from(error: RenderError) -> Self {
        Self::fatal("template-too-large", error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::testing::context;

    #[test]
    fn a_template_names_what_the_step_knows() {
        let urls =
            json!({ "unsubscribeUrl": "https://x/u", "subscribeUrl": "https://x/s", "manageUrl": "https://x/m" });
        let context = context()
            .contact(json!({ "id": "c1", "email": "ada@example.org", "data": { "plan": "pro" } }))
            .event(json!({ "source": "web" }))
            .outputs(json!({ "hook": { "statusCode": 200 } }))
            .about(json!({ "urls": urls }))
            .build();
        let source = "{{ email }} {{ plan }} {{ event.source }} {{ steps.hook.statusCode }} {{ unsubscribeUrl }}";
        let rendered = Scope::new(&context).render(source, Escape::None);
        assert_eq!(rendered.as_deref(), Ok("ada@example.org pro web 200 https://x/u"));
    }

    #[test]
    fn problems_are_named_by_their_place() {
        let found = problems(&json!({ "a/b": ["{{ x }}", "{% if %}"] }), "/body");
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].pointer, "/body/a~1b/1");
    }
}
