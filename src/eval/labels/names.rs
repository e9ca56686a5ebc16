//! Class names of a YOLO folder: a `data.yaml` (only its `names` are read) or a plain list, one name a line.

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::super::EvalError;

/// Names of the files that are looked for, in this order.
const FILE_NAMES: [&str; 5] = ["data.yaml", "data.yml", "classes.txt", "obj.names", "classes.names"];

/// The names file in the folder or right above it.
pub(super) fn beside(folder: &Path) -> Option<PathBuf> {
    let folders = [Some(folder), folder.parent()].into_iter().flatten();
    folders.flat_map(|folder| FILE_NAMES.map(|name| folder.join(name))).find(|path| path.is_file())
}

/// Reads a names file.
pub(super) fn read(path: &Path) -> Result<Vec<String>, EvalError> {
    let shown = path.display().to_string();
    let text = fs::read_to_string(path).map_err(|error| EvalError::Unreadable(shown.clone(), error))?;
    let yaml = path.extension().is_some_and(|ending| ending == "yaml" || ending == "yml");
    let names = if yaml { of_yaml(&text) } else { Some(of_list(&text)) };
    names.filter(|names| !names.is_empty() && names.iter().all(|name| !name.is_empty())).ok_or_else(|| {
        EvalError::Bad(shown, "has no list of class names; write `names: [a, b]` or one name a line".into())
    })
}

fn of_list(text: &str) -> Vec<String> {
    text.trim_end().lines().map(|line| line.trim().to_owned()).collect()
}

/// The `names` of a data.yaml: `[a, b]` on one line, `- a` or `0: a` on lines of their own.
fn of_yaml(text: &str) -> Option<Vec<String>> {
    let plain = |name: &str| name.trim().trim_matches(['"', '\'']).to_owned();
    let mut lines = text.lines().map(|line| line.split(" #").next().unwrap_or(line));
    let rest = lines.find_map(|line| line.strip_prefix("names:"))?.trim();
    if let Some(listed) = rest.strip_prefix('[') {
        let mut listed = listed.to_owned();
        while !listed.contains(']') {
            listed.push_str(lines.next()?);
        }
        let inside = listed.split(']').next()?;
        return Some(inside.split(',').map(plain).filter(|name| !name.is_empty()).collect());
    }
    let mut names = Vec::new();
    for line in lines.map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
        if let Some(name) = line.strip_prefix("- ") {
            names.push(plain(name));
        } else if let Some((number, name)) = line.split_once(':')
            && let Ok(number) = number.trim().parse::<usize>()
        {
            if number != names.len() {
                return None;
            }
            names.push(plain(name));
        } else {
            break;
        }
    }
    Some(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_in_the_forms_that_occur() {
        let want = Some(vec!["garbage".to_owned(), "overflow".to_owned()]);
        for text in [
            "nc: 2\nnames: ['garbage', \"overflow\"]\n",
            "names: [garbage,\n  overflow]\n",
            "names:\n  0: garbage\n  1: overflow\nnc: 2\n",
            "names:\n- garbage # heaps\n- overflow\ntrain: a\n",
        ] {
            assert_eq!(of_yaml(text), want, "{text}");
        }
        assert_eq!(of_yaml("names:\n  1: a\n"), None, "a hole in the numbers");
        assert_eq!(of_yaml("nc: 3\n"), None);
    }
}
