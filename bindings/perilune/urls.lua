-- SPDX-License-Identifier: MIT
-- Routes. path(), re_path() and include() only note down what was declared and where;
-- compile() turns a list of them into an immutable matcher in C (engine/http/urls.h),
-- so that an error in a route names the author's file and line.
local core = require "perilune._core"
local exceptions = require "perilune.exceptions"
local marks = require "perilune._view_marks"
local modules = require "perilune._module"
local native = require "perilune._urls"
local null = require "perilune.null"
local settings = require "perilune.settings"
local sorted_keys = require "perilune._sorted_keys"

local M = {}

local Route = { __name = "perilune.urls.Route" }
local Include = { __name = "perilune.urls.Include" }

local converters = {} -- in the order of registration
local views = setmetatable({}, { __mode = "k" }) -- function -> view of the engine
local compiled = setmetatable({}, { __mode = "k" }) -- URLconf table -> { tree =, conf = }
local root -- of the project, once it is loaded
local script_prefix = "/"

-- ---- errors ----

local own_source = debug.getinfo(1, "S").source

-- "shop/urls.lua:12": the nearest caller outside of this file; nil when the engine called.
local function place()
  for level = 2, math.huge do
    local info = debug.getinfo(level, "Slnt")
    if not info or (info.what == "C" and info.namewhat == "" and not info.istailcall) then
      return nil
    end
    if info.source ~= own_source and info.currentline > 0 then
      return ("%s:%d"):format(info.source:gsub("^@", ""), info.currentline)
    end
  end
end

-- An error that the caller's line is to blame for.
local function raise(class, text, ...)
  local where = place()
  error(exceptions[class](text:format(...), { where = where and where .. ": " }), 0)
end

local function misconfigured(where, text, ...)
  error(exceptions.ImproperlyConfigured(where .. ": " .. text:format(...)), 0)
end

local function callable(v)
  if type(v) == "function" then
    return true
  end
  local mt = getmetatable(v)
  return type(mt) == "table" and mt.__call ~= nil
end

-- Options are few and named; anything else is a typing error.
local function check_options(where, what, opts, allowed)
  if opts == nil then
    return {}
  end
  if type(opts) ~= "table" then
    misconfigured(where, "the options of %s must be a table, not a %s", what, type(opts))
  end
  for _, key in ipairs(sorted_keys(opts)) do
    if not allowed[key] then
      misconfigured(where, "%s has no option '%s'%s", what, tostring(key), core.suggest(tostring(key), sorted_keys(allowed)))
    end
  end
  for key, kind in pairs(allowed) do
    if opts[key] ~= nil and kind ~= true and type(opts[key]) ~= kind then
      misconfigured(where, "option '%s' of %s must be a %s, not a %s", key, what, kind, type(opts[key]))
    end
  end
  return opts
end

-- ---- declaring ----

local route_options = { name = "string", kwargs = "table" }

local function check_view(where, what, view)
  if getmetatable(view) == Include or callable(view) then
    return
  end
  if type(view) == "string" then
    if not modules.view(view) then
      misconfigured(where, "the view of %s is '%s', and no C module has a view of that name%s (views in Lua are given as functions)", what, view, core.suggest(view, modules.views()))
    end
    return
  end
  if view == nil then
    misconfigured(where, "the view of %s is nil: is its name spelt as in the module it comes from?", what)
  end
  if type(view) == "table" and view.as_view then
    misconfigured(where, "the view of %s is a class: pass %s:as_view()", what, view.name or "View")
  end
  if getmetatable(view) == Route or (type(view) == "table" and getmetatable(view[1]) == Route) then
    misconfigured(where, "the view of %s is a list of routes: wrap it in include()", what)
  end
  misconfigured(where, "the view of %s must be a function or include(), not a %s", what, type(view))
end

