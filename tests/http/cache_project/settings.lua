-- SPDX-License-Identifier: MIT
-- A project whose workers share a cache.
return {
  secret_key = "only for tests: s3cr3t-k3y-value-0123456789abcdefghijklmnop",
  allowed_hosts = { "127.0.0.1" },
  caches = {
    default = { backend = "memory", max_bytes = 8 * 2 ^ 20 },
    near = { backend = "memory", max_bytes = 2 ^ 20, near_entries = 100 },
    files = { backend = "file", location = "data/cache", timeout = false },
  },
}
