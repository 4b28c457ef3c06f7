//! What Tab makes of a path.

use std::fs;

use haul::ask::complete;

#[test]
fn tab_goes_as_far_as_all_are_alike_and_offers_the_rest() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["Videos/old", "Videos new", ".hidden", "möbel"] {
        fs::create_dir_all(folder.path().join(name)).unwrap();
    }
    fs::write(folder.path().join("Vid.txt"), "").unwrap();
    let complete = |text: &str, only| {
        let offers = complete(text, folder.path(), Some(folder.path()), only);
        (offers.text, offers.names)
    };
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    assert_eq!(complete("V", true), ("Videos".into(), names(&["Videos new/", "Videos/"])));
    assert_eq!(complete("V", false), ("Vid".into(), names(&["Vid.txt", "Videos new/", "Videos/"])));
    assert_eq!(complete("Videos/", true), ("Videos/old/".into(), vec![]));
    assert_eq!(complete("~/Videos/o", true), ("~/Videos/old/".into(), vec![]));
    assert_eq!(complete("m", true), ("möbel/".into(), vec![]));
    assert_eq!(complete(".", true), (".hidden/".into(), vec![]));
    assert_eq!(complete("", true).1, ["Videos new/", "Videos/", "möbel/"]);
    assert_eq!(complete("nothing/x", false), ("nothing/x".into(), vec![]));
    assert_eq!(complete("~", false), ("~/".into(), vec![]));
}
