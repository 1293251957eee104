//! Parts of a payload that forgive: what is missing, `null` or of another type is simply not there.
//!
//! Not validation: an event is told with what is known of it, because half a line is worth more than none. Texts are
//! borrowed from the body wherever they can be. Layer 2.

use std::{borrow::Cow, fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer,
    de::{Error, IgnoredAny, MapAccess, SeqAccess, Visitor, value::MapAccessDeserializer},
};
use wilco_contract::event::MAX_NUMBER;

/// The most entries of a list that are kept; the others are counted.
const MAX_ENTRIES: usize = 100;

/// A text, empty where there is none.
#[derive(Debug, Default, Clone)]
pub(super) struct Text<'a>(Cow<'a, str>);

impl Text<'_> {
    /// The text, empty where there is none.
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    /// The text, if there is one that is not empty.
    pub(super) fn get(&self) -> Option<&str> {
        if self.0.is_empty() { None } else { Some(&self.0) }
    }

    /// Whether it is this text.
    pub(super) fn is(&self, other: &str) -> bool {
        self.0 == other
    }
}

/// A whole number that is not negative, and not greater than [`MAX_NUMBER`].
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Number(pub(super) Option<u64>);

/// A yes, where nothing is a no.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Flag(pub(super) bool);

/// A time as GitHub writes it: RFC 3339 in most places, seconds since 1970 in some.
#[derive(Debug, Default, Clone)]
pub(super) struct When<'a> {
    text: Text<'a>,
    seconds: Option<i64>,
}

impl When<'_> {
    /// The time, where it can be read.
    pub(super) fn get(&self) -> Option<jiff::Timestamp> {
        match self.seconds {
            Some(seconds) => jiff::Timestamp::from_second(seconds).ok(),
            None => self.text.get()?.parse().ok(),
        }
    }
}

/// An object.
#[derive(Debug, Clone)]
pub(super) struct Part<T>(Option<Box<T>>);

impl<T> Default for Part<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T> Part<T> {
    pub(super) fn get(&self) -> Option<&T> {
        self.0.as_deref()
    }
}

/// A list.
#[derive(Debug, Clone)]
pub(super) struct Many<T> {
    /// Its first entries.
    pub(super) kept: Vec<T>,
    /// How many there are in all.
    pub(super) count: usize,
}

impl<T> Default for Many<T> {
    fn default() -> Self {
        Self { kept: Vec::new(), count: 0 }
    }
}

/// What a visitor of one of the types above yields when it meets something else.
macro_rules! otherwise {
    ($default:expr; $($visit:ident($type:ty)),*) => {
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("any JSON")
        }
        fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
            Ok($default)
        }
        $(fn $visit<E: Error>(self, _: $type) -> Result<Self::Value, E> {
            Ok($default)
        })*
    };
}

/// The same for objects and lists, which have to be read to their end.
macro_rules! skipped {
    ($default:expr; map) => {
        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
            Ok($default)
        }
    };
    ($default:expr; seq) => {
        fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
            while seq.next_element::<IgnoredAny>()?.is_some() {}
            Ok($default)
        }
    };
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Text<'de>;
            otherwise!(Text::default(); visit_bool(bool), visit_i64(i64), visit_u64(u64), visit_f64(f64));
            skipped!(Text::default(); map);
            skipped!(Text::default(); seq);
            fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Text(Cow::Borrowed(text)))
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }
        }
        deserializer.deserialize_any(Reader)
    }
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Number;
            otherwise!(Number(None); visit_bool(bool), visit_i64(i64), visit_f64(f64), visit_str(&str));
            skipped!(Number(None); map);
            skipped!(Number(None); seq);
            fn visit_u64<E: Error>(self, number: u64) -> Result<Self::Value, E> {
                Ok(Number(Some(number).filter(|number| *number <= MAX_NUMBER)))
            }
        }
        deserializer.deserialize_any(Reader)
    }
}

