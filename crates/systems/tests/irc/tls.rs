//! Whom the connector takes for the server: who has a certificate that somebody known signed, or the very one that is
//! pinned.

use std::{fs, process::Command};

use wilco_contract::{connector::ConnectError, ids::Hash, retry::Retry, source::Secret};
use wilco_runtime::dial::{Address, Tls};
use wilco_systems::irc::Settings;

use crate::{
    servers::Network,
    suite::{connector, settings},
};

/// A certificate for loopback with its key, both in PEM, and its fingerprint.
fn certificate() -> (String, String, Hash) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name).to_str().expect("a path").to_owned();
    let run = |args: &[&str]| {
        let done =
            Command::new("openssl").args(args).output().expect("openssl, which Debian has with every server");
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        String::from_utf8(done.stdout).expect("text")
    };
    let (key, cert) = (path("key.pem"), path("cert.pem"));
    run(&[
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "2",
        "-subj",
        "/CN=localhost",
        "-addext",
        "subjectAltName=DNS:localhost,IP:127.0.0.1",
        "-addext",
        "basicConstraints=critical,CA:FALSE",
        "-keyout",
        &key,
        "-out",
        &cert,
    ]);
    let told = run(&["x509", "-in", &cert, "-noout", "-fingerprint", "-sha256"]);
    let hex = told.trim().split('=').next_back().expect("a fingerprint").replace(':', "").to_lowercase();
    let read = |path: &str| fs::read_to_string(path).expect("PEM");
    (read(&cert), read(&key), Hash::parse(&hex).expect("a hash"))
}

async fn connects(settings: Settings) -> Result<(), ConnectError> {
    connector(settings).connect(None).await.map(|_| ())
}

#[tokio::test]
async fn a_server_is_who_its_certificate_says_or_nobody() {
    let (cert, key, fingerprint) = certificate();
    let network = Network::with_tls(&cert, &key);
    let on = |authorities: Option<&str>, pins: Vec<Hash>| Tls::On {
        authorities: authorities.map(|pem| pem.as_bytes().to_vec()),
        pins,
        ours: None,
    };
    let at = |tls| settings(network.tls_port, tls);
    let with =
        |ours: &str| Tls::On { authorities: None, pins: vec![fingerprint], ours: Some(Secret::new(ours)) };
    connects(at(on(None, vec![Hash::ZERO, fingerprint]))).await.expect("it is pinned");
    connects(at(on(Some(&cert), Vec::new()))).await.expect("it is signed by whom we name");
    connects(at(with(&format!("{cert}{key}")))).await.expect("we show a certificate of our own");
    let error = connects(at(with(&cert))).await.expect_err("without its key it is of no use");
    assert_eq!(error.retry, Retry::Never, "{error}");
    let mut elsewhere = at(on(Some(&cert), Vec::new()));
    elsewhere.addresses[0].host = "127.0.0.2".into();
    for (wrong, why) in [
        (at(on(Some(&cert), vec![Hash::ZERO])), "another one than was pinned"),
        (at(on(None, Vec::new())), "certificate"),
        (elsewhere, "certificate"),
    ] {
        let error = connects(wrong).await.expect_err("it is somebody else");
        assert!(error.what.contains("does not prove who it is") && error.what.contains(why), "{error}");
        assert_eq!(error.retry, Retry::Backoff, "certificates are renewed");
    }
    // Where one server cannot be had the next one is tried.
    let mut several = at(with(&format!("{cert}{key}")));
    let nobody = Address { port: 1, ..several.addresses[0].clone() };
    several.addresses.insert(0, nobody);
    let connector = connector(several);
    let error = connector.connect(None).await.map(|_| ()).expect_err("nobody is there");
    assert!(error.what.contains("127.0.0.1:1 cannot be reached"), "{error}");
    connector.connect(None).await.map(|_| ()).expect("the next one is");
    let error =
        connects(at(on(Some("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"), Vec::new())))
            .await
            .expect_err("that is no authority");
    assert_eq!(error.retry, Retry::Never, "{error}");
}
