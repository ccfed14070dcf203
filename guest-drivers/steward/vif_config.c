#include "guest-drivers/steward/vif_config.h"
#include "guest-drivers/steward/lexer.h"
#include "guest-drivers/steward/text.h"
#include "hv/lib/string.h"

#define GROUP_BIT   ((u64)1 << 40)
#define XEN_RANGE   ((u64)0x00163e << 24)
#define XEN_NUMBERS 0x7fffffu

static u32 hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return (u32)(c - '0');
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? (u32)(c - 'a') + 10 : 16;
}

static const char *set_address(struct text value, struct vif_config *out)
{
    static const char trouble[] =
        "no MAC address; write six bytes, as in mac=00:16:3e:01:02:03";
    u64 address = 0;

    if (value.length != 17)
        return trouble;
    for (u32 i = 0; i < 17; i++) {
        if (i % 3 == 2 && value.at[i] != ':')
            return trouble;
        if (i % 3 == 2)
            continue;
        if (hex_digit(value.at[i]) > 15)
            return trouble;
        address = address << 4 | hex_digit(value.at[i]);
    }
    if (address == 0 || (address & GROUP_BIT))
        return "this MAC address is a group's; write one whose first byte is even";
    out->address = address;
    return NULL;
}

static const char *set_bridge(struct text value, struct vif_config *out)
{
    if (value.length == 0 || value.length > VIF_BRIDGE_MAX)
        return "a bridge has a name of 1 to 32 letters; write bridge=xenbr0";
    out->bridge = value;
    return NULL;
}

static const char *set_number(struct text value, u32 least, u32 most, u32 *out)
{
    u64 number;

    if (!text_number(value, &number) || number < least || number > most)
        return "a number is out of range; devid is 0 to 255, mtu 68 to 65535";
    *out = (u32)number;
    return NULL;
}

static const char *word_read(struct text word, struct vif_config *out)
{
    /* What only says how Xen's dom0 builds its half. */
    static const char *const plain[] = {"type=",    "model=",      "vifname=", "script=",
                                        "backend=", "gatewaydev=", "netdev=",  "trusted="};
    struct text value;

    if (text_begins(word, "mac=", &value))
        return set_address(value, out);
    if (text_begins(word, "bridge=", &value))
        return set_bridge(value, out);
    if (text_begins(word, "devid=", &value))
        return set_number(value, 0, VIF_ID_MAX, &out->id);
    if (text_begins(word, "mtu=", &value))
        return set_number(value, VIF_MTU_LEAST, UINT16_MAX, &out->mtu);
    if (text_begins(word, "ip=", &out->ip))
        return NULL;
    for (u32 i = 0; i < ARRAY_SIZE(plain); i++)
        if (text_begins(word, plain[i], &value))
            return NULL;
    out->strange = text_until(word, '=');
    return NULL;
}

const char *vif_config_read(struct text entry, u32 id, struct vif_config *out)
{
    const char *trouble = NULL;

    *out = (struct vif_config){
        .bridge = {VIF_BRIDGE_USUAL, strlen(VIF_BRIDGE_USUAL)}, .id = id, .mtu = VIF_MTU_USUAL};
    while (!trouble && entry.length != 0) {
        struct text word = text_trim(text_take(&entry, ','));

        if (word.length != 0)
            trouble = word_read(word, out);
    }
    return trouble;
}

/* FNV-1a. */
u64 vif_address_make(const char *guest, u32 id)
{
    u32 hash = 2166136261u;

    for (; *guest; guest++)
        hash = (hash ^ (u8)*guest) * 16777619u;
    hash = (hash ^ id) * 16777619u;
    return XEN_RANGE | ((hash ^ hash >> 23) & XEN_NUMBERS);
}
