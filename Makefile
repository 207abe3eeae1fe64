# `make check` runs every check; .ci/run does the same on a bare machine.

.PHONY: check fmt clippy doc deny test bench

check: fmt clippy doc deny test

fmt:
	cargo fmt --check

clippy:
	cargo clippy --locked --all-targets -- -D warnings

doc:
	RUSTDOCFLAGS="-D warnings" cargo doc --locked --no-deps

# Needs `cargo install cargo-deny --locked`, once.
deny:
	cargo deny check

test:
	cargo test

# Ratios on companies of a million clients; takes about an hour and 20 GB.
bench:
	cargo bench --bench model
