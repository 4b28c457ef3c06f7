//! Signatures against those that the vendors' own tools made (vectors.json: oss2 2.19.1, tos 2.9.3 and botocore, with a
//! fixed clock).

use std::collections::BTreeMap;

use haul::model::{Secret, Signature, Vendor, strictly_encoded};
use haul::protocol::{Login, Pair, Signing};
use serde::Deserialize;

/// A request and how a vendor's tool signed it.
#[derive(Deserialize)]
struct Vector {
    vendor: String,
    mode: String,
    method: String,
    bucket: String,
    key: String,
    query: serde_json::Map<String, serde_json::Value>,
    headers: BTreeMap<String, String>,
    token: Option<String>,
    ak: String,
    sk: String,
    time: u64,
    region: String,
    host: String,
    expires: Option<u64>,
    authorization: Option<String>,
    signature: Option<String>,
}

fn secret(text: &str) -> Secret {
    Secret::from(text.to_owned())
}

#[test]
fn every_signature_is_the_one_that_the_vendors_own_tool_makes() {
    let vectors: Vec<Vector> = serde_json::from_str(include_str!("vectors.json")).unwrap();
    assert_eq!(vectors.len(), 88);
    for vector in vectors {
        let (vendor, signature) = match vector.vendor.as_str() {
            "s3" => (Vendor::S3, Signature::V4),
            "tos4" => (Vendor::Tos, Signature::V4),
            "oss-v4" => (Vendor::Oss, Signature::V4),
            "oss-v1" => (Vendor::Oss, Signature::V1),
            other => panic!("{other}"),
        };
        let token = vector.token.as_deref().map(secret);
        let login = Login { id: secret(&vector.ak), secret: secret(&vector.sk), token };
        let query: Vec<Pair> =
            vector.query.iter().map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned())).collect();
        let headers: Vec<Pair> = vector.headers.clone().into_iter().collect();
        let path = format!("/{}", strictly_encoded(&vector.key, true));
        let signing = Signing {
            vendor,
            signature,
            region: &vector.region,
            time: vector.time,
            login: &login,
            method: &vector.method,
            host: &vector.host,
            path: &path,
            bucket: &vector.bucket,
            key: &vector.key,
            query: &query,
            headers: &headers,
        };
        let told = format!("{} {} {} {:?} {headers:?}", vector.vendor, vector.mode, vector.method, vector.query);
        if vector.mode == "header" {
            let made = signing.headers();
            let made = made.iter().find(|(name, _)| name == "authorization").map(|(_, value)| value.clone());
            assert_eq!(made, vector.authorization, "{told}");
        } else {
            let made = signing.url_query(vector.expires.unwrap());
            let wanted = strictly_encoded(&vector.signature.unwrap(), false);
            assert!(made.ends_with(&format!("ignature={wanted}")), "{told}: {made}, and {wanted} is wanted");
        }
    }
}
