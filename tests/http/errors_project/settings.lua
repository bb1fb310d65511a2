-- SPDX-License-Identifier: MIT
-- A project in which every view fails in its own way. ERRORS_DEBUG=1: with debug pages,
-- ERRORS_LIMIT: seconds of Lua per request, ERRORS_MEMORY: bytes of Lua, ERRORS_SECRET=none: without secret_key.
return {
  debug = os.getenv "ERRORS_DEBUG" == "1",
  secret_key = os.getenv "ERRORS_SECRET" ~= "none" and "only for tests: s3cr3t-k3y-value-0123456789abcdefghijklmnop" or nil,
  allowed_hosts = { "127.0.0.1", "localhost" },
  internal_ips = { "192.0.2.7" },
  trusted_proxies = { "127.0.0.2" },
  root_urlconf = "urls",
  templates = { dirs = { "shop/templates" } },
  request_time_limit = tonumber(os.getenv "ERRORS_LIMIT" or 30),
  lua_memory_limit = tonumber(os.getenv "ERRORS_MEMORY" or 128 * 2 ^ 20),
  middleware = { "shop.middleware.outer", "perilune.middleware.common", "shop.middleware.sometimes", "shop.middleware.hooks" },
  databases = {
    default = { engine = "postgresql", host = "db", user = "shop", password = "hunter2-in-databases", options = { dsn = "postgresql://shop:hunter2-in-dsn@db/shop" } },
  },
  caches = { default = { backend = "redis", location = "redis://:hunter2-in-location@cache:6379/0" } },
  shop_api_key = "hunter2-in-api-key",
  shop_page_size = 20,
  shop_markup = "<script>alert('settings')</script>",
}
