/* What the first process of the measurement runs after its boot line. */
#pragma once

/* Prints one "linux: NAME = N" line for each operation; path is the program's own. */
void linux_measure(const char *path);
