-- SPDX-License-Identifier: MIT
-- perilune dumpdata
local dump = require "perilune._fixtures.dump"
local exceptions = require "perilune.exceptions"
local formats = require "perilune._fixtures.formats"
local gzip = require "perilune._gzip"
local programs = require "perilune._fixtures.programs"
local registry = require("perilune._models.registry").project
local select_models = require("perilune._fixtures.select").models

local function keys_of(text)
  local pks = {}
  for key in text:gmatch "[^,]+" do
    pks[#pks + 1] = key
  end
  return pks
end

-- Rows between [ and ].
local function write_list(classes, options, put)
  local indent, first = options.indent, true
  put "["
  for _, class in ipairs(classes) do
    dump(class, options, function(text)
      put((first and (indent and "\n" or "") or (indent and ",\n" or ", ")) .. text)
      first = false
    end)
  end
  put(indent and "\n]\n" or "]\n")
end

-- A row a line.
local function write_lines(classes, options, put)
  for _, class in ipairs(classes) do
    dump(class, options, function(text)
      put(text .. "\n")
    end)
  end
end

local Plain = {}
Plain.__index = Plain

function Plain:write(text)
  assert(self.file:write(text))
end

function Plain:close()
  assert(self.file:close())
end

-- A new file, packed as the ending of its name says; `at`: where it is written.
-- Its write(text) and close() raise.
local function create(name, at)
  local ending = name:match "%.(%w+)$"
  if ending == "gz" then
    return gzip.open(at, "w")
  elseif programs.has(ending) then
    return programs.create(at, ending)
  end
  return setmetatable({ file = assert(io.open(at, "wb")) }, Plain)
end

-- A file that is written beside its place, and takes it when it is whole.
local function into_file(path, write)
  local problem = formats.problem(path)
  if problem then
    error(exceptions.CommandError(problem), 0)
  elseif path:match "%.zip$" then
    error(exceptions.CommandError(("'%s': zip archives are read, not written; .gz, .bz2 and .xz are"):format(path)), 0)
  end
  local temporary = path .. ".part"
  local opened, file = pcall(create, path, temporary)
  if not opened then
    error(exceptions.CommandError("cannot write " .. tostring(exceptions.wrap(file).message)), 0)
  end
  local parts, size = {}, 0
  local function flush()
    file:write(table.concat(parts))
    parts, size = {}, 0
  end
  local ok, err = pcall(function()
    write(function(text)
      parts[#parts + 1], size = text, size + #text
      if size > 65536 then
        flush()
      end
    end)
    flush()
    file:close()
  end)
  if not ok then
    pcall(file.close, file)
    os.remove(temporary)
    error(err, 0)
  end
  assert(os.rename(temporary, path))
end

local function handle(options, command)
  registry:world()
  formats.check_format(options.format)
  local classes, proxies = select_models(options.what, options.exclude or {}, options.database)
  for _, class in ipairs(proxies) do
    command.stderr:write(command.style.warning(("%s is a proxy model and won't be serialized."):format(class._meta.label)))
  end
  if options.pks and #classes ~= 1 then
    error(exceptions.CommandError "You can only use --pks option with one model", 0)
  end
  local lines = options.format == "jsonl" or not options.format and options.output and options.output:match "%.jsonl%f[.\0]" ~= nil
  if lines and options.indent then
    error(exceptions.CommandError "--indent does not go with jsonl, where an object is a line", 0)
  end
  local how = {
    database = options.database, all = options.all, pks = options.pks and keys_of(options.pks), indent = options.indent,
    natural_foreign = options.natural_foreign, natural_primary = options.natural_primary,
  }
  local function write(put)
    (lines and write_lines or write_list)(classes, how, put)
  end
  if options.output then
    into_file(options.output, write)
  else
    write(function(text)
      command:write(text, "")
    end)
  end
end

return {
  help = "write rows as JSON, in Django's format of fixtures",
  requires = "project",
  arguments = {
    { "what", nargs = "*", help = "apps or models (shop, shop.Product); all when left out" },
    { "--database", default = "default", help = "the alias of the database" },
    { "--exclude", "-e", multiple = true, help = "an app or model that is left out; may be repeated" },
    { "--format", help = "json, or jsonl: a row a line; else what --output ends with" },
    { "--indent", type = "int", help = "spaces of a level; all on one line when left out" },
    { "--output", "-o", help = "the file, compressed when it ends with .gz, .bz2, .xz or .lzma; the terminal when left out" },
    { "--natural-foreign", flag = true, help = "relations by natural_key()" },
    { "--natural-primary", flag = true, help = "no keys where there is a natural_key()" },
    { "--all", "-a", flag = true, help = "all rows, not those of the default manager" },
    { "--pks", help = "rows with these keys, with commas between; of one model" },
  },
  handle = handle,
}
