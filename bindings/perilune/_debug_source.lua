-- SPDX-License-Identifier: MIT
-- Lines of the author's files for the error pages.
local core = require "perilune._core"
local values = require "perilune._debug_values"

local M = {}

local MAX_FILE, MAX_LINE = 2 ^ 20, 300
local libraries = { "^/usr/local/share/lua/", "^/usr/share/lua/" }

--- What a file is to the author: "project", "library" (installed on the machine),
--- "engine" (part of the binary) or "text" (load()ed from a string).
function M.kind(source)
  local file = source:match("^@(.*)$")
  if not file then
    return source == "=[C]" and "C" or "text"
  end
  if file == core.settings_file then
    return "project"
  end
  for _, pattern in ipairs(libraries) do
    if file:find(pattern) then
      return "library"
    end
  end
  if file:find "^perilune/" and core.module_exists((file:gsub("%.lua$", ""):gsub("/init$", ""):gsub("/", "."))) then
    return "engine"
  end
  return file:sub(1, 1) == "/" and "library" or "project"
end

local function path_of(file)
  if file:sub(1, 1) == "/" then
    return M.kind("@" .. file) ~= "engine" and file or nil
  end
  if not core.project_dir or ("/" .. file .. "/"):find("/../", 1, true) then
    return nil
  end
  return core.project_dir .. "/" .. file
end

-- The lines of a file, or nil.
local function read_lines(path)
  local f = io.open(path, "r")
  if not f then
    return nil
  end
  local text = f:read(MAX_FILE)
  f:close()
  if not text then
    return nil
  end
  local lines = {}
  for line in (text:sub(-1) == "\n" and text or text .. "\n"):gmatch("(.-)\r?\n") do
    lines[#lines + 1] = line
  end
  return lines
end

-- Of a Lua file of the project or of a library.
local function lines_of(file)
  local path = path_of(file)
  return path and path:find "%.lua$" and read_lines(path) or nil
end

local function mask_all(text)
  if text:find("\\", 1, true) then -- quotes within quotes: everything between the first and the last
    return (text:gsub("([\"']).*([\"'])", "%1" .. values.MASK .. "%2"))
  end
  return (text:gsub("([\"'])(.-)%1", function(quote, inner)
    return #inner > 0 and quote .. values.MASK .. quote or nil
  end))
end

-- Literals that go by secret names: `secret_key = "…"`, `local user, password = "…", "…"`,
-- `env("DB_PASSWORD", "…")`.
local function mask_literals(line)
  local names, equals, rest = line:match("^([%s%w_,.]-)(%s*=%s*)([^=].*)$")
  if names and values.is_secret(names) then
    return names .. equals .. mask_all(rest)
  end
  return (line:gsub("%f[%w_]([%w_]+)([\"']?%]?%s*[=,]%s*)([\"'])(.-)%3", function(name, between, quote, inner)
    if #inner > 0 and values.is_secret(name) then
      return name .. between .. quote .. values.MASK .. quote
    end
  end))
end

local function excerpt(read, file, line, around)
  local ok, lines = pcall(read, file)
  if not ok or not lines or not lines[line] then
    return nil
  end
  local out = {}
  for i = math.max(1, line - around), math.min(#lines, line + around) do
    local text = values.printable(lines[i]:sub(1, MAX_LINE * 2))
    out[#out + 1] = { number = i, text = values.cut(mask_literals(values.mask_urls(text)), MAX_LINE), current = i == line }
  end
  return out
end

--- The lines of `file` around `line`: list of { number =, text =, current = }, or nil
--- when there is no such line to be read.
function M.excerpt(file, line, around)
  return excerpt(lines_of, file, line, around)
end

--- The same of a template; `path` is what the loader read.
function M.template_excerpt(path, line, around)
  if path:sub(1, 1) ~= "/" then
    return nil
  end
  return excerpt(read_lines, path, line, around)
end

--- "shop/views.lua", 12 of the first place in the project that a text names.
function M.find_place(text)
  for file, line in text:gmatch("([^%s:'\"(]+%.lua):(%d+)") do
    if M.kind("@" .. file) == "project" then
      return file, math.tointeger(line)
    end
  end
  return nil
end

return M
