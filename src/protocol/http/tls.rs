//! TLS, configured once: the platform's roots, the user's own authority, Mozilla's roots where there are none.

use std::path::Path;
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{WebPkiServerVerifier, verify_server_name};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use rustls_platform_verifier::Verifier;

use crate::model::{Fault, FaultKind};

/// The provider of the algorithms. All of haul uses this one, so that it can be exchanged here.
pub(super) fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

/// A TLS configuration without application protocols; the clients add theirs.
pub(super) fn config(ca_cert: Option<&Path>, insecure: bool) -> Result<ClientConfig, Fault> {
    let provider = provider();
    let versions = ClientConfig::builder_with_provider(provider.clone()).with_safe_default_protocol_versions();
    let builder = versions.map_err(|why| Fault::new(FaultKind::Request, "TLS", why.to_string()))?;
    let own = ca_cert.map(read_certificates).transpose()?.unwrap_or_default();
    if insecure {
        let verifier = Arc::new(AcceptAny(provider));
        return Ok(builder.dangerous().with_custom_certificate_verifier(verifier).with_no_client_auth());
    }
    let platforms: Arc<dyn ServerCertVerifier> =
        match Verifier::new_with_extra_roots(own.iter().cloned(), provider.clone()) {
            Ok(verifier) => Arc::new(verifier),
            Err(why) => {
                tracing::warn!(
                    "no certificates on this machine ({why}): Mozilla's are used, as they were when haul was built"
                );
                let mut roots = RootCertStore::empty();
                roots.add_parsable_certificates(webpki_root_certs::TLS_SERVER_ROOT_CERTS.iter().cloned());
                roots.add_parsable_certificates(own.iter().cloned());
                let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider).build();
                verifier.map_err(|why| Fault::new(FaultKind::Request, "TLS", why.to_string()))?
            }
        };
    let verifier = Arc::new(OrOwn { platforms, own });
    Ok(builder.dangerous().with_custom_certificate_verifier(verifier).with_no_client_auth())
}

fn read_certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, Fault> {
    let wrong = |why: String| {
        Fault::new(FaultKind::Request, path.display(), format!("no certificate can be read from it: {why}"))
    };
    let certificates = CertificateDer::pem_file_iter(path).map_err(|why| wrong(why.to_string()))?;
    let all: Vec<_> = certificates.collect::<Result<_, _>>().map_err(|why| wrong(why.to_string()))?;
    if all.is_empty() { Err(wrong("it holds none in PEM form".to_owned())) } else { Ok(all) }
}

/// The platform's word; and a server's certificate that the user has named himself is taken though it is an authority's,
/// as those are that `openssl req -x509` makes and that curl takes.
#[derive(Debug)]
struct OrOwn {
    platforms: Arc<dyn ServerCertVerifier>,
    own: Vec<CertificateDer<'static>>,
}

impl ServerCertVerifier for OrOwn {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        match self.platforms.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now) {
            // Of the reasons that have no name of their own this is the one that a certificate can have that is in order
            // and of today: one that is out of date is said to be so before.
            Err(Error::InvalidCertificate(CertificateError::Other(_))) if self.own.contains(end_entity) => {
                verify_server_name(&ParsedCertificate::try_from(end_entity)?, server_name)?;
                Ok(ServerCertVerified::assertion())
            }
            verdict => verdict,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.platforms.verify_tls12_signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.platforms.verify_tls13_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.platforms.supported_verify_schemes()
    }
}

/// What `--insecure` asks for: any certificate will do. Signatures are still checked, so that at least the key is
/// the peer's own.
#[derive(Debug)]
struct AcceptAny(Arc<CryptoProvider>);

impl ServerCertVerifier for AcceptAny {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signed, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signed, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
