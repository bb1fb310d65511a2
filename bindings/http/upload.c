/* SPDX-License-Identifier: MIT */
/* request.FILES and the files in it.  Their content belongs to the request: when it ends
 * they end, and every use raises. */
#include "bindings/http/request_impl.h"
#include "bindings/lua/class.h"
#include "bindings/lua/error.h"
#include "bindings/lua/host.h"

#include "base/banned.h"
#include "fiber/fiber.h"
#include "http/form_save.h"
#include "settings/settings.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

/* User values: of a file its FILES, of FILES the request's object and the table of the
 * files that were asked for. */
enum { UPLOAD_FILES = 1 };
enum { FILES_REQUEST = 1, FILES_OBJECTS };

struct file_object { /* behind a perilune.http.UploadedFile */
    const struct upload *upload;
    const struct handle *files; /* of FILES; without an object once the request is gone */
    uint64_t position;
};

static const struct class upload_class, files_class;

static struct file_object *live(lua_State *L, void *object)
{
    struct file_object *f = object;
    if (!f->files->object)
        luaL_error(L, "%s used after its request ended; save() it before", upload_class.name);
    return f;
}

static struct file_object *check_file(lua_State *L)
{
    return live(L, class_check(L, 1, &upload_class));
}

/* ---- fields ---- */

static int get_name(lua_State *L, void *self)
{
    return request_push_str(L, live(L, self)->upload->name);
}

static int get_field(lua_State *L, void *self)
{
    return request_push_str(L, live(L, self)->upload->field);
}

static int get_size(lua_State *L, void *self)
{
    lua_pushinteger(L, (lua_Integer)live(L, self)->upload->size);
    return 1;
}

static int get_content_type(lua_State *L, void *self)
{
    return request_push_str(L, live(L, self)->upload->content_type);
}

static int get_charset(lua_State *L, void *self)
{
    return request_push_str(L, live(L, self)->upload->charset);
}

static int get_content_type_extra(lua_State *L, void *self)
{
    const struct header_params *h = &live(L, self)->upload->type_params;
    lua_createtable(L, 0, (int)h->n);
    for (size_t i = 0; i < h->n; i++) {
        request_push_str(L, h->items[i].name);
        request_push_str(L, h->items[i].value);
        lua_rawset(L, -3);
    }
    return 1;
}

/* ---- reading ---- */

/* Pushes up to n bytes from *position, which it moves; "" at the end. */
static size_t push_bytes(lua_State *L, const struct upload *u, uint64_t *position, uint64_t n)
{
    uint64_t left = *position < u->size ? u->size - *position : 0;
    luaL_Buffer b;
    size_t want = (size_t)(n < left ? n : left), have = 0;
    struct err err = {.code = ERR_OK};
    char *p = luaL_buffinitsize(L, &b, want ? want : 1);
    while (have < want) {
        ptrdiff_t got = upload_read(u, *position + have, p + have, want - have, &err);
        if (got < 0)
            exception_raise_err(L, &err);
        if (got == 0)
            break;
        have += (size_t)got;
    }
    *position += have;
    luaL_pushresultsize(&b, have);
    return have;
}

/* read(n) -> the next n bytes (all that are left), "" at the end */
static int file_l_read(lua_State *L)
{
    struct file_object *f = check_file(L);
    lua_Integer n = luaL_optinteger(L, 2, -1);
    push_bytes(L, f->upload, &f->position, n < 0 ? UINT64_MAX : (uint64_t)n);
    return 1;
}

/* seek(position): where read() goes on, 0 when left out; gives it */
static int file_l_seek(lua_State *L)
{
    struct file_object *f = check_file(L);
    lua_Integer at = luaL_optinteger(L, 2, 0);
    luaL_argcheck(L, at >= 0, 2, "a position is not negative");
    f->position = (uint64_t)at;
    lua_pushinteger(L, at);
    return 1;
}

static int file_l_tell(lua_State *L)
{
    lua_pushinteger(L, (lua_Integer)check_file(L)->position);
    return 1;
}

