-- SPDX-License-Identifier: MIT
-- An app that answers with templates.
return {
  debug = true,
  secret_key = "only for tests: s3cr3t-k3y-value-0123456789abcdefghijklmnop",
  allowed_hosts = { "127.0.0.1", "localhost" },
  installed_apps = { "shop" },
  middleware = { "shop.middleware.hooks" },
  templates = { dirs = { "templates" }, context_processors = { "static", "media", "tz", "shop.context.site_info" } },
  template_strict = "log",
  request_time_limit = 1,
}
