-- SPDX-License-Identifier: MIT
local csp = require "perilune.utils.csp"
local hello = require "hello"
local path = require("perilune.urls").path

local function sum(_, params)
  return ("%d"):format(hello.add(params.a, params.b))
end

local function nonce(request)
  return request.csp_nonce
end

local function heard()
  return hello.heard()
end

return {
  path("heard/", heard),
  path("sum/<int:a>/<int:b>/", sum),
  path("nonce/", nonce),
  path("hello/<str:name>/", "hello.greet", { name = "greet" }),
  path("wait/", "hello.wait"),
  path("count/", "hello.count"),
  path("echo/", "hello.echo"),
  path("own/", csp.override { ["img-src"] = "*" }(function() return "own" end)),
}
