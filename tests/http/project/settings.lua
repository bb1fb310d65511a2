-- SPDX-License-Identifier: MIT
-- The project that the HTTP tests of the server talk to.
return {
  debug = false,
  secret_key = "only for tests: jd8f7gk2l4m6n8p0q1r3s5t7u9v1w3x5y7z9",
  allowed_hosts = { "a", "127.0.0.1", "[::1]" },
  root_urlconf = "urls",
  middleware = {
    "perilune.middleware.common",
    "perilune.middleware.gzip",
    "perilune.middleware.conditional_get",
  },
  header_timeout = 5, -- short enough for a test to wait for
}
