-- SPDX-License-Identifier: MIT
-- Apps and models by the names that dumpdata and loaddata take.
local apps = require "perilune.apps"
local core = require "perilune._core"
local exceptions = require "perilune.exceptions"
local router = require "perilune._db_router"
local registry = require("perilune._models.registry").project

local M = {}

--- "shop" → a label; "shop.Product" → nil, the class. CommandError with the nearest name.
function M.find(name)
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

--- The models of names (none: all), without those of `excluded` and those that routers keep out of
--- the database, in the order of the registry; proxies that were named are given apart.
function M.models(names, excluded, alias)
  local wanted, out, list, proxies = {}, {}, {}, {}
  for _, name in ipairs(names) do
    local label, class = M.find(name)
    wanted[label or class] = true
    if class and class._meta.proxy then
      proxies[#proxies + 1] = class
    end
  end
  for _, name in ipairs(excluded) do
    local label, class = M.find(name)
    out[label or class] = true
  end
  for _, class in ipairs(registry:models()) do
    local meta = class._meta
    local yes = #names == 0 or wanted[class] or wanted[meta.app_label]
    if yes and not (out[class] or out[meta.app_label]) and not meta.proxy and not meta.abstract and not meta.swapped and router.allow_migrate_model(alias, class) ~= false then
      list[#list + 1] = class
    end
  end
  return list, proxies
end

return M
