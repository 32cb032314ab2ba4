//! The `pacemark` program.

fn main() -> std::process::ExitCode {
    pacemark::cli::main()
}