local function declare(kind, pattern, view, opts)
  local where = place() or "?"
  if type(pattern) ~= "string" then
    misconfigured(where, "the first argument of %s() must be a string, not a %s", kind, type(pattern))
  end
  local what = ("%s('%s')"):format(kind, pattern)
  check_view(where, what, view)
  opts = check_options(where, what, opts, route_options)
  for key in pairs(opts.kwargs or {}) do
    if type(key) ~= "string" then
      misconfigured(where, "kwargs of %s must have names for keys, not %s", what, tostring(key))
    end
  end
  return setmetatable({
    pattern = pattern,
    is_regex = kind == "re_path",
    view = view,
    name = opts.name,
    kwargs = opts.kwargs,
    where = where,
  }, Route)
end

--- A route such as "articles/<int:year>/".
function M.path(route, view, opts)
  return declare("path", route, view, opts)
end

--- A route that is a regular expression in Python's syntax, best written [[^like/this/$]].
function M.re_path(regex, view, opts)
  return declare("re_path", regex, view, opts)
end

--- The routes of a module ("shop.urls") or of a list, to be used as a view.
function M.include(target, opts)
  local where = place() or "?"
  if type(target) ~= "string" and type(target) ~= "table" then
    misconfigured(where, "include() takes the name of a module or a list of routes, not a %s", type(target))
  end
  opts = check_options(where, "include()", opts, { namespace = "string", app_name = "string" })
  return setmetatable({ target = target, namespace = opts.namespace, app_name = opts.app_name, where = where }, Include)
end

