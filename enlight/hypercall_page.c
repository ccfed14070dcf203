#include "enlight/hypercall_page.h"
#include "hv/lib/string.h"

#define FILLER 0xcc

enum status hypercall_os_set(struct partition *p, struct tlfs_domain *domain, u64 value)
{
    domain->guest_os_id = value;
    if (value == 0) {
        overlay_hide(p, &domain->hypercall_page);
        domain->hypercall &= ~TLFS_PAGE_ENABLE;
    }
    return ST_OK;
}

/* vmmcall; ret [APM3 VMMCALL]. The backend takes vmcall as well. Beside Xen it marks its calls.
 */
static void page_write(const struct partition *p, u8 *page)
{
    static const u8 mark[] = {0x0d, 0, 0, 0, 0x80}; /* or $0x80000000, %eax */
    static const u8 code[] = {0x0f, 0x01, 0xd9, 0xc3};
    u64 at = op_partition_shows(p, OP_ABI_XEN) ? sizeof(mark) : 0;

    memset(page, FILLER, PAGE_SIZE);
    memcpy(page, mark, at);
    memcpy(page + at, code, sizeof(code));
}

enum status hypercall_page_set(struct partition *p, struct tlfs_domain *domain, u64 value)
{
    if (domain->hypercall & TLFS_HYPERCALL_LOCKED)
        return ST_OK;
    if (domain->guest_os_id == 0)
        value &= ~TLFS_PAGE_ENABLE;
    TRY(overlay_set(p, &domain->hypercall_page, value));
    domain->hypercall = value;
    if (domain->hypercall_page.at)
        page_write(p, domain->hypercall_page.at);
    return ST_OK;
}
