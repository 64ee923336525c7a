//! Types that all surfaces share, named and shaped as on the wire.

use std::borrow::Cow;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};
use stepwell_core::Timestamp;
use utoipa::openapi::schema::{
    AdditionalProperties, AnyOfBuilder, ObjectBuilder, Schema, SchemaFormat, SchemaType, Type,
};
use utoipa::openapi::{KnownFormat, RefOr};
use utoipa::{PartialSchema, ToSchema};

/// An email address: letters, digits and the usual signs before the `@`, a domain with a dot behind it, blanks around it
/// ignored. The form in which schemas publish it.
pub(crate) const EMAIL_PATTERN: &str = r"^[ ]*[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]{1,64}(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]{1,64})*@([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])[ ]*$";

/// A time on the wire: `2026-01-02T03:04:05.678Z`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Time(pub(crate) Timestamp);

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'_, str>::deserialize(deserializer)?;
        let expected = || serde::de::Error::custom("must be a time such as 2026-01-02T03:04:05.678Z");
        Timestamp::from_rfc3339(&text).map(Self).ok_or_else(expected)
    }
}

impl PartialSchema for Time {
    fn schema() -> RefOr<Schema> {
        let time = ObjectBuilder::new().schema_type(Type::String);
        time.format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
            .examples(["2026-01-02T03:04:05.678Z"])
            .into()
    }
}

impl ToSchema for Time {
    fn name() -> Cow<'static, str> {
        "Time".into()
    }
}

/// A time, or a day, which stands for its beginning in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Moment(pub(crate) Timestamp);

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'_, str>::deserialize(deserializer)?;
        let day = || Timestamp::from_rfc3339(&format!("{text}T00:00:00Z"));
        let expected =
            || serde::de::Error::custom("must be a time such as 2026-01-02T03:04:05Z or a day such as 2026-01-02");
        Timestamp::from_rfc3339(&text).or_else(day).map(Self).ok_or_else(expected)
    }
}

impl PartialSchema for Moment {
    fn schema() -> RefOr<Schema> {
        let of =
            |format| ObjectBuilder::new().schema_type(Type::String).format(Some(SchemaFormat::KnownFormat(format)));
        AnyOfBuilder::new().item(of(KnownFormat::DateTime)).item(of(KnownFormat::Date)).into()
    }
}

impl ToSchema for Moment {
    fn name() -> Cow<'static, str> {
        "Moment".into()
    }
}

/// A JSON object of any members.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct JsonObject(pub(crate) Map<String, Value>);

impl PartialSchema for JsonObject {
    fn schema() -> RefOr<Schema> {
        let any = AdditionalProperties::FreeForm(true);
        ObjectBuilder::new().schema_type(SchemaType::new(Type::Object)).additional_properties(Some(any)).into()
    }
}

impl ToSchema for JsonObject {
    fn name() -> Cow<'static, str> {
        "JsonObject".into()
    }
}

/// Texts with bounds: a newtype each, whose schema says exactly what is accepted.
macro_rules! texts {
    ($($(#[$doc:meta])* $name:ident: $min:literal..=$max:literal $(, pattern $pattern:expr)?, example $example:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(transparent)]
        pub(crate) struct $name(pub(crate) String);

        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                let text = ObjectBuilder::new().schema_type(Type::String).min_length(Some($min)).max_length(Some($max));
                $(let text = text.pattern(Some($pattern));)?
                text.examples([$example]).into()
            }
        }

        impl ToSchema for $name {
            fn name() -> Cow<'static, str> {
                stringify!($name).into()
            }
        }

        impl From<$name> for String {
            fn from(text: $name) -> Self {
                text.0
            }
        }
    )*};
}

texts! {
    /// An email address. It is compared trimmed and lower-cased.
    EmailAddress: 3..=254, pattern EMAIL_PATTERN, example "ada@example.org";
    /// An email address, or a text that is none and so belongs to nobody.
    AnyEmail: 0..=254, example "ada@example.org";
    /// The name of an event. Blanks around it are ignored.
    EventName: 1..=255, pattern r"\S", example "signed_up";
    /// The name of a thing, for people.
    Name: 1..=100, pattern r"\S", example "Welcome";
    /// The name of a sender or recipient.
    PersonName: 1..=200, example "Ada Lovelace";
    /// A subject in the template language.
    TemplateSubject: 1..=998, pattern r"\S", example "Welcome, {{ data.firstName ?? friend }}";
    /// HTML in the template language.
    TemplateSource: 1..=500_000, pattern r"\S", example "<p>Hello {{ data.firstName ?? friend }}</p>";
    /// The value of a header: one line.
    HeaderValue: 0..=900, pattern r"^[^\x00-\x1f\x7f]*$", example "value";
    /// The name under which steps use a stored credential.
    ConnectionName: 1..=64, pattern "^[a-z0-9][a-z0-9_-]*$", example "crm";
    /// A host name, or `*.example.org` for all below it.
    HostPattern: 1..=253, pattern r"^(\*\.)?[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*$",
        example "api.example.org";
    /// An import of a component, without its version.
    ImportName: 1..=255, pattern r"^[a-z0-9:/-]+$", example "wasi:http/outgoing-handler";
    /// How far an import is granted: a host name, `*.example.org`, `*`, or the name of a stored credential.
    ScopeEntry: 1..=253, pattern r"^[A-Za-z0-9*._:-]+$", example "api.example.org";
    /// Somebody who does tasks, by whatever id they have with the client.
    PersonId: 1..=200, pattern r"\S", example "user-17";
    /// What a thing is for, for people.
    Description: 0..=500, example "Greets new users";
}

/// For `#[serde(deserialize_with)]`: tells a member that is null (`Some(None)`) from one that is absent (`None`).
pub(crate) fn nullable<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

impl EventName {
    /// The name without the blanks around it.
    pub(crate) fn trimmed(&self) -> String {
        self.0.trim().to_owned()
    }
}

impl EmailAddress {
    /// The address without the blanks around it, in the case in which it was given.
    pub(crate) fn trimmed(&self) -> String {
        self.0.trim().to_owned()
    }
}

/// The name of a copy: `<name> (Copy)`, cut so that it is not longer than a name may be.
pub(crate) fn copy_name(name: &str) -> String {
    const SUFFIX: &str = " (Copy)";
    name.chars().take(100 - SUFFIX.len()).chain(SUFFIX.chars()).collect()
}
