-- SPDX-License-Identifier: MIT
-- {% load cache %}: {% cache timeout name vary… using="alias" %}…{% endcache %}
local exceptions = require "perilune.exceptions"
local fragment = require "perilune.template._fragment"
local null = require "perilune.null"
local settings = require "perilune.settings"
local safestring = require "perilune.utils.safestring"

local register = require "perilune.template._library"()

local Node = {}
Node.__index = Node

local function syntax_error(text, ...)
  error(exceptions.TemplateSyntaxError(text:format(...)), 0)
end

-- The cache of {% … using="alias" %}, else "template_fragments" where the settings have one,
-- else the default.
local function find_cache(alias)
  local known = settings.configured() and settings.caches or {}
  if alias and known[alias] == nil and alias ~= "default" then
    syntax_error("Invalid cache name specified for cache tag: '%s'", alias)
  end
  local caches = require("perilune.cache").caches
  return caches[alias or known.template_fragments and "template_fragments" or "default"]
end

local function timeout_of(value, given)
  if value == nil or value == null then
    return nil
  end
  local number = math.tointeger(tonumber(value))
  if not number then
    syntax_error("\"cache\" tag got a non-integer timeout value: %s", given)
  end
  return number
end

local function quoted(value)
  return type(value) == "string" and "'" .. value .. "'" or fragment.text_of(value)
end

function Node:render(context)
  local timeout = self.timeout:resolve(context)
  local seconds = timeout_of(timeout, quoted(timeout))
  local alias = self.cache and self.cache:resolve(context)
  local cache = find_cache(alias and fragment.text_of(alias))
  local vary = {}
  for i, expression in ipairs(self.vary) do
    vary[i] = fragment.text_of(expression:resolve(context))
  end
  local key = fragment.key(self.name, vary)
  local found = cache:get(key)
  if found == nil then
    found = tostring(self.nodelist:render(context))
    cache:set(key, found, timeout == nil and require("perilune.cache").forever or seconds)
  end
  return safestring.mark_safe(found)
end

register:tag("cache", function(parser, token)
  local nodelist = parser:parse { "endcache" }
  parser:delete_first_token()
  local bits = token:split_contents()
  if #bits < 3 then
    syntax_error("'%s' tag requires at least 2 arguments.", bits[1])
  end
  local node = setmetatable({ nodelist = nodelist, name = bits[3], vary = {}, timeout = parser:compile_filter(bits[2]) }, Node)
  if #bits > 3 and bits[#bits]:find "^using=" then
    node.cache = parser:compile_filter(bits[#bits]:sub(7))
    bits[#bits] = nil
  end
  for i = 4, #bits do
    node.vary[#node.vary + 1] = parser:compile_filter(bits[i])
  end
  return node
end)

return register
