-- SPDX-License-Identifier: MIT
-- Files from visitors. The file itself goes to media/uploads/ under a name made here;
-- what the visitor called it is a column of its row and only ever shown.
local access = require "core.access"
local crypto = require "perilune.utils.crypto"
local format = require "core.format"
local http = require "perilune.http"
local settings = require "perilune.settings"
local text = require "perilune.utils.text"
local Upload = require("uploads.models").Upload

local M = {}

local function path_of(upload)
  return settings.media_root .. "/uploads/" .. upload.stored
end

local function render(request, problem)
  local context = { limit = settings.upload_max_bytes, problem = problem, uploads = Upload.objects:all() }
  return http.render(request, "uploads/index.html", context, { status = problem and 400 or 200 })
end

-- The random part makes the name unique and hard to guess, the rest helps people who
-- look into the folder.
local function keep(file)
  local stored = text.get_random_string(16) .. "-" .. text.get_valid_filename(file.name):sub(-80)
  local upload = Upload { name = text.truncate_chars(file.name, 255), stored = stored, size = file.size, sha256 = crypto.hash(file:read()):hexdigest() }
  file:save(path_of(upload))
  upload:save()
end

local function problem_of(files)
  if #files == 0 then
    return "Choose a file first."
  end
  for _, file in ipairs(files) do
    if file.size > settings.upload_max_bytes then
      return ("%s has %s; %s is the limit."):format(file.name, format.size(file.size), format.size(settings.upload_max_bytes))
    end
  end
end

M.index = http.require_methods { "GET", "HEAD", "POST" }(access.writers_only(function(request)
  if request.method ~= "POST" then
    return render(request)
  end
  local files = request.FILES:getlist "file"
  local problem = problem_of(files)
  if problem then
    return render(request, problem)
  end
  for _, file in ipairs(files) do
    keep(file)
  end
  return http.redirect "uploads:index"
end))

local function find(pk)
  return http.get_object_or_404(Upload, { pk = pk })
end

--- Always as a download: a page that somebody has uploaded must not run as one of ours.
M.download = http.require_methods { "GET", "HEAD" }(function(_, params)
  local upload = find(params.pk)
  return http.FileResponse(path_of(upload), { as_attachment = true, filename = upload.name, content_type = "application/octet-stream" })
end)

M.delete = http.require_methods { "POST" }(access.writers_only(function(_, params)
  local upload = find(params.pk)
  upload:delete()
  os.remove(settings.base_dir .. "/" .. path_of(upload))
  return http.redirect "uploads:index"
end))

return M
