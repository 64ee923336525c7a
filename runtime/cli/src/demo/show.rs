//! What the demo prints. Colours are left out where standard output is no terminal.

use anstyle::{AnsiColor, Style};
use serde_json::Value;

use super::mail_sink::ReceivedMail;
use super::sample::STEPS;
use super::timeline::Visit;
use super::web_sink::ReceivedRequest;
use crate::print::say;

const HEADING: Style = AnsiColor::Cyan.on_default().bold();
const GOOD: Style = AnsiColor::Green.on_default();
const BAD: Style = AnsiColor::Red.on_default().bold();
const PENDING: Style = AnsiColor::Yellow.on_default();
const FAINT: Style = Style::new().dimmed();
const STRONG: Style = Style::new().bold();

pub(super) fn heading(text: &str) {
    say!("\n{HEADING}── {text}{HEADING:#}");
}

pub(super) fn done(text: &str) {
    say!("   {GOOD}✓{GOOD:#} {text}");
}

pub(super) fn remark(text: &str) {
    say!("             {FAINT}→ {text}{FAINT:#}");
}

pub(super) fn graph() {
    say!("   TRIGGER → {}", STEPS.join(" → "));
}

/// A line of the timeline.
pub(super) fn visit(seconds: Option<f64>, visit: &Visit) {
    let style = match visit.status.as_str() {
        "COMPLETED" => GOOD,
        "FAILED" => BAD,
        _ => PENDING,
    };
    let time = seconds.map_or_else(String::new, |seconds| format!("{seconds:.3} s"));
    let (kind, name, status) = (&visit.step.kind, &visit.step.name, &visit.status);
    say!("   {FAINT}{time:>8}{FAINT:#}  {kind:<16}{name:<20}{style}{status:<10}{style:#} {}", note(visit));
}

/// The one thing worth reading of a step's output.
fn note(visit: &Visit) -> String {
    if let Some(error) = &visit.error {
        return error.clone();
    }
    let member = |name: &str| match visit.output.as_ref().and_then(|output| output.get(name)) {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    };
    match (visit.step.kind.as_str(), visit.status.as_str()) {
        ("TRIGGER", _) => member("eventName"),
        ("CONDITION", _) => format!("{} is {}: {}", member("field"), member("actualValue"), member("branch")),
        ("UPDATE_CONTACT", _) => member("updates"),
        ("WEBHOOK", _) => format!("{} {}: {}", member("method"), member("url"), member("statusCode")),
        ("SEND_EMAIL", _) => format!("to {}", member("recipientEmail")),
        ("DELAY", "WAITING") => format!("until {}", member("resumeAt")),
        ("WAIT_FOR_EVENT", "WAITING") => "for the event".to_owned(),
        ("WAIT_FOR_EVENT", _) => member("eventName"),
        ("EXIT", _) => member("reason"),
        _ => String::new(),
    }
}

pub(super) fn request(request: &ReceivedRequest) {
    say!("   {STRONG}webhook sink{STRONG:#}  {} {}", request.method, request.path);
    for name in ["webhook-id", "webhook-timestamp", "webhook-signature"] {
        let value = request.headers.get(name).and_then(|value| value.to_str().ok());
        if let Some(value) = value {
            say!("      {FAINT}{name}: {value}{FAINT:#}");
        }
    }
    indented(&serde_json::to_string_pretty(&request.body).unwrap_or_default());
}

pub(super) fn mail(mail: &ReceivedMail) {
    say!("   {STRONG}mail sink{STRONG:#}     from {} to {}", mail.from, mail.to);
    say!("      {FAINT}Message-ID: {}{FAINT:#}", mail.message_id);
    if let Some(link) = &mail.unsubscribe {
        say!("      {FAINT}List-Unsubscribe: {link}{FAINT:#}");
    }
    say!("      Subject: {}", mail.subject);
    indented(&mail.text);
}

fn indented(text: &str) {
    for line in text.lines() {
        say!("      {line}");
    }
}

/// What to do next.
pub(super) fn invitation(base: &str, key: &str) {
    heading("Serving until you press Ctrl-C");
    say!("   address   {STRONG}{base}{STRONG:#}   (API reference: {base}/docs)");
    say!("   API key   {STRONG}{key}{STRONG:#}");
    say!("   try next, another contact:\n");
    say!("curl -s {base}/v1/track -H 'Authorization: Bearer {key}' \\");
    say!("  -H 'Content-Type: application/json' \\");
    say!(
        "  -d '{{\"event\": \"signed_up\", \"email\": \"grace@example.org\", \"data\": {{\"plan\": \"pro\", \"name\": \"Grace\"}}}}'\n"
    );
}
