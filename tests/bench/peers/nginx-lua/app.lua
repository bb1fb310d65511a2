-- SPDX-License-Identifier: MIT
local cjson = require "cjson"
local ngx = ngx

local M = {}

local function send(kind, body)
  ngx.header["Content-Type"] = kind
  ngx.header["Content-Length"] = #body
  ngx.print(body)
end

function M.plaintext()
  send("text/plain", "Hello, World!")
end

function M.json()
  send("application/json", cjson.encode { message = "Hello, World!" })
end

return M
