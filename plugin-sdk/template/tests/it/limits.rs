//! What bounds a template.

use serde_json::json;
use stepwell_template::{Escape, MAX_DEPTH, MAX_OUTPUT, MAX_SOURCE, RenderError, check, render, render_json};

fn fate(source: &str) -> Result<usize, RenderError> {
    let text = "x".repeat(60_000);
    let scope = json!({"text": text, "list": vec![1; 1000], "name": "Ada"});
    render(source, &scope, Escape::Html).map(|text| text.len())
}

#[test]
fn a_template_may_be_long_but_not_endless() {
    let longest = "é".repeat(MAX_SOURCE);
    assert_eq!(fate(&longest), Ok(2 * MAX_SOURCE));
    assert!(check(&longest).is_ok());
    let longer = longest + "é";
    assert_eq!(fate(&longer), Err(RenderError::TooLong));
    assert!(check(&longer).is_err());
}

#[test]
fn loops_that_would_run_for_ever_are_stopped() {
    for source in [
        "{% for i in (1..1000000000) %}{% endfor %}",
        "{% for i in (-9223372036854775808..9223372036854775807) %}{% endfor %}",
        "{% for i in (1..99999) %}{% for j in (1..99999) %}{% endfor %}{% endfor %}",
        "{% for i in (1..1000000000) reversed %}{% assign x = i %}{% endfor %}",
        "{% for i in (1..1000000000) %}{% if forloop.first or forloop.last and nothing %}{% endif %}{% endfor %}",
        "{% for a in list %}{% for b in list %}{% for c in list %}{% cycle 1, 2 %}{% endfor %}{% endfor %}{% endfor %}",
    ] {
        assert_eq!(fate(source), Err(RenderError::TooMuchWork), "{source}");
    }
}

#[test]
fn values_that_would_grow_without_end_are_stopped() {
    for source in [
        "{% assign r = (1..1000000000) %}",
        "{{ (1..1000000000) | size }}",
        "{% assign s = 'ab' %}{% for i in (1..99) %}{% assign s = s | append: s %}{% endfor %}",
        "{{ text | replace: 'x', text }}",
        "{{ text | split: '' | join: text }}",
        "{% for i in (1..9999) %}{% capture s %}{{ s }}{{ text }}{% endcapture %}{% endfor %}",
        "{% for i in (1..9999) %}{% if text == text %}{% endif %}{% endfor %}",
        "{% for i in (1..9999) %}{% case text %}{% when text %}{% endcase %}{% endfor %}",
    ] {
        assert_eq!(fate(source), Err(RenderError::TooMuchWork), "{source}");
    }
}

#[test]
fn output_is_bounded() {
    assert_eq!(fate("{% for i in (1..80) %}{{ text }}{% endfor %}"), Ok(4_800_000));
    assert_eq!(fate("{% for i in (1..100) %}{{ text }}{% endfor %}"), Err(RenderError::TooMuchOutput));
    let long = "a".repeat(MAX_OUTPUT / 3);
    assert_eq!(render_json(&json!([long, long, long, long]), &json!({})), Err(RenderError::TooMuchOutput));
}

#[test]
fn nesting_is_bounded() {
    let nested = |depth: usize| "{% if name %}".repeat(depth) + "x" + &"{% endif %}".repeat(depth);
    assert_eq!(fate(&nested(MAX_DEPTH)), Ok(1));
    assert!(check(&nested(MAX_DEPTH + 1)).expect_err("too deep").message.contains("nested more than 64"));
    assert!(check(&nested(100_000)).is_err());
    for (open, close) in [("[a", "]"), ("(1..", ")")] {
        assert!(check(&format!("{{{{ {}1{} }}}}", open.repeat(50_000), close.repeat(50_000))).is_err());
    }
    assert!(check(&format!("{{% if {} a %}}{{% endif %}}", "not ".repeat(100_000))).is_ok());
    assert!(check(&format!("{{% if a {} %}}{{% endif %}}", "and a ".repeat(100_000))).is_ok());
}

#[test]
fn a_usual_template_is_far_from_the_limits() {
    let rows = "{% for i in list %}<tr><td>{{ forloop.index }}</td><td>{{ name | upcase }}</td></tr>{% endfor %}";
    assert!(fate(&rows.repeat(20)).is_ok());
}
