//! Filters on numbers. Whole numbers stay exact as long as they fit, then become fractions; what is no number is 0.

use serde_json::Value;

use crate::run::values::{Number, is_true, number};

use super::{Answer, Call, Filter};

pub(super) const FILTERS: &[Filter] = &[
    Filter::new("plus", |call| Ok(add(call.input, second(call)))),
    Filter::new("minus", |call| Ok(combine(call.input, second(call), i64::checked_sub, |a, b| a - b))),
    Filter::new("times", |call| Ok(combine(call.input, second(call), i64::checked_mul, |a, b| a * b))),
    Filter::new("modulo", |call| Ok(combine(call.input, second(call), i64::checked_rem, |a, b| a % b))),
    Filter::new("divided_by", divide),
    Filter::new("at_least", |call| Ok(pick(call, |a, b| a < b))),
    Filter::new("at_most", |call| Ok(pick(call, |a, b| a > b))),
    Filter::new("abs", |call| Ok(change(call, i64::checked_abs, f64::abs))),
    Filter::new("ceil", |call| Ok(change(call, Some, f64::ceil))),
    Filter::new("floor", |call| Ok(change(call, Some, f64::floor))),
    Filter::new("round", round),
];

fn second<'c>(call: &Call<'c>) -> &'c Value {
    call.argument(0).unwrap_or(&Value::Null)
}

/// The sum of two values.
pub(super) fn add(left: &Value, right: &Value) -> Value {
    combine(left, right, i64::checked_add, |a, b| a + b)
}

fn combine(left: &Value, right: &Value, whole: fn(i64, i64) -> Option<i64>, fraction: fn(f64, f64) -> f64) -> Value {
    let (left, right) = (number(left), number(right));
    let exact = match (left, right) {
        (Number::Whole(left), Number::Whole(right)) => whole(left, right),
        _ => None,
    };
    exact.map_or_else(|| Number::from(fraction(left.float(), right.float())).value(), Value::from)
}

fn change(call: &Call<'_>, whole: fn(i64) -> Option<i64>, fraction: fn(f64) -> f64) -> Value {
    match number(call.input) {
        Number::Whole(number) => whole(number).map_or_else(|| Value::from(fraction(number as f64)), Value::from),
        Number::Fraction(number) => Number::from(fraction(number)).value(),
    }
}

fn pick(call: &Call<'_>, other: fn(f64, f64) -> bool) -> Value {
    let (left, right) = (number(call.input), number(second(call)));
    if other(left.float(), right.float()) { right.value() } else { left.value() }
}

/// Divides as JavaScript does (`10` by `4` is `2.5`), or to a whole number when the second argument is true.
fn divide(call: &Call<'_>) -> Answer {
    let (left, right) = (number(call.input).float(), number(second(call)).float());
    let whole = call.argument(1).is_some_and(is_true);
    let quotient = left / right;
    Ok(Number::from(if whole { quotient.floor() } else { quotient }).value())
}

/// Rounds halves up, to the given number of digits.
fn round(call: &Call<'_>) -> Answer {
    let digits = call.argument_integer(0).unwrap_or(0).clamp(-15, 15);
    let scale = 10_f64.powi(i32::try_from(digits).unwrap_or(0));
    Ok(match number(call.input) {
        whole @ Number::Whole(_) if digits >= 0 => whole.value(),
        other => Number::from((other.float() * scale + 0.5).floor() / scale).value(),
    })
}

#[cfg(test)]
mod tests {
    use crate::filters::testing::apply;
    use serde_json::json;

    #[test]
    fn numbers_are_calculated_with() {
        assert_eq!(apply("plus", "5", &[json!(3)]), 8);
        assert_eq!(apply("minus", 5, &[json!(0.5)]), 4.5);
        assert_eq!(apply("times", 1.5, &[json!(2)]), 3);
        assert_eq!(apply("divided_by", 10, &[json!(4)]), 2.5);
        assert_eq!(apply("divided_by", 10, &[json!(4), json!(true)]), 2);
        assert_eq!(apply("modulo", -7, &[json!(3)]), -1);
        assert_eq!(apply("at_least", 4, &[json!(5)]), 5);
        assert_eq!(apply("at_most", 4, &[json!(5)]), 4);
        assert_eq!(apply("plus", "abc", &[json!(1)]), 1);
    }

    #[test]
    fn numbers_are_rounded() {
        assert_eq!(apply("round", 2.5, &[]), 3);
        assert_eq!(apply("round", 1.23456, &[json!(2)]), 1.23);
        assert_eq!(apply("round", 1234, &[json!(-2)]), 1200);
        assert_eq!(apply("ceil", 1.1, &[]), 2);
        assert_eq!(apply("floor", -1.1, &[]), -2);
    }

    #[test]
    fn what_does_not_fit_becomes_a_fraction_and_what_is_undefined_nothing() {
        assert_eq!(apply("plus", i64::MAX, &[json!(1)]), 9_223_372_036_854_775_808_u64 as f64);
        assert_eq!(apply("abs", i64::MIN, &[]), 9_223_372_036_854_775_808_u64 as f64);
        assert_eq!(apply("divided_by", 1, &[json!(0)]), json!(null));
        assert_eq!(apply("modulo", 1, &[json!(0)]), json!(null));
    }
}
