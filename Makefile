# `make check` runs every check, as a build machine does.

.PHONY: check fmt clippy doc deny test bench

check:
	.ci/run

fmt:
	cargo fmt --check

clippy:
	cargo clippy --locked --all-targets -- -D warnings

doc:
	RUSTDOCFLAGS="-D warnings" cargo doc --locked --no-deps

# Needs the network and cargo-deny, which `.ci/run` installs.
deny:
	cargo deny check

test:
	tests/run

# On companies of a million clients: takes an hour and 20 GB.
bench:
	cargo bench --bench model
