//! Makes opens and clicks of an email known: its links lead through the server, and a picture is loaded from it.

use std::cell::Cell;
use std::rc::Rc;

use lol_html::html_content::{ContentType, Element};
use lol_html::{Settings, element, end};
use stepwell_core::{MessageId, WorkspaceId};
use url::Url;

use super::rewrite::{self, CannotRewrite};
use crate::links::{Links, MAX_TARGET};

/// The HTML of a message with its web links and an open picture added. Other links, and those that this server made itself, such
/// as the one that unsubscribes, stay as they are.
pub(super) fn add(
    html: &str,
    links: &Links,
    workspace: WorkspaceId,
    message: MessageId,
) -> Result<String, CannotRewrite> {
    let picture = picture(&links.open_url(workspace, message));
    let placed = Rc::new(Cell::new(false));
    let (in_body, placed_in_body) = (picture.clone(), Rc::clone(&placed));
    let handlers = Settings::new()
        .append_element_content_handler(element!("a[href], area[href]", move |link| {
            let target = link.get_attribute("href").and_then(|href| web_address(&href, links));
            if let Some(target) = target {
                link.set_attribute("href", &links.click_url(workspace, message, &target))?;
            }
            Ok(())
        }))
        .append_element_content_handler(element!("body", move |body| {
            place_at_end(body, &in_body, &placed_in_body);
            Ok(())
        }))
        .append_document_content_handler(end!(move |end| {
            if !placed.get() {
                end.append(&picture, ContentType::Html);
            }
            Ok(())
        }));
    rewrite::run(html, handlers)
}

/// Puts the picture before the end tag of the body, if one comes.
fn place_at_end(body: &mut Element<'_, '_>, picture: &str, placed: &Rc<Cell<bool>>) {
    let (picture, placed) = (picture.to_owned(), Rc::clone(placed));
    if let Some(handlers) = body.end_tag_handlers() {
        handlers.push(Box::new(move |tag| {
            if !placed.replace(true) {
                tag.before(&picture, ContentType::Html);
            }
            Ok(())
        }));
    }
}

fn picture(address: &str) -> String {
    format!(r#"<img src="{address}" alt="" width="1" height="1" style="display:block;border:0">"#)
}

/// The address in an attribute, if it is one on the web that another server answers.
fn web_address(href: &str, links: &Links) -> Option<String> {
    let href = html_escape::decode_html_entities(href.trim());
    let address = Url::parse(&href).ok()?;
    let counted = matches!(address.scheme(), "http" | "https") && !links.is_own(address.as_str());
    (counted && address.as_str().len() <= MAX_TARGET).then(|| address.into())
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::links::LinkKind;

    const WORKSPACE: WorkspaceId = WorkspaceId(Uuid::from_u128(1));
    const MESSAGE: MessageId = MessageId(Uuid::from_u128(3));

    fn links() -> Links {
        Links::new(&Url::parse("https://mail.example.org").expect("url"), [7; 32])
    }

    fn tracked(html: &str) -> String {
        add(html, &links(), WORKSPACE, MESSAGE).expect("html")
    }

    fn target(html: &str) -> Option<String> {
        let start = html.find("href=\"https://mail.example.org/t/click/")?;
        let token = html[start..].strip_prefix("href=\"https://mail.example.org/t/click/")?.split('"').next()?;
        links().verify(LinkKind::Click, token)?.target
    }

    #[test]
    fn a_web_link_leads_through_the_server_to_what_the_attribute_means() {
        let html = tracked(r#"<a href="https://a.example/x?a=1&amp;b=2">go</a>"#);
        assert_eq!(target(&html).as_deref(), Some("https://a.example/x?a=1&b=2"));
        assert!(!html.contains("href=\"https://a.example"), "{html}");
    }

    #[test]
    fn other_links_stay_as_they_are() {
        let own = links().unsubscribe_url(WORKSPACE, Uuid::from_u128(2).into());
        for href in ["mailto:ada@example.org", "#top", "/relative", "javascript:alert(1)", "tel:+491", "", &own] {
            let html = format!(r#"<a href="{href}">x</a>"#);
            assert!(tracked(&html).starts_with(&html), "{href}");
        }
    }

    #[test]
    fn a_target_too_long_to_sign_is_left_alone() {
        let html = format!(r#"<a href="https://a.example/{}">x</a>"#, "x".repeat(MAX_TARGET));
        assert!(tracked(&html).starts_with(&html));
    }

    #[test]
    fn the_open_picture_stands_once_at_the_end_of_the_body() {
        let html = tracked("<html><body><p>Hi</p></body></html>");
        assert_eq!(html.matches("/t/open/").count(), 1);
        assert!(html.ends_with("></body></html>"), "{html}");
    }

    #[test]
    fn a_body_without_an_end_gets_the_picture_all_the_same() {
        for html in ["<p>Hi</p>", "<body><p>Hi", ""] {
            let html = tracked(html);
            assert_eq!(html.matches("/t/open/").count(), 1, "{html}");
            assert!(html.ends_with('>'));
        }
    }
}
