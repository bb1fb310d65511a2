/* SPDX-License-Identifier: MIT */
/* Functions that cannot return anything: those in whose code, as lua_dump() gives it, no
 * instruction returns a value.
 *
 * The form of such code is Lua 5.4's own, and not promised by its manual: what looks different
 * from what is expected here is not quiet.  tests/lua/signals_quiet_test.lua tries each kind of
 * `return` that the language has. */
#include "bindings/signals/impl.h"

#include "base/banned.h"
#include "base/buf.h"
#include "base/str.h"

#if LUA_VERSION_NUM == 504

enum { OP_TAILCALL = 69, OP_RETURN, OP_RETURN0, OP_RETURN1 };

static int add_part(lua_State *L, const void *p, size_t n, void *data)
{
    (void)L;
    buf_add(data, p, n);
    return 0;
}

/* A number in groups of seven bits, the last of which is marked; 0 past the end. */
static size_t read_size(struct str *s)
{
    size_t size = 0;
    unsigned char c = 0;
    while (s->n && !(c & 0x80)) {
        c = (unsigned char)*s->p;
        *s = str_skip(*s, 1);
        size = size << 7 | (c & 0x7f);
    }
    return size;
}

/* Is there a value that the instruction returns? */
static bool returns(uint32_t instruction)
{
    switch (instruction & 0x7f) {
    case OP_TAILCALL:
    case OP_RETURN1:
        return true;
    case OP_RETURN:
        return (instruction >> 16 & 0xff) != 1; /* values and one; 0: all there are */
    default:
        return false;
    }
}

/* Of the code without names: a header, what the function is like, and its instructions. */
static bool is_quiet(struct str s)
{
    static const char header[] = "\x1bLua\x54\0\x19\x93\r\n\x1a\n\x04";
    enum { REST = 2 + sizeof(lua_Integer) + sizeof(lua_Number) + 1 }; /* sizes, numbers, upvalues */
    bool ends = false;
    uint32_t instruction;
    if (!str_starts(s, str_make(header, sizeof header - 1)))
        return false;
    s = str_skip(s, sizeof header - 1 + REST);
    if (read_size(&s) != 0) /* the source's name */
        return false;
    read_size(&s); /* first line */
    read_size(&s); /* last line */
    s = str_skip(s, 3);
    size_t n = read_size(&s);
    if (n > s.n / sizeof instruction)
        return false;
    for (size_t i = 0; i < n; i++) {
        memcpy(&instruction, s.p + i * sizeof instruction, sizeof instruction);
        if (returns(instruction))
            return false;
        ends = (instruction & 0x7f) == OP_RETURN0 || (instruction & 0x7f) == OP_RETURN;
    }
    return ends; /* as all functions do */
}

bool signals_is_quiet(lua_State *L)
{
    struct buf code = BUF_INIT;
    bool quiet = lua_isfunction(L, -1) && !lua_iscfunction(L, -1) &&
                 lua_dump(L, add_part, &code, 1) == 0 && is_quiet(str_make(code.data, code.n));
    buf_release(&code);
    return quiet;
}

#else

bool signals_is_quiet(lua_State *L)
{
    (void)L;
    return false;
}

#endif
