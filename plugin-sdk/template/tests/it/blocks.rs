//! Tags.

use crate::text;

#[test]
fn conditions_take_javascript_for_truth() {
    let truth = |name: &str| text(&format!("{{% if {name} %}}yes{{% else %}}no{{% endif %}}"));
    for name in ["name", "true", "1", "'0'", "none", "address", "data.zero == 0", "not nobody"] {
        assert_eq!(truth(name), "yes", "{name}");
    }
    for name in ["nobody", "nothing", "no", "nick", "zero", "''", "not name", "data.a.b", "empty"] {
        assert_eq!(truth(name), "no", "{name}");
    }
}

#[test]
fn values_are_compared() {
    let holds = |condition: &str| text(&format!("{{% if {condition} %}}yes{{% endif %}}")) == "yes";
    for condition in [
        "total > 79.5",
        "total >= 80",
        "total != '80'",
        "'b' > 'a'",
        "tags contains 'a'",
        "name contains 'd'",
        "address contains 'city'",
        "nick == empty",
        "none == empty",
        "nobody == blank",
        "nobody == nil",
        "total &gt; 79",
        "total <> 81",
        "plan == &quot;pro&quot;",
        "'10' > 9",
    ] {
        assert!(holds(condition), "{condition}");
    }
    for condition in ["nobody > 1", "nobody < 1", "total == '80'", "name == empty", "nobody contains 'a'", "plan < 5"] {
        assert!(!holds(condition), "{condition}");
    }
}

#[test]
fn joined_conditions_are_taken_from_right_to_left() {
    assert_eq!(text("{% if false and false or true %}yes{% else %}no{% endif %}"), "no");
    assert_eq!(text("{% if true or false and false %}yes{% endif %}"), "yes");
}

#[test]
fn the_first_branch_that_holds_is_rendered() {
    assert_eq!(text("{% if no %}1{% elsif zero %}2{% elsif total > 9 %}3{% elsif true %}4{% else %}5{% endif %}"), "3");
    assert_eq!(
        text("{% unless no %}a{% else %}b{% endunless %}{% unless name %}c{% elsif name %}d{% endunless %}"),
        "ad"
    );
    assert_eq!(
        text("{% case plan %} x {% when 'free' %}1{% when 'basic', 'pro' or 'team' %}2{% else %}3{% endcase %}"),
        "2"
    );
    assert_eq!(text("{% case nobody %}{% when 'free' %}1{% else %}3{% endcase %}"), "3");
}

#[test]
fn loops_go_over_arrays_ranges_and_objects() {
    assert_eq!(
        text(
            "{% for i in items %}{{ forloop.index }}. {{ i.name }}{% unless forloop.last %}, {% endunless %}{% endfor %}"
        ),
        "1. Pen, 2. Ink"
    );
    assert_eq!(
        text("{% for i in (1..items.size) %}{{ i }}{% endfor %}{% for i in (3..1) %}x{% else %}none{% endfor %}"),
        "12none"
    );
    assert_eq!(text("{% for p in address %}{{ p[0] }}={{ p[1] }};{% endfor %}"), "city=London;post code=N1;");
    assert_eq!(
        text(
            "{% for i in (1..9) limit: 3 offset: 2 %}{{ i }}{% endfor %} {% for i in (1..4) reversed %}{{ i }}{% endfor %}"
        ),
        "345 4321"
    );
    assert_eq!(text("{% for i in nobody %}x{% else %}none{% endfor %}"), "none");
}

#[test]
fn loops_can_be_left_and_nested() {
    assert_eq!(
        text(
            "{% for i in (1..9) %}{% if i == 2 %}{% continue %}{% elsif i > 4 %}{% break %}{% endif %}{{ i }}{% endfor %}"
        ),
        "134"
    );
    assert_eq!(
        text(
            "{% for a in (1..2) %}{% for a in (5..6) %}{{ forloop.parentloop.index }}{{ a }} {% endfor %}{{ a }} {% endfor %}"
        ),
        "15 16 1 25 26 2 "
    );
    assert_eq!(text("a{% break %}b"), "a");
}

#[test]
fn names_are_assigned_captured_and_counted() {
    assert_eq!(
        text("{% assign x = name | upcase %}{{ x }} {% capture y %}{{ x }}!{% endcapture %}{{ y | size }}"),
        "ADA 4"
    );
    assert_eq!(text("{% for i in (1..2) %}{% assign last = i %}{% endfor %}{{ last }}"), "2");
    assert_eq!(
        text(
            "{% increment n %}{% increment n %}{% decrement m %} {% for i in (1..3) %}{% cycle 'a', 'b' %}{% endfor %}"
        ),
        "01-1 aba"
    );
    assert_eq!(text("{% echo name | downcase %}"), "ada");
}

#[test]
fn raw_text_and_comments_are_left_alone() {
    assert_eq!(
        text("{% raw %}{{ name }}{% endraw %} {% comment %}{{ name }} {% if %}{% endcomment %}{% # {{ %}x"),
        "{{ name }} x"
    );
}

#[test]
fn hyphens_drop_whitespace() {
    assert_eq!(text("a \n {%- if name -%} \n b \n {%- endif -%} \n c {{- ' d' -}} \n e"), "abc de");
}

#[test]
fn a_template_that_cannot_be_parsed_has_its_outputs_replaced() {
    assert_eq!(text("{% if %}Hi {{ name }} {{ nobody ?? there }}{{ name | }}{{ a"), "{% if %}Hi Ada there{{ a");
    assert_eq!(text("{% include 'x' %}{{ name | upcase }}"), "{% include 'x' %}ADA");
}
