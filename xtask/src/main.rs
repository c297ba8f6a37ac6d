//! `cargo xtask …`: reads the command line and hands over to the command.

use std::process::ExitCode;

use xtask::command_line::Invocation;
use xtask::{commands, open_files};

fn main() -> ExitCode {
    open_files::allow_many();
    match Invocation::parse(std::env::args().skip(1)) {
        Ok(Invocation::Help(text)) => {
            println!("{text}");
            ExitCode::SUCCESS
        }
        Ok(Invocation::Test {
            long,
            strict,
            cargo_test_args,
        }) => commands::test::run(long, strict, &cargo_test_args),
        Ok(Invocation::Postgres { program, args }) => commands::postgres::run(&program, &args),
        Ok(Invocation::Bench { subject, size }) => commands::bench::run(subject, size),
        Ok(Invocation::Golden) => commands::golden::run(),
        Ok(Invocation::Sbom) => commands::sbom::run(),
        Err(error) => {
            eprintln!("error: {error}\n\n{}", xtask::command_line::HELP);
            ExitCode::from(2)
        }
    }
}
