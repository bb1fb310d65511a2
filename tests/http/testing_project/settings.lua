-- SPDX-License-Identifier: MIT
-- A project for tests of `perilune test`: its own tests pass, those in broken/ do not.
return {
  secret_key = "only for tests: it signs nothing that anybody keeps",
  installed_apps = { "shop", "plain" },
  root_urlconf = "urls",
  middleware = { "perilune.middleware.common", "shop.middleware.mark" },
  databases = {
    default = { engine = "sqlite", name = "db.sqlite3" },
    replica = { engine = "sqlite", name = "replica.sqlite3", test = { mirror = "default" } },
  },
  caches = { default = { backend = "memory" } },
  page_size = 10,
}
