-- SPDX-License-Identifier: MIT
-- The notes as a page with a form.
local Paginator = require("perilune.paginator").Paginator
local access = require "core.access"
local http = require "perilune.http"
local Note = require("notes.models").Note
local store = require "notes.store"

local M = {}

local PAGE_SIZE = 10

local function render(request, form, errors)
  local page = Paginator(Note.objects:all(), PAGE_SIZE):get_page(request.GET:get("page", 1))
  return http.render(request, "notes/index.html", { page = page, form = form, errors = errors }, { status = next(errors) and 400 or 200 })
end

M.index = http.require_methods { "GET", "HEAD", "POST" }(access.writers_only(function(request)
  if request.method ~= "POST" then
    return render(request, {}, {})
  end
  local clean, errors = store.clean(request.POST)
  if not clean then
    return render(request, request.POST, errors)
  end
  store.create(clean)
  return http.redirect "notes:index"
end))

M.delete = http.require_methods { "POST" }(access.writers_only(function(_, params)
  http.get_object_or_404(Note, { pk = params.pk }):delete()
  return http.redirect "notes:index"
end))

return M
