//! Random templates made of the language's own pieces: nothing panics, and checking agrees with rendering.

use serde_json::{Value, json};
use stepwell_template::{Escape, check, render};

use crate::example;

const PIECES: [&str; 74] = [
    "{{",
    "}}",
    "{%",
    "%}",
    "{{-",
    "-}}",
    "{%-",
    "-%}",
    "{{ name }}",
    "{{ data.name ?? x }}",
    "{% if a %}",
    "{% endif %}",
    "{% for i in items %}",
    "{% endfor %}",
    "{% else %}",
    "{% elsif b %}",
    "{% case a %}",
    "{% when 1 %}",
    "{% endcase %}",
    "{% raw %}",
    "{% endraw %}",
    "{% comment %}",
    "{% endcomment %}",
    "{% capture c %}",
    "{% endcapture %}",
    "{% break %}",
    "{% assign",
    "{% cycle",
    "{% unless x %}",
    "{% endunless %}",
    "name",
    "first name",
    "items",
    "data",
    "forloop",
    "[",
    "]",
    "(",
    ")",
    "..",
    ".",
    ",",
    ":",
    "|",
    "||",
    "??",
    "?",
    "&&",
    "&amp;",
    "&gt;",
    "&quot;",
    "&#39;",
    "&nbsp;",
    "&#xd800;",
    "\"",
    "'",
    "\\",
    "\n",
    " ",
    "\u{a0}",
    "é",
    "🦀",
    "\u{0}",
    "0",
    "-1",
    "99999999999999999999999",
    "1.5",
    "=",
    "==",
    "contains",
    "in",
    "upcase",
    "split: ''",
    "slice: -1, 9",
];

/// A small generator (xorshift), so that a failure is repeated by its seed.
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % bound as u64) as usize
    }

    fn template(&mut self) -> String {
        (0..self.below(24)).map(|_| PIECES[self.below(PIECES.len())]).collect()
    }

    fn tag(&mut self) -> String {
        let inside: Vec<_> = (0..self.below(8)).map(|_| PIECES[30 + self.below(PIECES.len() - 30)]).collect();
        let tags = ["if", "for i in", "assign x =", "case", "cycle", "echo", "unless", "capture", "increment", "when"];
        match self.below(3) {
            0 => format!("{{% {} {} %}}", tags[self.below(tags.len())], inside.join(" ")),
            _ => format!("{{{{ {} }}}}", inside.concat()),
        }
    }
}

fn try_out(seed: u64, source: &str, scope: &Value) {
    for escape in [Escape::None, Escape::Html] {
        let rendered = render(source, scope, escape);
        assert!(rendered.is_ok(), "seed {seed}: {source}: {rendered:?}");
    }
    if let Err(problem) = check(source) {
        let line = source.split('\n').nth(problem.line - 1).expect("a line of the source");
        assert!(problem.column <= line.chars().count() + 1, "seed {seed}: {source}: {problem}");
    }
}

#[test]
fn any_row_of_pieces_is_rendered() {
    let scope = example();
    for seed in 1..6000_u64 {
        let mut chance = Chance(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        try_out(seed, &chance.template(), &scope);
    }
}

#[test]
fn any_inside_of_a_tag_is_rendered() {
    let scope = example();
    for seed in 1..6000_u64 {
        let mut chance = Chance(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let source: String = (0..4).map(|_| chance.tag()).collect();
        try_out(seed, &source, &scope);
        try_out(seed, &format!("{source}{{% endif %}}{{% endfor %}}"), &scope);
    }
}

#[test]
fn any_text_without_braces_is_given_back() {
    for text in ["", "{", "}}", "%}", "a { b } c", "{ {name} }", "{ % if % }", "\u{feff}é\r\n\t\u{0}"] {
        assert_eq!(render(text, &json!({}), Escape::Html).as_deref(), Ok(text));
    }
}

#[test]
fn braces_that_are_not_closed_are_given_back_in_linear_time() {
    for piece in ["{{", "{{ '", "{% raw %}", "{% '", "{{ '}} ", "{{ \"{{", "{{-", "&", "{% comment %}{% "] {
        let source = piece.repeat(200_000 / piece.len());
        assert!(render(&source, &json!({}), Escape::None).is_ok(), "{piece}");
        assert!(check(&source).is_err() || piece == "&", "{piece}");
    }
}
