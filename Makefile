# Portcullis. `make help` lists the targets; it is made from the comments that begin with two number signs.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

# Exactly three build trees: debug and release in .build, fuzzers in .build-fuzz, each with one set of flags.
# The import check refuses an import that Package.swift does not declare; it reports through the exit status.
swift_build := swift build --explicit-target-dependency-import-check error
release_flags := -c release --static-swift-stdlib --product portcullis
binary := .build/release/portcullis
swift_sources := Package.swift Sources Tests $(wildcard Fuzz)

# Seconds of fuzzing, shared by all targets.
FUZZ_SECONDS ?= 300

.PHONY: help
help: ## Show this list.
	@awk 'BEGIN { FS = ":.*## " } /^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: build
build: build-deps ## Build the release binary, .build/release/portcullis.
	@tools/stamp-revision
	$(swift_build) $(release_flags)

.PHONY: build-deps
build-deps:
	@tools/install-test-peers build

.PHONY: demo
demo: build ## Run the gateway with a backend, a token and live requests; ONCE=1 ends after them.
	@$(binary) demo $(if $(filter 1,$(ONCE)),--once)

.PHONY: test
test: ## Run every test: unit tests, fuzz corpora, integration with real servers and clients.
	@tools/run-tests

.PHONY: fast
fast: build-deps ## Run the unit tests alone.
	@tools/run-tests unit

.PHONY: bench
bench: build ## Measure side by side with nginx, HAProxy, Envoy and Caddy.
	@tools/install-test-peers bench
	@Benchmarks/run

.PHONY: counts
counts: build ## Count instructions, allocations and system calls a request; fail where they grew.
	@tools/install-test-peers test
	@.venv/bin/python Benchmarks/counts/counts.py

.PHONY: fuzz
fuzz: build-deps ## Fuzz each target in turn, FUZZ_SECONDS=300 in all.
	@tools/run-fuzz fuzz $(FUZZ_SECONDS)

.PHONY: format
format: ## Format the Swift sources.
	swift format --in-place --parallel --recursive $(swift_sources)

.PHONY: check-style
check-style: ## Check format, file sizes, traps and stray machine paths.
	@tools/check-style

.PHONY: goldens
goldens: ## Rewrite the expected results in Tests/Goldens and the reference page; review the difference.
	PORTCULLIS_REWRITE_GOLDENS=1 swift test --explicit-target-dependency-import-check error --filter 'GateSettingsTests|GateConfigTests'
	git diff --stat -- Tests/Goldens docs/reference

.PHONY: clean
clean: ## Remove the three build trees and the virtual environment.
	rm -rf .build .build-fuzz .venv
