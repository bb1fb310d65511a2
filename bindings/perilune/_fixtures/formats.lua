-- SPDX-License-Identifier: MIT
-- What the name of a fixture says: "tags.default.json.gz" is JSON, compressed with gzip, for
-- the database "default".
local core = require "perilune._core"
local exceptions = require "perilune.exceptions"

local M = { formats = { "json", "jsonl" }, compressions = { "gz", "zip", "bz2", "xz", "lzma" } }

local function set(list)
  local s = {}
  for _, name in ipairs(list) do
    s[name] = true
  end
  return s
end

local known, packed = set(M.formats), set(M.compressions)
local foreign = set { "xml", "yaml", "yml" }

--- What is wrong with the ending of a file that is no JSON, packed or not; nil.
function M.problem(path)
  local name, ending = path:match "^(.*)%.(%w+)$"
  if ending and packed[ending] then
    ending = name:match "%.(%w+)$"
  end
  if ending and foreign[ending:lower()] then
    return ("'%s': %s is not a format here; json and jsonl are"):format(path, ending)
  end
  return nil
end

--- CommandError for a --format that is none.
function M.check_format(format)
  if format ~= nil and not known[format] then
    error(exceptions.CommandError(("Unknown serialization format: %s%s (json and jsonl are known)"):format(format, core.suggest(format, M.formats))), 0)
  end
end

--- "tags.default.json.gz" → { name = "tags", using = "default", format = "json", packed = "gz" };
--- what is not said is nil. Databases are a set of aliases.
function M.parse(file, databases)
  local parsed = { name = file }
  local function cut(wanted)
    local rest, ending = parsed.name:match "^(.+)%.([^./]+)$"
    if rest and wanted(ending) then
      parsed.name = rest
      return ending
    end
    return nil
  end
  parsed.packed = cut(function(ending)
    return packed[ending]
  end)
  parsed.format = cut(function(ending)
    return known[ending]
  end)
  parsed.using = cut(function(ending)
    return databases[ending]
  end)
  return parsed
end

return M
