//! The plain-text alternative of an HTML body.
//!
//! The HTML is rewritten into text as a stream, in bounded memory, without building a tree: a body nested a million deep is as
//! harmless as any other.

use lol_html::html_content::{ContentType, Element};
use lol_html::{HandlerResult, Settings, doc_comments, doctype, element};

use super::rewrite::{self, CannotRewrite};

/// Stands for a line end while white space is collapsed. Taken out of the input first.
const LINE: char = '\u{1}';

/// Elements whose content is not shown.
const HIDDEN: [&str; 6] = ["head", "script", "style", "template", "title", "svg"];

/// Elements that stand on lines of their own.
const BLOCKS: [&str; 20] = [
    "address",
    "article",
    "blockquote",
    "body",
    "div",
    "dl",
    "footer",
    "form",
    "header",
    "hr",
    "li",
    "main",
    "ol",
    "pre",
    "section",
    "table",
    "tr",
    "ul",
    "dt",
    "dd",
];

/// Elements with an empty line around them.
const PARAGRAPHS: [&str; 7] = ["p", "h1", "h2", "h3", "h4", "h5", "h6"];

/// The text of an HTML body, links in brackets behind their words.
pub(super) fn from_html(html: &str) -> Result<String, CannotRewrite> {
    let input = html.replace(LINE, "");
    let handlers = Settings::new()
        .append_element_content_handler(element!("*", flatten))
        .append_document_content_handler(doc_comments!(|comment| {
            comment.remove();
            Ok(())
        }))
        .append_document_content_handler(doctype!(|doctype| {
            doctype.remove();
            Ok(())
        }));
    let encoded = rewrite::run(&input, handlers)?;
    Ok(lines(&html_escape::decode_html_entities(&encoded)))
}

fn flatten(element: &mut Element<'_, '_>) -> HandlerResult {
    let name = element.tag_name();
    if HIDDEN.contains(&name.as_str()) {
        element.remove();
        return Ok(());
    }
    let (before, after) = surroundings(&name);
    match name.as_str() {
        "img" => element.before(&element.get_attribute("alt").unwrap_or_default(), ContentType::Html),
        "a" => element.append(&address(element), ContentType::Html),
        _ => {}
    }
    element.before(before, ContentType::Html);
    element.after(after, ContentType::Html);
    element.remove_and_keep_content();
    Ok(())
}

fn surroundings(name: &str) -> (&'static str, &'static str) {
    match name {
        "br" => ("\u{1}", ""),
        "li" => ("\u{1}- ", "\u{1}"),
        "td" | "th" => (" ", " "),
        _ if PARAGRAPHS.contains(&name) => ("\u{1}\u{1}", "\u{1}\u{1}"),
        _ if BLOCKS.contains(&name) => ("\u{1}", "\u{1}"),
        _ => ("", ""),
    }
}

/// Where a link leads, in brackets; the attribute is HTML already.
fn address(link: &Element<'_, '_>) -> String {
    let shown = |href: &String| ["http://", "https://", "mailto:"].iter().any(|scheme| href.starts_with(scheme));
    link.get_attribute("href")
        .filter(shown)
        .map_or_else(String::new, |href| format!(" ({})", href.replace('<', "&lt;")))
}

/// Collapses white space, then breaks lines, with at most one empty line between two others.
fn lines(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut empty = true;
    for line in text.split(LINE) {
        let words: Vec<_> = line.split_whitespace().collect();
        if words.is_empty() {
            empty = true;
            continue;
        }
        if !out.is_empty() {
            out.push_str(if empty { "\n\n" } else { "\n" });
        }
        out.push_str(&words.join(" "));
        empty = false;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(html: &str) -> String {
        from_html(html).expect("html")
    }

    #[test]
    fn paragraphs_are_set_apart_and_white_space_is_collapsed() {
        assert_eq!(text("<p>Hello\n   <b>Ada</b>,</p><p>welcome.</p>"), "Hello Ada,\n\nwelcome.");
    }

    #[test]
    fn entities_become_characters_and_breaks_become_lines() {
        assert_eq!(text("Fish &amp; chips<br>5&nbsp;&euro; &lt;3"), "Fish & chips\n5 € <3");
    }

    #[test]
    fn a_link_shows_where_it_leads() {
        assert_eq!(
            text(r#"<a href="https://a.example/?x=1&amp;y=2">Start</a>!"#),
            "Start (https://a.example/?x=1&y=2)!"
        );
        assert_eq!(text("<a href='#top'>Top</a>"), "Top");
    }

    #[test]
    fn lists_and_pictures_stay_readable() {
        assert_eq!(text("<ul><li>one</li><li>two</li></ul><img src=x alt='a cat'>"), "- one\n\n- two\n\na cat");
    }

    #[test]
    fn what_a_reader_does_not_see_is_left_out() {
        let html =
            "<!doctype html><head><title>T</title><style>p{}</style></head><body><!-- c --><p>Hi</p><script>1</script>";
        assert_eq!(text(html), "Hi");
    }

    #[test]
    fn a_very_deep_or_long_body_is_no_trouble() {
        assert_eq!(text(&format!("{}deep", "<div>".repeat(10_000))), "deep");
        assert!(from_html(&"<div>".repeat(1_000_000)).is_err());
        assert_eq!(text(&"<p>word</p>".repeat(100_000)).lines().count(), 199_999);
    }
}
