# Checks over the whole tree: layers, format, lint, size, coverage.

C_SOURCES = $(shell git ls-files '*.c' '*.h')
SCRIPTS = $(shell git ls-files | xargs grep -lE '^\#!/bin/(ba)?sh' 2>/dev/null)

.PHONY: layers format format-check lint headers size cover
layers:
	@abi-tests/tools/layers

# Versions of clang-format differ in small things; the layout is that of version 14 (Debian 12).
format-check:
	@if clang-format --version | grep -q 'version 14'; then \
		clang-format --dry-run -Werror $(C_SOURCES) && \
			echo "format: $(words $(C_SOURCES)) files are in order"; \
	else echo "format: not checked, clang-format 14 is needed"; fi

format:
	@clang-format -i $(C_SOURCES)

size: images
	@abi-tests/tools/size $(BUILD)

# Every header compiles alone.
headers:
	@for h in $(filter %.h,$(C_SOURCES)); do \
		echo "#include \"$$h\"" | $(CC) $(filter-out -MMD -MP,$(HV_CFLAGS)) -Wno-unused -x c -c -o /dev/null - \
			|| { echo "headers: $$h does not compile alone"; exit 1; }; \
	done; echo "headers: each compiles alone"

# Program by program: two images may give a name to different functions. Ranges between symbols of
# a linker script are what comparePointers and subtractPointers take for a mistake. Newer versions
# cannot read `asm goto` and take a loop for one that may not run: version 2.10 (Debian 12) judges.
CPPCHECK = cppcheck --quiet --error-exitcode=1 --std=c11 --inline-suppr -I. \
	--enable=warning,portability --suppress=missingIncludeSystem --suppress=unknownMacro \
	--suppress=comparePointers --suppress=subtractPointers $(filter %.c,$(1))

.PHONY: cppcheck
cppcheck:
	@if cppcheck --version | grep -q ' 2\.10'; then \
		$(call CPPCHECK,$(HV_SOURCES)) && $(call CPPCHECK,$(STEWARD_SOURCES)) && \
			$(call CPPCHECK,$(wildcard xen-adapter/pv/*.c)) && echo "cppcheck: in order"; \
	else echo "cppcheck: not run, version 2.10 is needed"; fi

lint: layers format-check headers cppcheck
	@shellcheck -x $(SCRIPTS) && echo "shellcheck: $(words $(SCRIPTS)) scripts are in order"

# Line coverage of the host tests.
cover:
	@rm -rf $(BUILD)/cover
	@$(MAKE) --no-print-directory BUILD=$(BUILD)/cover UNIT_SANITIZE=--coverage unit
	@cd $(BUILD)/cover && find . -name '*.gcda' -exec gcov -r -s "$(CURDIR)" {} + 2>/dev/null | \
		awk '/^File/ { f = $$2 } /^Lines executed/ { sub(/.*:/, ""); print f, $$0 }' | sort -u

# References made from the tables; a stale page fails.
.PHONY: docs docs-check
docs:
	@abi-tests/tools/reference
docs-check:
	@abi-tests/tools/reference --check && echo "docs: the references are fresh"
lint: docs-check
