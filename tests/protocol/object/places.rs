//! Where a bucket is: URLs, settings, the environment, the vendors' own files, and in this order.

use haul::model::{Addressing, FaultKind, Source, StoreOptions, Vendor};

use super::room::{Room, host, region, store};
use super::stage::VENDORS;

#[test]
fn the_vendors_own_hosts_name_the_bucket() {
    for (vendor, endpoint, wanted) in [
        (Vendor::S3, "s3.eu-west-1.amazonaws.com", "eu-west-1"),
        (Vendor::S3, "s3.cn-north-1.amazonaws.com.cn", "cn-north-1"),
        (Vendor::Oss, "oss-cn-hangzhou.aliyuncs.com", "cn-hangzhou"),
        (Vendor::Oss, "oss-cn-hangzhou-internal.aliyuncs.com", "cn-hangzhou"),
        (Vendor::Tos, "tos-cn-beijing.volces.com", "cn-beijing"),
        (Vendor::Tos, "tos-cn-beijing.ivolces.com", "cn-beijing"),
        (Vendor::S3, "s3.oss-cn-hangzhou.aliyuncs.com", "cn-hangzhou"),
        (Vendor::S3, "tos-s3-cn-beijing.volces.com", "cn-beijing"),
    ] {
        let store = store(vendor);
        store.region(wanted);
        // The region follows from the endpoint's name.
        let url = format!("{}://bkt/a?endpoint=http://{endpoint}", vendor.scheme());
        Room::with_login(&store).reads(&store, &url);
        assert_eq!(host(&store), format!("bkt.{endpoint}"), "{vendor}");
    }
}

#[test]
fn a_region_may_be_called_as_its_host_is() {
    for vendor in [Vendor::Oss, Vendor::Tos] {
        let store = store(vendor);
        let url = store.url("a").replace("region=", &format!("region={}-", vendor.scheme()));
        Room::with_login(&store).reads(&store, &url);
    }
}

#[test]
fn what_speaks_as_s3_does_is_asked_as_s3() {
    let tos = Room::new().ask(&store(Vendor::Tos), "tos://bkt/a?endpoint=http://tos-s3-cn-beijing.volces.com");
    assert!(tos.unwrap_err().detail.contains("write s3:// in place of tos://"));
    let oss = Room::new().ask(&store(Vendor::Oss), "oss://bkt/a?endpoint=http://s3.oss-cn-hangzhou.aliyuncs.com");
    assert!(oss.unwrap_err().detail.contains("write s3:// in place of oss://"));
}

#[test]
fn hosts_that_can_have_no_names_below_them_have_the_bucket_in_the_path() {
    for vendor in VENDORS {
        let store = store(vendor);
        Room::with_login(&store).reads(&store, &store.url("a"));
        assert_eq!(host(&store), format!("127.0.0.1:{}", store.port()), "{vendor}");
    }
    let store = store(Vendor::S3);
    let url = format!("s3://bkt/a?endpoint=http://localhost:{}", store.port());
    Room::with_login(&store).reads(&store, &url);
    // A host of one's own that speaks as S3 does is asked by path, unless something else was said.
    store.cname();
    Room::with_login(&store).reads(&store, "s3://bkt/a?endpoint=http://files.example.org&addressing=virtual");
    assert_eq!(host(&store), "bkt.files.example.org");
    Room::with_login(&store).reads(&store, "s3://bkt/a?endpoint=http://bkt.example.org&addressing=cname");
    assert_eq!(host(&store), "bkt.example.org");
}

#[test]
fn a_url_goes_before_the_settings_and_these_before_the_environment() {
    let store = store(Vendor::Oss);
    let endpoint = |options: StoreOptions| StoreOptions { endpoint: Some(store.endpoint()), ..options };
    store.region("from-environment");
    let room = Room::with_login(&store).variable("OSS_REGION", "from-environment");
    let room = room.variable("OSS_ENDPOINT", &store.endpoint());
    room.reads(&store, "oss://bkt/a");
    store.region("from-vendor");
    let room = room.setting("oss://", endpoint(region("from-vendor")));
    room.reads(&store, "oss://bkt/a");
    store.region("from-bucket");
    let room = room.setting("oss://bkt", region("from-bucket"));
    room.reads(&store, "oss://bkt/a");
    store.region("from-url");
    room.reads(&store, "oss://bkt/a?region=from-url");
}

