-- SPDX-License-Identifier: MIT
---@meta perilune.views.static

---A view for the files of a folder, such as uploads in development.
---@class perilune.views.static
local static = {}

---The file `params.path` below `params.document_root` (relative to the project); Http404 when there is none, when the
---name is hidden or leads out.
---@param request perilune.http.Request
---@param params { path: string, document_root: string }
---@return perilune.http.Response
function static.serve(request, params) end

return static
