-- SPDX-License-Identifier: MIT
-- What `perilune startcmodule NAME` writes: a C module that builds with CMake (or with one
-- line of cc) against the perilune.h that pkg-config finds.
--
--     local paths = require("perilune._skeleton_cmodule").write("geo", "/path/of/project")
local exceptions = require "perilune.exceptions"

local M = {}

local files = {}

files["CMakeLists.txt"] = [[
# cmake -B build && cmake --build build
cmake_minimum_required(VERSION 3.16)
project(@NAME@ LANGUAGES C)
find_package(PkgConfig REQUIRED)
pkg_check_modules(perilune REQUIRED IMPORTED_TARGET perilune)

add_library(@NAME@ MODULE @NAME@.c)
target_link_libraries(@NAME@ PRIVATE PkgConfig::perilune)
target_compile_options(@NAME@ PRIVATE -Wall -Wextra -fvisibility=hidden)
set_target_properties(@NAME@ PROPERTIES PREFIX "" C_STANDARD 11)
]]

files["@NAME@.c"] = [[
/* The C module @NAME@: a middleware, a view and a function for Lua. */
#include <perilune.h>

/* Called for every request; what pln_next() gives is the response of the layers inside. */
static struct pln_response *layer_call(void *self, struct pln_request *r,
                                       const struct pln_next *next)
{
    struct pln_response *response = pln_next(next, r);
    (void)self;
    pln_response_set_header(response, "X-Module", pln_str("@NAME@"));
    return response;
}

static const struct pln_middleware middleware[] = {
    {.name = "@NAME@.layer", .call = layer_call},
    {.name = NULL},
};

static struct pln_response *index_view(struct pln_env *env, struct pln_request *r)
{
    struct pln_str path = pln_request_path(r);
    (void)env;
    return pln_response_text(200, NULL, "@NAME@ at %.*s\n", (int)path.n, path.p);
}

static const struct pln_view views[] = {
    {.name = "@NAME@.index", .call = index_view},
    {.name = NULL},
};

/* require("@NAME@").add(1, 2) */
static int add(struct pln_env *env, struct pln_call *c)
{
    double a = pln_arg_number(c, 0), b = pln_arg_number(c, 1);
    (void)env;
    pln_push_number(c, a + b);
    return 0;
}

static const struct pln_function functions[] = {
    {.name = "add", .call = add, .doc = "the sum of two numbers"},
    {.name = NULL},
};

PLN_EXPORT const struct pln_module pln_module = {
    PLN_MODULE_HEAD,
    .name = "@NAME@",
    .version = "0.1",
    .middleware = middleware,
    .views = views,
    .functions = functions,
};
]]

files["README.md"] = [[
# @NAME@

A C module for Perilune.

```
cmake -B build && cmake --build build
```

needs `perilune.h`, which `pkg-config --cflags perilune` finds once Perilune is installed (for another place, set `PKG_CONFIG_PATH`). Then, in the project:

```lua
-- settings.lua
c_modules = { "@NAME@/build/@NAME@.so" },
middleware = { "@NAME@.layer" },
-- urls.lua
path("@NAME@/", "@NAME@.index"),
-- anywhere
require("@NAME@").add(1, 2)
```
]]

files[".gitignore"] = "build/\n"

local order = { "CMakeLists.txt", "@NAME@.c", "README.md", ".gitignore" }

local function check_name(name)
  if type(name) ~= "string" or not name:find "^%a[%w_]*$" then
    error(exceptions.ValueError(("'%s' is no name for a C module: letters, digits and _ are allowed, a letter first"):format(tostring(name))), 0)
  end
end

local function exists(path)
  local f = io.open(path, "rb")
  if f then
    f:close()
  end
  return f ~= nil
end

--- The files of a module: a list of { path =, text = } with paths below the folder NAME.
function M.files(name)
  check_name(name)
  local list = {}
  for i, path in ipairs(order) do
    list[i] = {
      path = name .. "/" .. path:gsub("@NAME@", name),
      text = (files[path]:gsub("@NAME@", name)),
    }
  end
  return list
end

--- Writes them below `dir`, into a new folder NAME that `make_dir(path)` makes; gives the
--- paths. Nothing that exists is overwritten.
function M.write(name, dir, make_dir)
  local list, paths = M.files(name), {}
  for _, file in ipairs(list) do
    if exists(dir .. "/" .. file.path) then
      error(exceptions.OSError(("'%s/%s' exists already; choose another name or remove it"):format(dir, file.path)), 0)
    end
  end
  make_dir(dir .. "/" .. name)
  for i, file in ipairs(list) do
    local path = dir .. "/" .. file.path
    local f, why = io.open(path, "wb")
    if not f then
      error(exceptions.OSError("cannot write " .. tostring(why)), 0)
    end
    f:write(file.text)
    f:close()
    paths[i] = path
  end
  return paths
end

return M
