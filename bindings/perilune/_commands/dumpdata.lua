-- SPDX-License-Identifier: MIT
-- perilune dumpdata
local apps = require "perilune.apps"
local core = require "perilune._core"
local exceptions = require "perilune.exceptions"
local registry = require("perilune._models.registry").project
local serialize = require "perilune._models.serialize"

-- "shop" or "shop.Product" → an app's label, a class.
local function find(name)
  local class = name:find(".", 1, true) and registry:find(name)
  if class then
    return nil, class
  end
  local known = {}
  for i, app in ipairs(apps.all()) do
    known[i] = app.label
    if app.label == name then
      return name
    end
  end
  for _, c in ipairs(registry:models()) do
    known[#known + 1] = c._meta.label
  end
  error(exceptions.CommandError(("there is no app or model '%s'%s"):format(name, core.suggest(name, known))), 0)
end

local function chosen(names, excluded)
  local wanted, out = {}, {}
  for _, name in ipairs(names) do
    local label, class = find(name)
    wanted[label or class] = true
  end
  for _, name in ipairs(excluded) do
    local label, class = find(name)
    out[label or class] = true
  end
  local list = {}
  for _, class in ipairs(registry:models()) do
    local meta = class._meta
    local yes = #names == 0 or wanted[class] or wanted[meta.app_label]
    if yes and not (out[class] or out[meta.app_label]) and not meta.proxy and not meta.abstract then
      list[#list + 1] = class
    end
  end
  return list
end

local function keys_of(text)
  local pks = {}
  for key in text:gmatch "[^,]+" do
    pks[#pks + 1] = key
  end
  return pks
end

local function write_all(classes, options, put)
  local how = { natural_foreign = options.natural_foreign, natural_primary = options.natural_primary, indent = options.indent }
  local first = true
  put "["
  for _, class in ipairs(classes) do
    local manager = options.all and class._meta.base_manager or class._meta.default_manager
    local queryset = manager:using(options.database):order_by(class._meta.pk.name)
    if options.pks then
      queryset = queryset:filter { pk__in = keys_of(options.pks) }
    end
    for object in queryset:iterator() do
      local text = serialize.text(object, how)
      put((first and (how.indent and "\n" or "") or (how.indent and ",\n" or ", ")) .. text)
      first = false
    end
  end
  put(how.indent and "\n]\n" or "]\n")
end

return {
  help = "write rows as JSON, in Django's format of fixtures",
  requires = "project",
  arguments = {
    { "what", nargs = "*", help = "apps or models (shop, shop.Product); all when left out" },
    { "--database", default = "default", help = "the alias of the database" },
    { "--exclude", "-e", nargs = "*", help = "apps or models that are left out" },
    { "--indent", type = "int", help = "spaces of a level; all on one line when left out" },
    { "--output", "-o", help = "the file; the terminal when left out" },
    { "--natural-foreign", flag = true, help = "relations by natural_key()" },
    { "--natural-primary", flag = true, help = "no keys where there is a natural_key()" },
    { "--all", "-a", flag = true, help = "all rows, not those of the default manager" },
    { "--pks", help = "rows with these keys, with commas between; of one model" },
  },
  handle = function(options, command)
    registry:world()
    local classes = chosen(options.what, options.exclude or {})
    if options.pks and #classes ~= 1 then
      error(exceptions.CommandError "--pks goes with one model", 0)
    end
    if not options.output then
      write_all(classes, options, function(text)
        command:write(text, "")
      end)
      return
    end
    local file, problem = io.open(options.output, "w")
    if not file then
      error(exceptions.CommandError("cannot write " .. tostring(problem)), 0)
    end
    local ok, err = pcall(write_all, classes, options, function(text)
      file:write(text)
    end)
    file:close()
    if not ok then
      os.remove(options.output)
      error(err, 0)
    end
  end,
}
