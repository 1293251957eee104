//! Who sent a request: right, wrong, missing and rotated signatures, and what the headers have to say.

use wilco_contract::source::{BadSignature, Source, Verified};

use crate::{NOW, decode_with, signature, source, verify};

const BODY: &[u8] = b"{\"zen\":\"Keep it logically awesome.\"}";
const HEADER: &str = "x-hub-signature-256";

#[test]
fn the_example_of_githubs_documentation_fits() {
    let given: &[u8] = b"sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
    let source = source(&["It's a Secret to Everybody"]);
    assert_eq!(verify(&source, &[(HEADER, given)], b"Hello, World!"), Ok(Verified { signed: true }));
    let upper = String::from_utf8(given.to_vec()).expect("text").replace("757107ea", "757107EA");
    assert_eq!(
        verify(&source, &[(HEADER, upper.as_bytes())], b"Hello, World!"),
        Ok(Verified { signed: true })
    );
    assert!(verify(&source, &[(HEADER, given)], b"Hello, World?").is_err());
}

#[test]
fn while_a_secret_changes_both_fit_and_a_third_does_not() {
    let both = source(&["old", "new"]);
    for secret in ["old", "new"] {
        let given = signature(secret, BODY);
        assert!(verify(&both, &[(HEADER, given.as_bytes())], BODY).is_ok(), "{secret}");
    }
    let given = signature("third", BODY);
    assert!(matches!(verify(&both, &[(HEADER, given.as_bytes())], BODY), Err(BadSignature::Wrong(_))));
}

#[test]
fn a_signature_that_is_missing_or_wrong_is_told_with_what_to_do_and_without_what_it_should_be() {
    let source = source(&["hunter2"]);
    let right = signature("hunter2", BODY);
    let missing = verify(&source, &[("x-hub-signature", b"sha1=00")], BODY).expect_err("no proof");
    assert_eq!(missing.kind(), "missing");
    let wrong = [
        signature("hunter3", BODY),
        right.replacen("sha256=", "sha1=", 1),
        right.replacen("sha256=", "", 1),
        right[..right.len() - 1].to_owned(),
        format!("{right}0"),
        format!("sha256={}", "+1".repeat(32)),
        "sha256=".to_owned(),
        "é".repeat(32),
    ];
    for given in wrong {
        let error = verify(&source, &[(HEADER, given.as_bytes())], BODY).expect_err("a wrong proof");
        assert_eq!(error.kind(), "wrong", "{given}");
        let said = error.to_string();
        assert!(!said.contains("hunter2") && !said.contains(&right[7..]) && !said.contains("zen"), "{said}");
        assert!(said.contains("GitHub"), "{said}");
    }
    assert!(verify(&source, &[(HEADER, b"\xff\xfe")], BODY).is_err());
    insta::assert_snapshot!(format!(
        "{missing}\n{}\n{}",
        verify(&source, &[(HEADER, b"sha256=1")], BODY).expect_err("a wrong proof"),
        verify(&source, &[(HEADER, signature("x", BODY).as_bytes())], BODY).expect_err("a wrong proof"),
    ));
}

#[test]
fn without_a_secret_nothing_is_demanded_and_nothing_counts_as_proven() {
    let open = source(&[]);
    assert!(!open.is_signed() && source(&["x"]).is_signed());
    assert_eq!(verify(&open, &[], BODY), Ok(Verified { signed: false }));
    let given = signature("x", BODY);
    assert_eq!(verify(&open, &[(HEADER, given.as_bytes())], BODY), Ok(Verified { signed: false }));
    assert_eq!((open.kind(), open.name().as_str(), open.max_body()), ("github", "github", 26_214_400));
}

#[test]
fn a_delivery_names_its_event_and_an_odd_name_is_hashed() {
    let of =
        |delivery: &[u8]| decode_with(&[("x-github-event", b"ping"), ("x-github-delivery", delivery)], BODY);
    let event = of(b"72d3162e-cc78-11e3-81ab-4c9367dc0958").expect("an event");
    assert_eq!(event.id, "72d3162e-cc78-11e3-81ab-4c9367dc0958");
    assert_eq!(event.delivery.as_ref(), Some(&event.id));
    assert!(event.signed);
    assert_eq!(event.at, NOW.parse().expect("a time"));
    for odd in [&b"a b"[..], b"\xff", b"a\"b", "é".as_bytes(), &[b'x'; 201], &[b'x'; 100_000]] {
        let event = of(odd).expect("an event");
        assert!(
            event.id.len() == 64 && event.id.bytes().all(|byte| byte.is_ascii_hexdigit()),
            "{}",
            event.id
        );
    }
    assert_ne!(of(&[b'x'; 201]).expect("an event").id, of(&[b'x'; 202]).expect("an event").id);
}

#[test]
fn what_cannot_be_read_is_told_with_what_to_do() {
    let event: (&str, &[u8]) = ("x-github-event", b"ping");
    let delivery: (&str, &[u8]) = ("x-github-delivery", b"d-1");
    let form: (&str, &[u8]) = ("content-type", b"application/x-www-form-urlencoded");
    let json: (&str, &[u8]) = ("content-type", b"application/json");
    let said = |headers: &[(&str, &[u8])], body: &[u8]| decode_with(headers, body).expect_err("unreadable").0;
    insta::assert_snapshot!(
        [
            said(&[delivery, json], BODY),
            said(&[event, json], BODY),
            said(&[event, ("x-github-delivery", b" "), json], BODY),
            said(&[event, delivery, json], b""),
            said(&[event, delivery, json], b"[1]"),
            said(&[event, delivery, json], b"payload={}"),
            said(&[event, delivery, json], b"{\"a\":\n{\"b\""),
            said(&[event, delivery, json], b"{} {}"),
            said(&[event, delivery, json], b"{\"action\":\"\xff\"}"),
            said(&[event, delivery, form], b"a=b"),
            said(&[event, delivery, form], b"payload=1"),
        ]
        .join("\n")
    );
}

#[test]
fn a_form_says_the_same_as_json() {
    let headers = |content: &'static [u8]| {
        [("x-github-event", &b"star"[..]), ("x-github-delivery", b"d-1"), ("content-type", content)]
    };
    let json = r#"{"action":"created","repository":{"full_name":"acme/web app"},"sender":{"login":"ana"}}"#;
    let form: String =
        url::form_urlencoded::Serializer::new("x=1".to_owned()).append_pair("payload", json).finish();
    let by_form = headers(b"Application/X-WWW-Form-Urlencoded; charset=utf-8");
    assert_eq!(
        decode_with(&by_form, form.as_bytes()),
        decode_with(&headers(b"application/json"), json.as_bytes())
    );
    // Some proxies forget the content type, and `curl -d` makes up one.
    assert!(decode_with(&by_form, json.as_bytes()).is_ok());
    assert!(decode_with(&headers(b""), json.as_bytes()).is_ok());
}
