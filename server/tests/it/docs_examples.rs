//! Runs every example of the README and the handbook against a server of this build.
//!
//! What the fences of the examples mean is told in `CONTRIBUTING.md`, "Examples in the documentation".

use std::fmt::Write;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use super::support::backend::Folder;
use super::support::running::server;

/// When the servers that the examples run against begin.
const START: &str = "2026-01-01T00:00:00Z";

/// The program by which an example runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Language {
    Bash,
    Python,
    JavaScript,
}

/// A fenced code block that is to be run.
#[derive(Debug, PartialEq, Eq)]
struct Example {
    language: Language,
    /// Must the server refuse it?
    is_refused: bool,
    /// The line of its fence, from 1 on.
    line: usize,
    code: String,
}

/// The examples of a page, in their order. Blocks with another tag are not run.
fn examples(page: &str) -> Vec<Example> {
    let mut found = Vec::new();
    let mut lines = page.lines().enumerate();
    while let Some((index, line)) = lines.next() {
        let Some(tag) = line.trim_start().strip_prefix("```") else {
            continue;
        };
        let inside = lines.by_ref().map(|(_, line)| line);
        let code: Vec<&str> = inside.take_while(|line| line.trim() != "```").collect();
        let mut words = tag.split_whitespace();
        let language = match words.next() {
            Some("bash") => Language::Bash,
            Some("python") => Language::Python,
            Some("javascript") => Language::JavaScript,
            _ => continue,
        };
        let is_refused = match words.next() {
            None => false,
            Some("refused") => true,
            Some(other) => panic!("line {}: {other:?} means nothing here", index + 1),
        };
        let (line, code) = (index + 1, code.join("\n"));
        found.push(Example {
            language,
            is_refused,
            line,
            code,
        });
    }
    found
}

/// A server on a fresh database, with the variables that the examples use. It is killed at the end.
struct Reader {
    folder: Folder,
    server: Child,
    variables: Vec<(&'static str, String)>,
}

impl Reader {
    /// Starts the server as a reader would: in a folder of its own, with defaults, but on a free port and on a
    /// test clock that begins now.
    fn new(now: &str) -> Self {
        let folder = Folder::new();
        let repository = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        std::os::unix::fs::symlink(repository.join("examples"), folder.0.join("examples")).unwrap();
        let mut command = Command::new(server());
        forget_settings(&mut command);
        let log = fs::File::create(folder.0.join("log")).unwrap();
        let mut server = command
            .args(["serve", "--listen", "127.0.0.1:0"])
            .args(["--test-clock", now])
            .current_dir(&folder.0)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .unwrap();
        let mut told = BufReader::new(server.stdout.take().unwrap()).lines();
        let mut next = |label: &str| -> String {
            let mut told = told.by_ref().map_while(Result::ok);
            let value = told.find_map(|line| Some(line.trim().strip_prefix(label)?.trim().to_owned()));
            value.unwrap_or_else(|| panic!("the first run does not tell the {label}"))
        };
        let variables = vec![
            ("BURSAR_APP_ID", next("app id")),
            ("BURSAR_SECRET_KEY", next("secret key")),
            ("BURSAR_PUBLIC_KEY", next("public key")),
            ("BURSAR_ADMIN_TOKEN", next("admin token")),
            (
                "BURSAR_URL",
                next("The API, call by call:")
                    .trim_end_matches("/docs")
                    .to_owned(),
            ),
        ];
        Self {
            folder,
            server,
            variables,
        }
    }

