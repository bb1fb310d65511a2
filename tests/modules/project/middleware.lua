-- SPDX-License-Identifier: MIT
local M = {}

--- A layer in Lua inside of one in C: it reads what the C layer attached.
function M.sees_stamp(get_response)
  return function(request)
    local response = get_response(request)
    response.headers["X-Seen"] = tostring(request.stamped_by)
    return response
  end
end

return M
