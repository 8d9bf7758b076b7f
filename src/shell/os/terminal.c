/* SPDX-License-Identifier: Apache-2.0
 *
 * terminal: see terminal.h. */
#include "shell/os/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include "shell/os/env.h"

enum { COLUMNS_MIN = 20, COLUMNS_DEFAULT = 80, COLUMNS_MAX = 500 };

bool terminal_is(int descriptor)
{
    return isatty(descriptor) == 1;
}

unsigned terminal_columns(int descriptor)
{
    struct winsize size;

    if (ioctl(descriptor, TIOCGWINSZ, &size) != 0 || size.ws_col == 0)
        return COLUMNS_DEFAULT;
    if (size.ws_col < COLUMNS_MIN)
        return COLUMNS_MIN;
    return size.ws_col > COLUMNS_MAX ? COLUMNS_MAX : size.ws_col;
}

int terminal_color_read(struct view word, enum terminal_color *ret_color, struct err *reterr)
{
    static const char *const words[] = {
        [TERMINAL_COLOR_AUTO] = "auto",
        [TERMINAL_COLOR_ALWAYS] = "always",
        [TERMINAL_COLOR_NEVER] = "never",
    };

    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (view_is(word, words[i])) {
            *ret_color = (enum terminal_color)i;
            return 0;
        }
    }
    return fail(reterr, ERR_USAGE, "--color '%.*s' is none of auto, always, never", VIEW_ARG(word));
}

bool terminal_colored(int descriptor, enum terminal_color color)
{
    static const struct view no_color = VIEW("NO_COLOR");
    static const struct view term = VIEW("TERM");

    if (color != TERMINAL_COLOR_AUTO)
        return color == TERMINAL_COLOR_ALWAYS;
    return env_get(no_color).len == 0 && !view_is(env_get(term), "dumb") && terminal_is(descriptor);
}
