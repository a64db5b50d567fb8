.DEFAULT_GOAL := help
.PHONY: help up preview pulumi rehearsal walk-through verify manifest lint down clean test test-all check configure release review comment notes published sarif watch
SHELL := /bin/sh
export PATH := $(CURDIR)/node_modules/.bin:$(PATH)

# TAG reaches the commands by the environment, so that no shell reads it, and by its value, so that make does not either.
ifdef TAG
override export TAG := $(value TAG)
endif
# gettext has a variable LANGUAGE too: only one that is given to make names a language of the images.
ifeq ($(origin LANGUAGE),command line)
override export LANGUAGE := $(value LANGUAGE)
else
unexport LANGUAGE
endif
# Node.js takes a proxy from the environment only where it is told to, and nothing of this machine's own is behind one.
proxies := $(HTTP_PROXY) $(HTTPS_PROXY) $(http_proxy) $(https_proxy)
ifneq ($(strip $(proxies)),)
direct := localhost,127.0.0.1$(NO_PROXY:%=,%)$(no_proxy:%=,%)
export NO_PROXY := $(direct)
export no_proxy := $(direct)
# With an address that is no URL, such as proxy:3128, Node.js would not even start.
ifeq ($(filter-out http://% https://%,$(proxies)),)
export NODE_USE_ENV_PROXY := 1
endif
endif
local := ts-node --transpile-only local/main.ts
ci := ts-node --transpile-only ci/main.ts

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

up: node_modules/.ready ## Set up this machine and release TAG (v3.66.0, latest-v3.66.0, dev-v3.66.0) on stack local
	@$(local) up

preview: node_modules/.ready ## Run the smoke tests of TAG and show what a release would change
	@$(local) preview

pulumi: node_modules/.ready ## Run pulumi on stack local: make pulumi ARGS="stack output"
	@$(local) pulumi $(ARGS)

rehearsal: node_modules/.ready ## Open a shell that releases STACK (dev or prod) with plain pulumi, AWS stood in for
	@ts-node --transpile-only test/rehearsal.ts

verify: node_modules/.ready ## Rebuild what TAG serves without any cache, and compare; LANGUAGE=python for one
	@$(local) verify

manifest: node_modules/.ready ## Tell what is inside the images of TAG and what has changed; LANGUAGE=python for one
	@$(if $(GITHUB_ACTIONS),$(ci),$(local)) manifest

walk-through: node_modules/.ready ## Push tags in a scratch repository, and show what the registry serves after each
	@ts-node --transpile-only test/walkThrough.ts

lint: node_modules/.ready ## Check the workflows with actionlint and zizmor
	@$(local) lint

down: node_modules/.ready ## Stop the daemons that this checkout started
	@$(local) down

clean: node_modules/.ready ## Stop them and remove .local with everything that was built and published there
	@$(local) clean

test: check ## Run everything: check, then integration tests with the real engine, builder and registry
	@mocha --file test/support/prepareMachine.ts --timeout 1200000 'test/integration/**/*.test.ts'

test-all: test ## Run make test, and every language on every platform with and without cache: an hour or more
	@mocha --timeout 7200000 'test/matrix/**/*.test.ts'

check: node_modules/.ready ## Run the quick part: types, lint, format, workflows, unit tests
	@echo "Checking types, lint and format" && tsc && eslint --max-warnings 0 . && prettier --log-level warn --check .
	@$(local) lint
	@mocha 'test/unit/**/*.test.ts'

configure: node_modules/.ready ## In CI: select the stack of TAG, and set its config
	@$(ci) configure

release: node_modules/.ready ## In CI: release what the selected stack is configured for
	@$(ci) release

review: node_modules/.ready ## In CI: preview what the checkout would change on STACK (dev or prod)
	@$(ci) review

comment: node_modules/.ready ## In CI: put the reviews into the comment of the pull request
	@$(ci) comment

notes: node_modules/.ready ## In CI: write the release notes of TAG
	@$(ci) notes

published: node_modules/.ready ## In CI: list what STACK serves under IMAGE_TAG
	@$(ci) published

sarif: node_modules/.ready ## In CI: report the findings of a scan
	@$(ci) sarif

watch: node_modules/.ready ## In CI: push the tags of new Pulumi releases; DRY_RUN=true only says which
	@$(ci) watch

# The version of Node.js that package.json pins; the other "node", of engines, is a range.
pinned_node = $(shell sed -n 's/.*"node": "\([0-9.]*\)".*/\1/p' package.json)

# --ignore-scripts and then one rebuild: the only install script that is wanted is the one that brings Node.js. Both are
# said aloud, as --include=dev is: a person's .npmrc or NODE_ENV may say otherwise.
node_modules/.ready: package.json package-lock.json
	@command -v npm >/dev/null || { echo "npm is not on PATH. Install Node.js (https://nodejs.org): any version that starts npm will do." >&2; exit 1; }
	@echo "Installing npm packages, Node.js $(pinned_node) among them"
	@npm ci --include=dev --ignore-scripts --loglevel=error --no-audit --no-fund
	@npm rebuild --ignore-scripts=false --loglevel=error node >/dev/null
	@found=$$(node_modules/.bin/node --version 2>&1); [ "$$found" = "v$(pinned_node)" ] || { echo "node_modules/.bin/node is to be Node.js $(pinned_node), and says: $$found. Look at what npm is configured to (npm config list), and run the command again." >&2; exit 1; }
	@touch $@
