-- SPDX-License-Identifier: MIT
-- What should be set before the world may see the site: `perilune check --deploy`. The ids
-- are Django's.
local checks = require "perilune.checks"
local settings = require "perilune.settings"

local SECURITY, CSRF = "perilune.middleware.security", "perilune.middleware.csrf"
local CLICKJACKING, SESSIONS = "perilune.middleware.clickjacking", "perilune.middleware.sessions"

local function has(middleware)
  for _, name in ipairs(settings.middleware or {}) do
    if name == middleware then
      return true
    end
  end
  return false
end

--- Is there such a middleware in this version, for a site to use?
local function exists(middleware)
  local core = require "perilune._core"
  if core.module_exists(middleware) then
    return true
  end
  for _, name in ipairs(require("perilune._pipeline").builtins()) do
    if name == middleware then
      return true
    end
  end
  return false
end

local function installed(app)
  for _, name in ipairs(settings.installed_apps) do
    if name == app then
      return true
    end
  end
  return false
end

-- A check for production: condition() true means that the warning is due.
local function warn(id, condition, text, hint)
  checks.register(function()
    return condition() and { checks.Warning(text, { id = "security." .. id, hint = hint }) } or {}
  end, { tags = { "security" }, deploy = true })
end

local function is_weak(key)
  local seen, different = {}, 0
  for c in key:gmatch(".") do
    if not seen[c] then
      seen[c] = true
      different = different + 1
    end
  end
  return #key < 50 or different < 5 or key:find("insecure", 1, true) ~= nil
end

local KEY_HINT = "perilune run: require(\"perilune.commands\").get_random_secret_key() makes a good one; keep it in .env"

warn("W001", function()
  return not has(SECURITY)
end, "the security middleware is missing: none of the secure_* settings has an effect", ("add \"%s\" at the top of settings.middleware"):format(SECURITY))

warn("W002", function()
  return not has(CLICKJACKING)
end, "the clickjacking middleware is missing: other sites may show these pages in frames", ("add \"%s\" to settings.middleware"):format(CLICKJACKING))

warn("W003", function()
  return not has(CSRF) and exists(CSRF)
end, "the csrf middleware is missing: forms of other sites may post in the name of a user", ("add \"%s\" to settings.middleware"):format(CSRF))

warn("W004", function()
  return has(SECURITY) and settings.secure_hsts_seconds == 0
end, "secure_hsts_seconds is 0: browsers are not told to stay on https", "when the whole site is served over https, begin with a small value; a wrong one cannot be taken back at once")

warn("W005", function()
  return has(SECURITY) and settings.secure_hsts_seconds > 0 and not settings.secure_hsts_include_subdomains
end, "secure_hsts_include_subdomains is off: a subdomain over http can weaken the site")

warn("W006", function()
  return has(SECURITY) and not settings.secure_content_type_nosniff
end, "secure_content_type_nosniff is off: browsers may guess the type of a response")

warn("W008", function()
  return has(SECURITY) and not settings.secure_ssl_redirect
end, "secure_ssl_redirect is off: requests over http are answered", "switch it on, unless a proxy in front redirects")

warn("W009", function()
  return is_weak(settings.get("secret_key", ""))
end, "secret_key is short, repetitive or marked as insecure: signatures could be forged", KEY_HINT)

warn("W012", function()
  return (has(SESSIONS) or installed "perilune.contrib.sessions") and not settings.session_cookie_secure
end, "session_cookie_secure is off: the session's cookie travels over http too")

warn("W015", function()
  return (has(SESSIONS) or installed "perilune.contrib.sessions") and not settings.session_cookie_httponly
end, "session_cookie_httponly is off: scripts can read the session's cookie")

warn("W016", function()
  return has(CSRF) and not settings.csrf_use_sessions and not settings.csrf_cookie_secure
end, "csrf_cookie_secure is off: the cookie of the token travels over http too")

warn("W018", function()
  return settings.debug
end, "debug is on: error pages show source, settings and requests to everybody", "settings.lua: debug = env.bool(\"DEBUG\", false)")

warn("W019", function()
  return has(CLICKJACKING) and settings.x_frame_options ~= "DENY"
end, "x_frame_options is not \"DENY\"", "leave it at DENY unless the site shows itself in frames")

warn("W020", function()
  return #settings.allowed_hosts == 0
end, "allowed_hosts is empty: every request is answered with 400", "settings.lua: allowed_hosts = { \"example.com\" }")

warn("W021", function()
  return has(SECURITY) and settings.secure_hsts_seconds > 0 and settings.secure_hsts_include_subdomains and not settings.secure_hsts_preload
end, "secure_hsts_preload is off: the site cannot be put on the browsers' preload list")

warn("W022", function()
  local policy = settings.secure_referrer_policy
  return has(SECURITY) and (policy == nil or #policy == 0)
end, "secure_referrer_policy is not set: other sites are told where their visitors come from", "\"same-origin\" is the default")

warn("W025", function()
  for _, key in ipairs(settings.secret_key_fallbacks) do
    if is_weak(key) then
      return true
    end
  end
  return false
end, "a key of secret_key_fallbacks is short, repetitive or marked as insecure", KEY_HINT)

local REFERRER = {}
for policy in ("no-referrer no-referrer-when-downgrade origin origin-when-cross-origin same-origin strict-origin strict-origin-when-cross-origin unsafe-url"):gmatch("%S+") do
  REFERRER[policy] = true
end

local function trimmed(list)
  local out = {}
  for _, text in ipairs(type(list) == "table" and list or { list }) do
    for part in tostring(text):gmatch("[^,]+") do
      out[#out + 1] = part:match("^%s*(.-)%s*$")
    end
  end
  return out
end

local function unknown_policy()
  for _, policy in ipairs(trimmed(settings.secure_referrer_policy)) do
    if not REFERRER[policy] then
      return policy
    end
  end
end

checks.register(function()
  local policy = has(SECURITY) and unknown_policy()
  return policy and { checks.Error(("secure_referrer_policy: there is no policy '%s'"):format(policy), { id = "security.E023" }) } or {}
end, { tags = { "security" }, deploy = true })

local OPENER = { ["same-origin"] = true, ["same-origin-allow-popups"] = true, ["unsafe-none"] = true }

checks.register(function()
  local policy = settings.secure_cross_origin_opener_policy
  local bad = has(SECURITY) and policy ~= nil and policy ~= "" and not OPENER[policy]
  return bad and { checks.Error(("secure_cross_origin_opener_policy: there is no policy '%s'"):format(tostring(policy)), { id = "security.E024" }) } or {}
end, { tags = { "security" }, deploy = true })
