//! Changing HTML as it streams by, in bounded memory.

use lol_html::{HtmlRewriter, LocalHandlerTypes, MemorySettings, Settings};

/// The most memory one rewriting may take beside its input and output.
const MAX_MEMORY: usize = 8 * 1024 * 1024;

/// The HTML cannot be rewritten within the bounds.
#[derive(Debug, thiserror::Error)]
#[error("rewriting the html")]
pub(super) struct CannotRewrite(#[source] lol_html::errors::RewritingError);

/// Runs `html` through the handlers.
pub(super) fn run<'h>(html: &str, handlers: Settings<'h, '_, LocalHandlerTypes>) -> Result<String, CannotRewrite> {
    let memory = MemorySettings::new().with_max_allowed_memory_usage(MAX_MEMORY);
    let settings = handlers.with_strict(false).with_memory_settings(memory);
    let mut output = Vec::with_capacity(html.len());
    let mut rewriter = HtmlRewriter::new(settings, |chunk: &[u8]| output.extend_from_slice(chunk));
    rewriter.write(html.as_bytes()).map_err(CannotRewrite)?;
    rewriter.end().map_err(CannotRewrite)?;
    Ok(String::from_utf8_lossy(&output).into_owned())
}
