-- SPDX-License-Identifier: MIT
-- An app whose signals.lua notes the signals of requests.
return {
  debug = false,
  secret_key = "only for tests: s3cr3t-k3y-value-0123456789abcdefghijklmnop",
  allowed_hosts = { "127.0.0.1", "localhost" },
  installed_apps = { "shop" },
  middleware = { "perilune.middleware.common" },
  static_url = "/static/", static_root = "static", serve_static = true,
}
