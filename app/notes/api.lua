-- SPDX-License-Identifier: MIT
-- The notes as JSON. Errors are raised; core.middleware.api_errors gives them their form.
local Paginator = require("perilune.paginator").Paginator
local exceptions = require "perilune.exceptions"
local http = require "perilune.http"
local json = require "perilune.json"
local Note = require("notes.models").Note
local store = require "notes.store"
local urls = require "perilune.urls"

local M = {}

local PAGE_SIZE = 20

local function url_of(note)
  return urls.reverse("notes_api:detail", { pk = note.pk })
end

local function shown(note)
  return { id = note.pk, title = note.title, body = note.body, created = note.created, url = url_of(note) }
end

local function list(request)
  local page = Paginator(Note.objects:all(), PAGE_SIZE):get_page(request.GET:get("page", 1))
  local results = json.array {}
  for i, note in ipairs(page.object_list) do
    results[i] = shown(note)
  end
  return { count = page.paginator.count, page = page.number, num_pages = page.paginator.num_pages, results = results }
end

-- JSON, or what a form sends.
local function sent(request)
  if request.content_type ~= "application/json" then
    return request.POST
  end
  local data = request:json()
  if type(data) ~= "table" then
    error(exceptions.BadRequest "an object with title and body is wanted")
  end
  return data
end

local function create(request)
  local clean, errors = store.clean(sent(request))
  if not clean then
    error(exceptions.ValidationError(errors))
  end
  local note = store.create(clean)
  return http.JsonResponse(shown(note), { status = 201, headers = { Location = url_of(note) } })
end

M.list = http.require_methods { "GET", "HEAD", "POST" }(function(request)
  return request.method == "POST" and create(request) or list(request)
end)

M.detail = http.require_methods { "GET", "HEAD", "DELETE" }(function(request, params)
  local note = http.get_object_or_404(Note, { pk = params.pk })
  if request.method == "DELETE" then
    note:delete()
    return http.Response("", { status = 204 })
  end
  return http.JsonResponse(shown(note))
end)

return M
