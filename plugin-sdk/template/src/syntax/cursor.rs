//! Reading the inside of a tag from left to right.

use crate::problem::Mistake;

/// A place in the inside of a tag.
pub(crate) struct Cursor<'t> {
    text: &'t str,
    at: usize,
    /// The first filter that was asked for and does not exist.
    pub(crate) unknown: Option<Mistake>,
}

impl<'t> Cursor<'t> {
    pub(crate) fn new(text: &'t str) -> Self {
        Self { text, at: 0, unknown: None }
    }

    /// Everything that is not read yet.
    pub(crate) fn rest(&self) -> &'t str {
        &self.text[self.at..]
    }

    /// The place, to come back to with [`Cursor::back_to`].
    pub(crate) fn place(&self) -> usize {
        self.at
    }

    pub(crate) fn back_to(&mut self, place: usize) {
        self.at = place;
    }

    /// Skips whitespace and answers with the next character.
    pub(crate) fn peek(&mut self) -> Option<char> {
        self.at = self.text.len() - self.rest().trim_start().len();
        self.rest().chars().next()
    }

    /// Skips whitespace, and `token` if it is next.
    pub(crate) fn eat(&mut self, token: &str) -> bool {
        self.peek();
        let next = self.rest().starts_with(token);
        if next {
            self.at += token.len();
        }
        next
    }

    /// Reads up to the place at which `ends` holds for what follows.
    pub(crate) fn until(&mut self, ends: impl Fn(&str) -> bool) -> &'t str {
        let rest = self.rest();
        let length = rest.char_indices().map(|(at, _)| at).find(|at| ends(&rest[*at..])).unwrap_or(rest.len());
        self.at += length;
        &rest[..length]
    }

    /// Reads a word: letters, digits and signs that have no meaning of their own. `None` when none is next.
    pub(crate) fn word(&mut self) -> Option<&'t str> {
        self.peek();
        let word = self.until(|rest| rest.starts_with(ends_word) || rest.starts_with("&&"));
        (!word.is_empty()).then_some(word)
    }

    /// Reads the word when it is next, and nothing otherwise.
    pub(crate) fn eat_word(&mut self, word: &str) -> bool {
        let place = self.place();
        let next = self.word() == Some(word);
        if !next {
            self.back_to(place);
        }
        next
    }

    /// Reads a text in quotes; `None` when no quote is next or it is not closed.
    pub(crate) fn quoted(&mut self) -> Option<String> {
        let quote = self.peek().filter(|next| matches!(next, '"' | '\''))?;
        let mut text = String::new();
        let mut rest = self.rest().char_indices().skip(1);
        while let Some((at, character)) = rest.next() {
            match character {
                _ if character == quote => {
                    self.at += at + 1;
                    return Some(text);
                }
                '\\' => text.push_str(&escaped(rest.next()?.1)),
                _ => text.push(character),
            }
        }
        None
    }

    /// A mistake at the current place.
    pub(crate) fn mistake(&self, message: impl Into<String>) -> Mistake {
        Mistake::new(self.at, message)
    }

    /// Insists that nothing is left.
    pub(crate) fn finish(&mut self) -> Result<(), Mistake> {
        match self.peek() {
            None => Ok(()),
            Some(next) => Err(self.mistake(format!("unexpected `{next}`"))),
        }
    }
}

fn ends_word(next: char) -> bool {
    next.is_whitespace() || "|,:=<>!?.[](){}\"'".contains(next)
}

fn escaped(character: char) -> String {
    match character {
        'n' => "\n".to_owned(),
        'r' => "\r".to_owned(),
        't' => "\t".to_owned(),
        '\\' | '"' | '\'' => character.to_string(),
        other => format!("\\{other}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_end_at_signs_with_a_meaning() {
        let mut cursor = Cursor::new(" first-name\u{a0}größe?? a&&b");
        assert_eq!(cursor.word(), Some("first-name"));
        assert_eq!(cursor.word(), Some("größe"));
        assert_eq!(cursor.word(), None);
        assert!(cursor.eat("??"));
        assert_eq!(cursor.word(), Some("a"));
        assert!(cursor.finish().is_err());
    }

    #[test]
    fn quoted_text_may_escape_its_quote() {
        assert_eq!(Cursor::new(r#" "a \"b\" \n \d" "#).quoted().as_deref(), Some("a \"b\" \n \\d"));
        for text in ["", "a", "\"a", "'a\"", "\"a\\"] {
            assert_eq!(Cursor::new(text).quoted(), None, "{text}");
        }
    }
}
