-- SPDX-License-Identifier: MIT
-- A view for files of a folder, while there is no better server for them:
--
--   path("media/<path:path>", static.serve, { kwargs = { document_root = "media" } })
local exceptions = require "perilune.exceptions"
local files = require "perilune._files"

local M = {}

--- The file params.path below the folder params.document_root; Http404 when there is none.
function M.serve(_, params)
  local root = params.document_root
  if type(root) ~= "string" then
    error(exceptions.ImproperlyConfigured("perilune.views.static.serve: the route needs kwargs = { document_root = \"folder\" }"), 2)
  end
  local path = params.path
  if type(path) ~= "string" then
    error(exceptions.ImproperlyConfigured("perilune.views.static.serve: the route needs a part <path:path>"), 2)
  end
  local parts = "/" .. path .. "/"
  if path == "" or path:find("[%z\\]") or parts:find("/%.") or parts:find("//", 1, true) then
    error(exceptions.Http404(("there is no file '%s'"):format(path)), 2)
  end
  local response = files.FileResponse(path, { root = root })
  response.headers["Content-Disposition"] = nil
  response.headers["X-Content-Type-Options"] = "nosniff"
  return response
end

return M
