-- SPDX-License-Identifier: MIT
-- The same app behind every built-in middleware that needs no database.
local env = require "perilune.env"
return {
  secret_key = "only for benchmarks: k3j5h6g7f8d9s0a1q2w3e4r5t6y7u8i9o0p",
  allowed_hosts = { "*" },
  installed_apps = { "bench" },
  templates = { dirs = { "templates" } },
  databases = { default = { engine = "sqlite", name = env("BENCH_DB", ":memory:") } },
  middleware = {
    "perilune.middleware.request_id",
    "perilune.middleware.security",
    "perilune.middleware.gzip",
    "perilune.middleware.conditional_get",
    "perilune.middleware.common",
    "perilune.middleware.clickjacking",
    "perilune.middleware.csp",
  },
  secure_csp = { ["default-src"] = { "'self'" } },
}
