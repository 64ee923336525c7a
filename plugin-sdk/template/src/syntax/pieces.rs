//! The source as a row of pieces: text, outputs `{{ … }}` and tags `{% … %}`.
//!
//! What stands between `{% raw %}` and `{% endraw %}` is text, and what stands between `{% comment %}` and
//! `{% endcomment %}` is dropped, before anything inside is looked at.

use std::borrow::Cow;

use crate::problem::Mistake;

use super::entity::decode;

/// Which braces enclose a piece.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Output,
    Tag,
}

/// The inside of an output or a tag, without braces and whitespace control, with entities decoded.
#[derive(Clone, Debug)]
pub(crate) struct Inside<'s> {
    pub(crate) text: Cow<'s, str>,
    /// The byte of the source at which the inside begins.
    pub(crate) at: usize,
}

impl Inside<'_> {
    /// Turns a mistake within the inside into one within the source.
    ///
    /// Decoding moves places, so then the place is the start of the inside.
    pub(crate) fn blame(&self, mistake: Mistake) -> Mistake {
        let within = if matches!(self.text, Cow::Borrowed(_)) { mistake.at } else { 0 };
        Mistake { at: self.at + within, ..mistake }
    }
}

/// One piece of the source.
#[derive(Clone, Debug)]
pub(crate) enum Piece<'s> {
    Text(&'s str),
    Output(Inside<'s>),
    Tag(Inside<'s>),
}

/// Gives the pieces of a source one by one.
pub(crate) struct Pieces<'s> {
    source: &'s str,
    at: usize,
    /// The previous tag asked to drop the whitespace after it.
    trims: bool,
}

impl<'s> Pieces<'s> {
    pub(crate) fn new(source: &'s str) -> Self {
        Self { source, at: 0, trims: false }
    }

    /// The next piece; `None` at the end of the source.
    pub(crate) fn next(&mut self) -> Result<Option<Piece<'s>>, Mistake> {
        loop {
            if self.at == self.source.len() {
                return Ok(None);
            }
            let found = opener(self.source, self.at);
            let end = found.map_or(self.source.len(), |(at, _)| at);
            let text = self.text_until(end);
            match found {
                _ if !text.is_empty() => return Ok(Some(Piece::Text(text))),
                Some((at, kind)) => match self.enclosed(at, kind)? {
                    Some(piece) => return Ok(Some(piece)),
                    None => continue,
                },
                None => return Ok(None),
            }
        }
    }

    /// Takes the text up to `end`, without the whitespace that the tags around it drop.
    fn text_until(&mut self, end: usize) -> &'s str {
        let text = &self.source[self.at..end];
        let text = if std::mem::take(&mut self.trims) { text.trim_start() } else { text };
        self.at = end;
        let trims = self.source[end..].starts_with("{{-") || self.source[end..].starts_with("{%-");
        if trims { text.trim_end() } else { text }
    }

    /// Takes the output or tag at `at`; `None` for a comment.
    fn enclosed(&mut self, at: usize, kind: Kind) -> Result<Option<Piece<'s>>, Mistake> {
        let open = if kind == Kind::Output { "{{" } else { "{%" };
        let end =
            close(self.source, at + 2, kind).ok_or_else(|| Mistake::new(at, format!("`{open}` is not closed")))?;
        self.at = end + 2;
        let inside = self.inside(at + 2, end);
        match (kind, inside.text.trim()) {
            (Kind::Output, _) => Ok(Some(Piece::Output(inside))),
            (Kind::Tag, "raw") => self.verbatim(at, "raw", "endraw").map(|text| Some(Piece::Text(text))),
            (Kind::Tag, "comment") => self.verbatim(at, "comment", "endcomment").map(|_| None),
            (Kind::Tag, text) if text.starts_with('#') => Ok(None),
            (Kind::Tag, _) => Ok(Some(Piece::Tag(inside))),
        }
    }

    fn inside(&mut self, start: usize, end: usize) -> Inside<'s> {
        let text = &self.source[start..end];
        let (text, at) = text.strip_prefix('-').map_or((text, start), |text| (text, start + 1));
        let shorter = text.strip_suffix('-');
        self.trims = shorter.is_some();
        Inside { text: decode(shorter.unwrap_or(text)), at }
    }

    /// Takes everything up to the tag named `end`, and that tag.
    fn verbatim(&mut self, at: usize, name: &str, end: &str) -> Result<&'s str, Mistake> {
        let start = self.at;
        let missing = || Mistake::new(at, format!("`{name}` is not closed by `{end}`"));
        let (tag, after) = tag_named(self.source, start, end).ok_or_else(missing)?;
        let text = self.text_until(tag);
        self.trims = self.source[..after].ends_with("-%}");
        self.at = after;
        Ok(text)
    }
}

