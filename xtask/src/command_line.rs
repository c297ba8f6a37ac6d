//! What may be written after `cargo xtask`.

use crate::commands::bench::{Size, Subject};

/// The overview, printed for `cargo xtask --help`.
pub const HELP: &str = "\
cargo xtask COMMAND

  test [--long] [--strict] [-- ARGS…]
                        every check of the project, on a throwaway PostgreSQL
  bench SUBJECT         the speed against what the machine could do at best
  postgres -- COMMAND…  runs COMMAND with a throwaway PostgreSQL
  golden                writes the golden requests and the handbook's tables anew
  sbom                  writes target/sbom.json (CycloneDX 1.5)

`cargo xtask COMMAND --help` explains one.";

/// Printed for `cargo xtask test --help`.
pub const TEST_HELP: &str = "\
cargo xtask test [--long] [--strict] [-- ARGS…]

Runs, in this order: prerequisites, formatting, lints, supply chain, the builds that the tests need, a throwaway
PostgreSQL, `cargo test --workspace --locked ARGS…`. Goes on after a failure where it can; the exit
code is 0 only if nothing failed. A name of a test in ARGS that no test has is a failure; where ARGS leave tests out, the
summary says NOT RUN for these.

With --strict, for releases, whatever the summary says NOT RUN of is a failure too; `none` is said where there is nothing to
run on any machine, and is no failure.

With --long these run too:
  simulation, further histories   50,000 that the usual run has not: minutes
  SDK: SLUG                       one event through a third party's official SDK to a server on 127.0.0.1, compared with
                                  our golden request; what may differ is listed with a reason in tests/sdk/vendors.
                                  pip installs the SDKs of tests/sdk/requirements.txt into target/sdk. NOT RUN where
                                  one cannot be installed; the integrations without one are listed as `none`
  deliveries::…, fuzz, process::…, store::…
                                  tests that can do more, at their full size, optimised and one after the other: a million
                                  events in order over failures and kills, a million events once each, a hundred
                                  thousand that gather for a day or wait for an identifier, a hundred thousand histories
                                  of profiles, ten million requests good and broken. More than an hour. CONTRIBUTING.md
                                  lists them

Needs PostgreSQL's server programs, python3 with `requests`, node 18 or newer, and curl. As root on Debian it installs
what is missing with apt-get; elsewhere it says what to install. With strace too, the system calls of the server are looked
at: that each write is synced before it is answered. NOT RUN where nothing can be traced.

Supply chain checks run if cargo-deny and cargo-audit are on PATH. cargo-audit also needs a copy of the RustSec
advisory database, looked for in this order:
  $BURSAR_ADVISORY_DB                   a folder or a .tar.gz
  target/advisory-db                    a folder
If the newest advisory in it is older than 30 days, the summary says NOT RUN for those that came since. A crate that is
unsound or unmaintained is a failure, as a vulnerable one is. .cargo/audit.toml lists what is let pass: each with a reason
and a last day, after which it is a failure again.

The tests find in their environment:
  BURSAR_TEST_LONG            if set, tests that can do more do so
  BURSAR_TEST_POSTGRES        URL of the throwaway PostgreSQL; the user may create databases
  BURSAR_TEST_POSTGRES_BIN    folder of PostgreSQL's programs, to start a cluster of one's own
  BURSAR_TEST_PYTHON          a Python that has `requests`
  BURSAR_TEST_REWRITE_GOLDEN  if set, the golden files of the domain are written anew instead of compared: `cargo xtask
                              golden`
  BURSAR_TEST_REWRITE_STORIES if set, the golden files of the stories are written anew instead of compared
  BURSAR_TEST_SABOTAGED       folder of servers without a defence, such as one that answers before the commit: the test of
                              the defence must fail on it
  BURSAR_TEST_SEED            the seed of the randomised tests, to repeat one that failed: it has printed its seed
  BURSAR_TEST_SIMULATION      the seeds of the simulation of purchases: one, or a range such as 0..1000000

Example: cargo xtask test -- --package bursar expired_grant";

/// Printed for `cargo xtask bench --help`.
pub const BENCH_HELP: &str = "\
cargo xtask bench main-job|events|deliveries [--quick]

Builds the server for release with the benchmark's routes, fills databases, starts servers and PostgreSQL on
127.0.0.1, drives them with wrk over 64 kept connections, and prints one table of ratios. Exits with 0 only if every
figure meets its bar. Takes about ten minutes; --quick takes one, on small databases, and judges nothing worth judging.

Needs PostgreSQL's server programs and pgbench, wrk and strace; as root on Debian it installs what is missing.";

