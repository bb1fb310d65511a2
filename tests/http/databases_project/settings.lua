-- SPDX-License-Identifier: MIT
-- A project with several databases, for tests of routers and of `using`.
return {
  secret_key = "only for tests: it signs nothing that anybody keeps",
  installed_apps = { "library" },
  root_urlconf = "urls",
  databases = {
    default = { engine = "sqlite", name = "db.sqlite3" },
    other = { engine = "sqlite", name = "other.sqlite3" },
    replica = { engine = "sqlite", name = "replica.sqlite3" },
  },
}
