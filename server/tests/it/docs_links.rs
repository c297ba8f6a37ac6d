//! Every link from one file of the repository to another leads somewhere.

use std::fs;
use std::path::{Path, PathBuf};

/// Folders that hold what was made here, not written.
const MADE: [&str; 3] = ["target", "node_modules", "bursar-data"];

/// All Markdown files below a folder.
fn pages(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if path.is_dir() && !name.starts_with('.') && !MADE.contains(&name) {
            found.extend(pages(&path));
        } else if name.ends_with(".md") {
            found.push(path);
        }
    }
    found
}

/// The targets of a page's links to files: neither to other sites nor within the page, and not those in its code.
fn targets(page: &str) -> Vec<String> {
    let mut is_code = false;
    let mut found = Vec::new();
    for line in page.lines() {
        if line.trim_start().starts_with("```") {
            is_code = !is_code;
        }
        let links = line.split("](").skip(1).filter(|_| !is_code);
        let targets = links.filter_map(|link| link.split([')', '#', ' ']).next());
        found.extend(
            targets
                .filter(|target| !target.is_empty() && !target.contains(':'))
                .map(str::to_owned),
        );
    }
    found
}

#[test]
fn every_relative_link_of_the_documentation_leads_to_a_file() {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let pages = pages(repository);
    assert!(
        pages
            .iter()
            .any(|page| page.ends_with("docs/decisions/README.md"))
    );
    let mut dead = Vec::new();
    for page in pages {
        for target in targets(&fs::read_to_string(&page).unwrap()) {
            if !page.parent().unwrap().join(&target).exists() {
                dead.push(format!("{}: {target}", page.display()));
            }
        }
    }
    assert!(dead.is_empty(), "{dead:#?}");
}

#[test]
fn links_to_files_are_told_from_others() {
    let page = "[a](b.md#c) [d](https://e) [f](#g)\n```\n[h](i)\n```\n[j](../k/)";
    assert_eq!(targets(page), ["b.md", "../k/"]);
}
