//! Connections to servers that speak no HTTP: TCP, and TLS that proves who is there.
//!
//! Not a protocol, and no second try. Layer 1.

use std::{
    fmt, io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use rustls::{
    ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime, pem::PemObject as _},
};
use sha2::{Digest as _, Sha256};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    time::timeout,
};
use tokio_rustls::TlsConnector;
use wilco_contract::{connector::ConnectError, ids::Hash, retry::Retry, source::Secret};

/// How long the connection may take, and then the proof.
const PATIENCE: Duration = Duration::from_secs(20);

/// Where a server is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// Its name or IP address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// Whether and how it proves who it is.
    pub tls: Tls,
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

/// Whether and how a server proves who it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tls {
    /// It does not: everything is readable on the way.
    Off,
    /// By a certificate.
    On {
        /// The authorities that count, in PEM; nothing: those of the system.
        authorities: Option<Vec<u8>>,
        /// The certificates that count by themselves, whoever signed them. Where there are some, no others do.
        pins: Vec<Hash>,
        /// Our own certificate with its key, in PEM.
        ours: Option<Secret>,
    },
}

/// A connection.
pub trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Duplex for T {}

/// A connection that says at once that it has what came.
///
/// By itself Linux says it up to 40 ms later, in the hope of having something to send with it. A server that collects
/// what it sends until its last piece is known to have arrived, as many do, holds back its next line for so long.
struct Prompt(TcpStream);

impl Prompt {
    /// Says it. The system forgets that it is to be prompt, so it is told after each piece; where it cannot be told, what
    /// comes next comes later.
    fn confirm(&self) {
        #[cfg(target_os = "linux")]
        if let Err(error) = self.0.set_quickack(true) {
            tracing::trace!(%error, "What came could not be confirmed at once.");
        }
    }
}

impl AsyncRead for Prompt {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.0).poll_read(cx, into))?;
        self.confirm();
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Prompt {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}

/// Connects once.
///
/// # Errors
/// When nobody is there, or it is not who it should be. A proof that fails is worth another try, as certificates are
/// renewed; files that cannot be read are not.
pub async fn dial(address: &Address) -> Result<Box<dyn Duplex>, ConnectError> {
    let failed = |what: String, retry| ConnectError { what, retry };
    let away = |why: &dyn fmt::Display| {
        failed(format!("the server {address} cannot be reached: {why}"), Retry::Backoff)
    };
    let late = || {
        failed(format!("the server {address} did not answer within {} s", PATIENCE.as_secs()), Retry::Backoff)
    };
    let connected = timeout(PATIENCE, TcpStream::connect((address.host.as_str(), address.port)));
    let stream = connected.await.map_err(|_| late())?.map_err(|error| away(&error))?;
    // Lines are written whole, so that waiting for more only delays them.
    stream.set_nodelay(true).map_err(|error| away(&error))?;
    let stream = Prompt(stream);
    let Tls::On { .. } = &address.tls else { return Ok(Box::new(stream)) };
    let tls = address.tls.clone();
    let config = tokio::task::spawn_blocking(move || config(&tls)).await;
    let config = config.map_err(|error| away(&error))?.map_err(|what| failed(what, Retry::Never))?;
    let name = ServerName::try_from(address.host.clone())
        .map_err(|_| failed(format!("`{}` is no name of a server", address.host), Retry::Never))?;
    let shaken = timeout(PATIENCE, TlsConnector::from(Arc::new(config)).connect(name, stream));
    let stream = shaken.await.map_err(|_| late())?.map_err(|error| {
        failed(format!("the server {address} does not prove who it is: {}", told(&error)), Retry::Backoff)
    })?;
    Ok(Box::new(stream))
}

fn told(error: &io::Error) -> String {
    let text = error.to_string();
    text.strip_prefix("invalid peer certificate: ")
        .map_or(text.clone(), |why| format!("its certificate: {why}"))
}

fn config(tls: &Tls) -> Result<ClientConfig, String> {
    let Tls::On { authorities, pins, ours } = tls else { return Err("no TLS is wanted".to_owned()) };
    let provider = Arc::new(ring::default_provider());
    let versions =
        ClientConfig::builder_with_provider(provider.clone()).with_safe_default_protocol_versions();
    let builder = versions.map_err(|error| format!("TLS cannot be used: {error}"))?;
    let builder = if pins.is_empty() {
        builder.with_root_certificates(roots(authorities.as_deref())?)
    } else {
        builder
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(Pinned { pins: pins.clone(), provider }))
    };
    let Some(ours) = ours else { return Ok(builder.with_no_client_auth()) };
    let unreadable = |error: &dyn fmt::Display| format!("our certificate or its key cannot be read: {error}");
    let chain: Vec<_> = CertificateDer::pem_slice_iter(ours.expose())
        .collect::<Result<_, _>>()
        .map_err(|error| unreadable(&error))?;
    let key = PrivateKeyDer::from_pem_slice(ours.expose()).map_err(|error| unreadable(&error))?;
    builder.with_client_auth_cert(chain, key).map_err(|error| unreadable(&error))
}

fn roots(authorities: Option<&[u8]>) -> Result<RootCertStore, String> {
    let mut roots = RootCertStore::empty();
    match authorities {
        Some(pem) => {
            for certificate in CertificateDer::pem_slice_iter(pem) {
                let certificate =
                    certificate.map_err(|error| format!("an authority cannot be read: {error}"))?;
                roots.add(certificate).map_err(|error| format!("an authority cannot be used: {error}"))?;
            }
        }
        None => {
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
    }
    if roots.is_empty() {
        return Err(
            "no authority is known that could vouch for a server; install ca-certificates, or name one"
                .into(),
        );
    }
    Ok(roots)
}

/// Takes a server for who it is by its certificate alone.
#[derive(Debug)]
struct Pinned {
    pins: Vec<Hash>,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Pinned {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _name: &ServerName<'_>,
        _ocsp: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let hash = Hash(Sha256::digest(end_entity).into());
        if self.pins.contains(&hash) {
            return Ok(ServerCertVerified::assertion());
        }
        Err(rustls::Error::General(format!("its certificate is another one than was pinned: sha256:{hash}")))
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, cert, signed, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, cert, signed, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _},
        net::TcpListener,
    };

    use super::*;

    #[tokio::test]
    async fn what_came_is_confirmed_at_once_also_after_the_system_forgot_to() {
        let server = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = server.local_addr().expect("its address");
        let (near, far) = tokio::join!(TcpStream::connect(address), server.accept());
        let (near, (mut far, _)) = (near.expect("it connects"), far.expect("somebody connects"));
        near.set_quickack(false).expect("an option of sockets");
        let mut prompt = Prompt(near);
        assert!(!prompt.0.quickack().expect("an option of sockets"));
        far.write_all(b"x").await.expect("it is sent");
        assert_eq!(prompt.read_u8().await.expect("it came"), b'x');
        assert!(prompt.0.quickack().expect("an option of sockets"));
    }
}
