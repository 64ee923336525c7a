//! HTML entities inside tags, which rich-text editors leave there: `{% if total &gt; 3 %}`.

use std::borrow::Cow;

const NAMED: [(&str, char); 6] = [("amp", '&'), ("lt", '<'), ("gt", '>'), ("quot", '"'), ("apos", '\''), ("nbsp", ' ')];

/// The longest entity is `&#1114111;` or `&#x10ffff;`.
const LONGEST: usize = 10;

/// Decodes entities once: `&amp;gt;` becomes `&gt;`. A no-break space becomes a plain one.
pub(crate) fn decode(text: &str) -> Cow<'_, str> {
    if !text.contains('&') {
        return Cow::Borrowed(text);
    }
    let mut decoded = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        decoded.push_str(&rest[..at]);
        rest = &rest[at..];
        rest = match entity(rest) {
            Some((character, length)) => {
                decoded.push(character);
                &rest[length..]
            }
            None => {
                decoded.push('&');
                &rest[1..]
            }
        };
    }
    decoded.push_str(rest);
    // Every entity is longer than what it stands for.
    if decoded.len() == text.len() { Cow::Borrowed(text) } else { Cow::Owned(decoded) }
}

/// The character that the entity at the start of `text` stands for, and the length of the entity.
fn entity(text: &str) -> Option<(char, usize)> {
    let end = text.bytes().take(LONGEST).position(|byte| byte == b';')?;
    let name = text.get(1..end)?;
    let character = match name.strip_prefix('#') {
        Some(number) => numbered(number)?,
        None => NAMED.iter().find(|(known, _)| *known == name)?.1,
    };
    Some((if character == '\u{a0}' { ' ' } else { character }, end + 1))
}

fn numbered(number: &str) -> Option<char> {
    let code = match number.strip_prefix(['x', 'X']) {
        Some(digits) => u32::from_str_radix(digits, 16),
        None => number.parse(),
    };
    char::from_u32(code.ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entities_are_decoded_once() {
        let text = "a &gt; b &amp;gt; &quot;c&quot; &#39;d&#x27;&nbsp;e&#160;f";
        assert_eq!(decode(text), "a > b &gt; \"c\" 'd' e f");
    }

    #[test]
    fn what_is_no_entity_stays() {
        for text in ["&", "a & b", "&;", "&nope;", "&#;", "&#x;", "&#xd800;", "&#99999999;", "&é;", "&ééééé;", "&amp"]
        {
            assert_eq!(decode(text), text);
        }
    }
}
