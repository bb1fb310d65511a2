-- SPDX-License-Identifier: MIT
return require "base" { request_deadline = 0.5 }
