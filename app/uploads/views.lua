-- SPDX-License-Identifier: MIT
-- Files from visitors. The file itself goes to media/uploads/ under a name made here;
-- what the visitor called it is kept beside it and only ever shown.
local access = require "core.access"
local crypto = require "perilune.utils.crypto"
local html = require "perilune.utils.html"
local http = require "perilune.http"
local journal = require "core.journal"
local layout = require "core.layout"
local settings = require "perilune.settings"
local text = require "perilune.utils.text"
local time = require "perilune.time"
local urls = require "perilune.urls"

local format_html = html.format_html

local M = {}

local uploads = journal.open(settings.data_dir .. "/uploads.jsonl")

local function path_of(upload)
  return settings.media_root .. "/uploads/" .. upload.stored
end

local PAGE = [[
<h1>Uploads</h1>
<p class="lead">Up to {limit} each. They come back as downloads, whole or in ranges.</p>
<form class="card" method="post" enctype="multipart/form-data">
<label for="file">Files</label>
<input id="file" name="file" type="file" multiple required{invalid}>
{problem}
<button>Send</button>
</form>
{list}
]]

local ROW = [[
<li>
<div><h3><a href="{}">{}</a></h3><span>{}</span></div>
<p class="digest">sha256 <code>{}</code></p>
{}
</li>]]

local function list_of(rows)
  if #rows == 0 then
    return html.mark_safe '<p class="empty">No files yet.</p>'
  end
  local shown = {}
  for i, upload in ipairs(rows) do
    local reference = { pk = upload.pk }
    local delete = layout.button(urls.reverse("uploads:delete", reference), "Delete")
    shown[i] = { urls.reverse("uploads:download", reference), upload.name, layout.size(upload.size), upload.sha256, delete }
  end
  return format_html('<ul class="list">{}</ul>', html.format_html_join("", ROW, shown))
end

local function render(request, problem)
  return layout.page(request, {
    title = "Uploads",
    status = problem and 400 or 200,
    body = format_html(PAGE, {
      limit = layout.size(settings.upload_max_bytes),
      invalid = problem and html.mark_safe ' aria-invalid="true" aria-describedby="problem"' or "",
      problem = problem and format_html('<p class="error" id="problem">{}</p>', problem) or "",
      list = list_of(uploads:all()),
    }),
  })
end

-- The random part makes the name unique and hard to guess, the rest helps people who
-- look into the folder.
local function keep(file)
  local stored = text.get_random_string(16) .. "-" .. text.get_valid_filename(file.name):sub(-80)
  local upload = { name = file.name, stored = stored, size = file.size, sha256 = crypto.hash(file:read()):hexdigest(), created = tostring(time.now()) }
  file:save(path_of(upload))
  uploads:add(upload)
end

local function problem_of(files)
  if #files == 0 then
    return "Choose a file first."
  end
  for _, file in ipairs(files) do
    if file.size > settings.upload_max_bytes then
      return ("%s has %s; %s is the limit."):format(file.name, layout.size(file.size), layout.size(settings.upload_max_bytes))
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
  return uploads:get(pk) or error(http.Http404(("there is no upload %d"):format(pk)))
end

--- Always as a download: a page that somebody has uploaded must not run as one of ours.
M.download = http.require_methods { "GET", "HEAD" }(function(_, params)
  local upload = find(params.pk)
  return http.FileResponse(path_of(upload), { as_attachment = true, filename = upload.name, content_type = "application/octet-stream" })
end)

M.delete = http.require_methods { "POST" }(access.writers_only(function(_, params)
  local upload = find(params.pk)
  uploads:remove(upload.pk)
  os.remove(settings.base_dir .. "/" .. path_of(upload))
  return http.redirect "uploads:index"
end))

return M
