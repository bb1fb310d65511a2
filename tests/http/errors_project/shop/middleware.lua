-- SPDX-License-Identifier: MIT
-- Layers that fail when the request asks for it: X-Fail: before, after, outer, hook …
local exceptions = require "perilune.exceptions"

local M = {}

-- Sees only responses, whatever happens further in.
function M.outer(get_response)
  return function(request)
    local response = get_response(request)
    response.headers["X-Outer"] = "saw " .. response.status_code
    return response
  end
end

function M.sometimes(get_response)
  return function(request)
    local fail = request.headers["X-Fail"]
    if fail == "before" then
      error("fails before get_response")
    elseif fail == "nothing" then
      return nil
    end
    local response = get_response(request)
    if fail == "after" then
      error(exceptions.KeyError("fails after get_response"))
    end
    return response
  end
end

function M.hooks(get_response)
  local layer = {}
  function layer:call(request)
    return get_response(request)
  end
  function layer:process_view(request)
    if request.headers["X-Fail"] == "process_view" then
      return request.nothing_attached.field
    end
  end
  function layer:process_exception(request)
    if request.headers["X-Fail"] == "process_exception" then
      error("fails in process_exception")
    end
  end
  return layer
end

return M
