//! Finds and loads the ONNX Runtime library, once a process. A missing library is an error that lists what was tried,
//! never a panic.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use ort::environment::Environment;

use super::InferError;

/// Names the library; when it is set nothing else is tried.
const OURS: &str = "XUNJIE_ORT_LIB";
/// The usual name for the same; when it is set and ours is not, nothing else is tried.
const USUAL: &str = "ORT_DYLIB_PATH";
const FILE: &str = "libonnxruntime.so";

/// The process's environment; loaded at first use. A failure is not remembered, so a library that was put into its
/// place meanwhile is found.
///
/// # Errors
/// [`InferError::Library`] lists every place that was tried and why it would not do.
pub(super) fn environment() -> Result<Environment, InferError> {
    static ENVIRONMENT: Mutex<Option<Environment>> = Mutex::new(None);
    let mut held = ENVIRONMENT.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(environment) = &*held {
        return Ok(environment.clone());
    }
    let executable = std::env::current_exe().ok();
    let places = places(|name| std::env::var_os(name), Path::new("."), executable.as_deref());
    let environment = first_that_opens(&places, start)?;
    Ok(held.insert(environment).clone())
}

/// Where the library may be, in order. One that was named on purpose is never passed over for another.
fn places(
    variable: impl Fn(&str) -> Option<OsString>,
    working_folder: &Path,
    executable: Option<&Path>,
) -> Vec<PathBuf> {
    let named = |name: &str| variable(name).filter(|path| !path.is_empty()).map(PathBuf::from);
    if let Some(path) = named(OURS).or_else(|| named(USUAL)) {
        return vec![std::path::absolute(&path).unwrap_or(path)];
    }
    let beside = working_folder.join(".deps/onnxruntime").join(FILE);
    let mut places = vec![std::path::absolute(&beside).unwrap_or(beside)];
    if let Some(prefix) = executable.and_then(Path::parent).and_then(Path::parent) {
        places.push(prefix.join("lib/xunjie").join(FILE));
    }
    places.push(PathBuf::from(FILE));
    places
}

/// Opens the first place that has a library that will do.
fn first_that_opens<T>(places: &[PathBuf], open: impl Fn(&Path) -> Result<T, String>) -> Result<T, InferError> {
    let mut tried = Vec::new();
    for place in places {
        if place.is_absolute() && !place.exists() {
            tried.push(format!("{} does not exist", place.display()));
            continue;
        }
        match open(place) {
            Ok(opened) => return Ok(opened),
            Err(why) => tried.push(why),
        }
    }
    Err(InferError::Library(tried.join("; ")))
}

/// Loads a library and starts the environment. Building cannot panic for want of a library: it is loaded by then.
fn start(library: &Path) -> Result<Environment, String> {
    let builder = ort::init_from(library).map_err(|error| error.to_string())?;
    let started = builder.with_name("xunjie").with_telemetry(false).build();
    started.map_err(|error| format!("{} does not start: {error}", library.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_named_library_is_the_only_one_and_otherwise_three_places_are_tried() {
        let none = |_: &str| None;
        let found = places(none, Path::new("/srv"), Some(Path::new("/opt/bin/xunjie")));
        let want =
            ["/srv/.deps/onnxruntime/libonnxruntime.so", "/opt/lib/xunjie/libonnxruntime.so", "libonnxruntime.so"];
        assert_eq!(found, want.map(PathBuf::from));
        let both = |name: &str| Some(OsString::from(if name == OURS { "/a/ours.so" } else { "/a/usual.so" }));
        assert_eq!(places(both, Path::new("/srv"), None), [PathBuf::from("/a/ours.so")]);
        let usual = |name: &str| (name == USUAL).then(|| OsString::from("/a/usual.so"));
        assert_eq!(places(usual, Path::new("/srv"), None), [PathBuf::from("/a/usual.so")]);
        let empty = |_: &str| Some(OsString::new());
        assert_eq!(places(empty, Path::new("/srv"), None).len(), 2);
    }

    #[test]
    fn the_first_that_opens_is_taken_and_every_failure_is_listed() {
        let folder = tempfile::tempdir().unwrap();
        let [missing, foreign, sound] = ["missing.so", "foreign.so", "sound.so"].map(|name| folder.path().join(name));
        for file in [&foreign, &sound] {
            std::fs::write(file, "some bytes").unwrap();
        }
        let open = |path: &Path| if path == sound { Ok(7) } else { Err(format!("{} is no library", path.display())) };
        assert_eq!(first_that_opens(&[missing.clone(), foreign.clone(), sound.clone()], open).unwrap(), 7);
        let error = first_that_opens(&[missing.clone(), foreign.clone()], open).unwrap_err().to_string();
        for part in ["missing.so does not exist", "foreign.so is no library", "script/setup", "XUNJIE_ORT_LIB"] {
            assert!(error.contains(part), "{part} is missing in {error}");
        }
    }
}