/* Upvalues: the file, bytes of a chunk, position. */
static int next_chunk(lua_State *L)
{
    lua_settop(L, 0);
    lua_pushvalue(L, lua_upvalueindex(1));
    struct file_object *f = check_file(L);
    uint64_t position = (uint64_t)lua_tointeger(L, lua_upvalueindex(3));
    uint64_t n = (uint64_t)lua_tointeger(L, lua_upvalueindex(2));
    if (push_bytes(L, f->upload, &position, n) == 0)
        return 0;
    lua_pushinteger(L, (lua_Integer)position);
    lua_replace(L, lua_upvalueindex(3));
    return 1;
}

/* chunks(size): for chunk in file:chunks() do; from the beginning */
static int file_l_chunks(lua_State *L)
{
    check_file(L);
    lua_Integer n = luaL_optinteger(L, 2, 65536);
    luaL_argcheck(L, n >= 1 && n <= (1 << 30), 2, "a chunk has 1 byte to 1 GiB");
    lua_pushvalue(L, 1);
    lua_pushinteger(L, n);
    lua_pushinteger(L, 0);
    lua_pushcclosure(L, next_chunk, 3);
    return 1;
}

static int file_l_multiple_chunks(lua_State *L)
{
    struct file_object *f = check_file(L);
    lua_Integer n = luaL_optinteger(L, 2, 65536);
    lua_pushboolean(L, n >= 0 && f->upload->size > (uint64_t)n);
    return 1;
}

/* ---- saving ---- */

static bool has_dotdot(struct str path)
{
    struct str part;
    while (str_split(&path, '/', &part))
        if (str_eq(part, STR("..")))
            return true;
    return false;
}

/* The path for the author's text, on top of the stack: below the project when it is
 * relative, with the file's own name when it is a folder. [-0, +1] */
static const char *full_path(lua_State *L, const struct upload *u, struct str path)
{
    const char *dir = host_of(L)->options.project_dir, *full;
    struct stat st;
    if (path.n == 0 || memchr(path.p, '\0', path.n))
        luaL_argerror(L, 2, "a path is not empty and holds no zero byte");
    if (has_dotdot(path))
        exception_raise(L, "SuspiciousFileOperation",
                        "'%s' has a part '..'; save() takes paths below the project or absolute "
                        "ones",
                        path.p);
    full = path.p[0] == '/' || !dir ? lua_pushstring(L, path.p)
                                    : lua_pushfstring(L, "%s/%s", dir, path.p);
    if (!str_ends(path, STR("/")) && (stat(full, &st) != 0 || !S_ISDIR(st.st_mode)))
        return full;
    lua_pushfstring(L, str_ends(path, STR("/")) ? "%s%s" : "%s/%s", full,
                    lua_pushlstring(L, u->name.p, u->name.n));
    lua_replace(L, -3);
    lua_pop(L, 1);
    return lua_tostring(L, -1);
}

struct saving {
    struct upload content;
    const char *path;
    unsigned mode;
    char *final;
    struct err err;
    int rc;
};

static void save_now(void *arg)
{
    struct saving *s = arg;
    s->rc = upload_save(&s->content, s->path, s->mode, s->final, PATH_MAX, &s->err);
}

/* A file on disk is another thread's business; meanwhile its request may end (another fiber
 * can have the object), so the descriptor is one of its own. What is in memory is small. */
static int save(struct loop *loop, struct saving *s, const struct upload *u)
{
    s->content = *u;
    if (u->fd < 0) {
        save_now(s);
        return s->rc;
    }
    s->content.name = str_from(s->path); /* for messages */
    s->content.fd = fcntl(u->fd, F_DUPFD_CLOEXEC, 0);
    if (s->content.fd < 0)
        return err_set_errno(&s->err, "cannot read the upload for '%s'", s->path);
    if (fiber_blocking(loop, save_now, s, &s->err) != 0)
        s->rc = -1;
    close(s->content.fd);
    return s->rc;
}

