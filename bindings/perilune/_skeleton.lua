-- SPDX-License-Identifier: MIT
-- What `startproject` and `startapp` write, and the writing: all of it or nothing. In the
-- texts and paths @NAME@ is the name that was given.
local core = require "perilune._core"
local exceptions = require "perilune.exceptions"
local system = require "perilune._system"

local M = {}

local RESERVED = {
  perilune = true, settings = true, urls = true, views = true, templates = true, static = true, staticfiles = true,
  media = true, tests = true, test = true, migrations = true, commands = true, arg = true,
}

local KEYWORDS = {}
for word in ("and break do else elseif end false for function goto if in local nil not or repeat return then true until while"):gmatch("%a+") do
  KEYWORDS[word] = true
end

local function fail(text, ...)
  error(exceptions.CommandError(text:format(...)), 0)
end

--- Raises CommandError unless `name` can name a `what` ("project", "app"): a folder of
--- that name is reached with require, so it must not hide a module.
function M.check_name(name, what)
  if not name:find("^[%a_][%w_]*$") then
    local better = name:gsub("[^%w_]+", "_"):gsub("^(%d)", "_%1"):gsub("_+$", "")
    local hint = better:find("^[%a_][%w_]*$") and ("; try '%s'"):format(better) or ""
    fail("'%s' is no name for a%s %s: letters, digits and _ are allowed, and no digit comes first%s", name, what == "app" and "n" or "", what, hint)
  end
  if KEYWORDS[name] then
    fail("'%s' is a word of Lua; choose another name", name)
  end
  if what == "app" then
    if RESERVED[name] then
      fail("an app cannot be called '%s': that name has a meaning in every project", name)
    elseif type(rawget(_G, name)) == "table" then
      fail("an app cannot be called '%s': require \"%s\" is a library of Lua", name, name)
    end
  end
end

-- ---- writing ----

local function make_folders(base, path)
  for at in path:gmatch("()/") do
    local folder = base .. "/" .. path:sub(1, at - 1)
    local made, why = system.mkdir(folder)
    if made == nil then
      fail("cannot make the folder %s", why)
    end
  end
end

--- Writes files, a list of { path =, text =, mode = }, below the folder `base`, which is
--- made when it is not there. Nothing that exists is overwritten: one file that is there
--- already stops it before it begins.
function M.write(base, files, name)
  local named = {}
  for i, file in ipairs(files) do
    named[i] = { path = file.path:gsub("@NAME@", name or ""), text = file.text, mode = file.mode }
  end
  files = named
  for _, file in ipairs(files) do
    if system.kind(base .. "/" .. file.path) then
      fail("'%s/%s' exists already; nothing was written", base, file.path)
    end
  end
  local made, why = system.mkdir(base)
  if made == nil then
    fail("cannot make the folder %s", why)
  end
  for _, file in ipairs(files) do
    make_folders(base, file.path)
    local text = file.text:gsub("@(%u+)@", { NAME = name, VERSION = core.version })
    local ok, problem = system.write_new(base .. "/" .. file.path, text, file.mode)
    if not ok then
      fail("cannot write %s", problem)
    end
  end
end

return M
