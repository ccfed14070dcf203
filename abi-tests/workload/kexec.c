/* Another kernel in place of this one, as `kexec -f` does it: all its drivers are told to end.
 */
#include "abi-tests/workload/test.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/reboot.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

const char *test_kexec(const char *kernel, const char *ramdisk, const char *words)
{
    int kernel_file = open(kernel, O_RDONLY);
    int ramdisk_file = open(ramdisk, O_RDONLY);

    if (kernel_file < 0 || ramdisk_file < 0)
        return test_fail("%s or %s: %s", kernel, ramdisk, strerror(errno));
    if (syscall(SYS_kexec_file_load, kernel_file, ramdisk_file, strlen(words) + 1, words, 0ul))
        return test_fail("kexec_file_load: %s", strerror(errno));
    syscall(SYS_reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2, LINUX_REBOOT_CMD_KEXEC, NULL);
    return test_fail("reboot: %s", strerror(errno));
}