#[test]
fn a_redirect_to_another_region_leads_to_its_host_of_the_same_kind() {
    for (vendor, endpoint, wanted) in [
        (Vendor::S3, "s3.dualstack.us-east-1.amazonaws.com", "s3.dualstack.eu-west-9.amazonaws.com"),
        (Vendor::S3, "s3.us-east-1.amazonaws.com", "s3.eu-west-9.amazonaws.com"),
        // Whoever says the right region beside another one's host is sent on all the same.
        (Vendor::S3, "s3.dualstack.us-west-1.amazonaws.com&region=us-east-1", "s3.dualstack.eu-west-9.amazonaws.com"),
    ] {
        let store = store(vendor);
        store.region("eu-west-9");
        store.faults(|faults| faults.redirects = true);
        Room::with_login(&store).reads(&store, &format!("s3://bkt/a?endpoint=http://{endpoint}"));
        assert_eq!(host(&store), format!("bkt.{wanted}"));
    }
}

/// They are one word: whoever says the first of them has said the other, where the host's name tells it.
#[test]
fn an_endpoint_and_a_region_of_two_places_do_not_contradict_each_other() {
    let store = store(Vendor::Oss);
    let ossutil = "[Credentials]\nendpoint=http://oss-cn-hangzhou.aliyuncs.com\nregion=cn-hangzhou\n";
    let settings = StoreOptions {
        endpoint: Some("http://bkt.example.org".to_owned()),
        addressing: Some(Addressing::Cname),
        ..region("cn-hangzhou")
    };
    let beijing = "endpoint=http://oss-cn-beijing-internal.aliyuncs.com";
    store.region("cn-beijing");
    let room = Room::with_login(&store).variable("OSS_REGION", "cn-shanghai").file(".ossutilconfig", ossutil);
    room.reads(&store, &format!("oss://bkt/a?{beijing}"));
    assert_eq!(host(&store), "bkt.oss-cn-beijing-internal.aliyuncs.com");
    // The file's endpoint is of another region: the vendor's own is asked, over https, which the store here does not speak.
    let room = Room::with_login(&store).file(".ossutilconfig", ossutil);
    let fault = room.ask(&store, "oss://bkt/a?region=oss-cn-beijing").unwrap_err();
    assert!(!matches!(fault.kind, FaultKind::Status(_) | FaultKind::Credentials), "{fault}");
    // One whose name tells no region may be in any.
    let room = Room::with_login(&store).setting("oss://bkt", settings).file(".ossutilconfig", ossutil);
    room.reads(&store, "oss://bkt/a?region=cn-beijing");
    assert_eq!(host(&store), "bkt.example.org");
    store.region("cn-hangzhou");
    room.reads(&store, "oss://bkt/a");
    Room::with_login(&store).file(".ossutilconfig", ossutil).reads(&store, "oss://bkt/a?region=cn-hangzhou");
    assert_eq!(host(&store), "bkt.oss-cn-hangzhou.aliyuncs.com");
}

#[test]
fn a_region_or_an_endpoint_that_is_missing_or_makes_no_sense_is_told() {
    for (vendor, url, words) in [
        (Vendor::Oss, "oss://bkt/a", "?region=cn-hangzhou"),
        (Vendor::Tos, "tos://bkt/a", "TOS_REGION"),
        (Vendor::Oss, "oss://bkt/a?endpoint=http://files.example.org", "add region="),
        (Vendor::Oss, "oss://bkt/a?endpoint=http://oss-accelerate.aliyuncs.com", "add region="),
        (Vendor::Oss, "oss://bkt/a?endpoint=http://oss-accelerate-overseas.aliyuncs.com", "add region="),
        (Vendor::Tos, "tos://bkt/a?endpoint=http://tos-accelerate.volces.com", "add region="),
        (Vendor::S3, "s3://bkt/a?endpoint=ftp://host", "neither http nor https"),
        (Vendor::S3, "s3://bkt/a?endpoint=http://host/path", "and nothing else"),
        (Vendor::S3, "s3://bkt/a?region=EU!", "is no region"),
    ] {
        let store = store(vendor);
        let fault = Room::with_login(&store).ask(&store, url).unwrap_err();
        assert_eq!(fault.kind, FaultKind::Request, "{fault}");
        assert!(fault.detail.contains(words), "{fault}");
        assert!(store.requests().is_empty(), "{url}");
    }
}

