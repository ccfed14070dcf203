/* Runs the 32-bit program beside this one, several at once. */
#include "abi-tests/workload/test.h"

#include <unistd.h>

#define PROGRAM "/bin/compat32"

const char *test_compat32(enum test_size size)
{
    int rounds = size == SIZE_FULL ? 25 : 3;

    if (access(PROGRAM, X_OK))
        return "no " PROGRAM;
    for (int round = 0; round < rounds; round++) {
        for (int i = 0; i < 4; i++) {
            if (fork() == 0) {
                execl(PROGRAM, "compat32", (char *)NULL);
                _exit(127);
            }
        }
        int status = test_reap(4);

        if (status)
            return test_fail("a 32-bit program ended with status %#x", status);
    }
    return NULL;
}
