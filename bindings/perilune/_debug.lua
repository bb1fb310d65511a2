-- SPDX-License-Identifier: MIT
-- The pages for developers: the debug page of an error, and what runserver shows while
-- the project does not load. They are HTML, JSON or plain text, as the client asks.
local accept = require "perilune._accept"
local response = require "perilune._response"

local M = {}

local MAX_PAGE = 1000000

local types = {
  html = "text/html; charset=utf-8",
  json = "application/json",
  text = "text/plain; charset=utf-8",
}

local function answer(status, form, body)
  return response.Response(body, {
    status = status,
    content_type = types[form],
    headers = {
      ["Cache-Control"] = "no-store",
      ["Content-Security-Policy"] = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
      ["X-Content-Type-Options"] = "nosniff",
      ["Referrer-Policy"] = "no-referrer",
    },
  })
end

local function host_allowed(request)
  return request:get_host()
end

local function render(form, report)
  if form == "html" then
    return require("perilune._debug_html").page(report)
  elseif form == "json" then
    return require("perilune.json").encode(require("perilune._debug_text").data(report))
  end
  return require("perilune._debug_text").page(report)
end

-- Parts that take much room, the least useful first.
local function shorten(report)
  for _, frame in ipairs(report.frames) do
    frame.excerpt, frame.locals = nil, nil
  end
  report.parts, report.settings = {}, nil
end

local function build(request, status, err, match, form)
  local report = require("perilune._debug_report").of(request, status, err, match, (pcall(host_allowed, request)))
  local body = render(form, report)
  if #body > MAX_PAGE then
    shorten(report)
    body = render(form, report)
  end
  return body:sub(1, MAX_PAGE)
end

local function shown(value)
  local ok, text = pcall(tostring, value)
  return ok and type(text) == "string" and text:sub(1, 20000) or "an error that cannot be shown"
end

--- The page for an error; nothing that goes wrong here goes further than the page.
function M.page(request, status, err, match)
  local form = accept.of(request)
  local ok, body = pcall(build, request, status, err, match, form)
  if ok then
    return answer(status, form, body)
  end
  local traceback = type(err) == "table" and rawget(err, "traceback")
  return answer(
    status,
    "text",
    ("%s\n\n%s\n\nThe debug page could not be made: %s\n"):format(shown(err), type(traceback) == "string" and traceback:sub(1, 20000) or "", shown(body))
  )
end

-- ---- a project that does not load ----

-- settings.allowed_hosts may not be there to be asked.
local function names_this_machine(request)
  local host = (request.headers["Host"] or ""):lower():gsub(":%d*$", "")
  return host == "localhost" or host == "[::1]" or host:find "%.localhost$" or host:find "^127%.%d+%.%d+%.%d+$"
end

local function load_report(why, trusted)
  local source = require "perilune._debug_source"
  local values = require "perilune._debug_values"
  local message = values.text(why, 4000)
  local file, line = source.find_place(message)
  local excerpt = trusted and file and source.excerpt(file, line, 7)
  if trusted and not excerpt and file and line > 1 then -- the file ended too early, or has changed
    excerpt = source.excerpt(file, line - 1, 7)
  end
  return {
    status = 500,
    name = file and ("%s:%d"):format(file, line) or "Error",
    message = file and message:gsub("^" .. file:gsub("%p", "%%%0") .. ":" .. line .. ":%s*", "") or message,
    place = file and { file = file, line = line },
    excerpt = excerpt or nil,
    versions = ("Perilune %s, %s"):format(require("perilune._core").version, _VERSION),
    time = os.date("%Y-%m-%d %H:%M:%S %z"),
  }
end

local function build_load_page(request, form, why)
  local report = load_report(why, names_this_machine(request) or pcall(host_allowed, request))
  if form == "html" then
    return require("perilune._debug_html").load_page(report)
  elseif form == "json" then
    return require("perilune.json").encode { error = { name = "LoadError", status = 500, at = report.place and report.name, message = report.message } }
  end
  return ("The project does not load:\n\n%s\n"):format(why)
end

--- Why the code on disk does not load. Needs no settings and nothing of the project.
function M.load_page(request, why)
  local form = accept.of(request)
  local ok, body = pcall(build_load_page, request, form, why)
  if ok then
    return answer(500, form, body)
  end
  return answer(500, "text", ("The project does not load:\n\n%s\n\nThe page for it could not be made: %s\n"):format(why, shown(body)))
end

return M