    /// Runs an example as a reader would, in the same folder, with `bursar` on the path.
    fn run(&self, example: &Example) -> Output {
        let mut command = match example.language {
            Language::Bash => {
                let mut bash = Command::new("bash");
                bash.args(["-euo", "pipefail", "-c", &in_one_session(&example.code)]);
                bash
            }
            Language::Python => {
                let mut python = Command::new(xtask::test_environment::python());
                python.args(["-c", &example.code]);
                python
            }
            Language::JavaScript => {
                let mut node = Command::new("node");
                node.args(["--input-type=module", "--eval", &example.code]);
                node
            }
        };
        forget_settings(&mut command);
        let programs = server().parent().unwrap().to_owned();
        let path = xtask::test_environment::path_with(&programs);
        command
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .env("PATH", path)
            .env("SESSION", self.folder.0.join("session"))
            .envs([("NO_PROXY", "127.0.0.1"), ("no_proxy", "127.0.0.1")])
            .current_dir(&self.folder.0)
            .stdin(Stdio::null())
            .output()
            .unwrap()
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        drop(self.server.kill());
        drop(self.server.wait());
    }
}

/// No setting of this suite's own environment may reach what a reader runs.
fn forget_settings(command: &mut Command) {
    for name in xtask::test_environment::names_of_ours() {
        command.env_remove(name);
    }
}

/// Adds what one terminal gives: functions and variables in lower case that an example sets are there in the later
/// ones of its page. curl says nothing but the answer, and a refusal is a failure (22).
fn in_one_session(code: &str) -> String {
    format!(
        r#"curl() {{ command curl --silent --show-error --fail-with-body "$@"; }}
if [ -f "$SESSION" ]; then . "$SESSION"; fi
{code}
{{ compgen -v | grep '^[a-z]' | while read -r NAME; do declare -p "$NAME"; done || true; declare -f; }} > "$SESSION"
"#
    )
}

/// Did the example end as its fence says?
fn is_as_promised(example: &Example, output: &Output) -> bool {
    match (example.is_refused, example.language) {
        (true, Language::Bash) => output.status.code() == Some(22),
        (true, _) => !output.status.success(),
        (false, _) => output.status.success(),
    }
}

/// The examples of a page.
fn examples_of(page: &Path) -> Vec<Example> {
    examples(&fs::read_to_string(page).unwrap())
}

/// Runs a page's examples in order, and tells of those that do not end as promised.
fn failures_of(page: &Path, reader: &Reader) -> String {
    let mut failures = String::new();
    for example in examples_of(page) {
        let output = reader.run(&example);
        if !is_as_promised(&example, &output) {
            let (page, line) = (page.display(), example.line);
            let shown = String::from_utf8_lossy(&output.stdout);
            let errors = String::from_utf8_lossy(&output.stderr);
            writeln!(failures, "{page}:{line}: {}\n{shown}{errors}", output.status).unwrap();
        }
    }
    failures
}

/// `README.md` and the pages of the handbook.
fn pages() -> Vec<PathBuf> {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let handbook = fs::read_dir(repository.join("docs")).unwrap();
    let mut pages: Vec<PathBuf> = handbook.map(|entry| entry.unwrap().path()).collect();
    pages.retain(|path| path.extension().is_some_and(|ending| ending == "md"));
    pages.push(repository.join("README.md"));
    pages.sort();
    pages
}

#[test]
fn every_example_of_the_documentation_runs() {
    let pages = pages().into_iter().filter(|page| !examples_of(page).is_empty());
    let failures: String = pages
        .map(|page| failures_of(&page, &Reader::new(START)))
        .collect();
    assert!(failures.is_empty(), "{failures}");
}

/// Whoever begins with the README goes on with the same server, long after the days that most examples name.
#[test]
fn every_example_also_runs_after_those_of_the_readme_and_years_later() {
    let (readme, handbook): (Vec<_>, Vec<_>) =
        pages().into_iter().partition(|page| page.ends_with("README.md"));
    let reader = Reader::new("2030-01-01T00:00:00Z");
    let pages = readme.iter().chain(&handbook);
    let failures: String = pages.map(|page| failures_of(page, &reader)).collect();
    assert!(failures.is_empty(), "{failures}");
}

#[test]
fn the_readme_shows_the_main_job_in_three_languages() {
    let readme = pages()
        .into_iter()
        .find(|page| page.ends_with("README.md"))
        .unwrap();
    let found = examples(&fs::read_to_string(readme).unwrap());
    for language in [Language::Bash, Language::Python, Language::JavaScript] {
        assert!(
            found.iter().any(|example| example.language == language),
            "{language:?}"
        );
    }
}

#[test]
fn only_blocks_of_three_tags_are_run() {
    let page =
        "a\n```bash\none\ntwo\n```\n```sh\nnot run\n```\n```bash refused\nthree\n```\n```python\n```\n";
    let found = examples(page);
    let seen: Vec<_> = found
        .iter()
        .map(|one| (one.line, one.is_refused, one.code.as_str()))
        .collect();
    assert_eq!(
        seen,
        [(2, false, "one\ntwo"), (9, true, "three"), (12, false, "")]
    );
}

#[test]
fn a_failing_example_is_noticed_and_a_refusal_must_be_one() {
    let reader = Reader::new(START);
    let run = |tag: &str, code: &str| {
        let example = examples(&format!("```{tag}\n{code}\n```\n")).remove(0);
        is_as_promised(&example, &reader.run(&example))
    };
    let nobody = r#"curl "$BURSAR_URL/api/v2/server-side-api/profile/""#;
    assert!(run(
        "bash",
        "\nhost=$BURSAR_URL\ncurl \"$host/readyz\"\nsaid='a \"b\" c'"
    ));
    assert!(
        run("bash", "curl \"$host/livez\""),
        "a variable of the page holds"
    );
    assert!(run("bash", "ask() { curl \"$host$1\"; }"));
    assert!(run("bash", "ask /livez"), "so does a function");
    assert!(!run("bash", nobody));
    assert!(run("bash refused", nobody));
    assert!(!run("bash refused", "curl \"$BURSAR_URL/readyz\""));
    assert!(!run("bash", "false | true"));
    assert!(!run("bash", "echo $no_such_variable"));
    assert!(run("bash", "bursar migrate --dry-run"));
    assert!(run(
        "bash",
        "bursar healthcheck --listen \"${BURSAR_URL#http://}\""
    ));
    assert!(!run("bash", "bursar healthcheck --listen 127.0.0.1:1"));
    assert!(!run("python", "raise SystemExit(1)"));
    assert!(run(
        "javascript",
        "await fetch(process.env.BURSAR_URL + '/livez')"
    ));
    assert!(!run("javascript", "throw new Error('no')"));
}
