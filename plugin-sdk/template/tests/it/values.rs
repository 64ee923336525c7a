//! Substitution, fallbacks and filters.

use serde_json::{Value, json};
use stepwell_template::{Escape, render, render_json};

use crate::{example, text};

#[test]
fn names_are_replaced_and_unknown_ones_are_empty() {
    assert_eq!(
        text("Hi {{ name }}, {{data.name}} {{ contact.data.name }}{{ nobody }}{{ data.a.b.c }}!"),
        "Hi Ada, Ada Ada!"
    );
    assert_eq!(text("{{ total }} {{ event.total }} {{ email }} {{ id }}"), "80 80 ada@example.org c1");
    assert_eq!(text("{{ items[1].name }} {{ items.first.name }} {{ items.size }} {{ data['plan'] }}"), "Ink Pen 2 pro");
    assert_eq!(text("{{ zero }}|{{ no }}|{{ nothing }}|{{ }}"), "0|false||");
}

#[test]
fn a_wrapped_value_reads_as_what_it_wraps() {
    assert_eq!(text("{{ token }} {{ event.token }} {{ event.token.value }}"), "t-1 t-1 t-1");
}

#[test]
fn keys_may_have_spaces() {
    assert_eq!(
        text("{{ first name }} {{ data.first name }} {{ data.address.post code | downcase }}"),
        "Ada Mary Ada Mary n1"
    );
    assert_eq!(
        text("{{ first&nbsp;name }} {{ [\"first name\"] }} {{ data['first name'] }}"),
        "Ada Mary Ada Mary Ada Mary"
    );
    assert_eq!(text("{{ steps.Call it.response.ok }}"), "true");
    assert_eq!(text("{% if first name contains 'Mary' and data.first name %}yes{% endif %}"), "yes");
}

#[test]
fn a_fallback_stands_in_for_missing_null_false_and_empty() {
    for name in ["nobody", "nothing", "no", "nick", "data.nobody", "none", "last name"] {
        assert_eq!(text(&format!("{{{{ {name} ?? there }}}}")), "there", "{name}");
    }
    assert_eq!(text("{{ zero ?? there }} {{ name ?? there }}"), "0 Ada");
}

#[test]
fn a_fallback_is_a_text_with_or_without_quotes() {
    assert_eq!(
        text("{{nobody??dear friend}} {{ nobody ?? \"a | b\" }} {{ nobody ?? 'it ?? s' }}"),
        "dear friend a | b it ?? s"
    );
    assert_eq!(
        text("{{ nobody ?? you don't know }} {{ nobody ?? &quot;there&quot; }} {{ nobody ?? }}|"),
        "you don't know there |"
    );
    assert_eq!(text("{{ nobody ?? name }}"), "name");
}

#[test]
fn fallbacks_and_filters_form_a_chain() {
    assert_eq!(text("{{ nobody ?? there | upcase }} {{ name | upcase ?? there }}"), "THERE ADA");
    assert_eq!(text("{{ nobody ?? data.nick ?? name ?? there }} {{ nobody ?? nick ?? there }}"), "Ada there");
    assert_eq!(text("{% assign who = nobody ?? there %}{{ who }}"), "there");
}

#[test]
fn filters_take_arguments_and_unknown_ones_do_nothing() {
    assert_eq!(text("{{ nobody | default: \"x\" }} {{ no | default: 'x', allow_false: true }}"), "x false");
    assert_eq!(text("{{ items | map: 'name' | join: ', ' | append: '!' }}"), "Pen, Ink!");
    assert_eq!(
        text("{{ total | times: 1.5 | plus: items.size }} {{ name | frobnicate: 1, a: 2 | upcase }}"),
        "122 ADA"
    );
    assert_eq!(text("{{ 'now' | date: '%Y' }} {{ (1..4) | join: '' }} {{ 5 | minus: -3.5 }}"), "2026 1234 8.5");
}

#[test]
fn an_array_is_printed_as_lines_of_list_items() {
    assert_eq!(text("{{ tags }}"), "<li>a</li>\n<li>b<</li>");
    assert_eq!(text("{{ none }}"), "");
}

#[test]
fn the_texts_within_json_are_rendered_and_nothing_else() {
    let body = json!({"{{ name }}": ["{{ name }}", 1, null, {"a": "{{ total }} & {{ html }}"}]});
    let expected = json!({"{{ name }}": ["Ada", 1, null, {"a": "80 & <b>\"R&D\"</b>"}]});
    assert_eq!(render_json(&body, &example()), Ok(expected));
}

#[test]
fn a_template_is_rendered_once_and_values_are_not_templates() {
    let scope = json!({"name": "{{ email }}{% raw %}", "email": "x"});
    assert_eq!(render("{{ name }}", &scope, Escape::None).as_deref(), Ok("{{ email }}{% raw %}"));
}

#[test]
fn a_scope_that_is_no_object_has_no_names() {
    for scope in [Value::Null, json!([1]), json!("x")] {
        assert_eq!(render("a{{ name }}{{ size }}b", &scope, Escape::Html).as_deref(), Ok("ab"));
    }
}
