-- SPDX-License-Identifier: MIT
-- The order of settings.middleware, outermost first.
local checks = require "perilune.checks"
local settings = require "perilune.settings"

-- outer, inner, why
local ORDER = {
  { "perilune.middleware.security", "perilune.middleware.sessions", "a redirect to https should cost no session" },
  { "perilune.middleware.gzip", "perilune.middleware.conditional_get", "an ETag is that of the response before it is compressed" },
  { "perilune.middleware.sessions", "perilune.middleware.csrf", "csrf_use_sessions keeps the token in the session" },
  { "perilune.middleware.sessions", "perilune.middleware.auth", "the user is found in the session" },
  { "perilune.middleware.sessions", "perilune.middleware.messages", "messages may be kept in the session" },
  { "perilune.middleware.sessions", "perilune.middleware.locale", "the language may be kept in the session" },
  { "perilune.middleware.locale", "perilune.middleware.common", "URLs to redirect to depend on the language" },
  { "perilune.middleware.csrf", "perilune.middleware.auth", "what depends on the user comes after the check of the token" },
  { "perilune.middleware.cache.update", "perilune.middleware.cache.fetch", "what is fetched must have been stored by the outer one" },
}

local function positions()
  local at, twice = {}, {}
  for i, name in ipairs(settings.middleware or {}) do
    if type(name) == "string" then
      if at[name] then
        twice[#twice + 1] = name
      end
      at[name] = at[name] or i
    end
  end
  return at, twice
end

checks.register(function()
  local found = {}
  local at, twice = positions()
  for _, name in ipairs(twice) do
    found[#found + 1] = checks.Warning(("'%s' is in settings.middleware twice"):format(name), { id = "middleware.W001" })
  end
  for _, rule in ipairs(ORDER) do
    local outer, inner, why = rule[1], rule[2], rule[3]
    if at[outer] and at[inner] and at[outer] > at[inner] then
      found[#found + 1] = checks.Warning(("'%s' comes after '%s' in settings.middleware"):format(outer, inner), { hint = "put it before: " .. why, id = "middleware.W002" })
    end
  end
  for name, needs in pairs { ["perilune.middleware.auth"] = "perilune.middleware.sessions", ["perilune.middleware.messages"] = "perilune.middleware.sessions" } do
    if at[name] and not at[needs] then
      found[#found + 1] = checks.Error(("'%s' needs '%s' in settings.middleware"):format(name, needs), { hint = "add it before", id = "middleware.E003" })
    end
  end
  return found
end, { tags = { "middleware" } })
