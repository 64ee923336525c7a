//! The unsubscribe footer of marketing emails.

/// Adds the footer, unless the author has put the link into the body already.
pub(crate) fn add(html: &str, url: &str) -> String {
    let href = escaped(url);
    if html.contains(url) || html.contains(&href) {
        return html.to_owned();
    }
    let footer = format!(
        "<p style=\"margin-top:32px;font-size:12px;color:#6b7280;text-align:center\">\
         You get this email because you subscribed. <a href=\"{href}\" style=\"color:#6b7280\">Unsubscribe</a></p>"
    );
    let (before, after) = html.split_at(end_of_body(html));
    format!("{before}{footer}{after}")
}

/// Where the last `</body` begins, whatever its case; else the end.
fn end_of_body(html: &str) -> usize {
    let tag = b"</body";
    let last = html.as_bytes().windows(tag.len()).rposition(|window| window.eq_ignore_ascii_case(tag));
    last.unwrap_or(html.len())
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('"', "&quot;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    const URL: &str = "https://app.example.org/unsubscribe/c1?a=1&b=2";

    #[test]
    fn the_footer_goes_to_the_end_of_the_body() {
        let page = add("<html><BODY>ü</BODY></html>", URL);
        assert!(page.starts_with("<html><BODY>ü<p ") && page.ends_with("</p></BODY></html>"));
        assert!(page.contains("href=\"https://app.example.org/unsubscribe/c1?a=1&amp;b=2\""));
        assert!(add("text", URL).starts_with("text<p "));
    }

    #[test]
    fn a_body_that_has_the_link_stays_as_it_is() {
        for html in [format!("<a href='{URL}'>x</a>"), format!("<a href=\"{}\">x</a>", escaped(URL))] {
            assert_eq!(add(&html, URL), html);
        }
    }
}
