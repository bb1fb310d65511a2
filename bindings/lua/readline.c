/* SPDX-License-Identifier: MIT */
/* perilune._readline: lines edited at a terminal, for `perilune shell`.
 *
 * readline is asked for one character at a time, when there is one: a thread waits for
 * the terminal meanwhile, so that the fibers of the session go on.  The library keeps its
 * state in globals, and so has one user: `current` is the session while a line is read. */
#include "bindings/lua/error.h"
#include "bindings/lua/host.h"
#include "bindings/lua/libs.h"

#include "base/buf.h"
#include "fiber/fiber.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <lauxlib.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
/* after stdio.h, which it needs */
#include <readline/history.h>
#include <readline/readline.h>
#include <sys/stat.h>
#include <unistd.h>

enum { HISTORY_LINES = 2000 };

struct session {
    lua_State *L; /* that reads */
    char *line;   /* what was entered, readline's malloc */
    bool done;
    int pipe[2]; /* an interrupt (Ctrl-C) arrives here */
    struct err err;
};

static struct session *current;

/* ---- callbacks of readline ---- */

static void on_line(char *line)
{
    current->line = line; /* NULL: the end of input */
    current->done = true;
    rl_callback_handler_remove();
}

static void on_interrupt(int number)
{
    int code = errno;
    (void)number;
    if (write(current->pipe[1], "", 1) < 0) { /* it is full: one is enough */
    }
    errno = code;
}

/* (text before the cursor) -> candidates; upvalue: the complete function of the caller */
static int list_candidates(lua_State *L)
{
    lua_getfield(L, LUA_REGISTRYINDEX, "perilune.readline.complete");
    lua_insert(L, 1);
    lua_call(L, 1, 1);
    luaL_checktype(L, 1, LUA_TTABLE);
    return 1;
}

/* malloc'd strings for readline, which frees them; the first is what all n > 0 begin with */
static char **matches_of(lua_State *L, size_t n)
{
    char **list = mem_alloc((n + 2) * sizeof *list);
    for (size_t i = 0; i < n; i++) {
        lua_rawgeti(L, -1, (lua_Integer)i + 1);
        list[i + 1] = mem_strdup(lua_isstring(L, -1) ? lua_tostring(L, -1) : "");
        lua_pop(L, 1);
    }
    list[n + 1] = NULL;
    assert(n > 0);
    size_t common = strlen(list[1]);
    for (size_t i = 2; i <= n; i++) {
        size_t same = 0;
        while (same < common && list[i][same] == list[1][same])
            same++;
        common = same;
    }
    list[0] = mem_strndup(list[1], common);
    if (n == 1) {
        free(list[1]);
        list[1] = NULL;
    }
    return list;
}

static char **complete(const char *text, int start, int end)
{
    lua_State *L = current->L;
    char **list = NULL;
    int top = lua_gettop(L);
    (void)text;
    (void)start;
    rl_attempted_completion_over = 1; /* no file names */
    rl_completion_append_character = '\0';
    if (!lua_checkstack(L, 8))
        return NULL;
    lua_pushcfunction(L, list_candidates);
    lua_pushlstring(L, rl_line_buffer, (size_t)end);
    if (script_call(L, 1, 1) == LUA_OK && lua_rawlen(L, -1) > 0)
        list = matches_of(L, lua_rawlen(L, -1));
    lua_settop(L, top);
    return list;
}

/* ---- reading ---- */

struct wait {
    struct pollfd fds[2];
};

/* in a thread */
static void wait_for_input(void *arg)
{
    struct wait *w = arg;
    while (poll(w->fds, 2, -1) < 0 && errno == EINTR)
        ;
}

static void drop_line(void)
{
    rl_callback_sigcleanup();
    rl_free_line_state();
    rl_callback_handler_remove();
    fputs("^C\n", rl_outstream);
    fflush(rl_outstream);
}

/* 1: a line (NULL: the end), 0: interrupted, -1: *err. May wait. */
static int read_line(struct session *s, struct loop *loop, const char *prompt)
{
    struct sigaction act = {.sa_handler = on_interrupt}, before;
    int result = 1;
    sigemptyset(&act.sa_mask);
    sigaction(SIGINT, &act, &before);
    rl_callback_handler_install(prompt, on_line);
    while (!s->done) {
        struct wait w = {{{STDIN_FILENO, POLLIN, 0}, {s->pipe[0], POLLIN, 0}}};
        if (fiber_blocking(loop, wait_for_input, &w, &s->err) != 0) {
            rl_callback_handler_remove();
            result = -1;
            break;
        }
        if (w.fds[1].revents) {
            drop_line();
            result = 0;
            break;
        }
        rl_callback_read_char();
    }
    sigaction(SIGINT, &before, NULL);
    return result;
}

