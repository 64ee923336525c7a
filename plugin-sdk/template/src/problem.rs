//! What can be wrong with a template, and what can stop its rendering.

use serde::Serialize;

use crate::limits::{MAX_OUTPUT, MAX_SOURCE, MAX_WORK};

/// What is wrong with a template that is being saved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, thiserror::Error)]
#[error("line {line}, column {column}: {message}")]
pub struct TemplateProblem {
    /// What is wrong, in lower case and without the place.
    pub message: String,
    /// The line, from 1.
    pub line: usize,
    /// The character within the line, from 1.
    pub column: usize,
}

/// Why a template was not rendered. The same template and values fail the same way again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RenderError {
    /// The source is longer than [`MAX_SOURCE`].
    #[error("the template has more than {MAX_SOURCE} characters")]
    TooLong,
    /// The loops and filters need more than [`MAX_WORK`].
    #[error("rendering the template takes more than {MAX_WORK} units of work")]
    TooMuchWork,
    /// The result is longer than [`MAX_OUTPUT`].
    #[error("rendering the template gives more than {MAX_OUTPUT} bytes")]
    TooMuchOutput,
}

/// Messages quote the source, and are cut after so many characters.
const LONGEST_MESSAGE: usize = 200;

/// A mistake at a byte of a text: of the whole source, or of the inside of a tag.
#[derive(Clone, Debug)]
pub(crate) struct Mistake {
    pub(crate) message: String,
    pub(crate) at: usize,
}

impl Mistake {
    pub(crate) fn new(at: usize, message: impl Into<String>) -> Self {
        Self { message: message.into(), at }
    }

    /// The mistake with its place counted in lines and columns of `source`.
    pub(crate) fn locate(self, source: &str) -> TemplateProblem {
        let end = (0..=self.at.min(source.len())).rev().find(|at| source.is_char_boundary(*at)).unwrap_or(0);
        let before = &source[..end];
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        TemplateProblem {
            message: self.message.chars().take(LONGEST_MESSAGE).collect(),
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_counted_in_lines_and_characters() {
        let problem = Mistake::new(8, "is odd").locate("é\nüü x {{");
        assert_eq!((problem.line, problem.column), (2, 4));
        assert_eq!(problem.to_string(), "line 2, column 4: is odd");
    }

    #[test]
    fn a_place_outside_the_source_or_inside_a_character_is_moved() {
        assert_eq!(Mistake::new(99, "").locate("ab").column, 3);
        assert_eq!(Mistake::new(1, "").locate("é").column, 1);
    }
}
