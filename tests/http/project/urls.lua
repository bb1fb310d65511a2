-- SPDX-License-Identifier: MIT
local urls = require "perilune.urls"
local views = require "views"
local path = urls.path

-- No route takes just any path: what is not listed here has to be a 404.
return {
  path("", views.echo),
  path("x", views.echo),
  path("1", views.echo),
  path("2", views.echo),
  path("admin/", views.echo),
  path("sentinel", views.echo),
  path("SMUGGLED", views.smuggled),
  path("stats", views.stats),
  path("status/<int:status>", views.status),
  path("stream", views.stream),
  path("long", views.long),
  path("file", views.file),
  path("form", views.form),
  path("json", views.json),
}