static unsigned file_mode(lua_State *L)
{
    const struct settings *s = host_of(L)->settings;
    return s ? (unsigned)settings_int(s, SETTING_file_upload_permissions) : 0644;
}

/* save(path) -> path of the new file, which has another name when that one is taken.
 * May wait. */
static int file_l_save(lua_State *L)
{
    struct file_object *f = check_file(L);
    struct saving s = {.mode = file_mode(L)};
    struct str path;
    path.p = luaL_checklstring(L, 2, &path.n);
    lua_settop(L, 2);
    s.path = full_path(L, f->upload, path);
    s.final = lua_newuserdatauv(L, PATH_MAX, 0);
    if (save(host_of(L)->loop, &s, f->upload) != 0)
        return exception_raise_err(L, &s.err);
    const char *dir = host_of(L)->options.project_dir;
    lua_pushstring(L, s.final + (path.p[0] != '/' && dir ? strlen(dir) + 1 : 0));
    return 1;
}

static int file_tostring(lua_State *L)
{
    struct file_object *f = class_test(L, 1, &upload_class);
    if (!f || !f->files->object)
        lua_pushliteral(L, "<UploadedFile: ended>");
    else
        lua_pushfstring(L, "<UploadedFile: %s (%s)>", f->upload->name.p, f->upload->content_type.p);
    return 1;
}

static const struct class upload_class = {
    .name = "perilune.http.UploadedFile",
    .user_values = 1,
    .fields = (const struct class_field[]){{"name", get_name, NULL},
                                           {"field", get_field, NULL},
                                           {"size", get_size, NULL},
                                           {"content_type", get_content_type, NULL},
                                           {"content_type_extra", get_content_type_extra, NULL},
                                           {"charset", get_charset, NULL},
                                           {NULL, NULL, NULL}},
    .methods = (const luaL_Reg[]){{"read", file_l_read},
                                  {"seek", file_l_seek},
                                  {"tell", file_l_tell},
                                  {"chunks", file_l_chunks},
                                  {"multiple_chunks", file_l_multiple_chunks},
                                  {"save", file_l_save},
                                  {NULL, NULL}},
    .metamethods = (const luaL_Reg[]){{"__tostring", file_tostring}, {NULL, NULL}},
};

/* ---- FILES: field names with lists of files ---- */

static const struct form *form_of(const struct request *r)
{
    static const struct form none;
    return r->method == METHOD_POST && r->form ? r->form : &none;
}

static const struct form *check_files(lua_State *L)
{
    return form_of(class_check(L, 1, &files_class));
}

/* The object of file i, the same one every time; FILES is at index 1. [-0, +1] */
static void push_file(lua_State *L, const struct form *form, size_t i)
{
    luaL_checkstack(L, 6, NULL);
    lua_getiuservalue(L, 1, FILES_OBJECTS);
    if (lua_rawgeti(L, -1, (lua_Integer)i + 1) == LUA_TNIL) {
        lua_pop(L, 1);
        struct file_object *f = class_new(L, &upload_class, sizeof *f);
        f->upload = form->files[i];
        f->files = lua_touserdata(L, 1);
        lua_pushvalue(L, 1);
        lua_setiuservalue(L, -2, UPLOAD_FILES);
        lua_pushvalue(L, -1);
        lua_rawseti(L, -3, (lua_Integer)i + 1);
    }
    lua_remove(L, -2);
}

/* Number of the last file of the field, form->n_files when there is none. */
static size_t find_last(const struct form *form, struct str field)
{
    for (size_t i = form->n_files; i-- > 0;)
        if (str_eq(form->files[i]->field, field))
            return i;
    return form->n_files;
}

static bool is_first(const struct form *form, size_t i)
{
    for (size_t j = 0; j < i; j++)
        if (str_eq(form->files[j]->field, form->files[i]->field))
            return false;
    return true;
}

static struct str check_field(lua_State *L)
{
    struct str s;
    s.p = luaL_checklstring(L, 2, &s.n);
    return s;
}

