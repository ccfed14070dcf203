#include "guest-drivers/steward/console.h"
#include "guest-drivers/lib/guest.h"
#include "guest-drivers/lib/native_call.h"
#include "guest-drivers/steward/session.h"
#include "hv/lib/print.h"
#include "hv/lib/string.h"

#define KEY_SWITCH 0x1d /* Ctrl-] */
#define PIECE      256u
#define INPUT_HELD 256u
#define SHIM_MARK  "pvshim: "

/* A Hyper-V guest's serial port uses the same ring. */
_Static_assert(offsetof(struct xen_console_ring, out) ==
                       offsetof(struct native_console_ring, out) &&
                   offsetof(struct xen_console_ring, out_prod) ==
                       offsetof(struct native_console_ring, out_producer) &&
                   sizeof(struct xen_console_ring) >= sizeof(struct native_console_ring),
               "one layout");

/* Whose line on the serial line is not finished; NULL when the cursor is at the margin. */
static struct guest *open_line;
static struct guest *keyboard;
static bool is_at_prompt; /* the steward itself has the keyboard */

/* Keys that did not fit the guest's ring yet. */
static u8 held[INPUT_HELD];
static u32 held_count;

static u32 read_index(const u32 *index)
{
    return __atomic_load_n(index, __ATOMIC_ACQUIRE);
}

static void write_index(u32 *index, u32 value)
{
    __atomic_store_n(index, value, __ATOMIC_RELEASE);
}

static void notify(u32 port)
{
    struct native_port in = {port, 0};

    (void)call_port_send(&in, NULL);
}

void console_margin(void)
{
    if (open_line || prompt_hide())
        console_write("\r\n", 2);
    open_line = NULL;
}

static bool is_alone(void)
{
    return steward.guest_count == 1 && !is_at_prompt;
}

static void name_put(const struct guest *guest)
{
    console_margin();
    if (is_alone())
        return;
    console_write(guest->name, strlen(guest->name));
    console_write("| ", 2);
}

static void put(struct guest *guest, const char *bytes, u32 count)
{
    if (count == 0)
        return;
    if (open_line != guest)
        name_put(guest);
    console_write(bytes, count);
    open_line = guest;
}

/* Remembers what the shim said last: the reason if the guest ends now. */
static void shim_watch(struct guest *guest)
{
    const char *line = guest->line;
    u32 used = guest->line_used;

    while (used != 0 && (line[used - 1] == '\r' || line[used - 1] == '\n'))
        used--;
    if (used <= strlen(SHIM_MARK) || memcmp(line, SHIM_MARK, strlen(SHIM_MARK)) != 0)
        return;
    line += strlen(SHIM_MARK);
    used = MIN(used - (u32)strlen(SHIM_MARK), (u32)SHIM_LINE_MAX - 1);
    memcpy(guest->shim_line, line, used);
    guest->shim_line[used] = 0;
}

/* The line so far goes out; `shown` bytes of it have gone already. */
static void line_end(struct guest *guest, u32 shown)
{
    u32 used = guest->line_used;

    shim_watch(guest);
    while (used > shown && (guest->line[used - 1] == '\r' || guest->line[used - 1] == '\n'))
        used--;
    if (used == 0 && open_line != guest)
        name_put(guest);
    put(guest, guest->line + shown, used - shown);
    console_write("\r\n", 2);
    open_line = NULL;
    guest->line_used = 0;
}

/* May this guest's unfinished lines be seen? Else they would be torn by other guests' lines. */
static bool is_live(const struct guest *guest)
{
    return is_alone() || (steward.is_interactive && guest == keyboard);
}

/* Takes output in; whole lines go out, of a live guest at once also the beginning of the next.
 */
static void take(struct guest *guest, const char *bytes, u32 count)
{
    u32 shown = is_live(guest) ? guest->line_used : 0;

    if (open_line != guest)
        shown = 0;
    for (u32 i = 0; i < count; i++) {
        guest->line[guest->line_used++] = bytes[i];
        if (bytes[i] == '\n' || guest->line_used == LINE_MAX) {
            line_end(guest, shown);
            shown = 0;
        }
    }
    if (is_live(guest) && guest->line_used > shown)
        put(guest, guest->line + shown, guest->line_used - shown);
}

