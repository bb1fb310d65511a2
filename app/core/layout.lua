-- SPDX-License-Identifier: MIT
-- The frame of every page, and small pieces of HTML. (Templates take this over.)
-- Whatever goes through format_html is escaped, unless it is HTML made by it.
local access = require "core.access"
local html = require "perilune.utils.html"
local http = require "perilune.http"
local settings = require "perilune.settings"
local urls = require "perilune.urls"

local format_html = html.format_html

local M = {}

local PAGE = [[
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title}</title>
<link rel="icon" href="{static}core/logo.svg" type="image/svg+xml">
<link rel="stylesheet" href="{static}core/site.css">
{head}</head>
<body>
<a class="skip" href="#content">Skip to the content</a>
<header class="top">
<div class="wide">
<a class="brand" href="{home}"><img src="{static}core/logo.svg" alt="" width="32" height="32">Perilune</a>
<nav aria-label="Main">{links}</nav>
</div>
</header>
<main id="content" class="wide">
{body}
</main>
<footer class="wide">
<div>Request <code>{request_id}</code>{account}</div>
</footer>
</body>
</html>
]]

local LINKS = { { "notes:index", "Notes" }, { "uploads:index", "Uploads" }, { "status", "Status" } }

--- Several pieces of HTML in a row.
function M.join(pieces)
  local rows = {}
  for i, piece in ipairs(pieces) do
    rows[i] = { piece }
  end
  return html.format_html_join("", "{}", rows)
end

local function links(request)
  local pieces = {}
  for i, link in ipairs(LINKS) do
    local url = urls.reverse(link[1])
    local here = request.path == url and html.mark_safe ' aria-current="page"' or ""
    pieces[i] = format_html('<a href="{}"{}>{}</a>', url, here, link[2])
  end
  return M.join(pieces)
end

--- A form of one button.
function M.button(url, label, class)
  return format_html('<form method="post" action="{}"><button class="{}">{}</button></form>', url, class or "quiet", label)
end

local function account(request)
  if not access.enabled() then
    return ""
  elseif request.is_staff then
    return format_html(' · signed in {}', M.button(urls.reverse "sign_out", "Sign out", "link"))
  end
  return format_html(' · <a href="{}">Sign in</a>', urls.reverse "sign_in")
end

--- A whole page. `page`: title, body (HTML), head (HTML), status, headers.
function M.page(request, page)
  local text = format_html(PAGE, {
    title = page.title == "Perilune" and page.title or page.title .. " · Perilune",
    static = settings.static_url,
    home = urls.reverse "home",
    head = page.head or "",
    links = links(request),
    body = page.body,
    request_id = request.request_id or "-",
    account = account(request),
  })
  return http.Response(text, { status = page.status or 200, headers = page.headers })
end

--- A page of a heading and a sentence. `page`: title, text, status, headers.
function M.message(request, page)
  page.body = format_html('<section class="message"><p class="eyebrow">{}</p><h1>{}</h1><p class="lead">{}</p><p><a class="button" href="{}">Go to the start page</a></p></section>', page.status or 200, page.title, page.text, urls.reverse "home")
  return M.page(request, page)
end

--- A <script> of this site's static files, for page.head.
function M.script(name)
  return format_html('<script src="{}{}" defer></script>\n', settings.static_url, name)
end

--- "‹ Newer  2 of 5  Older ›" for a page of a Paginator; nothing when there is only one.
function M.pager(page)
  if page.paginator.num_pages < 2 then
    return ""
  end
  local function link(there, number, label)
    return there and format_html('<a href="?page={}">{}</a>', number, label) or format_html("<span>{}</span>", label)
  end
  return format_html(
    '<nav class="pager" aria-label="Pages">{} <b>{} of {}</b> {}</nav>',
    link(page:has_previous(), page.number - 1, "‹ Newer"),
    page.number,
    page.paginator.num_pages,
    link(page:has_next(), page.number + 1, "Older ›")
  )
end

--- 1536 as "1.5 kB".
function M.size(bytes)
  local units = { "bytes", "kB", "MB", "GB" }
  local i = 1
  while bytes >= 1024 and i < #units do
    bytes, i = bytes / 1024, i + 1
  end
  return (i == 1 and "%d %s" or "%.1f %s"):format(bytes, units[i])
end

return M
