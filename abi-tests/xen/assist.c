/* vm_assist. */
#include "abi-tests/kit/test.h"
#include "abi-tests/golden/xen_numbers.h"

static long assist(uint64_t command, uint64_t type)
{
    return kit_hypercall(G_HYPERVISOR_vm_assist, command, type, 0, 0);
}

TEST(assist, "assist", TEST_ALL)
{
    const char *tables = "vm_assist.enable_writable_pagetables";
    const char *flag = "vm_assist.enable_runstate_update_flag";
    const char *cr3 = "vm_assist.enable_pae_extended_cr3";

    observe(tables, "enable", assist(G_VMASST_CMD_enable, G_VMASST_TYPE_writable_pagetables));
    observe(tables, "enable again",
            assist(G_VMASST_CMD_enable, G_VMASST_TYPE_writable_pagetables));
    observe(tables, "disable", assist(G_VMASST_CMD_disable, G_VMASST_TYPE_writable_pagetables));
    if (kit_kind == KIT_PV)
        expect(tables, "a PV guest may",
               assist(G_VMASST_CMD_enable, G_VMASST_TYPE_writable_pagetables), 0);
    expect(flag, "enable", assist(G_VMASST_CMD_enable, G_VMASST_TYPE_runstate_update_flag), 0);
    expect(flag, "disable", assist(G_VMASST_CMD_disable, G_VMASST_TYPE_runstate_update_flag),
           0);
    observe(cr3, "64-bit caller", assist(G_VMASST_CMD_enable, G_VMASST_TYPE_pae_extended_cr3));
    observe(tables, "unknown command", assist(7, G_VMASST_TYPE_writable_pagetables));
    observe(flag, "unknown command", assist(7, G_VMASST_TYPE_runstate_update_flag));
    expect("vm_assist", "unknown type", assist(G_VMASST_CMD_enable, 31), -G_EINVAL);
    expect("vm_assist", "type 64", assist(G_VMASST_CMD_enable, 64), -G_EINVAL);
    expect("vm_assist", "type 2^32-1", assist(G_VMASST_CMD_enable, 0xffffffff), -G_EINVAL);
}
