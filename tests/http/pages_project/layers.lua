-- SPDX-License-Identifier: MIT
local M = {}

-- The language of the request, as a middleware for languages would choose it.
function M.language(get_response)
  return function(request)
    request.LANGUAGE_CODE = request.headers["X-Language"]
    return get_response(request)
  end
end

function M.mark(get_response)
  return function(request)
    local response = get_response(request)
    response.headers["X-Mark"] = "outside"
    return response
  end
end

return M