impl<'de> Deserialize<'de> for Flag {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Flag;
            otherwise!(Flag(false); visit_i64(i64), visit_u64(u64), visit_f64(f64), visit_str(&str));
            skipped!(Flag(false); map);
            skipped!(Flag(false); seq);
            fn visit_bool<E: Error>(self, yes: bool) -> Result<Self::Value, E> {
                Ok(Flag(yes))
            }
        }
        deserializer.deserialize_any(Reader)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for When<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = When<'de>;
            otherwise!(When::default(); visit_bool(bool), visit_f64(f64));
            skipped!(When::default(); map);
            skipped!(When::default(); seq);
            fn visit_i64<E: Error>(self, seconds: i64) -> Result<Self::Value, E> {
                Ok(When { seconds: Some(seconds), ..When::default() })
            }
            fn visit_u64<E: Error>(self, seconds: u64) -> Result<Self::Value, E> {
                Ok(When { seconds: i64::try_from(seconds).ok(), ..When::default() })
            }
            fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(When { text: Text(Cow::Borrowed(text)), seconds: None })
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
                Ok(When { text: Text(Cow::Owned(text.to_owned())), seconds: None })
            }
        }
        deserializer.deserialize_any(Reader)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Part<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Reader<T> {
            type Value = Part<T>;
            otherwise!(Part(None); visit_bool(bool), visit_i64(i64), visit_u64(u64), visit_f64(f64), visit_str(&str));
            skipped!(Part(None); seq);
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map)).map(|part| Part(Some(Box::new(part))))
            }
        }
        deserializer.deserialize_any(Reader(PhantomData))
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Many<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Reader<T> {
            type Value = Many<T>;
            otherwise!(Many::default(); visit_bool(bool), visit_i64(i64), visit_u64(u64), visit_f64(f64), visit_str(&str));
            skipped!(Many::default(); map);
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
                let mut kept = Vec::new();
                while kept.len() < MAX_ENTRIES {
                    let Some(entry) = seq.next_element()? else {
                        return Ok(Many { count: kept.len(), kept });
                    };
                    kept.push(entry);
                }
                let mut count = kept.len();
                while seq.next_element::<IgnoredAny>()?.is_some() {
                    count += 1;
                }
                Ok(Many { kept, count })
            }
        }
        deserializer.deserialize_any(Reader(PhantomData))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Default, Deserialize)]
    #[serde(default, bound(deserialize = "'de: 'a"))]
    struct All<'a> {
        text: Text<'a>,
        number: Number,
        flag: Flag,
        when: When<'a>,
        part: Part<Text<'a>>,
        many: Many<Text<'a>>,
    }

    #[test]
    fn what_is_of_another_type_is_not_there_and_the_rest_is() {
        for other in ["null", "true", "7", "-7", "1.5", "\"x\"", "[1,[2],{}]", "{\"a\":{\"b\":[]}}"] {
            for field in ["text", "number", "flag", "when", "part", "many"] {
                let body = format!("{{\"{field}\":{other},\"more\":{other}}}");
                let read: Result<All<'_>, _> = serde_json::from_str(&body);
                assert!(read.is_ok(), "{body}: {read:?}");
            }
        }
        let read: All<'_> =
            serde_json::from_str("{\"text\":7,\"number\":8,\"flag\":true,\"when\":0}").expect("JSON");
        assert!(
            read.text.get().is_none() && read.number.0 == Some(8) && read.flag.0 && read.part.get().is_none()
        );
        assert_eq!(read.when.get(), Some(jiff::Timestamp::UNIX_EPOCH));
        let number = |text: &str| serde_json::from_str::<Number>(text).expect("JSON").0;
        assert_eq!((number("9007199254740991"), number("9007199254740992")), (Some(MAX_NUMBER), None));
    }

    #[test]
    fn a_text_is_borrowed_and_a_long_list_is_counted() {
        let read: All<'_> = serde_json::from_str("{\"text\":\"plain\"}").expect("JSON");
        assert!(matches!(read.text.0, Cow::Borrowed("plain")));
        let many = format!("{{\"many\":[{}1]}}", "\"a\",".repeat(250));
        let read: All<'_> = serde_json::from_str(&many).expect("JSON");
        assert_eq!((read.many.kept.len(), read.many.count), (MAX_ENTRIES, 251));
    }
}
