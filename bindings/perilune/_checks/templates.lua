-- SPDX-License-Identifier: MIT
-- Every template of the project compiles, every library of tags loads, and what templates
-- name as their parents and includes is there.
local checks = require "perilune.checks"
local core = require "perilune._core"
local exceptions = require "perilune.exceptions"
local settings = require "perilune.settings"
local template = require "perilune.template"

local CHOICES = { off = true, log = true, error = true }

local function message_of(err)
  local text = err.message
  if type(text) ~= "string" then
    text = tostring(err)
  end
  return text:gsub("^Template: [^\n]-, ", "")
end

local function place_of(err, origin)
  local where = rawget(err, "where")
  if type(where) == "string" and math.type(rawget(err, "line")) == "integer" then
    return (where:gsub(":%s*$", ""))
  end
  local dir = core.project_dir
  return dir and origin:sub(1, #dir + 1) == dir .. "/" and origin:sub(#dir + 2) or origin
end

-- Names in {% extends "…" %} and {% include "…" %}: { line =, tag =, name = }.
local function named(source)
  local found, line, at = {}, 1, 1
  source = source:gsub("{%%%s*comment.-{%%%s*endcomment%s*%%}", function(text)
    return (text:gsub("[^\n]", " "))
  end)
  for start, tag, quote, name, stop in source:gmatch "(){%%%s*(%a+)%s+([\"'])([^\"'\n]+)%3[^\n]-%%}()" do
    if tag == "extends" or tag == "include" then
      line = line + select(2, source:sub(at, start):gsub("\n", "\n"))
      at = start + 1
      found[#found + 1] = { line = line, tag = tag, name = name, stop = stop, quote = quote }
    end
  end
  return found
end

local function check_names(engine, compiled, origin, found)
  local name = compiled.name or ""
  for _, use in ipairs(named(compiled.source)) do
    if not use.name:find "^%.%.?/" then
      local ok, err = pcall(engine.get_template, engine, use.name)
      if not ok and exceptions.is(err, "TemplateDoesNotExist") and err.message == use.name and use.name ~= name then
        local make = use.tag == "extends" and checks.Error or checks.Warning
        found[#found + 1] = make(("{%% %s \"%s\" %%} names a template that does not exist%s"):format(use.tag, use.name, engine:_nearest(use.name)), { id = use.tag == "extends" and "templates.E002" or "templates.W001", obj = place_of({ where = nil }, origin) .. ":" .. use.line })
      end
    end
  end
end

local function check_templates(engine, found)
  local names = {}
  for name, origin in pairs(engine:_names()) do
    names[#names + 1] = { name = name, origin = origin }
  end
  table.sort(names, function(a, b)
    return a.name < b.name
  end)
  for _, entry in ipairs(names) do
    local ok, result = pcall(engine.get_template, engine, entry.name)
    if ok then
      check_names(engine, result, entry.origin, found)
    else
      local err = exceptions.wrap(result)
      found[#found + 1] = checks.Error(message_of(err), { id = "templates.E001", obj = place_of(err, entry.origin), hint = rawget(err, "hint") })
    end
  end
end

checks.register(function()
  local found = {}
  if not CHOICES[settings.template_strict] then
    found[1] = checks.Error(("setting 'template_strict' is \"off\", \"log\" or \"error\", not \"%s\"%s"):format(settings.template_strict, core.suggest(settings.template_strict, { "off", "log", "error" })), { id = "templates.E004", obj = settings._place "template_strict" })
  end
  local ok, engine = pcall(template.engine)
  if not ok then
    found[#found + 1] = checks.Error(message_of(exceptions.wrap(engine)), { id = "templates.E005", obj = settings._place "templates" })
    return found
  end
  for name in pairs(engine:_app_libraries()) do
    local loaded, err = pcall(engine._library, engine, name)
    if not loaded then
      err = exceptions.wrap(err)
      found[#found + 1] = checks.Error(("the tags of '%s' do not load: %s"):format(name, message_of(err)), { id = "templates.E003", obj = (engine:_app_libraries()[name]:gsub("%.", "/")) .. ".lua" })
    end
  end
  local known, problem = pcall(engine.processors)
  if not known then
    found[#found + 1] = checks.Error(message_of(exceptions.wrap(problem)), { id = "templates.E006", obj = settings._place "templates" })
  end
  check_templates(engine, found)
  return found
end, { tags = { "templates" } })
