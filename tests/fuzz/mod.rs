//! The laws that the fuzz targets hold, here over the kept seeds and a fixed number of changes to them.

mod laws;

use std::path::PathBuf;

use fastrand::Rng;

use laws::{LAWS, Law};

/// Changed seeds that each law is tried with; as many as take well under a second.
const TRIES: usize = 400;

fn home() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz")
}

/// The kept seeds of a law: values as real servers send them, and every input that once broke it.
fn seeds(name: &str) -> Vec<Vec<u8>> {
    let folder = home().join("corpus").join(name);
    let mut files: Vec<PathBuf> = folder.read_dir().unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files.iter().map(|file| std::fs::read(file).unwrap()).collect()
}

/// A seed, changed in a few places or mixed with another one.
fn changed(seeds: &[Vec<u8>], random: &mut Rng) -> Vec<u8> {
    let mut bytes = seeds[random.usize(..seeds.len())].clone();
    for _ in 0..random.usize(1..5) {
        let at = random.usize(..=bytes.len());
        let until = (at + random.usize(..9)).min(bytes.len());
        match random.u8(..5) {
            0 => drop(bytes.drain(at..until)),
            1 => bytes[at..until].iter_mut().for_each(|byte| *byte = random.u8(..)),
            2 => bytes.insert(at, random.u8(..)),
            3 => bytes.extend_from_within(at..until),
            _ => {
                let other = &seeds[random.usize(..seeds.len())];
                let from = random.usize(..=other.len());
                bytes.splice(at.., other[from..].iter().copied());
            }
        }
    }
    bytes
}

fn hold(name: &str, law: Law) {
    let seeds = seeds(name);
    let used = seeds.iter().filter(|seed| law(seed)).count();
    assert!(used > 0 && used < seeds.len(), "{used} of {} seeds can be used: both kinds are wanted", seeds.len());
    let mut random = Rng::with_seed(3);
    for _ in 0..TRIES {
        law(&changed(&seeds, &mut random));
    }
}

macro_rules! laws_hold {
    ($($name:ident)*) => {
        $(#[test] fn $name() { hold(stringify!($name), LAWS.iter().find(|law| law.0 == stringify!($name)).unwrap().1); })*

        const TESTED: &[&str] = &[$(stringify!($name)),*];
    };
}

laws_hold!(answer checkpoint content_range digest disposition journal logins metalink name retry_after settings source);

#[test]
fn every_law_is_tested_here_and_has_a_target() {
    let names = LAWS.map(|law| law.0);
    assert_eq!(TESTED, names);
    let manifest = std::fs::read_to_string(home().join("Cargo.toml")).unwrap();
    let targets = manifest.split("[[bin]]\nname = \"").skip(1).map(|rest| rest.split('"').next().unwrap());
    assert_eq!(targets.collect::<Vec<_>>(), names);
}
