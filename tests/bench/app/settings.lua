-- SPDX-License-Identifier: MIT
-- The bare view: what the engine and the way into Lua cost, and nothing else.
local env = require "perilune.env"
return {
  secret_key = "only for benchmarks: k3j5h6g7f8d9s0a1q2w3e4r5t6y7u8i9o0p",
  allowed_hosts = { "*" },
  installed_apps = { "bench" },
  middleware = {},
  templates = { dirs = { "templates" } },
  -- As the peers keep them: at hand in the worker. BENCH_NEAR=0: read from the shared memory each time.
  caches = { default = { backend = "memory", near_entries = tonumber(env("BENCH_NEAR", "10000")) } },
  databases = { default = { engine = "sqlite", name = env("BENCH_DB", ":memory:") } },
}
