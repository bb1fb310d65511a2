-- SPDX-License-Identifier: MIT
-- perilune routes
local pretty = require "perilune._pretty"
local urls = require "perilune.urls"

-- JSON of the few kinds of value there are here.
local function json_string(text)
  return (pretty.quoted(text):gsub("\\x(%x%x)", "\\u00%1"))
end

local function as_json(routes)
  local items = {}
  for i, route in ipairs(routes) do
    local parts = {}
    for _, key in ipairs { "path", "view", "where", "name" } do
      parts[#parts + 1] = ("%s: %s"):format(json_string(key), route[key] and json_string(route[key]) or "null")
    end
    items[i] = "  {" .. table.concat(parts, ", ") .. "}"
  end
  return #items == 0 and "[]" or "[\n" .. table.concat(items, ",\n") .. "\n]"
end

local function as_table(routes, command)
  local widths = { 4, 4 }
  for _, route in ipairs(routes) do
    widths[1] = math.max(widths[1], utf8.len(route.path) or #route.path)
    widths[2] = math.max(widths[2], utf8.len(route.view) or #route.view)
  end
  local function row(path, view, name)
    local first = path .. (" "):rep(widths[1] - (utf8.len(path) or #path))
    return ((first .. "  " .. view .. (" "):rep(widths[2] - (utf8.len(view) or #view)) .. "  " .. name):gsub("%s+$", ""))
  end
  command:write(command.style.label(row("PATH", "VIEW", "NAME")))
  for _, route in ipairs(routes) do
    command:write(row(route.path, route.view, route.name or ""))
  end
end

-- function -> "shop.views.detail", from what modules have returned.
local function exported_names()
  local names = {}
  for module, exports in pairs(package.loaded) do
    if type(exports) == "table" and exports ~= _G then
      for key, value in next, exports do
        local name = type(key) == "string" and type(value) == "function" and module .. "." .. key
        if name and (not names[value] or name < names[value]) then
          names[value] = name
        end
      end
    end
  end
  return names
end

local function place_of(fn)
  local info = type(fn) == "function" and debug.getinfo(fn, "S")
  if info and info.what ~= "C" then
    return ("%s:%d"):format(info.source:gsub("^@", ""), info.linedefined)
  end
end

-- The place of a view that the library has wrapped (require_GET and the like) is that of
-- the author's function inside.
local function own_place(fn, depth)
  local place = place_of(fn)
  if not place or not place:find("^perilune/") or depth > 8 then
    return place
  end
  for i = 1, 60 do
    local name, inner = debug.getupvalue(fn, i)
    if not name then
      break
    end
    local found = type(inner) == "function" and own_place(inner, depth + 1)
    if found and not found:find("^perilune/") then
      return found
    end
  end
  return place
end

-- "shop.views.detail (shop/views.lua:12)": where the function itself stands.
local function view_of(view, names)
  local place = own_place(view, 1)
  if not place then
    return names[view] or "(in C)"
  end
  return names[view] and ("%s (%s)"):format(names[view], place) or place
end

local function handle(options, command)
  local routes, names = {}, exported_names()
  for i, route in ipairs(urls._routes()) do
    local name = route.url_name and route.view_name
    routes[i] = { path = "/" .. route.route, view = view_of(route.view, names), where = route.where, name = name }
  end
  if options.json then
    command:write(as_json(routes))
  elseif #routes == 0 then
    command:write("there are no routes; add some to urls.lua")
  else
    as_table(routes, command)
  end
end

return {
  help = "list all routes: path, view, name",
  requires = "project",
  arguments = { { "--json", flag = true, help = "as JSON" } },
  handle = handle,
}
