//! Somebody who holds the transition tables finds every row by its id, beside the code and in the name of a test.

/// How many rows each table has; of table B the first is B0.
const TABLES: [(char, u32, u32); 4] = [('a', 1, 24), ('b', 0, 20), ('c', 1, 11), ('f', 1, 14)];
const CODE: [&str; 10] = [
    include_str!("../../machine/report.rs"),
    include_str!("../../machine/update.rs"),
    include_str!("../../machine/clock.rs"),
    include_str!("../../account.rs"),
    include_str!("../before.rs"),
    include_str!("../family.rs"),
    include_str!("../one_time.rs"),
    include_str!("../owners.rs"),
    include_str!("../../grants.rs"),
    include_str!("../../holdings.rs"),
];
const TESTS: [&str; 11] = [
    include_str!("granted.rs"),
    include_str!("owned.rs"),
    include_str!("table_a.rs"),
    include_str!("table_b.rs"),
    include_str!("table_c.rs"),
    include_str!("../../machine/tests/first.rs"),
    include_str!("../../machine/tests/further.rs"),
    include_str!("../../machine/tests/older.rs"),
    include_str!("../../machine/tests/products.rs"),
    include_str!("../../machine/tests/table_b.rs"),
    include_str!("../../machine/tests/table_c.rs"),
];

fn rows() -> impl Iterator<Item = String> {
    TABLES
        .into_iter()
        .flat_map(|(table, first, last)| (first..=last).map(move |row| format!("{table}{row}")))
}

#[test]
fn every_row_stands_beside_its_code() {
    let comments = CODE.iter().flat_map(|code| code.lines());
    let comments: Vec<_> = comments
        .filter(|line| line.trim_start().starts_with("//"))
        .collect();
    for row in rows() {
        let row = row.to_uppercase();
        let is_named = |line: &&str| {
            line.split(|letter: char| !letter.is_ascii_alphanumeric())
                .any(|word| word == row)
        };
        assert!(comments.iter().any(is_named), "{row}");
    }
}

#[test]
fn every_row_is_in_the_name_of_a_test() {
    let lines = TESTS.iter().flat_map(|tests| tests.lines());
    let names: Vec<_> = lines.filter_map(|line| line.strip_prefix("fn ")).collect();
    for row in rows() {
        let is_named = |name: &&str| name.split('_').any(|word| word == row);
        assert!(names.iter().any(is_named), "{row}");
    }
}
