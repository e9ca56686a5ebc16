//! L1: what people write down: matters (`pipelines/*.toml`), the city (`city/<name>/`), the deployment
//! (`xunjie.toml`). Files are read first and judged after, by pure functions, all faults at once; what comes
//! out is a value that needs no further checking.

mod ads;
mod calendar;
mod cameras;
mod city;
mod desk;
mod fault;
mod limits;
mod matters;
mod networks;
mod oidc;
mod platform;
mod second_look;
mod settings;
mod table;
#[cfg(test)]
mod tests;
mod tls;
mod vehicles;

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

use sha2::{Digest, Sha256};

pub use calendar::{Calendar, LimitUnit, SpecialDay};
pub use cameras::Cameras;
pub use city::{CatalogueRow, City, CityFiles, GridCell, LimitRow};
pub use desk::Desk;
pub(crate) use fault::Checker;
pub use fault::{Fault, Faults};
pub use limits::Limits;
pub use networks::{BadCidr, Cidr, Networks, NotAdmitted};
pub use oidc::{CALLBACK_PATH, Oidc};
pub use platform::{MediaMode, Outlet, Platform};
pub use settings::{Folders, Log, MatterOverride, Patrol, Retention, Settings};
pub use tls::TlsFiles;

use crate::domain::{AdRules, Matter, MatterKey, VehicleRegister};

/// Everything that people wrote down, checked.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// Matters by key.
    pub matters: BTreeMap<MatterKey, Matter>,
    /// The city.
    pub city: City,
    /// What the city calls a small ad or a banner, where it says so.
    pub ads: Option<AdRules>,
    /// The vehicles that the city has on record; empty where it names none.
    pub vehicles: VehicleRegister,
    /// The deployment.
    pub settings: Settings,
    /// The folder that relative paths start from.
    pub root: PathBuf,
}

/// A file that was read and not judged yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextFile {
    /// Its name in faults.
    pub name: String,
    /// Its text.
    pub text: String,
}

impl Config {
    /// Reads and checks `settings_file` (or `<root>/xunjie.toml`, which may be missing), and the pipelines and the
    /// city that it names. Paths in the settings are relative to `root`.
    ///
    /// # Errors
    /// [`Faults`]: everything that is wrong in any of the files.
    pub fn load(root: &Path, settings_file: Option<&Path>) -> Result<Self, Faults> {
        let mut faults = Vec::new();
        let path = settings_file.map_or_else(|| root.join("xunjie.toml"), Path::to_path_buf);
        let name = shown(root, &path);
        let text = match fs::read_to_string(&path) {
            Ok(text) => Some(text),
            Err(error) if error.kind() == io::ErrorKind::NotFound && settings_file.is_none() => None,
            Err(error) => {
                Checker::new(&name, &mut faults).fault("", error, "a readable file of settings");
                None
            }
        };
        let settings = settings::check(root, &name, text.as_deref(), &mut faults);
        let pipelines = read_folder(root, &settings.folders.pipelines, &mut faults);
        let city = read_city(root, &settings.folders.city, &mut faults);
        Self::judged(root, settings, &name, &pipelines, &city, faults)
    }

    /// Checks files that were read before: [`Config::load`] without the disk. Pure.
    ///
    /// # Errors
    /// [`Faults`]: everything that is wrong in any of the files.
    pub fn check(root: &Path, settings: &TextFile, pipelines: &[TextFile], city: &CityFiles) -> Result<Self, Faults> {
        let mut faults = Vec::new();
        let checked = settings::check(root, &settings.name, Some(&settings.text), &mut faults);
        Self::judged(root, checked, &settings.name, pipelines, city, faults)
    }

    fn judged(
        root: &Path,
        settings: Settings,
        settings_file: &str,
        pipelines: &[TextFile],
        city: &CityFiles,
        mut faults: Vec<Fault>,
    ) -> Result<Self, Faults> {
        let ads = city.ads.as_ref().map(|file| ads::check(file, &mut faults));
        let vehicles = city.vehicles.as_ref().map(|file| vehicles::check(file, &mut faults)).unwrap_or_default();
        let city = city::check(&shown(root, &settings.folders.city), city, &mut faults);
        let matters = matters::check_all(pipelines, &settings.matters, settings_file, &city, &mut faults);
        if matters.is_empty() && faults.is_empty() {
            let folder = shown(root, &settings.folders.pipelines);
            Checker::new(folder, &mut faults).fault("", "no pipeline", "at least one <matter>.toml");
        }
        if faults.is_empty() {
            Ok(Self { matters, city, ads, vehicles, settings, root: root.to_path_buf() })
        } else {
            Err(Faults(faults))
        }
    }

    /// The matter of a key.
    pub fn matter(&self, key: &MatterKey) -> Option<&Matter> {
        self.matters.get(key)
    }
}

/// Lower-case hexadecimal SHA-256.
fn sha256_of(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

/// The path as faults name it: relative to the root where it lies below it.
fn shown(root: &Path, path: &Path) -> String {
    path.strip_prefix(root).unwrap_or(path).display().to_string()
}

fn read_file(root: &Path, path: &Path, faults: &mut Vec<Fault>) -> Option<TextFile> {
    let name = shown(root, path);
    match fs::read_to_string(path) {
        Ok(text) => Some(TextFile { name, text }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => {
            Checker::new(name, faults).fault("", error, "a readable file of UTF-8 text");
            None
        }
    }
}

/// Every `*.toml` of a folder, by name.
fn read_folder(root: &Path, folder: &Path, faults: &mut Vec<Fault>) -> Vec<TextFile> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) => {
            Checker::new(shown(root, folder), faults).fault("", error, "a folder with one <matter>.toml a matter");
            return Vec::new();
        }
    };
    let mut paths: Vec<PathBuf> = entries.filter_map(Result::ok).map(|entry| entry.path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "toml"));
    paths.sort();
    paths.iter().filter_map(|path| read_file(root, path, faults)).collect()
}

fn read_city(root: &Path, folder: &Path, faults: &mut Vec<Fault>) -> CityFiles {
    let mut read = |name: &str| read_file(root, &folder.join(name), faults);
    CityFiles {
        city: read("city.toml"),
        holidays: read("holidays.tsv"),
        matters: read("matters.tsv"),
        limits: read("limits.tsv"),
        grid_cells: read("grid_cells.tsv"),
        ads: read("ads.toml"),
        vehicles: read("vehicles.tsv"),
    }
}