/// Printed for `cargo xtask postgres --help`.
pub const POSTGRES_HELP: &str = "\
cargo xtask postgres -- COMMAND…

Starts a throwaway PostgreSQL, runs COMMAND with BURSAR_TEST_POSTGRES and BURSAR_TEST_POSTGRES_BIN set, stops and
removes the PostgreSQL, and exits as COMMAND did.

Example: cargo xtask postgres -- cargo test --package bursar expired_grant";

/// Printed for `cargo xtask golden --help`.
pub const GOLDEN_HELP: &str = "\
cargo xtask golden

Writes the golden files of the domain (events, requests to third parties) and the generated tables of the handbook
anew. Then read the difference: it is what changes for users.";

/// Printed for `cargo xtask sbom --help`.
pub const SBOM_HELP: &str = "\
cargo xtask sbom

Writes target/sbom.json: what the server is built from, as CycloneDX 1.5. Two runs on one lock file are equal.";

/// What the caller wants.
#[derive(Debug, PartialEq, Eq)]
pub enum Invocation {
    /// Print this text.
    Help(&'static str),
    /// Run every check; the arguments go to `cargo test`.
    Test {
        /// Also what takes long or needs a package registry?
        long: bool,
        /// Does what cannot be run here fail?
        strict: bool,
        /// What stood after `--`.
        cargo_test_args: Vec<String>,
    },
    /// Measure.
    Bench {
        /// What is measured.
        subject: Subject,
        /// How much is measured.
        size: Size,
    },
    /// Run a program beside a throwaway PostgreSQL.
    Postgres {
        /// The program, as a path or a name on PATH.
        program: String,
        /// Its arguments.
        args: Vec<String>,
    },
    /// Write the golden files and generated tables anew.
    Golden,
    /// Write the bill of materials.
    Sbom,
}

/// Why the command line makes no sense.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum UsageError {
    /// Nothing was written.
    #[error("a command is missing")]
    NoCommand,
    /// The first word is none of the commands.
    #[error("there is no command {0:?}")]
    UnknownCommand(String),
    /// A word stands where only `--help` or `--` may.
    #[error("unexpected argument {0:?}; arguments to pass on stand after `--`")]
    UnexpectedArgument(String),
    /// `bench` without a name.
    #[error("which benchmark? There are: main-job, events, deliveries")]
    NoBenchmark,
    /// `postgres` without a program.
    #[error("`cargo xtask postgres -- COMMAND…` needs a command to run")]
    NothingToRun,
}

impl Invocation {
    /// Reads the words after `cargo xtask`.
    pub fn parse(words: impl IntoIterator<Item = String>) -> Result<Self, UsageError> {
        let mut words = words.into_iter();
        let command = words.next().ok_or(UsageError::NoCommand)?;
        let rest: Vec<String> = words.collect();
        let wants_help = rest.first().is_some_and(|word| is_help(word));
        match command.as_str() {
            "test" if wants_help => Ok(Self::Help(TEST_HELP)),
            "test" => test(rest),
            "postgres" if wants_help => Ok(Self::Help(POSTGRES_HELP)),
            "postgres" => postgres(rest),
            "bench" if wants_help => Ok(Self::Help(BENCH_HELP)),
            "bench" => bench(&rest),
            "golden" if wants_help => Ok(Self::Help(GOLDEN_HELP)),
            "golden" => nothing_more(rest, Self::Golden),
            "sbom" if wants_help => Ok(Self::Help(SBOM_HELP)),
            "sbom" => nothing_more(rest, Self::Sbom),
            word if is_help(word) => Ok(Self::Help(HELP)),
            _ => Err(UsageError::UnknownCommand(command)),
        }
    }
}

fn test(mut rest: Vec<String>) -> Result<Invocation, UsageError> {
    let (mut long, mut strict) = (false, false);
    while let Some(said) = rest.first() {
        match said.as_str() {
            "--long" => long = true,
            "--strict" => strict = true,
            _ => break,
        }
        rest.remove(0);
    }
    let cargo_test_args = passed_on(rest)?;
    Ok(Invocation::Test {
        long,
        strict,
        cargo_test_args,
    })
}

fn postgres(rest: Vec<String>) -> Result<Invocation, UsageError> {
    let mut words = passed_on(rest)?.into_iter();
    let program = words.next().ok_or(UsageError::NothingToRun)?;
    Ok(Invocation::Postgres {
        program,
        args: words.collect(),
    })
}

