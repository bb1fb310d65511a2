-- SPDX-License-Identifier: MIT
-- A report of perilune._debug_report as a page. Every text that comes from outside goes
-- through escape(); the names of tags and classes are all that does not.
local style = require "perilune._debug_style"

local M = {}

local references = { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;", ['"'] = "&quot;", ["'"] = "&#x27;" }

local function escape(text)
  return (tostring(text):gsub("[&<>\"']", references))
end
M.escape = escape

local Page = {}
Page.__index = Page

-- Pieces of markup, and values in between: add("<b>", { value }, "</b>").
function Page:add(...)
  for _, piece in ipairs { ... } do
    self[#self + 1] = type(piece) == "table" and escape(piece[1]) or piece
  end
end

function Page:head(title, refresh)
  self:add(
    '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n',
    '<meta name="viewport" content="width=device-width, initial-scale=1">\n',
    '<meta name="color-scheme" content="light dark">\n<meta name="robots" content="noindex">\n'
  )
  if refresh then
    self:add('<meta http-equiv="refresh" content="', { refresh }, '">\n')
  end
  self:add("<title>", { title }, "</title>\n<style>\n", style, "</style>\n</head>\n<body>\n")
end

function Page:excerpt(lines)
  self:add '<ol class="src">\n'
  for _, line in ipairs(lines) do
    self:add(line.current and '<li class="now" aria-current="true"><b>' or "<li><b>", { line.number }, "</b>", { line.text }, "</li>\n")
  end
  self:add "</ol>\n"
end

function Page:rows(rows)
  if #rows == 0 then
    self:add '<p class="none">empty</p>\n'
    return
  end
  self:add '<dl class="rows">\n'
  for _, row in ipairs(rows) do
    self:add(row[3] and '<dt class="set">' or "<dt>", { row[1] }, "</dt><dd>", { row[2] }, "</dd>\n")
  end
  self:add "</dl>\n"
end

function Page:fact(name, text)
  if text and text ~= "" then
    self:add("<dt>", { name }, '</dt><dd class="mono">', { text }, "</dd>\n")
  end
end

-- ---- parts of a report ----

local function place_text(place)
  return place.line and ("%s:%d"):format(place.file, place.line) or place.file
end

function Page:links(report)
  if not report.trusted then
    return
  end
  self:add "<nav>\n"
  for _, link in ipairs {
    { "template", "Template", report.template },
    { "source", "Source", report.excerpt },
    { "routes", "Routes", report.tried },
    { "traceback", "Traceback", #report.frames > 0 },
    { "request", "Request", #report.parts > 0 },
    { "settings", "Settings", report.settings },
  } do
    if link[3] then
      self:add('<a href="#', link[1], '">', link[2], "</a>\n")
    end
  end
  self:add "</nav>\n"
end

function Page:summary(report)
  local match = report.match or {}
  self:add('<header>\n<p class="kicker"><span class="status">', { report.status }, "</span> <b>", { report.method }, '</b> <span class="mono">', { report.target }, "</span></p>\n")
  self:add("<h1>", { report.title or report.name }, '</h1>\n<p class="message">', { report.message }, "</p>\n")
  if report.hint then
    self:add('<p class="hint">', { report.hint }, "</p>\n")
  end
  self:add '<dl class="facts">\n'
  self:fact("Template", report.template and report.template.place)
  self:fact("At", report.place and place_text(report.place))
  self:fact("Raised in", report.during)
  self:fact("Route", match.route and "/" .. match.route .. (match.view_name and match.view_name ~= match.route and "  (" .. match.view_name .. ")" or ""))
  self:fact("User", report.user)
  self:add "</dl>\n"
  self:links(report)
  self:add "</header>\n<main>\n"
end

function Page:list(title, items)
  if items and #items > 0 then
    self:add('<div class="in">\n<h3>', title, '</h3>\n<ol class="tried">\n')
    for _, item in ipairs(items) do
      self:add("<li><code>", { item }, "</code></li>\n")
    end
    self:add "</ol>\n</div>\n"
  end
end

function Page:template(report)
  local found = report.template
  if not found then
    return
  end
  self:add '<h2 id="template">Template</h2>\n<div class="card">\n'
  if found.place then
    self:add('<div class="place mono">', { found.place }, "</div>\n")
  end
  if found.excerpt then
    self:excerpt(found.excerpt)
  end
  self:list("Looked for at", found.tried)
  self:list("Reached from", found.trail)
  self:add "</div>\n"
end

function Page:source(report)
  if not report.excerpt then
    return
  end
  self:add('<h2 id="source">Source</h2>\n<div class="card">\n<div class="place mono">', { place_text(report.place) })
  if report.place.name then
    self:add(" <span>in ", { report.place.name }, "</span>")
  end
  self:add "</div>\n"
  self:excerpt(report.excerpt)
  if report.place.locals and #report.place.locals > 0 then
    self:add '<div class="in">\n<h3>Variables</h3>\n'
    self:locals(report.place.locals)
    self:add "</div>\n"
  end
  self:add "</div>\n"
end

function Page:locals(list)
  local rows = {}
  for i, item in ipairs(list) do
    rows[i] = { item.name, item.value }
  end
  self:rows(rows)
end

function Page:routes(report)
  if not report.tried then
    return
  end
  self:add '<h2 id="routes">Routes tried, in this order</h2>\n<div class="card">\n<ol class="tried">\n'
  for _, try in ipairs(report.tried) do
    self:add "<li>"
    for i, pattern in ipairs(try.patterns) do
      self:add(i > 1 and " <code>" or "<code>", { pattern == "" and "(empty)" or pattern }, "</code>")
    end
    if try.name then
      self:add(" <span>", { try.name }, "</span>")
    end
    self:add "</li>\n"
  end
  self:add "</ol>\n"
  if report.tried_count > #report.tried then
    self:add('<div class="flat">and ', { report.tried_count - #report.tried }, " more</div>\n")
  end
  self:add "</div>\n"
end

function Page:frame(frame, open)
  if frame.kind == "skipped" then
    self:add('<div class="flat mono">… ', { frame.count }, " more …</div>\n")
    return
  end
  local has_locals = frame.locals and #frame.locals > 0
  if not frame.excerpt and not has_locals then
    self:add('<div class="flat mono">', { place_text(frame) }, frame.name and " in " or "", { frame.name or "" }, "</div>\n")
    return
  end
  self:add(open and "<details open>" or "<details>", '<summary class="mono">', { place_text(frame) })
  self:add(" <span>in ", { frame.name or "?" }, '</span></summary>\n<div class="in">\n')
  if frame.excerpt then
    self:excerpt(frame.excerpt)
  end
  if has_locals then
    self:add "<h3>Variables</h3>\n"
    self:locals(frame.locals)
  end
  self:add "</div>\n</details>\n"
end

function Page:traceback(report)
  if #report.frames == 0 then
    return
  end
  self:add '<h2 id="traceback">Traceback, innermost first</h2>\n<div class="card">\n'
  for _, frame in ipairs(report.frames) do
    self:frame(frame, frame ~= report.place and frame.kind == "project" and not self.opened and not report.excerpt)
  end
  self:add "</div>\n"
  if report.traceback then
    self:add('<h3>As text</h3>\n<div class="card">\n<details><summary>to copy</summary>\n<pre>', { report.traceback }, "</pre>\n</details>\n</div>\n")
  end
end

function Page:request(report)
  if #report.parts == 0 then
    return
  end
  self:add '<h2 id="request">Request</h2>\n<div class="card">\n'
  for _, part in ipairs(report.parts) do
    local count = part.rows and #part.rows or 0
    if part.error then
      self:add('<div class="flat">', { part.name }, ": ", { part.error }, "</div>\n")
    elseif count == 0 then
      self:add('<div class="flat">', { part.name }, " <span>empty</span></div>\n")
    else
      self:add(count <= 12 and part.name ~= "META" and "<details open>" or "<details>", "<summary>", { part.name }, " <span>", { count }, '</span></summary>\n<div class="in">\n')
      self:rows(part.rows)
      self:add "</div>\n</details>\n"
    end
  end
  self:add "</div>\n"
end

function Page:settings(report)
  if not report.settings then
    return
  end
  self:add('<h2 id="settings">Settings</h2>\n<div class="card">\n<details><summary class="mono">', { report.settings_file }, " <span>those in bold are set there</span></summary>\n", '<div class="in">\n')
  self:rows(report.settings)
  self:add "</div>\n</details>\n</div>\n"
end

function Page:foot(report, why)
  self:add("</main>\n<footer>\n<p>", { why }, "</p>\n<p>", { report.versions }, " · ", { report.time }, "</p>\n</footer>\n</body>\n</html>\n")
  return table.concat(self)
end

local shown_because = "You see this page because the setting debug is true and you are on the machine that serves it, or in internal_ips. Others get a short one that says nothing."
local shown_little = "The request named a host that is not in allowed_hosts, so this page keeps the source, the request and the settings to itself: the question could come from another site whose name leads here."

--- The page as text.
function M.page(report)
  local page = setmetatable({}, Page)
  page:head(("%s at %s"):format(report.title or report.name, report.path))
  page:summary(report)
  page:template(report)
  page:source(report)
  page:routes(report)
  page:traceback(report)
  page:request(report)
  page:settings(report)
  return page:foot(report, report.trusted and shown_because or shown_little)
end

--- The page of a project that does not load; the browser asks again every two seconds.
function M.load_page(report)
  local page = setmetatable({}, Page)
  page:head("The project does not load", 2)
  page:add('<header>\n<p class="kicker"><span class="status">', { report.status }, "</span> <b>The project does not load</b></p>\n")
  page:add("<h1>", { report.name }, '</h1>\n<p class="message">', { report.message }, "</p>\n")
  if report.hint then
    page:add('<p class="hint">', { report.hint }, "</p>\n")
  end
  page:add "</header>\n<main>\n"
  page:source(report)
  return page:foot(report, "This page goes away by itself when a change of the files puts it right. Until then the project answers nothing else.")
end

return M
