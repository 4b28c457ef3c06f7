//! TLS, configured once: the platform's roots, the user's own authority, Mozilla's roots where there are none.

use std::path::Path;
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{WebPkiServerVerifier, verify_server_name};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::server::ParsedCertificate;
use rustls::{
    CertificateError, ClientConfig, ConfigBuilder, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
    WantsVerifier,
};
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
    let own = ca_cert.map(read_certificates).transpose()?.unwrap_or_default();
    let judge = if insecure { None } else { Some(judge(&own, provider.clone())?) };
    let verifier = Arc::new(Trust { judge, own, provider });
    Ok(builder()?.dangerous().with_custom_certificate_verifier(verifier).with_no_client_auth())
}

/// A configuration for a client that never uses it.
pub(super) fn without_roots() -> Result<ClientConfig, Fault> {
    Ok(builder()?.with_root_certificates(RootCertStore::empty()).with_no_client_auth())
}

fn builder() -> Result<ConfigBuilder<ClientConfig, WantsVerifier>, Fault> {
    let versions = ClientConfig::builder_with_provider(provider()).with_safe_default_protocol_versions();
    versions.map_err(|why| unusable(&why))
}

fn unusable(why: &dyn std::error::Error) -> Fault {
    Fault::new(FaultKind::Request, "TLS", why.to_string())
}

/// Whose word on certificates counts: the platform's or, on a machine that has no roots, Mozilla's.
fn judge(own: &[CertificateDer<'static>], provider: Arc<CryptoProvider>) -> Result<Arc<dyn ServerCertVerifier>, Fault> {
    let why = match Verifier::new_with_extra_roots(own.iter().cloned(), provider.clone()) {
        Ok(verifier) => return Ok(Arc::new(verifier)),
        Err(why) => why,
    };
    tracing::warn!("no certificates on this machine ({why}): Mozilla's are used, as they were when haul was built");
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(webpki_root_certs::TLS_SERVER_ROOT_CERTS.iter().cloned());
    roots.add_parsable_certificates(own.iter().cloned());
    let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider).build();
    verifier.map(|verifier| verifier as _).map_err(|why| unusable(&why))
}

/// What is wrong with the file that `SSL_CERT_FILE` names, if something is: its authorities are not known then.
pub(super) fn unread_authorities() -> Option<String> {
    let path = std::env::var_os("SSL_CERT_FILE").filter(|path| !path.is_empty())?;
    let Fault { subject, detail, .. } = read_certificates(Path::new(&path)).err()?;
    Some(format!("SSL_CERT_FILE names {subject}, but {detail}"))
}

fn read_certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, Fault> {
    let wrong = |why: String| {
        Fault::new(FaultKind::Request, path.display(), format!("no certificate can be read from it: {why}"))
    };
    let certificates = CertificateDer::pem_file_iter(path).map_err(|why| wrong(why.to_string()))?;
    let all: Vec<_> = certificates.collect::<Result<_, _>>().map_err(|why| wrong(why.to_string()))?;
    if all.is_empty() { Err(wrong("it holds none in PEM form".to_owned())) } else { Ok(all) }
}

/// Which servers are believed. Signatures are checked in any case, so that at least the key is the peer's own.
#[derive(Debug)]
struct Trust {
    /// `None` is what `--insecure` asks for: any certificate will do.
    judge: Option<Arc<dyn ServerCertVerifier>>,
    /// The certificates that the user has named. Such a one is taken from a server though it is an authority's, as those are
    /// that `openssl req -x509` makes and that curl takes.
    own: Vec<CertificateDer<'static>>,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Trust {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let Some(judge) = &self.judge else { return Ok(ServerCertVerified::assertion()) };
        match judge.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now) {
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
        verify_tls12_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
