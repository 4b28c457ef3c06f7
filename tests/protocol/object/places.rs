//! Where a bucket is, and who logs in: URLs, settings, the environment, the vendors' own files, commands, and in this order.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use haul::model::{Addressing, Fault, FaultKind, Source, StoreOptions, Vendor};
use haul::protocol::{Asked, Http, HttpOptions, Stores, Surroundings};

use rustix::fs::{CWD, Mode, mkfifoat};

use super::stage::VENDORS;
use crate::protocol::driver::{ask, options, question};
use crate::support::Store;

/// A driver with these settings, variables, and files in its home; over the store as a proxy, so that the vendors' own
/// hosts can be asked.
struct Room {
    home: tempfile::TempDir,
    settings: BTreeMap<String, StoreOptions>,
    variables: Vec<(String, String)>,
}

impl Room {
    fn new() -> Self {
        Self { home: tempfile::tempdir().unwrap(), settings: BTreeMap::new(), variables: Vec::new() }
    }

    fn with_login(store: &Store) -> Self {
        Self { variables: store.variables(), ..Self::new() }
    }

    fn file(self, name: &str, text: &str) -> Self {
        let path = self.home.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
        self
    }

    fn variable(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    fn setting(mut self, name: &str, options: StoreOptions) -> Self {
        self.settings.insert(name.to_owned(), options);
        self
    }

    fn home(&self) -> &Path {
        self.home.path()
    }

    fn ask(&self, store: &Store, url: &str) -> Result<Vec<u8>, Fault> {
        let proxy = Some(store.endpoint().into());
        let http = Arc::new(Http::new(HttpOptions { proxy, ..options() }));
        let around = Surroundings::new(self.variables.clone(), Some(self.home().to_path_buf()));
        let driver = Stores::new(http, self.settings.clone(), around);
        ask(&driver, question(url, Asked::From(0))).map(|got| got.bytes)
    }

    #[track_caller]
    fn reads(&self, store: &Store, url: &str) {
        assert_eq!(self.ask(store, url).unwrap_or_else(|fault| panic!("{url}: {fault}")), b"read");
    }
}

fn store(vendor: Vendor) -> Store {
    let store = Store::start(vendor);
    store.put("a", b"read".to_vec());
    store
}

fn region(name: &str) -> StoreOptions {
    StoreOptions { region: Some(name.to_owned()), ..StoreOptions::default() }
}

fn host(store: &Store) -> String {
    store.requests().pop().unwrap().header("host").unwrap().to_owned()
}

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
fn each_vendors_own_files_have_the_login() {
    let aws = "[default]\naws_access_key_id = wrong\n[work]\naws_access_key_id = test-id\n\
               aws_secret_access_key = test-secret\n";
    let ossutil = "[Credentials]\nlanguage=EN\naccessKeyID=test-id\naccessKeySecret=test-secret\n";
    let newer = "[default]\naccess-key-id = test-id\naccess_key_secret = test-secret\nregion = cn-north-1\n";
    let aliyun = r#"{"current":"work","profiles":[{"name":"work","mode":"AK","access_key_id":"test-id","access_key_secret":"test-secret"}]}"#;
    let volcengine = r#"{"current":"work","profiles":{"work":{"access-key":"test-id","secret-key":"test-secret"}}}"#;
    for (vendor, file, text, more) in [
        (Vendor::S3, ".aws/credentials", aws, "&profile=work"),
        (Vendor::Oss, ".ossutilconfig", ossutil, ""),
        (Vendor::Oss, ".ossutilconfig", newer, ""),
        (Vendor::Oss, ".oss/credentials", newer, ""),
        (Vendor::Oss, ".alibabacloud/credentials", newer, ""),
        (Vendor::Oss, ".aliyun/config.json", aliyun, ""),
        (Vendor::Tos, ".volcengine/config.json", volcengine, ""),
    ] {
        let store = store(vendor);
        Room::new().file(file, text).reads(&store, &format!("{}{more}", store.url("a")));
    }
}

#[test]
fn a_file_may_be_indented_marked_and_remarked_in_any_encoding() {
    let keys = "aws_access_key_id = test-id\naws_secret_access_key = test-secret\n";
    let indented = keys.replace("aws_", "  aws_");
    for text in [
        format!("\u{feff}[default]\n{keys}").into_bytes(),
        format!("[default]\n{indented}  s3 =\n    aws_access_key_id = other\n").into_bytes(),
        format!("[default]\n{keys}s3 =\n  aws_access_key_id = other\n").into_bytes(),
        [b"# caf\xe9\n[default]\n", keys.as_bytes()].concat(),
    ] {
        let (store, room) = (store(Vendor::S3), Room::new().file(".aws/credentials", ""));
        std::fs::write(room.home().join(".aws/credentials"), &text).unwrap();
        room.reads(&store, &store.url("a"));
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
fn a_token_is_not_put_beside_the_keys_of_another_login() {
    let store = store(Vendor::S3);
    let stale = "[default]\naws_access_key_id = old\naws_secret_access_key = old\naws_session_token = old\n";
    let keys = "[default]\naws_access_key_id = test-id\naws_secret_access_key = test-secret\n";
    let room = Room::new().file(".aws/config", stale).file(".aws/credentials", keys);
    room.reads(&store, &store.url("a"));
}

#[test]
fn a_profile_that_is_named_goes_before_the_environments_keys() {
    let store = store(Vendor::S3);
    let keys = "[work]\naws_access_key_id = test-id\naws_secret_access_key = test-secret\n";
    let room = Room::new().file(".aws/credentials", keys);
    let room = room.variable("AWS_ACCESS_KEY_ID", "other").variable("AWS_SECRET_ACCESS_KEY", "other");
    room.reads(&store, &format!("{}&profile=work", store.url("a")));
    assert_eq!(room.ask(&store, &store.url("a")).unwrap_err().kind, FaultKind::Credentials);
    let fault = room.ask(&store, &format!("{}&profile=nobody", store.url("a"))).unwrap_err();
    assert!(fault.detail.contains("no login in the profile \"nobody\""), "{fault}");
    let room = Room::new().file(".aws/credentials", keys).variable("AWS_PROFILE", "nobody");
    let fault = room.ask(&store, &store.url("a")).unwrap_err();
    assert!(fault.detail.contains("no login in the profile \"nobody\""), "{fault}");
}

#[test]
fn a_command_prints_the_login() {
    let store = store(Vendor::S3);
    let good = r#"echo '{"Version":1,"AccessKeyId":"test-id","SecretAccessKey":"test-secret"}'"#;
    let config = format!("[default]\ncredential_process = {good}\n");
    Room::new().file(".aws/config", &config).reads(&store, &store.url("a"));
    let by = |command: &str| {
        let options = StoreOptions { credentials: Some(command.to_owned()), ..StoreOptions::default() };
        Room::new().setting("s3://", options)
    };
    by(good).reads(&store, &store.url("a"));
    for (command, words) in [
        ("echo the door is locked >&2; exit 3", "the door is locked"),
        ("echo '{\"AccessKeyId\":\"half-a-secret\"}'", "prints no JSON"),
        ("echo half-a-secret", "prints no JSON"),
    ] {
        let fault = by(command).ask(&store, &store.url("a")).unwrap_err();
        assert_eq!(fault.kind, FaultKind::Credentials, "{fault}");
        let said = fault.detail.replacen(&format!("{command:?}"), "", 1);
        assert!(said.contains(words) && !said.contains("half-a-secret"), "{fault}");
    }
}

#[test]
fn a_command_that_leaves_somebody_behind_has_ended_all_the_same() {
    let store = store(Vendor::S3);
    let pipe = tempfile::tempdir().unwrap();
    let pipe = pipe.path().join("pipe");
    mkfifoat(CWD, &pipe, Mode::RUSR | Mode::WUSR).unwrap();
    // Whoever waits at the pipe holds the command's own ways open until somebody comes.
    let good = r#"echo '{"Version":1,"AccessKeyId":"test-id","SecretAccessKey":"test-secret"}'"#;
    let command = format!("read word <{} & {good}", pipe.display());
    let options = StoreOptions { credentials: Some(command), ..StoreOptions::default() };
    Room::new().setting("s3://", options).reads(&store, &store.url("a"));
    std::fs::write(&pipe, "go\n").unwrap();
}

#[test]
fn a_role_and_single_sign_on_are_left_to_the_vendors_tool() {
    let store = store(Vendor::S3);
    let room = Room::new().file(".aws/config", "[default]\nsso_session = corp\nregion = us-east-1\n");
    let fault = room.ask(&store, &store.url("a")).unwrap_err();
    assert!(fault.detail.contains("aws configure export-credentials --profile default"), "{fault}");
}

/// Their keys are those of whoever may take the role, which is somebody else.
#[test]
fn a_profile_that_takes_a_role_does_not_log_in_by_the_keys_beside_it() {
    let aws = "aws_access_key_id = test-id\naws_secret_access_key = test-secret\n";
    let ini = "access_key_id = test-id\naccess_key_secret = test-secret\n";
    let json = r#""access_key_id":"test-id","access_key_secret":"test-secret","access-key":"test-id","secret-key":"test-secret""#;
    let profile = |mode: &str| format!(r#"{{"current":"work","profiles":{{"work":{{"mode":"{mode}",{json}}}}}}}"#);
    for (vendor, file, text, words) in [
        (Vendor::S3, ".aws/credentials", format!("[default]\nrole_arn = arn:aws:iam::1:role/r\n{aws}"), "by a role"),
        (Vendor::Oss, ".ossutilconfig", format!("[default]\nmode = RamRoleArn\n{ini}"), "by RamRoleArn"),
        (Vendor::Oss, ".alibabacloud/credentials", format!("[default]\ntype = ram_role_arn\n{ini}"), "by ram_role_arn"),
        (Vendor::Oss, ".aliyun/config.json", profile("RamRoleArn"), "by RamRoleArn"),
        (Vendor::Oss, ".aliyun/config.json", profile("EcsRamRole"), "by EcsRamRole"),
        (Vendor::Tos, ".volcengine/config.json", profile("ramrolearn"), "by ramrolearn"),
    ] {
        let store = store(vendor);
        let fault = Room::new().file(file, &text).ask(&store, &store.url("a")).unwrap_err();
        assert_eq!(fault.kind, FaultKind::Credentials, "{fault}");
        assert!(fault.detail.contains(words) && fault.detail.contains("set credentials"), "{fault}");
        assert!(store.requests().is_empty(), "{file}");
    }
    // A login of its own, and one that stands in another file, are good.
    let (store, roles) = (store(Vendor::Oss), profile("EcsRamRole"));
    Room::new().file(".aliyun/config.json", &profile("AK")).reads(&store, &store.url("a"));
    let room = Room::new().file(".ossutilconfig", &format!("[default]\n{ini}")).file(".aliyun/config.json", &roles);
    room.reads(&store, &store.url("a"));
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