static int files_index(lua_State *L, void *self)
{
    const struct form *form = form_of(self);
    struct str field;
    if (lua_type(L, 2) != LUA_TSTRING)
        return 0;
    field.p = lua_tolstring(L, 2, &field.n);
    size_t i = find_last(form, field);
    if (i == form->n_files)
        return 0;
    push_file(L, form, i);
    return 1;
}

static int files_readonly(lua_State *L, void *self)
{
    (void)self;
    return exception_raise(L, "AttributeError", "the files of a request are read-only");
}

/* get(field, default) */
static int files_l_get(lua_State *L)
{
    const struct form *form = check_files(L);
    size_t i = find_last(form, check_field(L));
    lua_settop(L, 3);
    if (i < form->n_files)
        push_file(L, form, i);
    return 1;
}

static int files_l_getlist(lua_State *L)
{
    const struct form *form = check_files(L);
    struct str field = check_field(L);
    lua_Integer n = 0;
    lua_newtable(L);
    for (size_t i = 0; i < form->n_files; i++) {
        if (!str_eq(form->files[i]->field, field))
            continue;
        push_file(L, form, i);
        lua_rawseti(L, -2, ++n);
    }
    return 1;
}

static int files_l_has_key(lua_State *L)
{
    const struct form *form = check_files(L);
    lua_pushboolean(L, find_last(form, check_field(L)) < form->n_files);
    return 1;
}

static int files_l_keys(lua_State *L)
{
    const struct form *form = check_files(L);
    lua_Integer n = 0;
    lua_newtable(L);
    for (size_t i = 0; i < form->n_files; i++) {
        if (!is_first(form, i))
            continue;
        request_push_str(L, form->files[i]->field);
        lua_rawseti(L, -2, ++n);
    }
    return 1;
}

static int files_len(lua_State *L)
{
    const struct form *form = check_files(L);
    lua_Integer n = 0;
    for (size_t i = 0; i < form->n_files; i++)
        n += is_first(form, i);
    lua_pushinteger(L, n);
    return 1;
}

/* pairs(): field, its last file */
static int files_next(lua_State *L)
{
    const struct form *form = check_files(L);
    size_t i = (size_t)lua_tointeger(L, lua_upvalueindex(1));
    while (i < form->n_files && !is_first(form, i))
        i++;
    if (i >= form->n_files)
        return 0;
    lua_pushinteger(L, (lua_Integer)i + 1);
    lua_replace(L, lua_upvalueindex(1));
    request_push_str(L, form->files[i]->field);
    push_file(L, form, find_last(form, form->files[i]->field));
    return 2;
}

static int files_pairs(lua_State *L)
{
    check_files(L);
    lua_pushinteger(L, 0);
    lua_pushcclosure(L, files_next, 1);
    lua_pushvalue(L, 1);
    return 2;
}

static const struct class files_class = {
    .name = "perilune.http.Files",
    .user_values = FILES_OBJECTS,
    .methods = (const luaL_Reg[]){{"get", files_l_get},
                                  {"getlist", files_l_getlist},
                                  {"has_key", files_l_has_key},
                                  {"keys", files_l_keys},
                                  {NULL, NULL}},
    .metamethods = (const luaL_Reg[]){{"__pairs", files_pairs}, {"__len", files_len}, {NULL, NULL}},
    .index = files_index,
    .newindex = files_readonly,
};

static void build_files(lua_State *L, struct request *r)
{
    request_form(L, r);
    class_push(L, &files_class, r); /* ended by request_detach() */
    lua_pushvalue(L, 1);
    lua_setiuservalue(L, -2, FILES_REQUEST);
    lua_newtable(L);
    lua_setiuservalue(L, -2, FILES_OBJECTS);
}

int request_get_files(lua_State *L, void *self)
{
    return request_cached(L, REQUEST_FILES, build_files, self);
}

void request_files_register(lua_State *L)
{
    class_register(L, &upload_class);
    class_register(L, &files_class);
}
