-- SPDX-License-Identifier: MIT
-- A project of cached pages; the environment says how.
local env = require "perilune.env"
return {
  debug = env.bool("DEBUG_PAGES", false),
  secret_key = "only for tests: s3cr3t-k3y-value-0123456789abcdefghijklmnop",
  allowed_hosts = { "127.0.0.1", ".example.com" },
  trusted_proxies = env.list("PROXIES", {}),
  middleware = env.list("LAYERS", {}),
  templates = { dirs = { "templates" } },
  language_code = "en-us",
  time_zone = "UTC",
  cache_middleware_seconds = 120,
  cache_middleware_key_prefix = env("PREFIX", ""),
  logging = { loggers = { ["perilune.cache"] = { level = env("LEVEL", "INFO") } } },
  caches = {
    default = { backend = "memory", max_bytes = 8 * 2 ^ 20, compress = env.bool("COMPRESS", false) and 100 or nil },
    named = { backend = "memory", max_bytes = 2 ^ 20, key_function = function(key, _, version) return ("named-%d-%s"):format(version, key) end },
    files = { backend = "file", location = "data/pages" },
    counts = { backend = "memory", max_bytes = 2 ^ 20 },
    none = { backend = "dummy" },
  },
}
