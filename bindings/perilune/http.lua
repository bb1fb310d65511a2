-- SPDX-License-Identifier: MIT
-- Requests and responses, as views and middleware see them. Requests, responses and
-- QueryDicts are userdata of C; what is made of them in Lua stands in perilune._http_*.
local exceptions = require "perilune.exceptions"
local files = require "perilune._files"
local querydict = require "perilune._querydict"
local redirects = require "perilune._http_redirect"
local responses = require "perilune._response"
local shortcuts = require "perilune._http_shortcuts"
local streams = require "perilune._http_stream"
local templates = require "perilune.template.response"
local util = require "perilune._http_util"
local views = require "perilune._http_views"

local M = {}

-- ---- responses ----

M.Response = responses.Response
M.JsonResponse = responses.JsonResponse
M.NotModified = responses.NotModified
M.BadRequest = responses.BadRequest
M.Forbidden = responses.Forbidden
M.NotFound = responses.NotFound
M.NotAllowed = responses.NotAllowed
M.Gone = responses.Gone
M.ServerError = responses.ServerError
M.ResponseRedirect = redirects.ResponseRedirect
M.ResponsePermanentRedirect = redirects.ResponsePermanentRedirect
M.StreamingResponse = streams.StreamingResponse
M.FileResponse = files.FileResponse
M.TemplateResponse = templates.TemplateResponse
M.SimpleTemplateResponse = templates.SimpleTemplateResponse

-- ---- shortcuts ----

M.redirect = redirects.redirect
M.resolve_url = redirects.resolve_url
M.render = shortcuts.render
M.get_object_or_404 = shortcuts.get_object_or_404
M.get_list_or_404 = shortcuts.get_list_or_404

-- ---- wrappers of views ----

M.require_methods = views.require_methods
M.require_GET = views.require_GET
M.require_POST = views.require_POST
M.require_safe = views.require_safe
M.condition = views.condition
M.etag = views.etag
M.last_modified = views.last_modified
M.no_append_slash = views.no_append_slash

-- ---- the rest ----

M.QueryDict = querydict.QueryDict
M.parse_cookie = util.parse_cookie
M.Http404 = exceptions.Http404
M.BadHeaderError = exceptions.BadHeaderError

return M
