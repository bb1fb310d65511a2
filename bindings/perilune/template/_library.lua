-- SPDX-License-Identifier: MIT
-- Library: the tags and filters of an app, as templatetags/*.lua returns it. What is
-- registered is checked here, once, and described in plain tables for the engine
-- (library.c): `filters` and `tags` by name, and `version`, which counts them.
local check_options = require "perilune._options"
local exceptions = require "perilune.exceptions"

local Library = { __name = "perilune.template.Library" }
Library.__index = Library

local function type_error(level, text, ...)
  error(exceptions.TypeError(text:format(...)), level + 1)
end

local function check_name(what, name, level)
  if type(name) ~= "string" or name == "" or name:find "%s" then
    type_error(level + 1, "register:%s(name, …): the name is a word, not %s", what, type(name) == "string" and ("'%s'"):format(name) or "a " .. type(name))
  end
end

local function check_function(what, name, fn, level)
  if type(fn) ~= "function" then
    type_error(level + 1, "register:%s(\"%s\", …): a function, not a %s", what, name, type(fn))
  end
end

-- ---- filters ----

local filter_options = { is_safe = true, needs_autoescape = true, expects_localtime = true, stringfilter = true }

--- register:filter(name, fn, options). The function gets the value, the argument when the
--- template gives one, and last, with needs_autoescape, whether escaping is on.
function Library:filter(name, fn, opts)
  check_name("filter", name, 2)
  check_function("filter", name, fn, 2)
  opts = check_options("register:filter", opts, filter_options)
  local info = debug.getinfo(fn, "u")
  local args = info.nparams - 1 - (opts.needs_autoescape and 1 or 0)
  self.version = self.version + 1
  self.filters[name] = {
    fn = fn,
    is_safe = opts.is_safe,
    needs_autoescape = opts.needs_autoescape,
    expects_localtime = opts.expects_localtime,
    stringfilter = opts.stringfilter,
    min_args = 0,
    max_args = info.isvararg and 1 or math.max(0, math.min(args, 1)),
  }
  return fn
end

-- ---- parameters of tags ----

local REST = { kwargs = true, options = true, opts = true }

-- The names of a Lua function's parameters, each of which may be left out, as in Lua; `...`
-- takes any more, and a last parameter called kwargs, options or opts gets the keyword
-- arguments that have no other place.
local function own_params(fn)
  local info = debug.getinfo(fn, "u")
  local spec = { varargs = info.isvararg, varkw = false, params = {} }
  for i = 1, info.nparams do
    spec.params[i] = { name = debug.getlocal(fn, i), required = false }
  end
  local last = spec.params[#spec.params]
  if last and REST[last.name] then
    spec.params[#spec.params] = nil
    spec.varkw = true
  end
  return spec
end

-- { "a", "b?", "*args", "*", "c", "**kwargs" }
local function declared_params(list, what)
  local spec, keyword_only = { varargs = false, varkw = false, params = {} }, false
  for i, word in ipairs(list) do
    local stars, name, mark = tostring(word):match "^(%**)([%a_]?[%w_]*)(%??)$"
    if not stars or #stars > 2 or (name == "" and stars ~= "*") then
      type_error(4, "%s: params[%d] is '%s'; it takes names such as \"a\", \"b?\" (may be left out), \"*\", \"*args\" and \"**kwargs\"", what, i, tostring(word))
    elseif stars == "**" then
      spec.varkw = true
    elseif stars == "*" then
      spec.varargs, keyword_only = spec.varargs or name ~= "", true
    else
      spec.params[#spec.params + 1] = { name = name, required = mark == "", keyword_only = keyword_only }
    end
  end
  return spec
end

-- The first parameter is of the engine's own: taken away. What is wrong is an error of the
-- templates that use the tag, as in Django.
local function take_first(spec, wanted, what, declared, complaint)
  local first = spec.params[1]
  if (first and not first.keyword_only and (not declared or first.name == wanted)) then
    table.remove(spec.params, 1)
  elseif not (spec.varargs and not first and not declared) then
    spec.complaint = spec.complaint or complaint:format(what)
  end
end

local TAKES_CONTEXT = "'%s' is decorated with takes_context=True so it must have a first argument of 'context'"
local BLOCK = "'%s' must have a first argument of 'content'"
local BLOCK_CONTEXT = "'%s' is decorated with takes_context=True so it must have a first argument of 'context' and a second argument of 'content'"

-- What the engine has to know of the function's parameters, in the fields of a tag.
local function describe(name, fn, opts, kind)
  local declared = opts.params ~= nil
  local spec = declared and declared_params(opts.params, "register:" .. kind) or own_params(fn)
  if opts.takes_context then
    take_first(spec, "context", name, declared, kind == "block" and BLOCK_CONTEXT or TAKES_CONTEXT)
  end
  if kind == "block" then
    take_first(spec, "content", name, declared, opts.takes_context and BLOCK_CONTEXT or BLOCK)
  end
  for _, param in ipairs(spec.params) do
    local default = opts.defaults and opts.defaults[param.name]
    if default ~= nil then
      param.default, param.required = default, false
    end
  end
  return { kind = kind, fn = fn, takes_context = opts.takes_context, params = spec.params, varargs = spec.varargs, varkw = spec.varkw, complaint = spec.complaint }
end

-- ---- tags ----

local tag_options = { takes_context = true, params = true, defaults = true }
local block_options = { takes_context = true, params = true, defaults = true, end_name = true }

function Library:_add(name, tag)
  self.version = self.version + 1
  self.tags[name] = tag
  return tag.fn
end

--- register:tag(name, function(parser, token) … return node end)
function Library:tag(name, compile)
  check_name("tag", name, 2)
  check_function("tag", name, compile, 2)
  return self:_add(name, { kind = "raw", fn = compile })
end

--- register:simple_tag(name, fn, options): {% name a b=1 as variable %}
function Library:simple_tag(name, fn, opts)
  check_name("simple_tag", name, 2)
  check_function("simple_tag", name, fn, 2)
  opts = check_options("register:simple_tag", opts, tag_options)
  return self:_add(name, describe(name, fn, opts, "simple"))
end

--- register:simple_block_tag(name, fn, options): fn(content, …) of {% name %}…{% endname %}
function Library:simple_block_tag(name, fn, opts)
  check_name("simple_block_tag", name, 2)
  check_function("simple_block_tag", name, fn, 2)
  opts = check_options("register:simple_block_tag", opts, block_options)
  local tag = describe(name, fn, opts, "block")
  tag.end_name = opts.end_name or "end" .. name
  return self:_add(name, tag)
end

--- register:inclusion_tag(name, template, fn, options): the template is rendered with the
--- table that fn gives. `template` is a name, a list of names, or a compiled template.
function Library:inclusion_tag(name, template, fn, opts)
  check_name("inclusion_tag", name, 2)
  if type(template) == "function" or template == nil then
    type_error(2, "register:inclusion_tag(\"%s\", template, function): the template comes first", name)
  end
  check_function("inclusion_tag", name, fn, 2)
  opts = check_options("register:inclusion_tag", opts, tag_options)
  local tag = describe(name, fn, opts, "inclusion")
  tag.template = template
  return self:_add(name, tag)
end

return function()
  return setmetatable({ filters = {}, tags = {}, version = 0 }, Library)
end
