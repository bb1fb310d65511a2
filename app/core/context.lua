-- SPDX-License-Identifier: MIT
-- What every page shows: the links at its head, and who is signed in.
local access = require "core.access"

local M = {}

local LINKS = {
  { name = "shop:index", label = "Shop" },
  { name = "shop:dashboard", label = "Dashboard" },
  { name = "notes:index", label = "Notes" },
  { name = "uploads:index", label = "Uploads" },
  { name = "home", label = "About" },
}

function M.site(request)
  return { links = LINKS, can_sign_in = access.enabled(), signed_in = request.is_staff }
end

return M
