-- SPDX-License-Identifier: MIT
return require "base" {
  header_timeout = 1,
  body_timeout = 1,
  response_timeout = 1,
  keepalive_timeout = 20,
}
