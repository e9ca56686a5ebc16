//! Files that we wrote and read again, possibly after a disk or a person changed them: manifests of bundles, facts of
//! kept frames, messages in the platform's form. The first byte says which. What is accepted is written and read
//! again as the same, because hashes hang on it; a bundle whose files are not there is never called whole.

use std::{fmt::Debug, fs};

use serde::{Serialize, de::DeserializeOwned};
use xunjie::{
    deliver::Payload,
    domain::Manifest,
    patrol::keep::KeptFrame,
    store::evidence::{MANIFEST, verify_folder},
};

pub fn check(data: &[u8]) {
    let Some((which, rest)) = data.split_first() else { return };
    match which {
        b'm' => drop(again::<Manifest>(rest)),
        b'k' => drop(again::<KeptFrame>(rest)),
        b'p' => drop(again::<Payload>(rest)),
        b'v' => bundle(rest),
        _ => {}
    }
}

fn again<T: DeserializeOwned + Serialize + Debug + PartialEq>(bytes: &[u8]) -> Option<T> {
    let value: T = serde_json::from_slice(bytes).ok()?;
    let written = serde_json::to_vec_pretty(&value).expect("what was read can be written");
    let read: T = serde_json::from_slice(&written).expect("what was written can be read");
    assert_eq!(read, value);
    assert_eq!(serde_json::to_vec_pretty(&read).expect("and written"), written);
    Some(value)
}

/// A bundle with this manifest and one file in its folder, another beside the folder.
fn bundle(bytes: &[u8]) {
    let root = tempfile::tempdir().expect("a folder");
    let folder = root.path().join("bundle");
    fs::create_dir(&folder).expect("a folder");
    fs::write(folder.join(MANIFEST), bytes).expect("a file");
    fs::write(folder.join("first.jpg"), b"seen").expect("a file");
    fs::write(root.path().join("outside.jpg"), b"seen").expect("a file");
    let report = verify_folder(&folder);
    if report.whole() {
        let manifest: Manifest = serde_json::from_slice(bytes).expect("it was read");
        let names: Vec<&str> = manifest.files.iter().map(|file| file.name.as_str()).collect();
        assert_eq!((names, report.size_bytes), (vec!["first.jpg"], 4));
    }
}
