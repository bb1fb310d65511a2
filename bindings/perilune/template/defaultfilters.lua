-- SPDX-License-Identifier: MIT
-- The built-in filters as functions: filters.upper("a"), filters.floatformat(3.14159, 2). A
-- filter runs as in a template that does nothing else, so both always agree; what it gives
-- is caught before it would be printed.
local exceptions = require "perilune.exceptions"
local null = require "perilune.null"
local template = require "perilune.template"

local core = require "perilune._core"

local NAMES, LIST = {}, {}
for name in ([[
  add addslashes capfirst center cut date default default_if_none dictsort dictsortreversed
  divisibleby escape escapejs escapeseq filesizeformat first floatformat force_escape get_digit
  iriencode join json_script last length linebreaks linebreaksbr linenumbers ljust lower
  make_list phone2numeric pluralize pprint random rjust safe safeseq slice slugify stringformat
  striptags time timesince timeuntil title truncatechars truncatechars_html truncatewords
  truncatewords_html unordered_list upper urlencode urlize urlizetrunc wordcount wordwrap
  yesno]]):gmatch "%S+" do
  NAMES[name] = true
  LIST[#LIST + 1] = name
end

local caught -- what the filter that ran last gave; taken at once
local register = template.Library()
register:filter("catch", function(value)
  caught = value
  return ""
end)

local engines = {} -- by whether escaping is on

local function engine_of(autoescape)
  local engine = engines[autoescape]
  if not engine then
    engine = template.Engine { autoescape = autoescape, libraries = { catch = register } }
    engines[autoescape] = engine
  end
  return engine
end

local function compile(name, has_arg, autoescape)
  local text = "{%% load catch %%}{{ value|%s%s|catch }}"
  return engine_of(autoescape):from_string(text:format(name, has_arg and ":arg" or ""))
end

local function make(name)
  local compiled = {} -- by the argument's presence and escaping
  return function(value, arg, autoescape)
    autoescape = autoescape ~= false
    local key = (arg ~= nil and 1 or 0) + (autoescape and 2 or 0)
    local page = compiled[key]
    if not page then
      page = compile(name, arg ~= nil, autoescape)
      compiled[key] = page
    end
    if value == nil then
      value = null
    end
    page:render { value = value, arg = arg }
    local result = caught
    caught = nil
    return result
  end
end

local M = {}

return setmetatable(M, {
  __index = function(_, name)
    if not NAMES[name] then
      error(exceptions.AttributeError(("there is no filter '%s'%s"):format(tostring(name), core.suggest(tostring(name), LIST))), 2)
    end
    local fn = make(name)
    M[name] = fn
    return fn
  end,
})
