//! Who logs in: the environment, the vendors' own files, commands, and in this order.

use haul::model::{FaultKind, StoreOptions, Vendor};
use rustix::fs::{CWD, Mode, mkfifoat};

use super::room::{Room, store};

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
fn a_profiles_title_may_be_written_as_the_vendors_tools_write_it() {
    let aws = "aws_access_key_id = test-id\naws_secret_access_key = test-secret\n";
    let oss = "access-key-id = test-id\naccess_key_secret = test-secret\n";
    for (vendor, file, text, more) in [
        (Vendor::S3, ".aws/config", format!("[profile default]\n{aws}"), ""),
        (Vendor::S3, ".aws/config", format!("[profile \"my prof\"]\n{aws}"), "&profile=my%20prof"),
        (Vendor::S3, ".aws/credentials", format!("[my prof]\n{aws}"), "&profile=my%20prof"),
        (Vendor::S3, ".aws/config", format!("[profile 'work']\n{aws}"), "&profile=work"),
        (Vendor::Oss, ".ossutilconfig", format!("[profile default]\n{oss}"), ""),
        (Vendor::Oss, ".ossutilconfig", format!("[profile \"my prof\"]\n{oss}"), "&profile=my%20prof"),
    ] {
        let store = store(vendor);
        Room::new().file(file, &text).reads(&store, &format!("{}{more}", store.url("a")));
    }
}

#[test]
fn volcengines_own_tool_has_its_own_names() {
    let store = store(Vendor::Tos);
    let room =
        Room::new().variable("VOLCENGINE_ACCESS_KEY", "test-id").variable("VOLCENGINE_SECRET_KEY", "test-secret");
    room.reads(&store, &store.url("a"));
    store.region("cn-elsewhere");
    let url = format!("tos://bkt/a?endpoint={}", store.endpoint());
    room.variable("VOLCENGINE_REGION", "cn-elsewhere").reads(&store, &url);
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
