-- SPDX-License-Identifier: MIT
-- Two databases, a router and a time zone: what tests/http/routing.py runs, from a copy of this folder.
return {
  secret_key = "only for tests: c8d0f2g4h6j8k0l2m4n6p8q0r2s4t6u8v0w2",
  installed_apps = { "shop" },
  time_zone = "Europe/Berlin",
  databases = {
    default = { engine = "sqlite", name = "db.sqlite3" },
    other = { engine = "sqlite", name = "other.sqlite3" },
  },
  database_routers = { "shop.routers.Router" },
}
