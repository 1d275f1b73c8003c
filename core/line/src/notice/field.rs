//! What is said of a notice beside where and when: fields, each with a number, a name and a form (spec/line.md §4.1).

use alloc::format;
use alloc::string::{String, ToString};

use detente_record::Fault;
use minicbor::data::Type;
use minicbor::decode::{Decoder, Error};
use minicbor::encode::{self, Encoder, Write};
use minicbor::{Decode, Encode};

use crate::kind::MAX_TEXT;

/// What a notice may say of what is planned. Which of these it must say is the memorandum's to ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u16)]
pub enum Field {
    /// The author's own number for it, by which it is told from others when a list is sent again.
    Serial = 1,
    /// The forces that it binds.
    Forces,
    /// What sort of activity it is.
    ActivityClass,
    /// What is asked of those who read it.
    Response,
    /// By when, ms.
    ReplyBy,
    /// Whose it is.
    Organisation,
    /// Its name.
    Name,
    /// Its name in another script.
    NameOtherScript,
    /// What it is for: hospital, school, water works.
    Function,
    /// `facility` or `critical-infrastructure`.
    FacilityClass,
    /// How exact its positions are, mm.
    Accuracy,
    /// `unverified`, `self-reported` or `verified`.
    Verification,
    /// Who verified it.
    VerifiedBy,
    /// How.
    VerifiedHow,
    /// When, ms.
    VerifiedAt,
    /// What it is marked with.
    Markings,
    /// Who can be reached, at any hour.
    Contact,
    /// When it is to be looked at again, ms.
    Review,
    /// What a movement is for.
    Purpose,
    /// Vehicles, with plates and markings.
    Vehicles,
    /// How many people.
    Headcount,
    /// Whether an armed escort goes with it.
    Escorted,
    /// Who can be reached on the convoy.
    ConvoyContact,
    /// Who is to be called to stop it.
    AbortContact,
}

/// The form of a field's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// 1 to 12,000 bytes.
    Text,
    /// One of these.
    OneOf(&'static [&'static str]),
    /// A whole number.
    Number,
    /// A length, mm.
    Length,
    /// A moment, ms since 1970.
    Time,
    /// True or false.
    Flag,
}

/// What a field says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// Of [`Form::Text`] and [`Form::OneOf`].
    Text(String),
    /// Of [`Form::Number`], [`Form::Length`] and [`Form::Time`].
    Number(u64),
    /// Of [`Form::Flag`].
    Flag(bool),
}

impl Field {
    /// All of them, by number.
    pub const ALL: [Self; 24] = [
        Self::Serial,
        Self::Forces,
        Self::ActivityClass,
        Self::Response,
        Self::ReplyBy,
        Self::Organisation,
        Self::Name,
        Self::NameOtherScript,
        Self::Function,
        Self::FacilityClass,
        Self::Accuracy,
        Self::Verification,
        Self::VerifiedBy,
        Self::VerifiedHow,
        Self::VerifiedAt,
        Self::Markings,
        Self::Contact,
        Self::Review,
        Self::Purpose,
        Self::Vehicles,
        Self::Headcount,
        Self::Escorted,
        Self::ConvoyContact,
        Self::AbortContact,
    ];

    /// Its number on the wire.
    pub fn number(self) -> u16 {
        self as u16
    }

    /// The field of a number.
    pub fn from_number(number: u16) -> Option<Self> {
        Self::ALL.into_iter().find(|field| field.number() == number)
    }

    /// Its name in memoranda, files and the API.
    pub fn name(self) -> &'static str {
        match self {
            Self::Serial => "serial",
            Self::Forces => "forces",
            Self::ActivityClass => "activity-class",
            Self::Response => "response",
            Self::ReplyBy => "reply-by",
            Self::Organisation => "organisation",
            Self::Name => "name",
            Self::NameOtherScript => "name-other-script",
            Self::Function => "function",
            Self::FacilityClass => "facility-class",
            Self::Accuracy => "accuracy",
            Self::Verification => "verification",
            Self::VerifiedBy => "verified-by",
            Self::VerifiedHow => "verified-how",
            Self::VerifiedAt => "verified-at",
            Self::Markings => "markings",
            Self::Contact => "contact",
            Self::Review => "review",
            Self::Purpose => "purpose",
            Self::Vehicles => "vehicles",
            Self::Headcount => "headcount",
            Self::Escorted => "escorted",
            Self::ConvoyContact => "convoy-contact",
            Self::AbortContact => "abort-contact",
        }
    }

    /// The field of a name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|field| field.name() == name)
    }

    /// The form of its value.
    pub fn form(self) -> Form {
        match self {
            Self::FacilityClass => Form::OneOf(&["facility", "critical-infrastructure"]),
            Self::Verification => Form::OneOf(&["unverified", "self-reported", "verified"]),
            Self::Headcount => Form::Number,
            Self::Accuracy => Form::Length,
            Self::ReplyBy | Self::VerifiedAt | Self::Review => Form::Time,
            Self::Escorted => Form::Flag,
            _ => Form::Text,
        }
    }

    /// Holds a value to the field's form.
    ///
    /// # Errors
    /// `Malformed`, saying which form was expected.
    pub fn check(self, value: &Value) -> Result<(), Fault> {
        let fits = match (self.form(), value) {
            (Form::Text, Value::Text(text)) => (1..=MAX_TEXT).contains(&text.len()),
            (Form::OneOf(words), Value::Text(text)) => words.contains(&text.as_str()),
            (Form::Time, Value::Number(ms)) => *ms <= detente_airspace::span::LAST_MS,
            (Form::Number | Form::Length, Value::Number(_)) | (Form::Flag, Value::Flag(_)) => true,
            _ => false,
        };
        if fits {
            return Ok(());
        }
        let expected = format!("{} of {}", self.form(), self.name());
        let found = match value {
            Value::Text(text) => text.chars().take(80).collect(),
            Value::Number(number) => number.to_string(),
            Value::Flag(flag) => flag.to_string(),
        };
        Err(Fault::malformed("field", expected, found))
    }
}

impl core::fmt::Display for Form {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Text => f.write_str("1 to 12,000 bytes"),
            Self::OneOf(words) => {
                for (place, word) in words.iter().enumerate() {
                    let before = if place == 0 { "" } else { ", " };
                    write!(f, "{before}{word}")?;
                }
                Ok(())
            }
            Self::Number => f.write_str("a whole number"),
            Self::Length => f.write_str("a length in mm"),
            Self::Time => f.write_str("a time in ms"),
            Self::Flag => f.write_str("true or false"),
        }
    }
}

impl<C> Encode<C> for Value {
    fn encode<W: Write>(&self, out: &mut Encoder<W>, _: &mut C) -> Result<(), encode::Error<W::Error>> {
        match self {
            Self::Text(text) => out.str(text)?,
            Self::Number(number) => out.u64(*number)?,
            Self::Flag(flag) => out.bool(*flag)?,
        };
        Ok(())
    }
}

impl<'b, C> Decode<'b, C> for Value {
    fn decode(from: &mut Decoder<'b>, _: &mut C) -> Result<Self, Error> {
        match from.datatype()? {
            Type::String => Ok(Self::Text(from.str()?.into())),
            Type::Bool => Ok(Self::Flag(from.bool()?)),
            _ => Ok(Self::Number(from.u64()?)),
        }
    }
}
