-- SPDX-License-Identifier: MIT
-- Settings that all trials share; each settings file adds its own.
return function(more)
  local settings = {
    debug = false,
    secret_key = "only for tests: k3j5h6g7f8d9s0a1q2w3e4r5t6y7u8i9o0p",
    allowed_hosts = { "127.0.0.1" },
    root_urlconf = "urls",
    middleware = {},
    graceful_timeout = 10,
  }
  for name, value in pairs(more) do
    settings[name] = value
  end
  return settings
end
