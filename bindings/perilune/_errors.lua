-- SPDX-License-Identifier: MIT
-- The page for an error that came out of a layer: the debug page, or the project's
-- handler400 … handler500 (root urls), or nothing, for the engine's bare page.
local settings = require "perilune.settings"

local M = { handlers = {} }

--- handlers: { [404] = function(request, err), … } of the root urlconf.
function M.set_handlers(handlers)
  M.handlers = handlers
end

function M.response(request, status, err)
  if settings.debug then
    return require("perilune._debug").page(request, status, err)
  end
  local handler = M.handlers[status]
  if handler then
    local response = handler(request, err)
    if type(response) == "userdata" and response.status_code == 200 then
      response.status_code = status
    end
    return response
  end
end

return M
