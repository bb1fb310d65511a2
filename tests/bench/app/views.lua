-- SPDX-License-Identifier: MIT
local http = require "perilune.http"
local Response, JsonResponse = http.Response, http.JsonResponse

local M = {}

function M.plaintext()
  return Response("Hello, World!", { content_type = "text/plain" })
end

function M.json()
  return JsonResponse { message = "Hello, World!" }
end

return M
