-- SPDX-License-Identifier: MIT
-- Responses and shortcuts of a view.
local response = require "perilune._response"

local M = {}

M.Response = response.Response

local json_options = { content_type = "application/json" }

--- A JSON response of any value that perilune.json encodes.
function M.JsonResponse(value, opts)
  local json = require "perilune.json"
  if opts == nil then
    return M.Response(json.encode(value), json_options)
  end
  opts.content_type = opts.content_type or "application/json"
  return M.Response(json.encode(value), opts)
end

return M
