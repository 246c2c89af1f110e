# `make help` lists the targets. GNU make 3.81 is enough, which is what macOS has.

export SAM_CLI_TELEMETRY := 0
# `sam build` looks for python3.13 on the PATH.
export PATH := $(CURDIR)/.venv/bin:$(PATH)

# boto3, and so the SAM CLI, reads AWS_DEFAULT_REGION only; AWS_REGION is what the AWS CLI and the other SDKs read.
# https://docs.aws.amazon.com/sdkref/latest/guide/feature-region.html
ifdef AWS_REGION
export AWS_DEFAULT_REGION := $(AWS_REGION)
endif

BIN := .venv/bin
SOURCES := layers/partial_batch/partial_batch functions $(wildcard sqslab/src/sqslab benchmarks)
# What of the targets below does not need it also runs after `rm -r sqslab benchmarks`.
TOOL := .venv/bin/sqslab
# Several tests at once, and all of a file in one process: what its tests share is made once.
PYTEST := $(BIN)/python -m pytest --numprocesses auto --dist loadfile --no-loadscope-reorder
# What `uv pip compile` needs to write one lock for Linux and macOS.
COMPILE := uv pip compile --universal --python-version 3.13 --generate-hashes --no-emit-index-url \
	--no-annotate --custom-compile-command "make lock" --quiet

DIST := dist
TAG = $(GITHUB_REF_NAME)

.PHONY: help setup demo up compare picture scaling test test-all nightly lint checkov format build deploy invoke mutate bench soak faults dist release publish lock upgrade clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' Makefile

setup: .venv/ready $(if $(wildcard sqslab/pyproject.toml),$(TOOL)) ## install what the others need; they do it by themselves, too

demo: $(TOOL) ## run the whole stack on this machine with sample messages, and check how each ends
	@$(BIN)/sqslab scenario events/demo.yaml
	@echo 'Next: `make up` keeps the stack running for messages of your own; your code goes into functions/.'

up: $(TOOL) ## run the whole stack on this machine until Ctrl-C: make up ARGS="--port 4566"
	@$(BIN)/sqslab up $(ARGS)

compare: benchmarks/__main__.py $(TOOL) ## every way to fail a batch, side by side, in virtual time: make compare ARGS="--messages 1000 --json"
	@$(BIN)/python -m benchmarks.compare $(ARGS)

picture: benchmarks/__main__.py $(TOOL) ## record the picture of what `make up` shows, and draw that of the dashboard
	@$(BIN)/python -m benchmarks.pictures live-view sqslab/docs/live-view.svg
	@$(BIN)/python -m benchmarks.pictures dashboard docs/dashboard.svg

scaling: benchmarks/__main__.py $(TOOL) ## draw the plots of sqslab/docs/scaling.md
	@$(BIN)/python -m benchmarks.pictures scaling sqslab/docs/scaling.svg

test: .venv/ready $(if $(wildcard sqslab/pyproject.toml),$(TOOL)) ## run the tests of the stack and the layer but for the slow ones; those in Docker are skipped where there is none
	$(PYTEST) -o testpaths=tests -m "not slow" $(ARGS)

test-all: .venv/ready $(if $(wildcard sqslab/pyproject.toml),$(TOOL)) .venv-awscli/ready ## run the slow ones, and those of sqslab and the benchmarks, as well
	$(PYTEST) $(ARGS)

nightly: export HYPOTHESIS_PROFILE := nightly
nightly: test-all ## run all of them with thirty to a hundred times the examples; takes hours

lint: .venv/ready $(if $(wildcard sqslab/pyproject.toml),.venv/bin/sqslab) ## ruff, mypy, cfn-lint, sam validate, the schemas of the workflows
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy $(SOURCES)
	$(if $(HAS_RULES),$(BIN)/cfn-lint,$(BIN)/cfn-lint --config-file /dev/null --template template.yaml $(wildcard .github/aws-roles.yaml))
	$(BIN)/sam validate $(if $(HAS_RULES),--lint,--config-env no-lint) --region us-east-1
	$(BIN)/check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml
	$(BIN)/check-jsonschema --builtin-schema vendor.dependabot .github/dependabot.yml

