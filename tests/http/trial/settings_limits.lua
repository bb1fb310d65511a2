-- SPDX-License-Identifier: MIT
return require "base" {
  request_time_limit = 0.3,
  lua_memory_limit = 48 << 20,
}
