//! Nothing that opens a door is left anywhere: not in the state folder, the log, what is printed, or the list of processes.

use std::path::{Path, PathBuf};

use haul::model::Vendor;
use rustix::process::Signal;
use serde_json::Value;

use super::MIB;
use crate::support::store::Seen;
use crate::support::{Sandbox, Store, eventually};

const TOKEN: &str = "token-of-a-session";

/// The key, the token, and every signature that was made.
fn secrets(store: &Store) -> Vec<String> {
    let signature = |seen: &Seen| {
        let value = seen.header("authorization")?;
        Some(value.rsplit_once("Signature=").or_else(|| value.rsplit_once(':'))?.1.to_owned())
    };
    let requests = store.requests();
    let in_query = |seen: &Seen| {
        let found = seen.query.iter().find(|(name, _)| name.to_ascii_lowercase().ends_with("signature"));
        found.map(|(_, value)| value.clone())
    };
    let signatures = requests.iter().filter_map(signature).chain(requests.iter().filter_map(in_query));
    let all: Vec<String> = signatures.chain(["test-secret".to_owned(), TOKEN.to_owned()]).collect();
    assert!(all.len() > 3, "nothing was signed");
    all
}

/// All files in a folder and below it.
pub(super) fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found
}

/// Panics if one of the secrets stands in what was kept or told.
#[track_caller]
pub(super) fn holds_none(what: &str, text: &[u8], secrets: &[String]) {
    for secret in secrets {
        let is_in = text.windows(secret.len()).any(|window| window == secret.as_bytes());
        assert!(!is_in, "{what} holds {secret}");
    }
}

#[test]
fn no_secret_is_kept_logged_printed_or_shown_to_other_processes() {
    for vendor in Vendor::ALL {
        let (store, mut sandbox) = (Store::start(vendor), Sandbox::new());
        store.token(Some(TOKEN));
        for (name, value) in store.variables() {
            sandbox.set(&name, value);
        }
        sandbox.set("HAUL_LOG", "trace");
        store.put("in/a.bin", vec![7; 6 * MIB as usize]);
        std::fs::write(sandbox.downloads().join("up.bin"), vec![9; 12 * MIB as usize]).unwrap();
        let (log, url) = (sandbox.path("log"), store.url("in/a.bin"));
        let log = log.to_str().unwrap();

        // Both are killed, so that all that a resume needs stays in the state folder.
        store.faults(|faults| faults.rate = Some(1_000_000));
        let up = store.url("up.bin");
        let put = ["--log", log, "put", "--json", "--part-size", "5M", "--threshold", "5M", "up.bin", &up];
        let get = ["--log", log, "get", "--json", "-x", "4", &url];
        let mut printed = String::new();
        for arguments in [&put[..], &get[..]] {
            let process = sandbox.start(arguments);
            let moves = |line: &str| {
                let line: Value = serde_json::from_str(line).unwrap_or_default();
                line["event"] == "upload_created" || (line["event"] == "progress" && line["done"].as_u64() > Some(0))
            };
            eventually("something to resume", || process.stdout().lines().any(moves));
            let shown = std::fs::read(format!("/proc/{}/cmdline", process.number())).unwrap();
            holds_none("the list of processes", &shown, &secrets(&store));
            process.signal(Signal::KILL);
            let output = process.finish();
            printed += &(output.stdout + &output.stderr);
        }
        store.faults(|faults| faults.rate = None);
        let kept = files(&sandbox.path("state"));
        assert!(kept.iter().any(|file| file.parent().unwrap().ends_with("uploads")), "{kept:?}");
        for file in kept {
            holds_none(&file.display().to_string(), &std::fs::read(&file).unwrap(), &secrets(&store));
        }

        // What fails is told, and what is refused.
        store.refuse("GetObject", 403, "AccessDenied");
        let refused = sandbox.run(&["--log", log, "get", "--json", &url]).code(super::REFUSED);
        printed += &(refused.stdout + &refused.stderr);
        store.faults(|faults| faults.refusing.clear());
        for arguments in [&put[..], &get[..]] {
            let output = sandbox.run(arguments).ok();
            printed += &(output.stdout + &output.stderr);
        }
        // A signed URL is a secret of its own: it is printed by who makes it, and by nobody else.
        let signed = sandbox.run(&["--log", log, "presign", &url]).ok().stdout;
        let output = sandbox.run(&["--log", log, "get", "--json", "-o", "signed.bin", signed.trim()]).ok();
        printed += &(output.stdout + &output.stderr);

        let secrets = secrets(&store);
        holds_none("what was printed", printed.as_bytes(), &secrets);
        let logged = std::fs::read(log).unwrap();
        assert!(String::from_utf8_lossy(&logged).contains("TRACE"), "{vendor}: the log is not at trace");
        holds_none("the log", &logged, &secrets);
        for file in files(&sandbox.path("state")) {
            holds_none(&file.display().to_string(), &std::fs::read(&file).unwrap(), &secrets);
        }
    }
}