fn bench(rest: &[String]) -> Result<Invocation, UsageError> {
    match rest.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => Err(UsageError::NoBenchmark),
        [name, ref rest @ ..] => {
            let subject = match name {
                "main-job" => Subject::MainJob,
                "events" => Subject::Events,
                "deliveries" => Subject::Deliveries,
                other => return Err(UsageError::UnexpectedArgument(other.into())),
            };
            let size = match rest {
                [] => Size::FULL,
                ["--quick"] => Size::QUICK,
                [other, ..] => return Err(UsageError::UnexpectedArgument((*other).into())),
            };
            Ok(Invocation::Bench { subject, size })
        }
    }
}

fn is_help(word: &str) -> bool {
    matches!(word, "--help" | "-h" | "help")
}

/// What a command is that takes no words.
fn nothing_more(rest: Vec<String>, wanted: Invocation) -> Result<Invocation, UsageError> {
    if passed_on(rest)?.is_empty() {
        Ok(wanted)
    } else {
        Err(UsageError::UnexpectedArgument("--".into()))
    }
}

/// What stands after `--`; nothing may stand before it.
fn passed_on(rest: Vec<String>) -> Result<Vec<String>, UsageError> {
    let mut rest = rest.into_iter();
    match rest.next() {
        None => Ok(Vec::new()),
        Some(word) if word == "--" => Ok(rest.collect()),
        Some(word) => Err(UsageError::UnexpectedArgument(word)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Invocation, UsageError> {
        Invocation::parse(line.split_whitespace().map(String::from))
    }

    #[test]
    fn what_stands_after_the_dashes_goes_to_cargo_test() {
        let cargo_test_args = vec![
            "--package".into(),
            "bursar".into(),
            "--".into(),
            "--nocapture".into(),
        ];
        assert_eq!(
            parse("test -- --package bursar -- --nocapture"),
            Ok(Invocation::Test {
                long: false,
                strict: false,
                cargo_test_args
            })
        );
        assert_eq!(
            parse("test"),
            Ok(Invocation::Test {
                long: false,
                strict: false,
                cargo_test_args: vec![]
            })
        );
    }

    #[test]
    fn long_stands_before_the_dashes() {
        let cargo_test_args = vec!["--long".into()];
        assert_eq!(
            parse("test --long -- --long"),
            Ok(Invocation::Test {
                long: true,
                strict: false,
                cargo_test_args
            })
        );
        for line in ["test --strict --long", "test --long --strict"] {
            let both = Invocation::Test {
                long: true,
                strict: true,
                cargo_test_args: vec![],
            };
            assert_eq!(parse(line), Ok(both));
        }
        assert_eq!(
            parse("test --long --longer"),
            Err(UsageError::UnexpectedArgument("--longer".into()))
        );
    }

    #[test]
    fn arguments_without_dashes_are_refused() {
        assert_eq!(
            parse("test bursar"),
            Err(UsageError::UnexpectedArgument("bursar".into()))
        );
        assert_eq!(
            parse("sbom now"),
            Err(UsageError::UnexpectedArgument("now".into()))
        );
    }

    #[test]
    fn a_benchmark_has_a_name_and_two_sizes() {
        assert_eq!(
            parse("bench main-job"),
            Ok(Invocation::Bench {
                subject: Subject::MainJob,
                size: Size::FULL
            })
        );
        assert_eq!(
            parse("bench main-job --quick"),
            Ok(Invocation::Bench {
                subject: Subject::MainJob,
                size: Size::QUICK
            })
        );
        assert_eq!(parse("bench"), Err(UsageError::NoBenchmark));
        assert_eq!(
            parse("bench main-job fast"),
            Err(UsageError::UnexpectedArgument("fast".into()))
        );
    }

    #[test]
    fn postgres_needs_a_program() {
        let expected = Invocation::Postgres {
            program: "cargo".into(),
            args: vec!["test".into()],
        };
        assert_eq!(parse("postgres -- cargo test"), Ok(expected));
        assert_eq!(parse("postgres --"), Err(UsageError::NothingToRun));
        assert_eq!(parse("postgres"), Err(UsageError::NothingToRun));
    }

    #[test]
    fn help_is_found_at_both_levels() {
        assert_eq!(parse("--help"), Ok(Invocation::Help(HELP)));
        assert_eq!(parse("test --help"), Ok(Invocation::Help(TEST_HELP)));
    }

    #[test]
    fn nothing_and_nonsense_are_named() {
        assert_eq!(parse(""), Err(UsageError::NoCommand));
        assert_eq!(parse("tset"), Err(UsageError::UnknownCommand("tset".into())));
    }
}
