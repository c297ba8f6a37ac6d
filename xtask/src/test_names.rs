//! Which tests the arguments of `cargo test` ask for.

/// Options of `cargo test` and of test programs whose value is the next word.
const WITH_VALUE: [&str; 23] = [
    "--package",
    "-p",
    "--exclude",
    "--test",
    "--bin",
    "--example",
    "--bench",
    "--features",
    "-F",
    "--profile",
    "--target",
    "--target-dir",
    "--manifest-path",
    "--jobs",
    "-j",
    "--color",
    "--message-format",
    "--config",
    "-Z",
    "--skip",
    "--test-threads",
    "--format",
    "--shuffle-seed",
];
/// Options that leave out tests.
const SELECTING: [&str; 17] = [
    "--package",
    "-p",
    "--exclude",
    "--test",
    "--tests",
    "--lib",
    "--bin",
    "--bins",
    "--example",
    "--examples",
    "--bench",
    "--benches",
    "--doc",
    "--skip",
    "--ignored",
    "--exact",
    "--no-run",
];

/// The words that stand for names of tests.
pub fn names(args: &[String]) -> Vec<&str> {
    let mut names = Vec::new();
    let mut is_value = false;
    for arg in args {
        if !is_value && !arg.starts_with('-') {
            names.push(arg.as_str());
        }
        is_value = WITH_VALUE.contains(&arg.as_str());
    }
    names
}

/// Are tests left out with these arguments?
pub fn is_selection(args: &[String]) -> bool {
    let option = |arg: &String| arg.split('=').next().unwrap_or_default().to_owned();
    !names(args).is_empty() || args.iter().any(|arg| SELECTING.contains(&option(arg).as_str()))
}

/// The arguments with which `cargo test` lists the tests that it would run.
pub fn listing(args: &[String]) -> Vec<String> {
    let mut listing = args.to_vec();
    if !args.iter().any(|arg| arg == "--") {
        listing.push("--".into());
    }
    listing.push("--list".into());
    listing
}

/// Those names that no test of a list has.
pub fn unmatched<'a>(args: &'a [String], list: &str) -> Vec<&'a str> {
    let tests: Vec<&str> = list
        .lines()
        .filter_map(|line| line.strip_suffix(": test"))
        .collect();
    let is_exact = args.iter().any(|arg| arg == "--exact");
    let matches = |name: &&str| {
        let is_it = |test: &&str| {
            if is_exact {
                test == name
            } else {
                test.contains(*name)
            }
        };
        tests.iter().any(is_it)
    };
    let mut names = names(args);
    names.retain(|name| !matches(name));
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(line: &str) -> Vec<String> {
        line.split_whitespace().map(String::from).collect()
    }

    #[test]
    fn names_are_told_from_options_and_their_values() {
        let names_in = |line: &str| names(&args(line)).join(" ");
        assert_eq!(
            names_in("--package bursar a_deleted_profile"),
            "a_deleted_profile"
        );
        assert_eq!(
            names_in("first -- second --test-threads 1 third --nocapture"),
            "first second third"
        );
        assert_eq!(names_in("--package=bursar -- --skip slow"), "");
        let selects = |line: &str| is_selection(&args(line));
        assert!(selects("name") && selects("--package=bursar") && selects("-- --skip slow"));
        assert!(!selects("") && !selects("-- --nocapture --test-threads 1") && !selects("--jobs 2"));
    }

    #[test]
    fn a_name_that_no_test_has_is_found() {
        let list =
            "a::first: test\nb::second: test\nsrc/lib.rs - third (line 3): test\n2 tests, 0 benchmarks\n";
        let unmatched_in = |line: &str| unmatched(&args(line), list).join(" ");
        assert_eq!(unmatched_in("first"), "");
        assert_eq!(unmatched_in("frist"), "frist");
        assert_eq!(unmatched_in("-- second third tests"), "tests");
        assert_eq!(unmatched_in("-- --exact second b::second"), "second");
    }

    #[test]
    fn a_listing_asks_the_test_programs() {
        assert_eq!(listing(&args("name")), args("name -- --list"));
        assert_eq!(listing(&args("-- name --exact")), args("-- name --exact --list"));
    }
}
