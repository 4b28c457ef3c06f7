//! What went wrong, in words.

use haul::model::Fault;

#[test]
fn what_the_disk_refuses_is_told_with_a_way_out_that_leads_out() {
    for (errno, words) in [(13, "not permitted"), (30, "read-only")] {
        let why = std::io::Error::from_raw_os_error(errno);
        let (wanted, own) = (Fault::disk("/a", "x", &why).detail, Fault::disk_of_state("/a", "x", &why).detail);
        assert!(wanted.contains(words) && wanted.contains("-d or -o"), "{wanted}");
        assert!(own.contains(words) && own.contains("--state") && !own.contains("-d or -o"), "{own}");
    }
}

#[test]
fn every_kind_of_fault_is_stored_by_a_word_of_its_own() {
    use haul::model::FaultKind as Kind;
    let kinds = [
        Kind::Resolve,
        Kind::Connect,
        Kind::Tls,
        Kind::Cut,
        Kind::Stalled,
        Kind::Status(404),
        Kind::Status(503),
        Kind::RangeIgnored,
        Kind::WrongRange,
        Kind::Changed,
        Kind::Retagged,
        Kind::BadAnswer,
        Kind::WebPage,
        Kind::Expired,
        Kind::Different,
        Kind::Redirect,
        Kind::DiskFull,
        Kind::Disk,
        Kind::Exists,
        Kind::Busy,
        Kind::Checksum,
        Kind::State,
        Kind::Request,
        Kind::UploadGone,
        Kind::PartDamaged,
        Kind::Credentials,
        Kind::SourceChanged,
    ];
    for kind in kinds {
        assert_eq!(kind.to_string().parse(), Ok(kind), "{kind}");
    }
    assert!("nonsense".parse::<Kind>().is_err());
}