/* Moves what waits in the ring; false when nothing did. */
static bool drain(struct guest *guest)
{
    struct xen_console_ring *ring = guest->console;
    u32 consumer = ring->out_cons;
    u32 waiting = read_index(&ring->out_prod) - consumer;
    u32 start = consumer % XEN_CONSOLE_OUT_SIZE;
    char piece[PIECE];
    u32 count;

    if (waiting == 0)
        return false;
    if (waiting > XEN_CONSOLE_OUT_SIZE) {
        console_margin();
        print("entente: warning: guest %s broke its console ring; its console is closed\n",
              guest->name);
        guest->is_console_broken = true;
        return false;
    }
    count = MIN(MIN(waiting, PIECE), XEN_CONSOLE_OUT_SIZE - start);
    memcpy(piece, ring->out + start, count);
    write_index(&ring->out_cons, consumer + count);
    take(guest, piece, count);
    return true;
}

/* Gives held keys to the guest that has the keyboard. */
static void feed(void)
{
    struct xen_console_ring *ring;
    u32 producer;
    u32 given = 0;

    if (!keyboard || keyboard->state != GUEST_LIVES || keyboard->is_console_broken) {
        held_count = 0;
        return;
    }
    ring = keyboard->console;
    producer = ring->in_prod;
    while (given < held_count && producer - read_index(&ring->in_cons) < XEN_CONSOLE_IN_SIZE)
        ring->in[producer++ % XEN_CONSOLE_IN_SIZE] = (char)held[given++];
    if (given == 0)
        return;
    write_index(&ring->in_prod, producer);
    memmove(held, held + given, held_count - given);
    held_count -= given;
    notify(keyboard->console_port);
}

void console_serve(struct guest *guest)
{
    bool has_moved = false;

    if (guest->state != GUEST_LIVES || !guest->console || guest->is_console_broken)
        return;
    while (drain(guest))
        has_moved = true;
    if (has_moved)
        notify(guest->console_port);
    if (guest == keyboard && held_count != 0)
        feed();
}

void console_finish(struct guest *guest)
{
    /* Two pages at most: an ended guest writes no more. */
    for (u32 i = 0; !guest->is_console_broken && i < 2 * XEN_CONSOLE_OUT_SIZE / PIECE; i++)
        if (!drain(guest))
            break;
    if (guest->line_used != 0)
        line_end(guest, open_line == guest ? guest->line_used : 0);
    if (open_line == guest)
        console_margin();
    guest->is_console_broken = false;
}

static struct guest *living_from(u32 index)
{
    for (; index < steward.guest_count; index++)
        if (steward.guest[index].state == GUEST_LIVES)
            return &steward.guest[index];
    return NULL;
}

/* Gives the keyboard to a guest, and shows what it has not finished saying; NULL: to nobody. */
static void keyboard_give(struct guest *guest)
{
    held_count = 0;
    keyboard = guest;
    if (!guest)
        return;
    console_margin();
    print("entente: keyboard: guest %s\n", guest->name);
    if (is_live(guest))
        put(guest, guest->line, guest->line_used);
}

/* To the next living guest, behind the last one to the prompt. */
static void keyboard_move(void)
{
    struct guest *next = living_from(keyboard && !is_at_prompt ? keyboard->index + 1 : 0);

    console_margin();
    if (is_at_prompt)
        prompt_end();
    is_at_prompt = !next;
    keyboard_give(next);
    if (is_at_prompt)
        print("entente: keyboard: the steward; help shows its commands, Ctrl-] leaves\n");
}

bool console_is_at_prompt(void)
{
    return is_at_prompt;
}

void console_input(void)
{
    struct native_console_read in;

    do {
        if (call_console_read(NULL, &in) != ST_OK)
            return;
        for (u32 i = 0; i < in.bytes; i++) {
            if (in.data[i] == KEY_SWITCH)
                keyboard_move();
            else if (is_at_prompt)
                prompt_key(in.data[i]);
            else if (held_count < INPUT_HELD)
                held[held_count++] = in.data[i];
        }
        feed();
    } while (in.bytes == sizeof(in.data));
}

void console_offer(struct guest *guest)
{
    if (!is_at_prompt && (!keyboard || keyboard->state != GUEST_LIVES))
        keyboard = guest;
}

void console_leave(const struct guest *guest)
{
    struct guest *next = living_from(guest->index);

    if (keyboard == guest)
        keyboard_give(next ? next : living_from(0));
}
