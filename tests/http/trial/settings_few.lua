-- SPDX-License-Identifier: MIT
return require "base" { max_connections = 30, max_connections_per_ip = 10 }
