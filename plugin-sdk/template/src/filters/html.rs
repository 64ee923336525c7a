//! Filters for HTML and for addresses.

use super::{Answer, Call, Filter, Marking};

pub(super) const FILTERS: &[Filter] = &[
    Filter::new("raw", |call| Ok(call.input.clone())).marking(Marking::Safe),
    Filter::new("escape", |call| Ok(escape(&call.text()).into())).marking(Marking::Safe),
    Filter::new("escape_once", |call| Ok(escape_once(&call.text()).into())).marking(Marking::Safe),
    Filter::new("newline_to_br", newline_to_br).marking(Marking::Safe),
    Filter::new("strip_html", |call| Ok(strip_html(&call.text()).into())),
    Filter::new("url_encode", |call| Ok(url_encode(&call.text()).into())).marking(Marking::Safe),
    Filter::new("url_decode", |call| Ok(url_decode(&call.text()).into())).marking(Marking::Unsafe),
    Filter::new("json", |call| Ok(call.input.to_string().into())).marking(Marking::Unsafe),
];

/// Escapes text for HTML, inside and outside of attributes.
pub(crate) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    text.chars().for_each(|character| push_escaped(&mut escaped, character));
    escaped
}

fn push_escaped(escaped: &mut String, character: char) {
    match character {
        '&' => escaped.push_str("&amp;"),
        '<' => escaped.push_str("&lt;"),
        '>' => escaped.push_str("&gt;"),
        '"' => escaped.push_str("&quot;"),
        '\'' => escaped.push_str("&#39;"),
        other => escaped.push(other),
    }
}

/// Escapes what is not part of an entity already.
fn escape_once(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for (at, character) in text.char_indices() {
        match character {
            '&' if begins_entity(&text[at..]) => escaped.push('&'),
            other => push_escaped(&mut escaped, other),
        }
    }
    escaped
}

/// Whether an entity such as `&lt;` or `&#39;` is at the start of the text.
fn begins_entity(text: &str) -> bool {
    let Some(end) = text.bytes().take(33).position(|byte| byte == b';') else { return false };
    let name = text.get(1..end).unwrap_or_default();
    let name = name.strip_prefix('#').unwrap_or(name);
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// Puts `<br />` before each newline. The text itself is escaped first, where it would be when printed.
fn newline_to_br(call: &Call<'_>) -> Answer {
    let text = if call.escapes { escape(&call.text()) } else { call.text().into_owned() };
    Ok(text.replace("\r\n", "\n").replace('\n', "<br />\n").into())
}

/// Elements that are removed with their content, and comments.
const REMOVED: [(&str, &str); 3] = [("<script", "</script>"), ("<style", "</style>"), ("<!--", "-->")];

/// Removes tags and comments, and `script` and `style` elements with their content. A `<` that no `>` follows stays.
fn strip_html(text: &str) -> String {
    let lower = text.to_ascii_lowercase();
    let (mut stripped, mut at) = (String::with_capacity(text.len()), 0);
    while let Some(open) = text[at..].find('<').map(|offset| at + offset) {
        let Some(end) = end_of_markup(&lower, open) else { break };
        stripped.push_str(&text[at..open]);
        at = end;
    }
    stripped + &text[at..]
}

/// Where the markup that begins at `open` ends, an element without its end being the last thing in the text.
fn end_of_markup(lower: &str, open: usize) -> Option<usize> {
    let rest = &lower[open..];
    let end = |closing: &str| rest.find(closing).map(|at| open + at + closing.len());
    match REMOVED.iter().find(|(opening, _)| rest.starts_with(opening)) {
        Some((_, closing)) => Some(end(closing).unwrap_or(lower.len())),
        None => end(">"),
    }
}

fn url_encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => encoded.push(char::from(byte)),
            b' ' => encoded.push('+'),
            other => encoded.push_str(&format!("%{other:02X}")),
        }
    }
    encoded
}

fn url_decode(text: &str) -> String {
    let (bytes, mut at) = (text.as_bytes(), 0);
    let mut decoded = Vec::with_capacity(bytes.len());
    while let Some(byte) = bytes.get(at) {
        let hex = text.get(at + 1..at + 3).filter(|hex| *byte == b'%' && !hex.starts_with('+'));
        let (byte, length) = match hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) => (byte, 3),
            None => (if *byte == b'+' { b' ' } else { *byte }, 1),
        };
        decoded.push(byte);
        at += length;
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::filters::testing::apply;

    #[test]
    fn text_is_escaped_for_html() {
        assert_eq!(apply("escape", "<a href='x'>\"&amp;", &[]), "&lt;a href=&#39;x&#39;&gt;&quot;&amp;amp;");
        assert_eq!(apply("escape_once", "<&lt;&#39;& &é;", &[]), "&lt;&lt;&#39;&amp; &amp;é;");
    }

    #[test]
    fn line_breaks_are_marked_up_and_the_rest_is_escaped() {
        assert_eq!(apply("newline_to_br", "<a>\r\nb", &[]), "&lt;a&gt;<br />\nb");
    }

    #[test]
    fn markup_is_removed() {
        let text = "<p class='a'>Hi <b>Ada</b></p><SCRIPT>alert('<')</SCRIPT><!-- > --> 1 < 2";
        assert_eq!(strip_html(text), "Hi Ada 1 < 2");
        assert_eq!(strip_html("a<script>b <i>"), "a");
    }

    #[test]
    fn addresses_are_encoded_and_decoded() {
        assert_eq!(url_encode("a b&é/~"), "a+b%26%C3%A9%2F~");
        assert_eq!(url_decode("a+b%26%C3%A9%2F~"), "a b&é/~");
        assert_eq!(url_decode("%zz%+1%é%4"), "%zz% 1%é%4");
    }
}