/// The next `{{` or `{%` from `from` on.
pub(crate) fn opener(source: &str, from: usize) -> Option<(usize, Kind)> {
    let braces = source[from..].match_indices('{').map(|(at, _)| from + at);
    braces.into_iter().find_map(|at| match source.as_bytes().get(at + 1) {
        Some(b'{') => Some((at, Kind::Output)),
        Some(b'%') => Some((at, Kind::Tag)),
        _ => None,
    })
}

/// The place of the `}}` or `%}` that ends what begins before `from`.
///
/// One inside quotes is part of the text, unless the quote is none (`{{ name ?? don't know }}`): then no closing quote
/// follows before the next opening brace.
pub(crate) fn close(source: &str, from: usize, kind: Kind) -> Option<usize> {
    let ending = if kind == Kind::Output { b"}}" } else { b"%}" };
    let (mut quote, mut quoted_end) = (None, None);
    for (offset, pair) in source.as_bytes().get(from..)?.windows(2).enumerate() {
        let at = from + offset;
        match (quote, pair[0]) {
            (None, _) if pair == ending => return Some(at),
            (Some(_), _) if pair == ending => quoted_end = quoted_end.or(Some(at)),
            (_, b'{') if quoted_end.is_some() && matches!(pair[1], b'{' | b'%') => return quoted_end,
            (None, b'"' | b'\'') => quote = Some(pair[0]),
            (Some(open), byte) if byte == open => quote = None,
            _ => {}
        }
    }
    quoted_end
}

/// The start and the end of the next tag that is only the name, such as `{% endraw %}`.
fn tag_named(source: &str, from: usize, name: &str) -> Option<(usize, usize)> {
    source[from..].match_indices("{%").find_map(|(at, _)| {
        let start = from + at;
        let rest = &source[start + 2..];
        let rest = rest.strip_prefix('-').unwrap_or(rest).trim_start().strip_prefix(name)?.trim_start();
        let rest = rest.strip_prefix('-').unwrap_or(rest).strip_prefix("%}")?;
        Some((start, source.len() - rest.len()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pieces(source: &str) -> Vec<String> {
        let mut pieces = Pieces::new(source);
        std::iter::from_fn(|| pieces.next().expect("pieces"))
            .map(|piece| match piece {
                Piece::Text(text) => format!("text {text}"),
                Piece::Output(inside) => format!("output {}", inside.text),
                Piece::Tag(inside) => format!("tag {}", inside.text),
            })
            .collect()
    }

    #[test]
    fn a_source_is_split_at_its_braces() {
        assert_eq!(pieces("a { b {{x}}{% y %}c"), ["text a { b ", "output x", "tag  y ", "text c"]);
        assert_eq!(pieces(""), [""; 0]);
    }

    #[test]
    fn hyphens_drop_the_whitespace_beside_a_tag() {
        assert_eq!(pieces("a \n {{- x -}} \n b"), ["text a", "output  x ", "text b"]);
    }

    #[test]
    fn raw_text_is_not_looked_at_and_comments_are_dropped() {
        assert_eq!(pieces("{% raw %}{{ x }} {% if %}{%- endraw -%} b"), ["text {{ x }} {% if %}", "text b"]);
        assert_eq!(pieces("a{% comment %}{{ {% {% endcomment %}b{% # note %}c"), ["text a", "text b", "text c"]);
    }

    #[test]
    fn braces_inside_quotes_belong_to_the_text() {
        assert_eq!(pieces(r#"{{ "}}" }}"#), [r#"output  "}}" "#]);
        assert_eq!(pieces("{{ n ?? don't }} it's {{ y }}"), ["output  n ?? don't ", "text  it's ", "output  y "]);
        assert_eq!(pieces("{{ n ?? don't }}"), ["output  n ?? don't "]);
    }

    #[test]
    fn what_is_not_closed_is_a_mistake_at_its_start() {
        for source in ["ab{{ x", "ab{% x }}", "ab{% raw %} {% endrawx %}", "ab{{", "ab{{}"] {
            let mut pieces = Pieces::new(source);
            assert!(pieces.next().is_ok(), "{source}");
            assert_eq!(pieces.next().expect_err(source).at, 2);
        }
    }
}
