/* A line of the prompt or of the control line, as a command. Pure. */
#ifndef GUEST_DRIVERS_STEWARD_COMMAND_H
#define GUEST_DRIVERS_STEWARD_COMMAND_H

#include "guest-drivers/steward/manifest.h"
#include "guest-drivers/steward/out.h"

#define COMMAND_LINE_MAX 200u

enum command_verb {
#define COMMAND(name, follows, words, text) COMMAND_##name,
#include "guest-drivers/steward/commands.def"
#undef COMMAND
    COMMANDS
};

enum command_setting { SETTING_WEIGHT, SETTING_CAP, SETTING_MEMORY, SETTING_VCPUS, SETTINGS };

struct command {
    enum command_verb verb;
    bool wants_json;
    struct text guest; /* points into the line */
    enum command_setting setting;
    u64 number; /* of a setting, or of seconds: 0 = none given */
};

/* False for a line that is no command: *out says why and what to do, without a line end. */
bool command_parse(const char *line, struct command *command, struct out *out);

void command_help(struct out *out);

#endif
