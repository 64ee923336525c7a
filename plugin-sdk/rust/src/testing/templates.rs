//! The fake of `stepwell:plugin/templates`.

use super::state::with;
use crate::bindings::stepwell::plugin::templates::TemplateError;
use crate::export::text;

pub(crate) fn get(template_id: &str) -> Result<String, TemplateError> {
    with(|state| {
        if state.denies("templates") {
            return Err(TemplateError::Denied);
        }
        state.templates.get(template_id).map(text).ok_or(TemplateError::NotFound)
    })
}
