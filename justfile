# Short names for the commands a change goes through; each is a plain command that works without just.

# lists the recipes
default:
    @just --list

# what a change must pass before it is sent
check: fmt lint test docs

# formats
fmt:
    cargo fmt --all

# lints as CI does
lint:
    cargo clippy --all-targets -- -D warnings

# all tests, in the time of a cup of tea
test:
    cargo test

# accepts changed frames and golden files and writes the schema; look at the diff before you commit it
bless:
    cargo run -- policy schema > target/policy.schema.json && mv target/policy.schema.json docs/
    INSTA_UPDATE=always cargo test
    git diff --stat -- tests src docs

# figures of the shipped binary against a direct server and a minimal relay, with the budgets
bench:
    cargo build --release --target-dir target/shipped
    TOLLGATE_BENCH_BINARY={{justfile_directory()}}/target/shipped/release/tollgate cargo bench --bench relay
    cargo bench --bench console
    cargo bench --bench policy

# replays every committed fuzz input through its target, on stable
fuzz:
    cargo test --manifest-path fuzz/Cargo.toml

# grows a target's inputs with libFuzzer: `just fuzz-grow framing 60`
fuzz-grow TARGET SECONDS:
    cd fuzz && RUSTC_BOOTSTRAP=1 cargo fuzz run --features libfuzzer {{TARGET}} -- -max_total_time={{SECONDS}}

# builds the documentation; a broken link fails
docs:
    RUSTDOCFLAGS="-D warnings" cargo doc --no-deps

# licences, advisories and duplicates of dependencies (needs cargo-deny)
deny:
    cargo deny check

# everything that CI runs, with real servers and clients
ci:
    bash .ci/run
