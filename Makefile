# SPDX-License-Identifier: Apache-2.0
#
# The doors of the house. Every target does its own set-up (scripts/setup) and is safe to run
# again. Meson does the building; its folder is build/, the program is build/assay.
#
#   make build      the program and the library          make install    PREFIX=/usr/local DESTDIR=
#   make demo       the main job on the simulator        make deb        build/*.deb
#   make test       everything that must hold; T=pattern runs those tests whose names match
#   make sanitize   unit and golden tests under ASan, UBSan and valgrind
#   make world      thousands of simulated histories: SEEDS=5000 FIRST=1
#   make fuzz       every fuzzer for FUZZ_SECONDS=60     make test-llm   against a real language model
#   make bench      the figures of docs, both sides      make power      losses found, false alarms
#   make accuracy   every scorer and check on public data: writes docs/accuracy.md
#   make format     make tidy     make clean

PREFIX ?= /usr/local
DESTDIR ?=
FUZZ_SECONDS ?= 60
SEEDS ?= 5000
FIRST ?= 1
T ?=
export T FUZZ_SECONDS

SETUP := scripts/setup
# build/ is configured once and keeps its options.
CONFIGURED := build/build.ninja

.PHONY: build demo test test-llm world bench power power-real accuracy fuzz sanitize install deb clean format tidy
.NOTPARALLEL:

build:
	@$(SETUP) build model
	@test -f $(CONFIGURED) || meson setup build --prefix=$(PREFIX) -Dtests=auto >/dev/null
	@ninja -C build product

demo: build
	@scripts/demo

test:
	@$(SETUP)
	@python3 tools/run_tests.py $(if $(T),--match '$(T)')

test-llm: build
	@$(SETUP) build model test llm
	@tests/e2e/run_llm.sh

bench: build
	@$(SETUP) build model bench test
	@bench/run

power: build
	@python3 tools/power simulator --write docs/power.md

power-real: build
	@$(SETUP) build model
	@python3 tools/power real --write docs/power.md

accuracy: build
	@python3 tools/accuracy --write docs/accuracy.md

world:
	@$(SETUP) build test
	@test -f $(CONFIGURED) || meson setup build --prefix=$(PREFIX) -Dtests=auto >/dev/null
	@meson configure build -Dtests=enabled
	@ninja -C build tests/world/world_run >/dev/null
	@tools/world.py --program build/tests/world/world_run --first $(FIRST) --count $(SEEDS)

fuzz:
	@$(SETUP) build test
	@python3 tools/fuzz.py --seconds $(FUZZ_SECONDS) $(if $(T),--match '$(T)')

sanitize:
	@$(SETUP)
	@python3 tools/run_tests.py --sanitize $(if $(T),--match '$(T)')

install: build
	@meson configure build -Dprefix=$(PREFIX)
	@ninja -C build product
	@DESTDIR=$(DESTDIR) meson install -C build --no-rebuild --quiet

deb:
	@$(SETUP) build model package
	@packaging/build-deb

format:
	@$(SETUP)
	@git ls-files -co --exclude-standard '*.c' '*.h' | xargs clang-format -i

tidy:
	@$(SETUP)
	@python3 tools/tidy.py

clean:
	rm -rf build build-*
