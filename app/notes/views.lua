-- SPDX-License-Identifier: MIT
-- The notes as a page with a form.
local Paginator = require("perilune.paginator").Paginator
local access = require "core.access"
local html = require "perilune.utils.html"
local http = require "perilune.http"
local layout = require "core.layout"
local store = require "notes.store"
local time = require "perilune.time"
local urls = require "perilune.urls"

local format_html = html.format_html

local M = {}

local PAGE_SIZE = 10

local PAGE = [[
<h1>Notes</h1>
<p class="lead">Kept in a file that all workers share; <a href="{api}">as JSON</a> too.</p>
<form class="card" method="post" novalidate>
<label for="title">Title</label>
<input id="title" name="title" maxlength="100" required value="{title}"{title_invalid}>
{title_error}
<label for="body">Text</label>
<textarea id="body" name="body" rows="3"{body_invalid}>{body}</textarea>
{body_error}
<button>Keep it</button>
</form>
{list}
{pager}
]]

local NOTE = [[
<li>
<div><h3>{}</h3><time datetime="{}">{}</time></div>
{}
{}
</li>]]

local function list_of(notes)
  if #notes == 0 then
    return html.mark_safe '<p class="empty">Nothing here yet. The first note is yours.</p>'
  end
  local rows = {}
  for i, note in ipairs(notes) do
    local shown = time.format(time.localtime(time.parse(note.created)), "j M Y, H:i")
    local delete = layout.button(urls.reverse("notes:delete", { pk = note.pk }), "Delete")
    rows[i] = { note.title, note.created, shown, html.mark_safe(html.linebreaks(note.body, { autoescape = true })), delete }
  end
  return format_html('<ul class="list">{}</ul>', html.format_html_join("", NOTE, rows))
end

local function render(request, form, errors)
  local page = Paginator(store.all(), PAGE_SIZE):get_page(request.GET:get("page", 1))
  local values = { api = urls.reverse "notes_api:list", list = list_of(page.object_list), pager = layout.pager(page) }
  for _, name in ipairs { "title", "body" } do
    local problem = errors[name] and errors[name][1]
    values[name] = form[name] or ""
    values[name .. "_error"] = problem and format_html('<p class="error" id="{}_error">{}</p>', name, problem) or ""
    values[name .. "_invalid"] = problem and format_html(' aria-invalid="true" aria-describedby="{}_error"', name) or ""
  end
  return layout.page(request, { title = "Notes", status = next(errors) and 400 or 200, body = format_html(PAGE, values) })
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
  if not store.delete(params.pk) then
    error(http.Http404(("there is no note %d"):format(params.pk)))
  end
  return http.redirect "notes:index"
end))

return M
