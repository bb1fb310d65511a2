-- SPDX-License-Identifier: MIT
local M = {}

function M.mark(get_response)
  return function(request)
    local response = get_response(request)
    response.headers["X-Mark"] = "seen"
    return response
  end
end

return M
