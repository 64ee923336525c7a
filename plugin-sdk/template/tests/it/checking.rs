//! What is refused when a template is saved.

use stepwell_template::check;

fn refusal(source: &str) -> String {
    check(source).map_or_else(|problem| problem.to_string(), |()| "fine".to_owned())
}

#[test]
fn good_templates_are_fine() {
    for source in [
        "",
        "text",
        "{ } {",
        "{{ first name ?? there | upcase }}",
        "{% if a &gt; 1 %}{% endif %}",
        "{{ a ?? don't }}",
        "{% for x in data.my list limit: 2 %}{{ x }}{% endfor %}",
        "{% raw %}{{ | }}{% include %}{% endraw %}",
    ] {
        assert_eq!(refusal(source), "fine", "{source}");
    }
}

#[test]
fn a_mistake_is_named_with_its_place() {
    let cases = [
        ("ab\n  {{ name | }}", "line 2, column 13: expected the name of a filter after `|`"),
        ("{{ name | upcase | frobnicate }}", "line 1, column 20: unknown filter `frobnicate`"),
        ("é {{ name", "line 1, column 3: `{{` is not closed"),
        ("{% if a %}b", "line 1, column 3: `if` is not closed"),
        ("{% if a %}{% endfor %}", "line 1, column 13: `endfor` closes nothing"),
        ("{% if a = b %}{% endif %}", "line 1, column 9: unexpected `=`"),
        ("{% if a && b %}{% endif %}", "line 1, column 9: unexpected `&`"),
        ("{% if %}{% endif %}", "line 1, column 7: expected a value"),
        ("{% else %}", "line 1, column 3: `else` is outside of a block that has it"),
        ("{% frob %}", "line 1, column 3: unknown tag `frob`"),
        ("{%  %}", "line 1, column 3: expected the name of a tag"),
        ("{% assign x %}", "line 1, column 13: expected `=`"),
        ("{% for x of y %}{% endfor %}", "line 1, column 9: expected `in`"),
        ("{{ a[ }}", "line 1, column 7: expected a value"),
        ("{{ 'a }}", "line 1, column 4: the quote ' is not closed"),
        ("{% comment %}", "line 1, column 1: `comment` is not closed by `endcomment`"),
    ];
    for (source, problem) in cases {
        assert_eq!(refusal(source), problem, "{source}");
    }
}

#[test]
fn templates_within_templates_are_refused() {
    for tag in ["include", "render", "layout", "block"] {
        assert!(refusal(&format!("{{% {tag} 'x' %}}")).contains("is not allowed here"), "{tag}");
    }
}
