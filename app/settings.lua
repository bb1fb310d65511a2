-- SPDX-License-Identifier: MIT
-- Settings of the example site. What differs between machines comes from the environment
-- or from a file .env beside this one (docs/guide/settings.md).
local csp = require "perilune.utils.csp"
local env = require "perilune.env"

-- The folder of this file: paths given to Lua's own io and os are not relative to it.
local base_dir = package.searchpath("settings", package.path):match "^(.*)/"

return {
  debug = env.bool("DEBUG", false),
  -- Good enough to look around on this machine; a site that others reach sets its own.
  secret_key = env("SECRET_KEY", "insecure: set SECRET_KEY before anybody else can reach this site"),
  allowed_hosts = env.list("ALLOWED_HOSTS", { "127.0.0.1", "localhost", "[::1]" }),

  installed_apps = { "core", "shop", "notes", "uploads" },
  root_urlconf = "urls",

  -- Outermost first: a request goes down this list, its response comes back up.
  middleware = {
    "core.middleware.timing", -- first, so that it sees the time of all the others
    "core.middleware.request_id",
    "core.middleware.client_ip",
    "core.middleware.logging",
    "perilune.middleware.security",
    "perilune.middleware.gzip",
    "perilune.middleware.conditional_get",
    "perilune.middleware.csp",
    "perilune.middleware.clickjacking",
    "perilune.middleware.common",
    "core.middleware.custom_headers",
    "core.middleware.staff",
    "shop.middleware.rate_limit",
    "core.middleware.maintenance", -- behind staff: it lets them in
    "core.middleware.api_token",
    "core.middleware.same_origin",
    "core.middleware.api_errors",
    "shop.middleware.api_tracking",
  },

  templates = { context_processors = { "core.context.site" } },

  secure_csp = {
    ["default-src"] = { csp.SELF },
    ["base-uri"] = { csp.NONE },
    ["form-action"] = { csp.SELF },
    ["frame-ancestors"] = { csp.NONE },
  },

  databases = { default = { engine = "sqlite", name = env("DATABASE", "data/site.sqlite3") } },
  caches = { default = { backend = "memory", max_bytes = 64 * 2 ^ 20 // 1 } },

  time_zone = env("TIME_ZONE", "UTC"),
  static_url = "/static/",
  static_root = "staticfiles",
  serve_static = true, -- without a web server in front
  media_root = "media",
  file_upload_max_memory_size = 1024 * 1024,
  body_max_bytes = 11 * 1024 * 1024,

  logging = {
    formatters = { line = { format = "{asctime} {levelname} {name} {message}" } },
    handlers = { console = { class = "console", formatter = "line" } },
    loggers = { core = { level = "INFO" } },
    root = { level = "WARNING", handlers = { "console" } },
  },

  -- The site's own. Code reads them like the others: settings.api_token.
  base_dir = base_dir,
  data_dir = base_dir .. "/data",
  api_token = env("API_TOKEN", ""), -- empty: everybody may write
  api_exempt_paths = { "/api/health/" },
  slow_request_seconds = 1,
  rate_limit = env("RATE_LIMIT", "") ~= "" and { env.int "RATE_LIMIT", 60 } or false, -- requests, seconds
  custom_headers = { ["X-Powered-By"] = "Perilune" },
  maintenance_retry_after = 120,
  maintenance_exempt_paths = { "/static/", "/sign-in/", "/api/health/" },
  upload_max_bytes = 10 * 1024 * 1024,
}
