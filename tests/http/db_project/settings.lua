-- SPDX-License-Identifier: MIT
-- The project that tests/http/db.py talks to; the test puts the files of the databases there.
local env = require "perilune.env"
return {
  debug = env.bool("DB_DEBUG", false),
  secret_key = "only for tests: jd8f7gk2l4m6n8p0q1r3s5t7u9v1w3x5y7z9",
  allowed_hosts = { "127.0.0.1" },
  installed_apps = { "shop" },
  root_urlconf = "urls",
  databases = {
    default = { engine = "sqlite", name = "db.sqlite3", options = { timeout = 10 } },
    other = { engine = "sqlite", name = "other.sqlite3", atomic_requests = true },
  },
  database_routers = { "shop.routers.Primary" },
}
