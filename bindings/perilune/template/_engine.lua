-- SPDX-License-Identifier: MIT
-- Engine: loaders, libraries and context processors around the engine in C.
local check_options = require "perilune._options"
local context_module = require "perilune.template._context"
local core = require "perilune._core"
local exceptions = require "perilune.exceptions"
local loaders = require "perilune.template._loaders"
local native = require "perilune._template"
local services = require "perilune.template._services"
local sorted_keys = require "perilune._sorted_keys"
local strict = require "perilune.template._strict"
local values = require "perilune.template._values"

local prepare = context_module.prepare

local M = {}

local function misconfigured(text, ...)
  error(exceptions.ImproperlyConfigured(text:format(...)), 0)
end

-- ---- loaders ----

-- "filesystem", { "filesystem", { "dir" } }, { "locmem", { name = text } }, { "cached", { … } },
-- a function, or a table with a load method; Django's dotted names end with these words.
local function add_loader(list, entry, engine)
  local name, argument = entry, nil
  if type(entry) == "table" and entry.load == nil then
    name, argument = entry[1], entry[2]
  end
  if type(name) == "function" then
    list[#list + 1] = loaders.custom(name)
    return
  elseif type(name) == "table" then
    list[#list + 1] = name
    return
  end
  local word = tostring(name):gsub("%.Loader$", ""):match "[%w_]+$"
  if word == "filesystem" then
    list[#list + 1] = loaders.filesystem(argument or engine.dirs)
  elseif word == "app_directories" then
    list[#list + 1] = loaders.app_directories()
  elseif word == "locmem" then
    list[#list + 1] = loaders.locmem(argument or engine.templates or {})
  elseif word == "cached" then -- everything is cached
    for _, inner in ipairs(argument or {}) do
      add_loader(list, inner, engine)
    end
  else
    misconfigured("there is no template loader '%s'%s (filesystem, app_directories, locmem, cached or a function)", tostring(name), core.suggest(tostring(word), { "filesystem", "app_directories", "locmem", "cached" }))
  end
end

local function make_loaders(engine, options)
  local list = {}
  if options.templates then
    list[1] = loaders.locmem(options.templates)
  end
  if options.loaders then
    for _, entry in ipairs(options.loaders) do
      add_loader(list, entry, engine)
    end
    return list
  end
  if #engine.dirs > 0 then
    list[#list + 1] = loaders.filesystem(engine.dirs)
  end
  if options.app_dirs then
    list[#list + 1] = loaders.app_directories()
  end
  return list
end

-- ---- libraries ----

local function is_library(value)
  return type(value) == "table" and type(value.filters) == "table" and type(value.tags) == "table"
end

local function library_of(value, what)
  if type(value) == "string" then
    local name = value
    if not core.module_exists(name) then
      misconfigured("%s: there is no module '%s'%s", what, name, require("perilune._modules").suggest(name))
    end
    value = require(name)
    what = name
  end
  if not is_library(value) then
    misconfigured("%s must give a template.Library() (`return register`), not a %s", what, type(value))
  end
  return value
end

-- Modules of tags by the name that {% load %} uses: templatetags/*.lua of the installed apps.
local function app_libraries()
  local found = {}
  if not require("perilune.settings").configured() then
    return found
  end
  local fs = require "perilune._fs"
  for _, app in ipairs(require("perilune.apps").all()) do
    local dir = app.path and app.path .. "/templatetags"
    for _, file in ipairs(dir and fs.walk(dir, true) or {}) do
      local name = file.path:match "^([%w_]+)%.lua$"
      if name and name ~= "init" then
        found[name] = app.name .. ".templatetags." .. name
      end
    end
  end
  return found
end

local BUILT_IN = { "humanize", "i18n", "l10n", "tz", "cache", "static" }

-- Written in Lua.
local OWN = { cache = "perilune.template._cache_tag" }

local function library_names(engine)
  local names = engine.app_dirs and { table.unpack(BUILT_IN) } or {}
  for name in pairs(engine.libraries) do
    names[#names + 1] = name
  end
  for name in pairs(engine:_app_libraries()) do
    names[#names + 1] = name
  end
  table.sort(names)
  return names
end

-- ---- the engine ----

local Engine = { __name = "perilune.template.Engine" }
Engine.__index = Engine
M.Engine = Engine

local engine_options = {
  dirs = true, app_dirs = true, templates = true, autoescape = true, string_if_invalid = true, libraries = true, builtins = true,
  loaders = true, context_processors = true, debug = true, reload = true, strict = true, options = true,
}

function Engine:_app_libraries()
  if not self._apps or self.debug then
    self._apps = app_libraries()
  end
  return self._apps
end

local function find_library(engine, name)
  local given = engine.libraries[name] or OWN[name]
  if given ~= nil then
    return library_of(given, ("library '%s'"):format(name))
  end
  local module = engine:_app_libraries()[name]
  if module then
    return library_of(module, module)
  end
  local names = library_names(engine)
  return nil, ("'%s' is not a registered tag library. Must be one of:\n%s"):format(name, table.concat(names, "\n"))
end

local function load_source(engine, name, skip)
  local skipped, tried = {}, {}
  for _, origin in ipairs(skip) do
    skipped[origin] = true
  end
  for _, loader in ipairs(engine.loaders) do
    local text, origin = loader:load(name, skipped)
    if text then
      return text, origin
    end
    for _, line in ipairs(origin) do
      tried[#tried + 1] = line
    end
  end
  return nil, tried
end

-- Of the loaders before the one that gave it none may have the name now.
local function is_fresh(engine, name, origin)
  for _, loader in ipairs(engine.loaders) do
    if loader:owns(origin) then
      return loader:fresh(name, origin)
    elseif loader.fresh == nil or loader:load(name, {}) then
      return false
    end
  end
  return false
end

local function nearest_hint(engine, name)
  local near = engine:_nearest(name)
  return near ~= "" and (near:gsub("^; d", "D")) or nil
end

-- The library that has the filter or tag of a name, and is not loaded.
local function library_with(engine, kind, name)
  for _, library in ipairs(library_names(engine)) do
    local ok, found = pcall(find_library, engine, library)
    if ok and found and found[kind][name] then
      return ("'%s' comes with {%% load %s %%}"):format(name, library)
    end
  end
end

-- What helps against an error of syntax, where more is to be known than the parser knows.
local function syntax_hint(engine, message)
  local name = message:match "Invalid filter: '([%w_]+)'$"
  if name then
    return library_with(engine, "filters", name)
  end
  name = message:match "Invalid block tag on line %d+: '([%w_]+)'"
  if name then
    return library_with(engine, "tags", name)
  end
  name = message:match "'([^']+)' is not a registered tag library"
  if name then
    local near = core.suggest(name, library_names(engine))
    return near ~= "" and near:gsub("^; ", "") or nil
  end
  if message:find("Could not parse the remainder: '=' from '='", 1, true) then
    return "'==' compares"
  end
end

local function callbacks_of(engine)
  return {
    syntax_hint = function(message)
      return syntax_hint(engine, message)
    end,
    nearest = engine.debug and function(name)
      return nearest_hint(engine, name)
    end or nil,
    collect = values.collect,
    slice = values.slice,
    text_methods = values.text_methods,
    url = services.url,
    querystring = services.querystring,
    static = services.static,
    static_prefix = services.static_prefix,
    media_prefix = services.media_prefix,
    load = function(name, skip)
      return load_source(engine, name, skip)
    end,
    library = function(name)
      return find_library(engine, name)
    end,
    fresh = function(name, origin)
      return is_fresh(engine, name, origin)
    end,
    unresolved = function(...)
      return strict.unresolved(engine, ...)
    end,
    render = function(template, context, request)
      return engine:_render(template, context, request)
    end,
  }
end

local function check_list(options, name)
  local list = options[name]
  if list ~= nil and type(list) ~= "table" then
    misconfigured("template option '%s' is a list, not a %s", name, type(list))
  end
  return list or {}
end

--- A new engine; options as in Django's Engine, and `templates`, texts by name.
function M.new(options)
  options = check_options("template.Engine", options, engine_options)
  local engine = setmetatable({
    dirs = check_list(options, "dirs"),
    libraries = check_list(options, "libraries"),
    templates = options.templates,
    app_dirs = options.app_dirs,
    debug = options.debug or false,
    autoescape = options.autoescape ~= false,
    string_if_invalid = options.string_if_invalid or "",
    strict = options.strict or "off",
  }, Engine)
  engine.loaders = make_loaders(engine, options)
  engine.processors = context_module.processors(check_list(options, "context_processors"))
  engine._native = native.engine({
    autoescape = engine.autoescape,
    string_if_invalid = engine.string_if_invalid,
    reload = options.reload == nil and engine.debug or options.reload or false,
    strict = engine.strict ~= "off",
  }, callbacks_of(engine))
  engine._native:builtin(require "perilune.template._builtins")
  for i, builtin in ipairs(check_list(options, "builtins")) do
    engine._native:builtin(library_of(builtin, ("builtins[%d]"):format(i)))
  end
  return engine
end

-- Renders a compiled template (or the one of that name).
local function render(self, template, context, request)
  local variables, extra, options
  variables, extra, request, options = prepare(self, context, request)
  if self.strict ~= "off" then
    strict.enter(request)
  end
  return self._native:render(template, variables, extra, request, options)
end
Engine._render = render

local function check_template_name(what, name, level)
  if type(name) ~= "string" then
    error(exceptions.TypeError(("%s: the name of a template is a string, not a %s"):format(what, type(name))), level + 1)
  end
end

--- engine:render(name, context, request) -> text
function Engine:render(name, context, request)
  check_template_name("engine:render", name, 2)
  return self:_render(name, context, request)
end

--- The compiled template. Raises TemplateDoesNotExist, TemplateSyntaxError.
function Engine:get_template(name)
  check_template_name("engine:get_template", name, 2)
  return self._native:get(name)
end

--- The first of the names that there is a template of.
function Engine:select_template(names)
  if type(names) ~= "table" then
    error(exceptions.TypeError(("engine:select_template takes a list of names, not a %s"):format(type(names))), 2)
  end
  if #names == 0 then
    error(exceptions.TemplateDoesNotExist("No template names provided"), 2)
  end
  local missing, tried = {}, {}
  for _, name in ipairs(names) do
    if native.is_template(name) then
      return name
    end
    check_template_name("engine:select_template", name, 2)
    local ok, found = core.call(self._native.get, self._native, name)
    if ok then
      return found
    end
    if not exceptions.is(found, "TemplateDoesNotExist") or found.message ~= name then
      error(found, 0)
    end
    missing[#missing + 1] = name
    for _, line in ipairs(found.tried or {}) do
      tried[#tried + 1] = line
    end
  end
  error(exceptions.TemplateDoesNotExist(table.concat(missing, ", "), { tried = tried }), 2)
end

--- Compiles a text that has no name.
function Engine:from_string(text)
  if type(text) ~= "string" then
    error(exceptions.TypeError(("engine:from_string takes the text of a template, not a %s"):format(type(text))), 2)
  end
  return self._native:compile(text)
end

--- A name, a list of names or a compiled template -> text
function Engine:render_to_string(name, context, request)
  if type(name) == "table" then
    name = self:select_template(name)
  elseif type(name) ~= "string" and not native.is_template(name) then
    check_template_name("engine:render_to_string", name, 2)
  end
  return render(self, name, context, request)
end

--- All templates that the loaders know: { name = origin }.
function Engine:_names()
  local all = {}
  for i = #self.loaders, 1, -1 do
    for name, origin in pairs(self.loaders[i].names and self.loaders[i]:names() or {}) do
      all[name] = origin
    end
  end
  return all
end

--- "; did you mean 'x'?" for a template that does not exist.
function Engine:_nearest(name)
  local names = sorted_keys(self:_names())
  return core.suggest(name, names)
end

--- The library of that name; raises what its module raises.
function Engine:_library(name)
  return find_library(self, name)
end

function Engine:_forget()
  self._native:forget()
end

return M
