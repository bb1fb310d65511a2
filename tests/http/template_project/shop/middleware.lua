-- SPDX-License-Identifier: MIT
local M = {}
function M.hooks(get_response)
  local layer = {}
  function layer:call(request)
    return get_response(request)
  end
  function layer:process_template_response(_, response)
    response.context_data.hooked = "hook of " .. response.template_name
    return response
  end
  return layer
end
return M
