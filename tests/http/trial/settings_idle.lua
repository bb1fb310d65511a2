-- SPDX-License-Identifier: MIT
return require "base" { keepalive_timeout = 1 }
