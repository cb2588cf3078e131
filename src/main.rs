//! Arguments in, exit code out.

fn main() -> std::process::ExitCode {
    tollgate::cli::main(std::env::args_os())
}
