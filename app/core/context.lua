-- SPDX-License-Identifier: MIT
-- What every page shows: the links at its head, and who is signed in.
local access = require "core.access"

local M = {}

local LINKS = {
  { name = "notes:index", label = "Notes" },
  { name = "uploads:index", label = "Uploads" },
  { name = "status", label = "Status" },
}

function M.site(request)
  return { links = LINKS, can_sign_in = access.enabled(), signed_in = request.is_staff }
end

return M
