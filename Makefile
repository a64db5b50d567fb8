.DEFAULT_GOAL := help
.PHONY: help up doctor preview verify inventory contract pulumi down clean check unit lint integration faults bench matrix test test-all rehearsal walk-through configure layers release rollback status review released list-published watch migration
SHELL := /bin/sh
export PATH := $(CURDIR)/node_modules/.bin:$(value PATH)

# These reach the commands as environment variables, by value, so that neither make nor a shell expands what is in them.
define pass
override $(1) := $$(value $(1))
export $(1)
endef
inputs := ARGS TAG STACK PLATFORMS REGISTRY BUILDER LAYERS IMAGE_TAG DRY_RUN REGISTRY_PORT MIRROR_PORT TEST IMAGE PLATFORM DOTNET_FOLDER BACKEND
$(foreach input,$(inputs),$(if $(filter undefined,$(origin $(input))),,$(eval $(call pass,$(input)))))
# gettext has a variable LANGUAGE too, so only one that is given to make selects languages.
ifeq ($(origin LANGUAGE),command line)
$(eval $(call pass,LANGUAGE))
else
unexport LANGUAGE
endif

# Node.js uses a proxy from the environment only if told to. Nothing on this machine is behind one.
proxies := $(value HTTP_PROXY) $(value HTTPS_PROXY) $(value http_proxy) $(value https_proxy)
ifneq ($(strip $(proxies)),)
comma := ,
space := $(comma:,=) $(comma:,=)
direct := $(subst $(space),$(comma),$(strip localhost 127.0.0.1 $(value NO_PROXY) $(value no_proxy)))
export NO_PROXY := $(direct)
export no_proxy := $(direct)
# Node.js does not start if an address is not a URL, such as proxy:3128.
ifeq ($(filter-out http://% https://%,$(proxies)),)
export NODE_USE_ENV_PROXY := 1
endif
endif

# With their paths: macOS's GNU make 3.81 does not look for a command without shell syntax in the PATH above.
mocha := node_modules/.bin/mocha
program := node_modules/.bin/ts-node --transpile-only
cli := $(program) cli.ts

help: ## Show this list
	@echo "For people:"
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' Makefile
	@echo "For CI, or by hand with a stack's credentials:"
	@awk -F ':.*#ci ' '/^[a-z-]+:.*#ci / { printf "  make %-14s %s\n", $$1, $$2 }' Makefile
	@echo "Variables: BACKEND=docker|native, TAG=v3.66.0 (git tag), STACK=local|dev|prod, LANGUAGE=python,golang, PLATFORMS=linux/amd64,linux/arm64"

up: node_modules/.ready ## Set up this machine and release TAG here; LANGUAGE for some languages
	@$(cli) up

doctor: node_modules/.ready ## Show in a second what this machine has for make up, what is missing, and how to get it
	@$(program) local/doctor/main.ts doctor

preview: node_modules/.ready ## Run the smoke tests and show what a release of TAG would change
	@$(cli) preview

verify: node_modules/.ready ## Rebuild what TAG serves without any cache, and compare
	@$(cli) verify

inventory: node_modules/.ready ## List the tools and packages inside the images of TAG, and what changed
	@$(cli) inventory

contract: node_modules/.ready ## Judge a runner image, IMAGE=<reference>, by what users do with it; also PLATFORM and LANGUAGE
	@$(program) test/contract/main.ts contract

status: node_modules/.ready ## List what every tag of STACK serves; IMAGE_TAG for one tag
	@$(cli) status

pulumi: node_modules/.ready ## Run pulumi on stack local: make pulumi ARGS="stack output"
	@$(cli) pulumi

down: node_modules/.ready ## Stop the daemons of this checkout, or remove its containers
	@$(cli) down

clean: node_modules/.ready ## Stop them and remove .local, BuildKit's cache and Docker's volumes, with everything that was built and published there
	@$(cli) clean

check: node_modules/.ready ## Check types, lint and format, and run the unit tests: about two minutes, needs only Node.js
	@echo "Checking types, lint and format" && tsc && eslint --max-warnings 0 . && prettier --log-level warn --check .
	@$(MAKE) --no-print-directory unit

unit: node_modules/.ready ## Run unit tests; TEST=images/config for one file
	@$(mocha) "test/unit/$${TEST:-**/*}.test.ts"

lint: node_modules/.ready ## Lint the workflows and the shell scripts; installs the linters
	@$(cli) lint

# The tests and the bench build with the real .NET SDK, if this machine has it: see docs/local.md.
# They start more daemons than compose.yaml has. dockerBackend tests the other backend.
integration faults bench matrix rehearsal walk-through: export BACKEND := native
integration matrix bench: export DOTNET_FOLDER ?= $(abspath $(wildcard ../shared/dotnet))

# Sets this machine up before the first suite. Mocha loads it before the modules of .mocharc.json.
on_machine := $(mocha) --require ts-node/register/transpile-only --require ./test/helpers/prepareMachine.ts

# This suite restarts the checkout's BuildKit, behind a proxy.
alone := test/integration/releaseToEcrPublic.test.ts
# The others run two at a time, in two processes: one suite alone leaves about 30 % of two cores idle. Without live lines, which
# one process would erase from the other.
together := --parallel --jobs 2 --ignore $(alone) "test/integration/**/*.test.ts"
integrate := $(on_machine) --timeout 1200000

integration: node_modules/.ready ## Run integration tests with the real engine, builder and registry; TEST=verify for one file
ifdef TEST
	@$(integrate) "test/integration/$$TEST.test.ts"
else
	@TERM=dumb $(integrate) $(together); status=$$?; $(integrate) $(alone) && exit $$status
endif

faults: node_modules/.ready ## Strike a copy of this checkout with every fault, and list what a person saw and lost; TEST for one file
	@$(on_machine) --file test/faults/table.ts --timeout 1200000 "test/faults/$${TEST:-**/*}.test.ts"

bench: node_modules/.ready ## Measure releases on this machine: seconds, bytes, and their ratios to the least possible; TEST=layouts for one part
	@$(program) test/bench/main.ts bench

test: check lint integration ## Run check, lint, the integration tests and the faults of the watcher
	@$(MAKE) --no-print-directory faults TEST=watch

matrix: node_modules/.ready ## Release for both platforms, one of them emulated, with and without cache; TEST for one file
	@$(on_machine) --timeout 7200000 "test/matrix/$${TEST:-**/*}.test.ts"

test-all: test faults matrix ## Run make test, then all faults, and every language on both platforms: hours

rehearsal: node_modules/.ready ## Open a shell to release STACK (dev or prod) with plain pulumi and a fake AWS
	@$(program) demo/rehearsal.ts

walk-through: node_modules/.ready ## Push tags to a scratch repository and show what the registry serves after each
	@$(program) demo/walkThrough.ts

release: node_modules/.ready #ci Release TAG on its stack
	@$(cli) release

rollback: node_modules/.ready #ci Move latest to the published images of an older version, TAG=latest-vX.Y.Z, in a minute
	@$(cli) rollback

layers: node_modules/.ready #ci Build and test TAG for this machine's platform, and write the layers for a release elsewhere
	@$(cli) layers

configure: node_modules/.ready #ci Select the stack of TAG and set its config, for plain pulumi
	@$(cli) configure

review: node_modules/.ready #ci Preview what the checkout would change on STACK, as Markdown
	@$(cli) review

released: node_modules/.ready #ci Find out which release of STACK a review would preview
	@$(cli) released

list-published: node_modules/.ready #ci List what STACK serves under IMAGE_TAG
	@$(cli) list-published

watch: node_modules/.ready #ci Push the tags of new Pulumi releases; DRY_RUN=true only lists them
	@$(cli) watch

migration: node_modules/.ready #ci Write what changes for users of the previous images into docs/migrating.md; TAG lists them first
	@$(cli) migration

# The version of Node.js that package.json pins. The other "node", of engines, is a range.
pinned_node = $(shell sed -n 's/.*"node": "\([0-9.]*\)".*/\1/p' package.json)

# The file lists what was installed: a package that is gone since is installed again. A missing prerequisite without a rule
# would be an error.
installed := $(shell cat node_modules/.ready 2>/dev/null)
missing := $(filter-out $(wildcard $(installed)),$(installed))
$(missing): ;

# --ignore-scripts, then one rebuild: Node.js is the only package whose install script may run. All flags are explicit,
# because a person's .npmrc or NODE_ENV may differ.
node_modules/.ready: package.json package-lock.json $(missing)
	@command -v npm >/dev/null || { echo "npm is not on PATH. Install Node.js (https://nodejs.org), any version with npm." >&2; exit 1; }
	@echo "Installing npm packages, including Node.js $(pinned_node)" >&2
	@npm ci --include=dev --ignore-scripts --loglevel=error --no-audit --no-fund >&2
	@npm rebuild --ignore-scripts=false --loglevel=error node >/dev/null
	@found=$$(node_modules/.bin/node --version 2>&1); [ "$$found" = "v$(pinned_node)" ] || { echo "Expected node_modules/.bin/node to be Node.js $(pinned_node), got $$found. Check npm's settings (npm config list), then run the command again." >&2; exit 1; }
	@echo node_modules/*/package.json node_modules/@*/*/package.json >$@
