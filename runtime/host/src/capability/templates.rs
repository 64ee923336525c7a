//! `stepwell:plugin/templates`: reads message templates.

use stepwell_core::TemplateId;

use crate::bindings::stepwell::plugin::templates::{Host, TemplateError};
use crate::grant::Import;
use crate::state::Run;

impl Host for Run {
    async fn get(&mut self, template_id: String) -> wasmtime::Result<Result<String, TemplateError>> {
        self.allow(Import::Templates)?;
        let Ok(id) = template_id.parse::<TemplateId>() else { return Ok(Err(TemplateError::NotFound)) };
        Ok(match self.services.data.template(self.facts.workspace, id).await {
            Ok(Some(template)) => Ok(template.document().to_string()),
            Ok(None) => Err(TemplateError::NotFound),
            Err(error) => {
                self.unavailable(&error);
                Err(TemplateError::Unavailable)
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{CONTACT, Setup, TEMPLATE};

    #[tokio::test]
    async fn a_template_is_read_by_id() {
        let mut run = Setup::default().state().run;
        let document = run.get(TEMPLATE.to_string()).await.expect("no trap").expect("found");
        assert!(document.contains(r#""subject":"Hello""#), "{document}");
        for id in [CONTACT.to_string(), "no id".into()] {
            assert!(matches!(run.get(id).await.expect("no trap"), Err(TemplateError::NotFound)));
        }
    }
}
