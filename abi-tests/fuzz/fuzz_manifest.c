/* Any bytes as a manifest: no crash, and every refused guest was told about. */
// sources: guest-drivers/steward/config.c guest-drivers/steward/config_value.c
// sources: guest-drivers/steward/manifest.c guest-drivers/steward/lexer.c
// sources: guest-drivers/steward/keys.c hv/lib/format.c guest-drivers/steward/text.c
// sources: guest-drivers/steward/vif_config.c guest-drivers/steward/disk_config.c
// sources: guest-drivers/steward/p9_config.c
#include <stdlib.h>
#include <string.h>
#include "guest-drivers/steward/disk_config.h"
#include "guest-drivers/steward/manifest.h"
#include "guest-drivers/steward/p9_config.h"
#include "guest-drivers/steward/vif_config.h"
#include "hv/lib/print.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

static u32 lines;

void print(const char *text, ...)
{
    lines += strstr(text, "entente: error") != NULL;
}

static void lists_read(const struct config *guest)
{
    const struct text_list *disks = &guest->list[KEY_DISK - KEY_DISK];
    const struct text_list *vifs = &guest->list[KEY_VIF - KEY_DISK];
    const struct text_list *folders = &guest->list[KEY_P9 - KEY_DISK];
    struct disk_config disk;
    struct vif_config vif;
    struct p9_config folder;

    for (u32 i = 0; i < disks->count; i++)
        if (!disk_config_read(disks->item[i], &disk) && disk.target.length == 0)
            abort();
    for (u32 i = 0; i < vifs->count; i++)
        if (!vif_config_read(vifs->item[i], i, &vif) && vif.bridge.length == 0)
            abort();
    for (u32 i = 0; i < folders->count; i++)
        if (!p9_config_read(folders->item[i], &folder) && folder.path.length == 0)
            abort();
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
    static struct manifest manifest;
    char line[300];

    memset(&manifest, 0, sizeof(manifest));
    lines = 0;
    manifest_parse(&manifest, (struct text){"f", 1}, (const char *)data, size);
    if (lines != manifest.refused || manifest.count > MANIFEST_GUESTS_MAX)
        abort();
    for (u32 i = 0; i < manifest.count; i++) {
        const struct config *guest = &manifest.guest[i];
        u64 length = config_cmdline(guest, line, sizeof(line));

        if (strlen(line) > sizeof(line) - 1 || (length < sizeof(line) && strlen(line) > length))
            abort();
        lists_read(guest);
        if (!guest->is_refused &&
            (guest->string[KEY_NAME].length == 0 || guest->memory_mib == 0))
            abort();
    }
    return 0;
}
