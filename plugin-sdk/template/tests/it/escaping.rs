//! What is escaped in HTML.

use crate::{html, text};

const ESCAPED: &str = "&lt;b&gt;&quot;R&amp;D&quot;&lt;/b&gt;";

#[test]
fn values_are_escaped_in_html_only() {
    assert_eq!(html("<p>{{ html }}</p>"), format!("<p>{ESCAPED}</p>"));
    assert_eq!(html("{{ data.html | upcase | downcase | capitalize }}"), "&lt;b&gt;&quot;r&amp;d&quot;&lt;/b&gt;");
    assert_eq!(text("{{ html }}"), "<b>\"R&D\"</b>");
    assert_eq!(html("{{ tags }}"), "<li>a</li>\n<li>b&lt;</li>");
    assert_eq!(html("{% for t in tags %}{{ t }}{% endfor %}"), "ab&lt;");
}

#[test]
fn the_authors_own_text_is_not_escaped() {
    assert_eq!(
        html("{{ '<i>' }}{{ nobody ?? <b>you</b> }}{{ nobody | default: '<hr>' }}{{ '<' | append: nobody }}"),
        "<i><b>you</b><hr><"
    );
    assert_eq!(html("{% assign x = '<br>' %}{{ x }}"), "<br>");
}

#[test]
fn a_mixture_is_escaped_as_a_whole() {
    assert_eq!(html("{{ '<i>' | append: html }}"), format!("&lt;i&gt;{ESCAPED}"));
    assert_eq!(html("{% assign x = html %}{{ x }}{{ tags | join: '<br>' }}"), format!("{ESCAPED}a&lt;br&gt;b&lt;"));
}

#[test]
fn nothing_is_escaped_twice() {
    assert_eq!(html("{{ html | escape }}"), ESCAPED);
    assert_eq!(html("{% capture x %}<p>{{ html }}</p>{% endcapture %}{{ x }}"), format!("<p>{ESCAPED}</p>"));
    assert_eq!(html("{{ html | newline_to_br }}"), ESCAPED);
}

#[test]
fn the_author_can_opt_out() {
    assert_eq!(html("{{ html | raw }}{{ html | raw | upcase }}"), "<b>\"R&D\"</b><B>\"R&D\"</B>");
}

#[test]
fn what_is_decoded_is_escaped_again() {
    assert_eq!(html("{{ '%3Cb%3E' | url_decode }}"), "&lt;b&gt;");
    assert_eq!(html("{% capture x %}{{ html | url_encode }}{% endcapture %}{{ x | url_decode }}"), ESCAPED);
}
