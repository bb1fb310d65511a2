-- SPDX-License-Identifier: MIT
-- perilune collectstatic: the static files of all apps in one folder, for the server that
-- hands them out; with names that carry hashes, and compressed, where asked for.
local core = require "perilune._core"
local exceptions = require "perilune.exceptions"
local file = require "perilune._file"
local fs = require "perilune._fs"
local manifest = require "perilune._static_manifest"
local settings = require "perilune.settings"
local sorted_keys = require "perilune._sorted_keys"
local static = require "perilune.static"
local system = require "perilune._system"

local CODINGS = { { "br", ".br" }, { "gzip", ".gz" } }
local COMPRESS_MIN = 200

-- ---- what to do ----

-- A shell pattern as a Lua pattern: "*.psd", "docs/*", "a?c".
local function glob(pattern)
  local text = pattern:gsub("[%^%$%(%)%%%.%[%]%+%-]", "%%%0"):gsub("%*", ".*"):gsub("%?", ".")
  return "^" .. text .. "$"
end

local function ignored(name, patterns)
  for _, pattern in ipairs(patterns) do
    if name:find(pattern) or name:match("[^/]*$"):find(pattern) then
      return true
    end
    for folder in name:gmatch("([^/]+)/") do
      if folder:find(pattern) then
        return true
      end
    end
  end
  return false
end

-- Without links, also when the end of the path does not exist yet.
local function real(path)
  local rest = ""
  while path ~= "" do
    local found = system.absolute(path)
    if found then
      return (found == "/" and "" or found) .. rest
    end
    rest = path:match("/[^/]*$") .. rest
    path = path:match("^(.*)/[^/]*$")
  end
  return rest
end