static int push_line(lua_State *L)
{
    lua_pushstring(L, lua_touserdata(L, 1)); /* nil for NULL */
    return 1;
}

/* read(prompt) -> line; nil at the end of input; false after Ctrl-C */
static int readline_l_read(lua_State *L)
{
    const char *prompt = luaL_checkstring(L, 1);
    struct session s = {.L = L};
    if (current)
        return exception_raise(L, "ValueError", "a line is being read already");
    if (pipe2(s.pipe, O_CLOEXEC | O_NONBLOCK) != 0)
        return exception_raise(L, "OSError", "cannot make a pipe");
    current = &s;
    rl_catch_signals = 0;
    rl_readline_name = "perilune";
    rl_attempted_completion_function = complete;
    rl_completer_word_break_characters = " \t\n\"'><=;|&{}()[],+-*/%^#~";
    rl_variable_bind("enable-bracketed-paste", "off"); /* pasted lines run one by one */
    int result = read_line(&s, host_of(L)->loop, prompt);
    current = NULL;
    close(s.pipe[0]);
    close(s.pipe[1]);
    if (result < 0)
        return exception_raise_err(L, &s.err);
    if (result == 0) {
        lua_pushboolean(L, 0);
        return 1;
    }
    lua_pushcfunction(L, push_line);
    lua_pushlightuserdata(L, s.line);
    int status = lua_pcall(L, 1, 1, 0);
    free(s.line);
    return status == LUA_OK ? 1 : lua_error(L);
}

/* completer(fn): fn(text before the cursor) -> list of words that may stand instead of the
 * last one */
static int readline_l_completer(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TFUNCTION);
    lua_settop(L, 1);
    lua_setfield(L, LUA_REGISTRYINDEX, "perilune.readline.complete");
    return 0;
}

/* ---- history ---- */

/* load(file) */
static int readline_l_load(lua_State *L)
{
    const char *file = luaL_checkstring(L, 1);
    using_history();
    stifle_history(HISTORY_LINES);
    read_history(file); /* none yet: empty */
    return 0;
}

/* add(line): what repeats the last one is not kept */
static int readline_l_add(lua_State *L)
{
    const char *line = luaL_checkstring(L, 1);
    HIST_ENTRY *last = history_length ? history_get(history_base + history_length - 1) : NULL;
    if (line[0] && (!last || strcmp(last->line, line) != 0))
        add_history(line);
    return 0;
}

/* save(file) -> true, or nil and why not; others cannot read it */
static int readline_l_save(lua_State *L)
{
    const char *file = luaL_checkstring(L, 1);
    mode_t before = umask(0077);
    int code = write_history(file);
    umask(before);
    if (code != 0) {
        luaL_pushfail(L);
        lua_pushfstring(L, "%s: %s", file, strerror(code));
        return 2;
    }
    lua_pushboolean(L, 1);
    return 1;
}

/* ---- interrupting what runs ---- */

static struct script_thread *running;

static void stop_hook(lua_State *L, lua_Debug *ar)
{
    (void)ar;
    lua_sethook(L, NULL, 0, 0);
    luaL_error(L, "interrupted");
}

static void on_stop(int number)
{
    (void)number;
    signal(SIGINT, SIG_DFL); /* a second one ends the program */
    /* Lua lets a signal handler call this one function. */
    /* NOLINTNEXTLINE(bugprone-signal-handler,cert-sig30-c) */
    lua_sethook(running->running, stop_hook,
                LUA_MASKCALL | LUA_MASKRET | LUA_MASKLINE | LUA_MASKCOUNT, 1);
}

/* interruptible(fn, ...) -> as pcall; Ctrl-C raises an error in fn */
static int readline_l_interruptible(lua_State *L)
{
    luaL_checkany(L, 1);
    struct script_thread *outer = running;
    running = thread_current(host_of(L));
    signal(SIGINT, on_stop);
    int ok = script_call(L, lua_gettop(L) - 1, LUA_MULTRET) == LUA_OK;
    signal(SIGINT, SIG_DFL);
    running = outer;
    lua_pushboolean(L, ok);
    lua_insert(L, 1);
    return lua_gettop(L);
}

int luaopen_perilune__readline(lua_State *L)
{
    static const luaL_Reg functions[] = {
        {"read", readline_l_read},
        {"completer", readline_l_completer},
        {"load", readline_l_load},
        {"add", readline_l_add},
        {"save", readline_l_save},
        {"interruptible", readline_l_interruptible},
        {NULL, NULL},
    };
    luaL_newlib(L, functions);
    return 1;
}
