-- SPDX-License-Identifier: MIT
-- A project whose caches are on other machines; where, the environment says.
local env = require "perilune.env"

return {
  secret_key = "only for tests: s3cr3t-k3y-value-0123456789abcdefghijklmnop",
  allowed_hosts = { "127.0.0.1" },
  caches = {
    default = { backend = "redis", location = env("REDIS", "redis://127.0.0.1:1"), ignore_exceptions = true, key_prefix = "site" },
    strict = { backend = "redis", location = env("REDIS", "redis://127.0.0.1:1"), key_prefix = "site" },
    memcached = { backend = "memcached", location = env("MEMCACHED", "127.0.0.1:1"), compress = 1000 },
  },
}