--- A converter for path(): <name:parameter>. Its functions raise ValueError (or return
--- nil) for what does not fit.
function M.register_converter(name, spec)
  local where = place() or "?"
  if type(name) ~= "string" or type(spec) ~= "table" then
    misconfigured(where, "register_converter() takes a name and a table")
  end
  local what = ("converter '%s'"):format(name)
  check_options(where, what, spec, { regex = "string", to_value = true, to_url = true })
  if not spec.regex then
    misconfigured(where, "%s has no regex", what)
  end
  for _, key in ipairs { "to_value", "to_url" } do
    if spec[key] ~= nil and not callable(spec[key]) then
      misconfigured(where, "%s of %s must be a function, not a %s", key, what, type(spec[key]))
    end
  end
  -- A tree of its own finds out what is wrong with the name or the regex.
  local trial = native.new()
  for _, c in ipairs(converters) do
    trial:converter(c.name, c.regex, c.to_value, c.to_url)
  end
  local function same(value)
    return value
  end
  local c = { name = name, regex = spec.regex, to_value = spec.to_value or same, to_url = spec.to_url or native.text }
  local ok, err = pcall(trial.converter, trial, c.name, c.regex, c.to_value, c.to_url)
  if not ok then
    misconfigured(where, "%s", exceptions.is(err, "Exception") and err.message or tostring(err))
  end
  converters[#converters + 1] = c
end

-- ---- compiling ----

-- function -> "shop.views.detail", from what modules have returned.
local function exported_names()
  local names = {}
  for module, exports in pairs(package.loaded) do
    if type(exports) == "table" and exports ~= _G then
      for key, value in next, exports do
        if type(key) == "string" and callable(value) then
          local name = module .. "." .. key
          if not names[value] or name < names[value] then
            names[value] = name
          end
        end
      end
    end
  end
  return names
end

local function view_label(view, names)
  if names[view] then
    return names[view]
  end
  local fn = type(view) == "function" and view or getmetatable(view).__call
  local info = type(fn) == "function" and debug.getinfo(fn, "S")
  if info and info.what ~= "C" then
    return ("%s:%d"):format(info.source:gsub("^@", ""), info.linedefined)
  end
  return tostring(view)
end

local conf_keys = { app_name = "string", namespace = "string", handler400 = true, handler403 = true, handler404 = true, handler500 = true }

local Builder = {}
Builder.__index = Builder

function Builder:view(view)
  if type(view) == "string" then
    return modules.view(view), view
  end
  if not views[view] then
    views[view] = native.view(view, view_label(view, self.names), marks.has(view, "no_append_slash"))
  end
  return views[view], view_label(view, self.names)
end

-- The URLconf that include() means, and what to call it in messages.
function Builder:target(inc)
  local target = inc.target
  if type(target) == "table" then
    return target, "the list included at " .. inc.where
  end
  if package.loaded[target] == nil and not core.module_exists(target) then
    misconfigured(inc.where, "include('%s'): there is no module '%s'%s", target, target, require("perilune._modules").suggest(target))
  end
  local conf = require(target)
  if type(conf) ~= "table" then
    misconfigured(inc.where, "include('%s'): the module must return a list of routes, not a %s", target, type(conf))
  end
  return conf, "the module '" .. target .. "'"
end

function Builder:include(spec, inc)
  local conf, title = self:target(inc)
  spec.include = self:list(conf, title, inc.where)
  spec.app_name = inc.app_name or conf.app_name
  spec.namespace = inc.namespace or conf.namespace or spec.app_name
  if spec.namespace and not spec.app_name then
    misconfigured(inc.where, "include() with namespace '%s' needs an app_name: set app_name = \"…\" in %s", spec.namespace, title)
  end
end

function Builder:route(list, route)
  local spec = { pattern = route.pattern, is_regex = route.is_regex, name = route.name, where = route.where }
  if getmetatable(route.view) == Include then
    self:include(spec, route.view)
  else
    spec.view, spec.view_name = self:view(route.view)
  end
  local names, values = sorted_keys(route.kwargs or {}), {}
  for i, name in ipairs(names) do
    values[i] = route.kwargs[name]
  end
  self.tree:add(list, spec, names, values)
end

-- Entries in order; lists inside of the list count as if they stood there.
function Builder:entries(list, conf, title, where)
  local last = 0
  for key in pairs(conf) do
    if math.type(key) == "integer" then
      last = math.max(last, key)
    end
  end
  for i = 1, last do
    local entry = conf[i]
    if getmetatable(entry) == Route then
      self:route(list, entry)
    elseif type(entry) == "table" and getmetatable(entry) == nil then
      self:entries(list, entry, title, where)
    else
      local hint = getmetatable(entry) == Include and "include() is the second argument of a path()" or ("it is a %s; use path() or re_path()"):format(type(entry))
      misconfigured(where, "entry %d of %s is no route: %s", i, title, hint)
    end
  end
end

function Builder:list(conf, title, where)
  if self.lists[conf] then
    return self.lists[conf]
  end
  local list = next(self.lists) and self.tree:list() or 1
  self.lists[conf] = list
  for _, key in ipairs(sorted_keys(conf)) do
    if type(key) == "string" then
      if not conf_keys[key] then
        misconfigured(where, "%s has a field '%s' that means nothing in a list of routes%s", title, key, core.suggest(key, sorted_keys(conf_keys)))
      end
      if conf_keys[key] == true and not callable(conf[key]) then
        misconfigured(where, "%s of %s must be a function, not a %s", key, title, type(conf[key]))
      elseif conf_keys[key] ~= true and type(conf[key]) ~= conf_keys[key] then
        misconfigured(where, "%s of %s must be a %s, not a %s", key, title, conf_keys[key], type(conf[key]))
      end
    end
  end
  self:entries(list, conf, title, where)
  return list
end

local function compile(conf, title, where)
  local b = setmetatable({ tree = native.new(), lists = {}, names = exported_names() }, Builder)
  for _, c in ipairs(converters) do
    b.tree:converter(c.name, c.regex, c.to_value, c.to_url)
  end
  b:list(conf, title, where)
  b.tree:compile()
  return { tree = b.tree, conf = conf }
end

-- The compiled form of a module name, a list of routes or, for nil, the project's routes.
local function compiled_of(urlconf)
  if urlconf == nil then
    if root then
      return root
    end
    urlconf = settings.get("root_urlconf")
    if urlconf == nil then
      misconfigured("settings.lua", "root_urlconf is not set: name the module that returns the list of routes, as in root_urlconf = \"urls\"")
    end
  end
  local conf, title, where = urlconf, "the list of routes", "urls"
  if type(urlconf) == "string" then
    if package.loaded[urlconf] == nil and not core.module_exists(urlconf) then
      misconfigured(settings._place("root_urlconf", urlconf), "setting 'root_urlconf': there is no module '%s'%s", urlconf, require("perilune._modules").suggest(urlconf))
    end
    conf, title, where = require(urlconf), "the module '" .. urlconf .. "'", urlconf:gsub("%.", "/") .. ".lua"
  end
  if type(conf) ~= "table" then
    local hint = conf == true and "; end it with 'return { … }'" or ""
    misconfigured(where, "%s must return a list of routes, not a %s%s", title, type(conf), hint)
  end
  if not compiled[conf] then
    compiled[conf] = compile(conf, title, where)
  end
  return compiled[conf]
end

-- ---- resolving ----

--- What a path leads to: a table with view, params, url_name, view_name, app_names,
--- namespaces, namespace, route, args and kwargs. Raises Resolver404.
function M.resolve(path, urlconf)
  if type(path) ~= "string" then
    raise("TypeError", "resolve() takes a path, not a %s", type(path))
  end
  local tree = compiled_of(urlconf).tree
  local match = tree:resolve(path)
  if not match then
    error(exceptions.Resolver404(("no route matches '%s'"):format(path), { path = path, tried = tree:tried(path) }), 0)
  end
  return match
end

--- The match of a path, or false when nothing answers it.
function M.is_valid_path(path, urlconf)
  return compiled_of(urlconf).tree:resolve(path) or false
end

-- ---- reversing ----

-- Values as a list, and their names as another (nil: by position).
local function split_params(params)
  local names, values, numbered = {}, {}, 0
  for key, value in pairs(params) do
    if type(key) == "string" then
      names[#names + 1] = key
    elseif math.type(key) == "integer" and key >= 1 then
      numbered = math.max(numbered, key)
    else
      raise("TypeError", "parameters of reverse() have names or numbers, not %s", tostring(key))
    end
  end
  if numbered == 0 then
    table.sort(names)
    for i, name in ipairs(names) do
      values[i] = params[name]
    end
    return values, names
  end
  if #names > 0 then
    raise("ValueError", "Don't mix *args and **kwargs in call to reverse()!")
  end
  for i = 1, numbered do
    if params[i] == nil then
      raise("ValueError", "parameter %d of reverse() is nil", i)
    end
    values[i] = params[i]
  end
  return values, nil
end

-- What went wrong may be a value that no URL can hold.
local function check_texts(values, names)
  for i, value in ipairs(values) do
    if native.text(value) == nil then
      raise("TypeError", "parameter '%s' of reverse() is a %s: a URL takes strings, numbers and values with __tostring", names and names[i] or i, type(value))
    end
  end
end

local function add_pair(parts, key, value)
  if value == null then
    value = "None"
  elseif native.text(value) == nil then
    raise("TypeError", "query of reverse(): the value of '%s' is a %s", tostring(key), type(value))
  end
  parts[#parts + 1] = native.quote_plus(native.text(key)) .. "=" .. native.quote_plus(native.text(value))
end

-- Each item of a list on its own.
local function add_pairs(parts, key, value)
  local mt = type(value) == "table" and (getmetatable(value) or {})
  if mt and not mt.__tostring then
    for _, item in ipairs(value) do
      add_pair(parts, key, item)
    end
  else
    add_pair(parts, key, value)
  end
end

-- { a = 1, b = { 2, 3 } } in the order of its keys, { { "a", 1 }, … } in its own, or a QueryDict.
local function query_string(query)
  if query == "" then
    return ""
  end
  if type(query) ~= "table" then
    if type(query) == "userdata" and query.urlencode then
      return query:urlencode()
    end
    raise("TypeError", "query of reverse() must be a table or a QueryDict, not a %s", type(query))
  end
  if query.urlencode and getmetatable(query) then
    return query:urlencode()
  end
  local parts = {}
  for _, key in ipairs(sorted_keys(query)) do
    local value = query[key]
    if math.type(key) == "integer" then
      if type(value) ~= "table" or #value ~= 2 then
        raise("TypeError", "query of reverse(): item %d is no { name, value }", key)
      end
    else
      add_pairs(parts, key, value)
    end
  end
  for _, pair in ipairs(query) do
    add_pairs(parts, pair[1], pair[2])
  end
  return table.concat(parts, "&")
end

-- Views are known once their routes are compiled; what to call them is looked up for messages only.
local function reverse_path(tree, name, values, names, current_app)
  local is_view = callable(name)
  local target = name
  if is_view then
    target = views[name]
  end
  if type(target) == "string" or target then
    local url, message = tree:reverse(target, nil, values, names, current_app, script_prefix)
    if url or not is_view then
      return url, message
    end
  end
  local label = is_view and view_label(name, exported_names()) or tostring(name)
  if target then
    return tree:reverse(target, label, values, names, current_app, script_prefix)
  end
  return nil, ("Reverse for '%s' not found. '%s' is not a valid view function or pattern name."):format(label, label)
end

local reverse_options = { query = true, fragment = true, current_app = "string", urlconf = true }

--- The URL of a name ("shop:detail") or of a view, with params by name or by position.
--- Options: query, fragment, current_app, urlconf. Raises NoReverseMatch.
function M.reverse(name, params, opts)
  opts = opts or {}
  for key in pairs(opts) do
    if not reverse_options[key] then
      raise("TypeError", "reverse() has no option '%s'%s", tostring(key), core.suggest(tostring(key), sorted_keys(reverse_options)))
    end
  end
  if params ~= nil and type(params) ~= "table" then
    raise("TypeError", "parameters of reverse() are a table ({ pk = 3 } or { 3 }), not a %s", type(params))
  end
  local values, names = split_params(params or {})
  local tree = compiled_of(opts.urlconf).tree
  local url, message = reverse_path(tree, name, values, names, opts.current_app)
  if not url then
    check_texts(values, names)
    raise("NoReverseMatch", "%s", message)
  end
  local query = opts.query ~= nil and query_string(opts.query) or ""
  if query ~= "" then
    url = url .. "?" .. query
  end
  if opts.fragment ~= nil then
    if type(opts.fragment) ~= "string" then
      raise("TypeError", "fragment of reverse() must be a string, not a %s", type(opts.fragment))
    end
    url = url .. "#" .. opts.fragment
  end
  return url
end

--- What stands before every reversed URL ("/").
function M.get_script_prefix()
  return script_prefix
end

--- Puts the project below a path, as "/app/", for reverse().
function M.set_script_prefix(prefix)
  if type(prefix) ~= "string" or prefix:sub(1, 1) ~= "/" then
    raise("ValueError", "a script prefix starts with '/', as in \"/app/\"")
  end
  script_prefix = prefix:sub(-1) == "/" and prefix or prefix .. "/"
end

M.NoReverseMatch = exceptions.NoReverseMatch
M.Resolver404 = exceptions.Resolver404

-- ---- for the engine ----

--- Compiles the project's routes and gives them to the pipeline.
function M._load_root(module)
  local prefix = settings.get("force_script_name")
  if prefix then
    M.set_script_prefix(prefix)
  end
  root = compiled_of(module)
  root.tree:serve()
end

--- handler404 and the like of the root routes, or nil.
function M._handler(status)
  return root and root.conf["handler" .. status] or nil
end

--- What was tried for a path: list of { patterns = { "api/", "items/" }, name = "items" }.
function M._tried(path, urlconf)
  return compiled_of(urlconf).tree:tried(path)
end

--- All views in order: list of tables as resolve() gives, without parameters.
function M._routes(urlconf)
  return compiled_of(urlconf).tree:routes()
end

--- Warnings about the routes: list of { id = "urls.W002", text =, where = }.
function M._check(urlconf)
  return compiled_of(urlconf).tree:check(settings.get("append_slash", true) ~= false)
end

return M
