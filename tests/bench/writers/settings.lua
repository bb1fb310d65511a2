-- SPDX-License-Identifier: MIT
-- The project that tests/bench/writers.py runs, from a copy of this folder.
return {
  secret_key = "only for tests: 8d0f2g4h6j8k0l2m4n6p8q0r2s4t6u8v0w2x",
  allowed_hosts = { "127.0.0.1" },
  installed_apps = { "shop" },
  root_urlconf = "shop.urls",
  databases = { default = { engine = "sqlite", name = "db.sqlite3", options = { timeout = 20 } } },
}
