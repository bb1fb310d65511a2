-- SPDX-License-Identifier: MIT
local M = {}

-- Attaches to the request, looks at the response, and replaces one.
function M.mark(get_response)
  return function(request)
    request.marked = request.method .. " " .. request.path
    local response = get_response(request)
    response.headers["X-Mark"] = request.marked
    if response.headers["X-Wrap"] and response.streaming then
      local inner = response.streaming_content
      response.streaming_content = function()
        local piece = inner()
        return piece and piece:upper()
      end
    end
    return response
  end
end

return M
