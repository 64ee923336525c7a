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