local function holds(folder, path)
  return (path .. "/"):sub(1, #folder + 1) == folder .. "/"
end

-- What --clear would delete, or the next run would find, is no place to collect in.
local function check_root(root)
  local target = real(root)
  local function wrong(text, ...)
    error(exceptions.ImproperlyConfigured(("static_root '%s' " .. text .. "; give it a folder of its own"):format(root, ...)), 0)
  end
  if holds(target, real(core.project_dir)) then
    wrong("holds the whole project")
  end
  for _, dir in ipairs(static.finders.dirs()) do
    if holds(real(dir.path), target) then
      wrong("lies in '%s', whose files are collected", dir.path)
    elseif holds(target, real(dir.path)) then
      wrong("holds '%s', whose files are collected", dir.path)
    end
  end
end

local function confirm(options, command, root)
  if options.no_input or options.dry_run or not system.isatty(0) or #fs.walk(root, true) == 0 then
    return
  end
  command:write(("This %s '%s'."):format(options.clear and "deletes all files in" or "overwrites files in", root))
  command:write("Type 'yes' to go on: ", "")
  command.stdout:flush()
  if io.read("l") ~= "yes" then
    error(exceptions.CommandError("collecting static files was cancelled"), 0)
  end
end

-- ---- one run ----

local Run = {}
Run.__index = Run

function Run:say(level, text, ...)
  if self.options.verbosity >= level then
    self.command:write(text:format(...))
  end
end

function Run:target(name)
  return self.root .. "/" .. name
end

-- What was made of an older version of the file says nothing of this one.
function Run:drop_variants(name)
  for _, coding in ipairs(CODINGS) do
    local path = self:target(name .. coding[2])
    if not self.files[name .. coding[2]] and fs.stat(path) then
      fs.remove(path)
    end
  end
end

function Run:copy(entry)
  local target = self:target(entry.name)
  local old = not self.cleared and fs.stat(target)
  if old and old.size == entry.size and old.mtime == entry.mtime then
    self.unmodified = self.unmodified + 1
    return
  end
  self:say(2, "copy '%s'", entry.path)
  self.copied = self.copied + 1
  if not self.options.dry_run then
    fs.copy(entry.path, target)
    self:drop_variants(entry.name)
  end
end

-- Copies under hashed names, and the manifest last: whoever reads it finds all it names.
function Run:post_process()
  local paths, mtimes = {}, {}
  for name, entry in pairs(self.files) do
    paths[name], mtimes[name] = entry.path, entry.mtime
  end
  local names, contents = manifest.names(paths, static.base_url())
  local sorted = sorted_keys(names)
  for _, name in ipairs(sorted) do
    local hashed = names[name]
    self:say(2, "post-process '%s' as '%s'", name, hashed)
    self.processed = self.processed + 1
    self.hashed[hashed] = true
    if not self.options.dry_run and not fs.stat(self:target(hashed)) then
      if contents[name] then
        fs.write(self:target(hashed), contents[name], mtimes[name])
      else
        fs.copy(paths[name], self:target(hashed))
      end
    end
  end
  if not self.options.dry_run then
    fs.write(self:target(manifest.FILE), manifest.encode(names))
  end
end

function Run:compress(name)
  local source = fs.stat(self:target(name))
  if not source or source.size < COMPRESS_MIN or not file.compressible(name) then
    return
  end
  local content
  for _, coding in ipairs(CODINGS) do
    local path = self:target(name .. coding[2])
    local old = fs.stat(path)
    if not self.files[name .. coding[2]] and not (old and old.mtime == source.mtime) then
      content = content or fs.read(self:target(name))
      local packed = fs.compress(coding[1], content)
      if #packed < #content * 0.95 then
        fs.write(path, packed, source.mtime)
        self.compressed = self.compressed + 1
      end
    end
  end
end

function Run:compress_all()
  local names = {}
  for name in pairs(self.files) do
    names[#names + 1] = name
  end
  for name in pairs(self.hashed) do
    names[#names + 1] = name
  end
  table.sort(names)
  local progress = self.command:progress(#names, "compressing")
  for _, name in ipairs(names) do
    self:compress(name)
    progress:step(1)
  end
end

function Run:report()
  local text = ("%d static file%s %scopied to '%s'"):format(self.copied, self.copied == 1 and "" or "s", self.options.dry_run and "would be " or "", self.root)
  for _, part in ipairs { { self.unmodified, "unmodified" }, { self.processed, "post-processed" }, { self.compressed, "compressed" } } do
    if part[1] > 0 then
      text = text .. (", %d %s"):format(part[1], part[2])
    end
  end
  if self.options.verbosity > 0 then
    self.command:write(self.command.style.success(text .. "."))
  end
end

local function gather(self)
  local patterns = {}
  for i, pattern in ipairs(self.options.ignore or {}) do
    patterns[i] = glob(pattern)
  end
  local found, hidden = static.finders.list()
  local list = {}
  for _, entry in ipairs(found) do
    if not ignored(entry.name, patterns) then
      list[#list + 1] = entry
      self.files[entry.name] = entry
    end
  end
  for _, entry in ipairs(hidden) do
    if self.files[entry.name] then
      self:say(1, "'%s' is not used: '%s' was found first", entry.path, self.files[entry.name].path)
    end
  end
  return list
end

local function handle(options, command)
  local self = setmetatable({
    options = options, command = command, root = static.root(), files = {}, hashed = {},
    copied = 0, unmodified = 0, processed = 0, compressed = 0, cleared = options.clear,
  }, Run)
  check_root(self.root)
  local list = gather(self)
  confirm(options, command, self.root)
  if options.clear then
    self:say(1, "delete everything in '%s'", self.root)
    if not options.dry_run then
      fs.clear(self.root)
    end
  end
  for _, entry in ipairs(list) do
    self:copy(entry)
  end
  if static.storage() == "manifest" and not options.no_post_process then
    self:post_process()
  end
  if options.compress and not options.dry_run then
    self:compress_all()
  end
  static._forget()
  self:report()
  if #list == 0 then
    command.stderr:write(command.style.warning(("There are no static files: neither in staticfiles_dirs nor in a folder static/ of the installed apps%s."):format(#settings.installed_apps == 0 and " (there are none)" or "")))
  end
end

return {
  help = "copy the static files of all apps into static_root",
  description = "What staticfiles_dirs and the static/ folders of the apps hold; of two files with one name the\n"
    .. "first is taken. With staticfiles_storage = \"manifest\" there are copies whose names carry a hash\n"
    .. "of the content too. Hidden files and Lua sources are never copied.",
  requires = "settings",
  arguments = {
    { "--no-input", "--noinput", flag = true, dest = "no_input", help = "ask nothing" },
    { "-n", "--dry-run", flag = true, dest = "dry_run", help = "only say what would be done" },
    { "-c", "--clear", flag = true, help = "delete everything in static_root first" },
    { "-i", "--ignore", multiple = true, metavar = "PATTERN", help = "leave out files like this ('*.psd'); may be repeated" },
    { "--no-post-process", flag = true, dest = "no_post_process", help = "no names with hashes" },
    { "--compress", flag = true, help = "add compressed variants (.br, .gz), which serve_static and others send" },
  },
  handle = handle,
}