#[test]
fn a_profile_says_where_the_store_is_too() {
    let store = store(Vendor::S3);
    store.region("eu-west-9");
    let config = format!("[profile work]\nregion = eu-west-9\nendpoint_url = {}\n", store.endpoint());
    let keys = "[work]\naws_access_key_id = test-id\naws_secret_access_key = test-secret\n";
    let room = Room::new().file(".aws/config", &config).file(".aws/credentials", keys);
    room.reads(&store, "s3://bkt/a?profile=work");
    room.variable("AWS_PROFILE", "work").reads(&store, "s3://bkt/a");
}

#[test]
fn a_profiles_services_say_where_s3_is() {
    let store = store(Vendor::S3);
    let config = format!(
        "[default]\nservices = local\nendpoint_url = http://other.example\n[services local]\ndynamodb =\n  endpoint_url = \
         http://wrong.example\ns3 =\n  endpoint_url = {}\n",
        store.endpoint()
    );
    Room::with_login(&store).file(".aws/config", &config).reads(&store, "s3://bkt/a");
}

#[test]
fn ossutils_file_says_how_a_bucket_is_addressed() {
    let store = store(Vendor::Oss);
    store.cname();
    for (style, wanted) in [("cname", "static.example.com"), ("virtual", "bkt.static.example.com")] {
        let text =
            format!("[default]\nregion=cn-north-1\nendpoint=http://static.example.com\naddressing-style={style}\n");
        Room::with_login(&store).file(".ossutilconfig", &text).reads(&store, "oss://bkt/a");
        assert_eq!(host(&store), wanted);
    }
}

/// The vendors' tools for all their services write that of another service there.
#[test]
fn an_endpoint_in_the_file_of_a_tool_for_all_services_is_not_the_stores() {
    let keys = r#""mode":"AK","access-key":"test-id","access-key-id":"test-id","secret-key":"test-secret","access-key-secret":"test-secret""#;
    for (vendor, file, words) in
        [(Vendor::Oss, ".aliyun/config.json", "OSS_REGION"), (Vendor::Tos, ".volcengine/config.json", "TOS_REGION")]
    {
        let store = store(vendor);
        let profile = format!(r#"{{{keys},"name":"work","endpoint":"open.example.org"}}"#);
        let text = format!(r#"{{"current":"work","profiles":{{"work":{profile}}}}}"#);
        let room = Room::new().file(file, &text);
        let fault = room.ask(&store, &format!("{}://bkt/a", vendor.scheme())).unwrap_err();
        assert!(fault.detail.contains(words), "{fault}");
        room.reads(&store, &store.url("a"));
    }
}

#[test]
fn an_endpoint_of_the_settings_may_be_a_domain_of_the_buckets_own() {
    for vendor in VENDORS {
        let store = store(vendor);
        store.cname();
        let own = StoreOptions {
            endpoint: Some("http://files.example.org".to_owned()),
            addressing: Some(Addressing::Cname),
            ..region(store.source("a").to_string().split("region=").nth(1).unwrap())
        };
        let room = Room::with_login(&store).setting(&format!("{}://bkt", vendor.scheme()), own);
        let url = Source::parse(&format!("{}://bkt/a", vendor.scheme())).unwrap();
        room.reads(&store, url.url().as_str());
        assert_eq!(host(&store), "files.example.org", "{vendor}");
    }
}