checkov: .venv-checkov/ready ## security findings in the templates; each one that is skipped has its reason there
	@report=$$(CKV_SKIP_PACKAGE_UPDATE_CHECK=true .venv-checkov/bin/checkov --framework cloudformation \
		--file template.yaml $(wildcard .github/aws-roles.yaml) \
		--skip-download --compact --quiet); status=$$?; echo "$$report"; \
	case "$$report" in *"Parsing errors"*) exit 1 ;; esac; exit $$status # a file that it cannot read is no failure to it

format: .venv/ready ## let ruff format and mend what it can
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

build: .venv/ready ## sam build
	$(BIN)/sam build

deploy: .venv/ready ## build and deploy to AWS; prod with make deploy CONFIG_ENV=prod
	$(BIN)/sam build $(if $(CONFIG_ENV),--config-env $(CONFIG_ENV))
	$(BIN)/sam deploy $(if $(CONFIG_ENV),--config-env $(CONFIG_ENV)) $(if $(CI),--no-confirm-changeset) \
		$(if $(CLOUDFORMATION_ROLE_ARN),--role-arn $(CLOUDFORMATION_ROLE_ARN)) $(ARGS)

invoke: .venv/ready ## run one sample event in Docker: make invoke EVENT=events/standard/some-fail.json
	@test -f "$(EVENT)" || { echo "make invoke: no event '$(EVENT)'; say EVENT=events/standard/some-fail.json" >&2; exit 2; }
	@$(BIN)/sam build >/dev/null
	@case "/$(EVENT)" in */fifo/*) function=FifoConsumerFunction ;; *) function=StandardConsumerFunction ;; esac; \
	$(BIN)/sam local invoke $(or $(FUNCTION),$$function) --event "$(EVENT)" $(ARGS)

mutate: .venv-mutation/ready ## change the layer in small ways, each of which a test must notice; takes three quarters of an hour or more
	@.venv-mutation/bin/python tests/mutation/run.py $(ARGS)

bench: benchmarks/__main__.py .venv/ready ## what the layer costs, beside its peers; writes benchmarks/results.md
	@$(BIN)/python -m benchmarks

soak: benchmarks/__main__.py $(TOOL) ## a million messages with faults in virtual time; writes benchmarks/results.md unless given ARGS
	@$(BIN)/python -m benchmarks.soak $(or $(ARGS),--write)

faults: benchmarks/__main__.py $(TOOL) ## 10,000 messages to each of two queues on the emulator while processes are killed; likewise
	@$(BIN)/python -m benchmarks.faults $(or $(ARGS),--write)

dist: .venv/ready ## build what a release has into dist/: the wheels of the layer and of sqslab, and the layer's zip
	@rm -rf $(DIST) && mkdir -p $(DIST)
	@for package in layers/partial_batch $(patsubst %/pyproject.toml,%,$(wildcard sqslab/pyproject.toml)); do \
		$(BIN)/uv build --quiet --wheel --no-build-isolation --python $(BIN)/python --out-dir $(DIST) $$package || exit 1; \
	done
	@$(MAKE) --no-print-directory -C layers/partial_batch build-PartialBatchLayer ARTIFACTS_DIR="$(abspath $(DIST))/layer"
	@version=$$(sed -n 's/^version = "\(.*\)"$$/\1/p' layers/partial_batch/pyproject.toml) && zip=partial_batch_layer-$$version.zip && \
	(cd $(DIST)/layer && "$(abspath $(BIN))/python" -m zipfile -c ../$$zip python) && rm -r $(DIST)/layer && \
	printf '%s\n' 'The layer, for a project that does not build it:' '' \
		"    aws lambda publish-layer-version --layer-name partial-batch --zip-file fileb://$$zip --compatible-runtimes python3.13" \
		> $(DIST)/notes.md

# In the workflow: of the tag that it runs for, which has to be the version of everything that is built.
release: dist
	@for file in $(DIST)/*.whl $(DIST)/*.zip; do \
		case "$$file" in *-$(TAG:v%=%)[.-]*) ;; *) echo "$$file is not of the version that the tag $(TAG) names" >&2; exit 1 ;; esac; \
	done
	@gh release create "$(TAG)" --verify-tag --title "$(TAG)" --notes-file $(DIST)/notes.md $(DIST)/*.whl $(DIST)/*.zip

publish: .venv/ready
	@rm -rf $(DIST)
	@gh release download "$(TAG)" --dir $(DIST) --pattern "*.whl"
	@$(BIN)/uv publish --trusted-publishing always $(DIST)/*.whl

lock: .venv/ready ## lock what pyproject.toml names in locks/; what is locked already keeps its version
	$(BIN)/$(COMPILE) $(UPGRADE) --group development --output-file locks/development.txt
	$(BIN)/$(COMPILE) $(UPGRADE) --group awscli --output-file locks/awscli.txt
	$(BIN)/$(COMPILE) $(UPGRADE) --group checkov --output-file locks/checkov.txt
	$(BIN)/$(COMPILE) $(UPGRADE) --group mutation --output-file locks/mutation.txt
ifneq ($(wildcard sqslab/pyproject.toml),)
	cd sqslab && ../$(BIN)/$(COMPILE) --no-config $(UPGRADE) --group emulator --output-file src/sqslab/stack/emulator.txt
endif

upgrade: UPGRADE := --upgrade
upgrade: lock ## lock the newest versions

clean: ## remove what make made
	rm -rf dist .venv .venv-awscli .venv-checkov .venv-mutation .mutation .aws-sam .hypothesis .mypy_cache .pytest_cache .ruff_cache

# Whether cfn-lint finds the rules that .cfnlintrc names. Where not, it stops at that file, also within `sam validate`, which lints in
# every environment of samconfig.toml: `lint` above then names one that is not there.
HAS_RULES = $(shell $(BIN)/python -c "import sqslab.lint; print(1)" 2>/dev/null)

# What a fork may delete.
benchmarks/__main__.py:
	$(error $(@D)/ was deleted, and `make $(MAKECMDGOALS)` needs it)

ifneq ($(wildcard sqslab/pyproject.toml),)
# As it stands in its folder: what is changed there runs at once.
.venv/bin/sqslab: sqslab/pyproject.toml .venv/ready
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-index --no-deps --no-build-isolation --editable sqslab
	@touch $@
else
.PHONY: .venv/bin/sqslab
.venv/bin/sqslab:
	$(if $(shell $@ --version 2>/dev/null),,$(error sqslab/ was deleted, and `make $(MAKECMDGOALS)` needs sqslab: `.venv/bin/pip install sqslab` gets it))
endif

.venv/ready: locks/development.txt
	@$(call environment,.venv,locks/development.txt)

.venv-awscli/ready: locks/awscli.txt
	@$(call environment,.venv-awscli,locks/awscli.txt)

.venv-checkov/ready: locks/checkov.txt
	@$(call environment,.venv-checkov,locks/checkov.txt)

.venv-mutation/ready: locks/mutation.txt
	@$(call environment,.venv-mutation,locks/mutation.txt)

# $(call environment,FOLDER,LOCK): a virtual environment with exactly what the lock names.
define environment
	python=$$(sh -c '$(FIND_PYTHON)') || exit 1; \
	echo "setting up $(1)"; \
	"$$python" -m venv --clear $(1) && \
	$(1)/bin/pip install --quiet --disable-pip-version-check --require-hashes --requirement $(2) && \
	touch $(1)/ready
endef

# The first CPython 3.13 of: the PATH, pyenv, uv. Of one in a virtual environment the one that it was made of: the PATH may begin with
# the environment that is about to be made anew.
define FIND_PYTHON
for python in python3.13 "$${PYENV_ROOT:-$$HOME/.pyenv}"/versions/3.13*/bin/python3.13 "$$(uv python find 3.13 2>/dev/null)"; do \
	"$$python" -c "import sys; sys.version_info[:2] == (3, 13) or sys.exit(1); print(sys._base_executable)" 2>/dev/null && exit 0; \
done; \
echo "CPython 3.13 is needed and was not found. Get it from https://www.python.org/downloads/, with pyenv install 3.13 or with uv python install 3.13." >&2; \
exit 1
endef
